package api

import (
	"net/http"
	"strings"

	"github.com/libwa/libwa/examples/go/gateway/internal/openapi"
	"github.com/libwa/libwa/examples/go/gateway/internal/page"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

// A route is one method at one path: what it asks for, who may use it, what it
// answers, and the function that does it. The document is made of the same.
type route struct {
	openapi.Operation
	Scope     tokens.Scope
	Guide     bool
	BodyLimit int64
	Refusals  []int // statuses of problems beside those that all routes have
	handle    func(*call) error
}

// pattern gives the path as the mux takes it: the root is only the root.
func (r *route) pattern() string {
	if r.Path == "/" {
		return "/{$}"
	}
	return r.Path
}

// OfSession says whether the id in the path is a session's.
func (r *route) OfSession() bool { return strings.HasPrefix(r.Path, "/v1/sessions/") }

func answers(status int, body any, doc string) map[int]openapi.Answer {
	return map[int]openapi.Answer{status: {Doc: doc, Body: body}}
}

// table lists all routes.
func (a *API) table() []*route {
	var all []*route
	for _, part := range [][]*route{a.guideRoutes(), a.sessionRoutes(), a.pairingRoutes(), a.eventRoutes(), a.adminRoutes(), a.publicRoutes()} {
		all = append(all, part...)
	}
	return all
}

func op(method, path, id, summary, doc string) openapi.Operation {
	return openapi.Operation{Method: method, Path: path, ID: id, Summary: summary, Doc: doc}
}

// with adds to an operation what not all have.
func with(o openapi.Operation, request any, answers map[int]openapi.Answer, parameters ...openapi.Parameter) openapi.Operation {
	o.Request, o.Answers, o.Parameters = request, answers, parameters
	return o
}

func optional(o openapi.Operation) openapi.Operation {
	o.Optional = true
	return o
}

// Shapes of parameters, for their checks and for the document.
const (
	waitPattern = `^[0-9]{1,4}(ms|s|m)?$`
	typePattern = `^[a-z_.*]{1,64}$`
)

var (
	waitParameter = openapi.Parameter{Name: "wait", In: "query", Doc: "How long to wait for something to happen, such as 30s; at most a minute.",
		Schema: map[string]any{"type": "string", "pattern": waitPattern}}
	versionParameter = openapi.Parameter{Name: "version", In: "query", Doc: "The version that is known: with wait, the answer comes when there is another.",
		Schema: map[string]any{"type": "integer", "minimum": 0, "maximum": 1 << 62}}
	formatParameter = openapi.Parameter{Name: "format", In: "query", Doc: "As what the QR code is wanted; the header Accept says it too.",
		Schema: map[string]any{"type": "string", "enum": []string{"json", "png", "svg"}}}
	limitParameter = openapi.Parameter{Name: "limit", In: "query", Doc: "How many at most.",
		Schema: map[string]any{"type": "integer", "minimum": 0, "maximum": 1000, "default": 100}}
)

func qrAnswers(body any) map[int]openapi.Answer {
	return map[int]openapi.Answer{200: {Doc: "The QR code.", Body: body, Media: []string{"application/json", "image/png", "image/svg+xml"}}}
}

func (a *API) guideRoutes() []*route {
	const tag = "guide"
	routes := []*route{
		{Operation: with(op("POST", guidePrefix+"auth/phone", "requestCode", "Ask for a pairing code",
			"The code lives three minutes. While it does, the same number gets the same code again, and another number is refused with 409."),
			PhoneRequest{}, answers(200, PhoneAnswer{}, "The code.")),
			Refusals: []int{409, 422, 502}, handle: a.guidePhone},
		{Operation: with(op("POST", guidePrefix+"auth/verify", "verify", "Ask whether the phone has linked the session",
			"Answers 200 until it has, too. With wait the answer comes when that is decided."),
			VerifyRequest{}, answers(200, VerifyAnswer{}, "Whether it has."), waitParameter),
			Refusals: []int{422}, handle: a.guideVerify},
		{Operation: optional(with(op("POST", guidePrefix+"clear-auth", "clearAuth", "Unlink the session, and forget any pairing", ""),
			Nothing{}, answers(200, GuideAnswer{}, "It is as new."))),
			Refusals: []int{409}, handle: a.guideClear},
		{Operation: optional(with(op("POST", guidePrefix+"restart", "restart", "Close the session and open it again", "It stays linked; a pairing ends."),
			Nothing{}, answers(200, GuideAnswer{}, "It is open again."))),
			Refusals: []int{409}, handle: a.guideRestart},
		{Operation: with(op("GET", guidePrefix+"qr", "qr", "Show a QR code to link the session with", "Starts pairing by QR if it is not under way and the request has the header Authorization or X-Requested-With, which a page of another origin cannot send. Fetch it again when expiresAt has come."),
			nil, qrAnswers(QRAnswer{}), formatParameter),
			Refusals: []int{400, 409, 502}, handle: a.guideQR},
		{Operation: optional(with(op("POST", guidePrefix+"qr", "startQR", "Pair by QR, and show the first code", ""),
			Nothing{}, qrAnswers(QRAnswer{}), formatParameter)),
			Refusals: []int{400, 409, 502}, handle: a.startGuideQR},
		{Operation: with(op("GET", guidePrefix+"status", "status", "Ask where the session stands", ""),
			nil, answers(200, GuideAnswer{}, "Where it stands."), waitParameter, versionParameter),
			Refusals: []int{400}, handle: a.guideStatus},
	}
	for _, r := range routes {
		r.Guide, r.Scope, r.Tag = true, tokens.Pair, tag
	}
	return routes
}

func (a *API) sessionRoutes() []*route {
	const base = "/v1/sessions"
	routes := []*route{
		{Operation: with(op("GET", base, "listSessions", "List the sessions that the token is for", "In the order of their names. Ask again with after while the answer has next."), nil, answers(200, SessionList{}, "The sessions."),
			openapi.Parameter{Name: "after", In: "query", Doc: "The name of the last session that is known.", Schema: map[string]any{"type": "string", "minLength": 1, "maxLength": 64}}, limitParameter),
			Scope: tokens.Pair, Refusals: []int{400}, handle: a.listSessions},
		{Operation: with(op("POST", base, "createSession", "Make a session", "It is to be paired then."), SessionRequest{}, answers(201, sessions.Status{}, "The session.")),
			Scope: tokens.Manage, Refusals: []int{409, 422}, handle: a.createSession},
		{Operation: with(op("GET", base+"/{id}", "getSession", "Ask where a session stands", ""), nil, answers(200, sessions.Status{}, "Where it stands."), waitParameter, versionParameter),
			Scope: tokens.Pair, Refusals: []int{400}, handle: a.getSession},
		{Operation: with(op("PATCH", base+"/{id}", "changeSession", "Change a session's proxy, device name or metadata", "What is left out stays. Another proxy or device name closes the session and opens it again; it stays linked, and a pairing ends."),
			SessionChange{}, answers(200, sessions.Status{}, "The session as it is now.")),
			Scope: tokens.Manage, Refusals: []int{409, 422}, handle: a.changeSession},
		{Operation: with(op("DELETE", base+"/{id}", "deleteSession", "Unlink a session and remove it", ""), nil, answers(204, nil, "It is gone.")),
			Scope: tokens.Manage, Refusals: []int{409}, handle: a.deleteSession},
		{Operation: with(op("DELETE", base+"/{id}/events", "deleteEvents", "Remove a session's events", "And what waits for webhooks, their dead letters, and the keys of requests. Deleting a session does it too; the session default, which cannot be deleted, is cleared so for another tenant. It stays linked."),
			nil, answers(204, nil, "They are gone.")),
			Scope: tokens.Manage, handle: a.deleteEvents},
		{Operation: optional(with(op("POST", base+"/{id}/restart", "restartSession", "Close a session and open it again", "It stays linked; a pairing ends."),
			Nothing{}, answers(200, sessions.Status{}, "It is open again."))),
			Scope: tokens.Pair, Refusals: []int{409}, handle: a.restartSession},
		{Operation: optional(with(op("POST", base+"/{id}/logout", "logoutSession", "Unlink a session, and forget any pairing", ""),
			Nothing{}, answers(200, sessions.Status{}, "It is as new."))),
			Scope: tokens.Pair, Refusals: []int{409}, handle: a.logoutSession},
		{Operation: with(op("POST", base+"/{id}/messages", "sendMessage", "Send a text or a reaction",
			"The message is kept and sent when there is a connection, across restarts too; message.sent or message.failed tells what came of it. A request with the same Idempotency-Key is taken once, for a day."),
			MessageRequest{}, map[int]openapi.Answer{202: accepted()}, keyParameter),
			Scope: tokens.Send, BodyLimit: messageLimit, Refusals: []int{409, 422}, handle: a.sendMessage},
	}
	for _, r := range routes {
		r.Tag = "sessions"
	}
	return routes
}

func (a *API) pairingRoutes() []*route {
	const base = "/v1/sessions/{id}/pairing"
	routes := []*route{
		{Operation: with(op("POST", base, "startPairing", "Pair a session by code or QR", "Answers when the code or the first QR code is there."), PairingRequest{}, answers(200, PairingAnswer{}, "What to show to the user.")),
			Refusals: []int{409, 422, 502}, handle: a.startPairing},
		{Operation: with(op("GET", base, "getPairing", "Look at the running or last pairing", ""), nil, answers(200, PairingAnswer{}, "The pairing.")),
			handle: a.getPairing},
		{Operation: with(op("DELETE", base, "cancelPairing", "Cancel the running pairing", ""), nil, answers(204, nil, "It is cancelled.")),
			Refusals: []int{409}, handle: a.cancelPairing},
		{Operation: with(op("GET", base+"/qr", "getQR", "Draw the QR code that is shown", ""), nil, qrAnswers(PairingAnswer{}), formatParameter),
			Refusals: []int{400}, handle: a.getQR},
		{Operation: with(op("POST", base+"/passkey", "answerPasskey", "Answer what the account's passkey is wanted for", "The status says what is wanted, and with which WebAuthn options."), PasskeyRequest{}, answers(200, sessions.Status{}, "It was taken.")),
			Refusals: []int{409, 422, 502}, handle: a.answerPasskey},
	}
	for _, r := range routes {
		r.Tag, r.Scope = "pairing", tokens.Pair
	}
	return routes
}

func (a *API) eventRoutes() []*route {
	const base = "/v1/webhooks"
	after := openapi.Parameter{Name: "after", In: "query", Doc: "The cursor of the last event that is known, or now.",
		Schema: map[string]any{"type": "string", "pattern": `^([0-9]{1,18}|now)$`}}
	last := openapi.Parameter{Name: "Last-Event-ID", In: "header", Doc: "The same, as browsers send it when they connect again.",
		Schema: map[string]any{"type": "string", "pattern": `^([0-9]{1,18}|now)$`}}
	session := openapi.Parameter{Name: "session", In: "query", Doc: "Only events of this session."}
	kind := openapi.Parameter{Name: "type", In: "query", Doc: "Only events of this type; * stands for any part.",
		Schema: map[string]any{"type": "string", "pattern": typePattern}}
	routes := []*route{
		{Operation: with(op("GET", "/v1/events", "listEvents", "Read events, or follow them",
			"With Accept: text/event-stream they come as they happen, each with its cursor as id; a stream that is taken up again with Last-Event-ID or after misses nothing that is kept. "+
				"When the log cannot go on from a cursor, because what followed is not kept any more or because it was restored from an older copy, which has not come as far, a stream begins with an event gap, "+
				"a list has gap, and in the latter case all events follow. A stream ends with its token."),
			nil, map[int]openapi.Answer{200: {Doc: "The events.", Body: EventList{}, Media: []string{"application/json", "text/event-stream"}}},
			after, last, session, kind, limitParameter, waitParameter),
			Refusals: []int{400}, handle: a.listEvents},
		{Operation: with(op("GET", base, "listWebhooks", "List the webhooks", ""), nil, answers(200, WebhookList{}, "The webhooks.")), handle: a.listWebhooks},
		{Operation: with(op("POST", base, "createWebhook", "Have events delivered to an address", "Deliveries are signed as the Standard Webhooks specification says."),
			WebhookRequest{}, answers(201, NewWebhook{}, "The webhook, with its secret.")), Refusals: []int{422}, handle: a.createWebhook},
		{Operation: with(op("GET", base+"/{id}", "getWebhook", "Look at a webhook", ""), nil, answers(200, webhooks.Webhook{}, "The webhook.")), handle: a.getWebhook},
		{Operation: with(op("DELETE", base+"/{id}", "deleteWebhook", "Remove a webhook, and what waits for it", ""), nil, answers(204, nil, "It is gone.")), handle: a.deleteWebhook},
		{Operation: optional(with(op("POST", base+"/{id}/rotate-secret", "rotateSecret", "Exchange a webhook's secret",
			"Until the overlap ends, deliveries have a signature by each secret, separated by spaces. While four former secrets are valid, there is no further one but with the overlap 0s."),
			RotateRequest{}, answers(200, NewWebhook{}, "The webhook, with its new secret."))), Refusals: []int{409, 422}, handle: a.rotateSecret},
		{Operation: with(op("GET", base+"/{id}/dead-letters", "listDeadLetters", "List deliveries that were given up", ""), nil, answers(200, DeadLetterList{}, "The dead letters."), limitParameter),
			Refusals: []int{400}, handle: a.listDeadLetters},
		{Operation: optional(with(op("POST", base+"/{id}/redeliver", "redeliver", "Deliver dead letters again", ""), RedeliverRequest{}, answers(202, RedeliverAnswer{}, "They are in the queue."))),
			Refusals: []int{422}, handle: a.redeliver},
	}
	for _, r := range routes {
		r.Tag, r.Scope = "events", tokens.Events
	}
	return routes
}

func (a *API) adminRoutes() []*route {
	after := openapi.Parameter{Name: "after", In: "query", Doc: "The number of the last entry that is known.",
		Schema: map[string]any{"type": "integer", "minimum": 0, "maximum": 1 << 62}}
	routes := []*route{
		{Operation: with(op("GET", "/v1/tokens", "listTokens", "List the tokens", "A token sees those that are for no other sessions than itself."), nil, answers(200, TokenList{}, "The tokens, without their secrets.")), handle: a.listTokens},
		{Operation: with(op("POST", "/v1/tokens", "createToken", "Make a token", "It can be for no other sessions than the token that makes it."), TokenRequest{}, answers(201, NewToken{}, "The token, with its secret.")),
			Refusals: []int{422}, handle: a.createToken},
		{Operation: with(op("DELETE", "/v1/tokens/{id}", "revokeToken", "Revoke a token", "One that is for other sessions is not found."), nil, answers(204, nil, "It is not accepted any more.")), handle: a.revokeToken},
		{Operation: with(op("GET", "/v1/audit", "listAudit", "Read the audit", "Every attempt to pair is in it, with the number masked and never with the code. A token that is not for all sessions reads what was done to its own, and by tokens for them."),
			nil, answers(200, AuditList{}, "The entries."), after, limitParameter),
			Refusals: []int{400}, handle: a.listAudit},
	}
	for _, r := range routes {
		r.Tag, r.Scope = "administration", tokens.Admin
	}
	return routes
}

func (a *API) publicRoutes() []*route {
	routes := []*route{
		{Operation: with(op("GET", "/info", "info", "Ask what answers here", ""), nil, answers(200, InfoAnswer{}, "What answers.")), handle: a.getInfo},
		{Operation: with(op("GET", "/openapi.json", "openapi", "This document", ""), nil, map[int]openapi.Answer{200: {Doc: "The document.", Body: map[string]any{}}}), handle: a.getDocument},
	}
	for path, media := range page.Paths() {
		id := "page" + strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(path)
		routes = append(routes, &route{Operation: with(op("GET", path, id, "A file of the page", ""), nil, map[int]openapi.Answer{200: {Doc: "The file.", Media: []string{media}}}), handle: a.getPage})
	}
	for _, r := range routes {
		r.Tag, r.Public = "public", true
	}
	return routes
}

// refusals gives the statuses of problems that a route can answer.
func (r *route) refusals() []int {
	if r.Public {
		return []int{http.StatusForbidden}
	}
	all := append([]int{401, 403, 429, 500, 503}, r.Refusals...)
	if r.Request != nil {
		all = append(all, 400, 413, 415)
	}
	if strings.Contains(r.Path, "{id}") || r.Guide {
		all = append(all, 404)
	}
	return all
}
