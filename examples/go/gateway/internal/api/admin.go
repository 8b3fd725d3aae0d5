package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/audit"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

// A WebhookRequest makes a webhook.
type WebhookRequest struct {
	URL      string   `json:"url" doc:"Where events are sent, by POST." example:"https://example.com/hook" maxlen:"2048"`
	Sessions []string `json:"sessions,omitempty" doc:"Whose events: names, or patterns with *; all if left out. The token has to be for each of them."`
	Types    []string `json:"types,omitempty" doc:"Which events: types, or patterns with *; all if left out."`
}

// A NewWebhook is a webhook with its secret, which is shown this once.
type NewWebhook struct {
	webhooks.Webhook
	Secret string `json:"secret" doc:"What signatures are made with. It is not shown again."`
}

// A RotateRequest exchanges a webhook's secret.
type RotateRequest struct {
	Overlap *string `json:"overlap,omitempty" doc:"How long deliveries are signed with the former secret as well, such as 90s, 30m or 24h; 24h if left out, a week at most. With 0s all former secrets end at once." pattern:"^[0-9]{1,6}(ms|s|m|h)$" example:"24h"`
}

// A WebhookList lists webhooks.
type WebhookList struct {
	Webhooks []webhooks.Webhook `json:"webhooks"`
}

// A DeadLetterList lists what was given up.
type DeadLetterList struct {
	DeadLetters []webhooks.DeadLetter `json:"deadLetters"`
}

// A RedeliverRequest says what is to be delivered again.
type RedeliverRequest struct {
	Cursor *string `json:"cursor,omitempty" doc:"Which dead letter; all if left out." pattern:"^[0-9]+$"`
}

// A RedeliverAnswer says how many dead letters were put into the queue.
type RedeliverAnswer struct {
	Count int `json:"count"`
}

// A TokenRequest makes a token.
type TokenRequest struct {
	Name     string         `json:"name" doc:"Whose it is." minlen:"1" maxlen:"64" example:"shop backend"`
	Scopes   []tokens.Scope `json:"scopes" doc:"What it allows: pair, send, events, manage, admin."`
	Sessions []string       `json:"sessions,omitempty" doc:"The sessions it is for: names, or patterns with *; all if left out. The token that makes it has to be for each of them."`
	Expires  time.Time      `json:"expiresAt,omitzero" doc:"When it stops being accepted; never if left out."`
}

// A NewToken is a token with its secret, which is shown this once.
type NewToken struct {
	tokens.Token
	Secret string `json:"token" doc:"What goes after Bearer. It is not shown again."`
}

// A TokenList lists tokens.
type TokenList struct {
	Tokens []tokens.Token `json:"tokens"`
}

// An AuditList is a part of the audit.
type AuditList struct {
	Entries []audit.Entry `json:"entries"`
	Next    uint64        `json:"next" doc:"The number to go on from, as the parameter after."`
}

func (a *API) createWebhook(c *call) error {
	request, err := decode[WebhookRequest](c)
	if err != nil {
		return err
	}
	if len(request.Sessions) == 0 {
		request.Sessions = []string{"*"}
	}
	if !c.token.Covers(request.Sessions) {
		return errSessions
	}
	webhook, secret, err := a.Hooks.New(webhooks.Owner{ID: c.token.ID, Name: c.token.Name}, request.URL, request.Sessions, request.Types)
	if err != nil {
		return err
	}
	a.note(c, "webhook_create", "done: "+webhook.ID, "")
	c.w.Header().Set("Location", "/v1/webhooks/"+webhook.ID)
	return c.reply(http.StatusCreated, NewWebhook{webhook, secret})
}

func (a *API) listWebhooks(c *call) error {
	list := WebhookList{Webhooks: []webhooks.Webhook{}}
	for _, webhook := range a.Hooks.List() {
		if c.token.Covers(webhook.Sessions) {
			list.Webhooks = append(list.Webhooks, webhook)
		}
	}
	return c.reply(http.StatusOK, list)
}

// webhook gives the webhook of the path, if the token may see it.
func (a *API) webhook(c *call) (webhooks.Webhook, error) {
	webhook, err := a.Hooks.Get(c.r.PathValue("id"))
	if err == nil && !c.token.Covers(webhook.Sessions) {
		err = webhooks.ErrUnknown
	}
	return webhook, err
}

func (a *API) getWebhook(c *call) error {
	webhook, err := a.webhook(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, webhook)
}

func (a *API) deleteWebhook(c *call) error {
	webhook, err := a.webhook(c)
	if err != nil {
		return err
	}
	if err := a.Hooks.Delete(webhook.ID); err != nil {
		return err
	}
	a.note(c, "webhook_delete", "done: "+webhook.ID, "")
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// Times for which a former secret stays valid.
const (
	overlapUsual = 24 * time.Hour
	overlapMost  = 7 * 24 * time.Hour
)

func (a *API) rotateSecret(c *call) error {
	request, err := decode[RotateRequest](c)
	if err != nil {
		return err
	}
	webhook, err := a.webhook(c)
	if err != nil {
		return err
	}
	overlap := overlapUsual
	if request.Overlap != nil {
		if overlap, err = time.ParseDuration(*request.Overlap); err != nil || overlap < 0 || overlap > overlapMost {
			return problem.New(http.StatusUnprocessableEntity, "overlap_invalid", "The overlap has to be a time such as 90s, 30m or 24h, and at most 168h.")
		}
	}
	webhook, secret, err := a.Hooks.Rotate(webhook.ID, overlap)
	if err != nil {
		return err
	}
	a.note(c, "webhook_rotate", "done: "+webhook.ID, "")
	return c.reply(http.StatusOK, NewWebhook{webhook, secret})
}

func (a *API) listDeadLetters(c *call) error {
	limit, err := c.number("limit", 100, 1000)
	if err != nil {
		return err
	}
	webhook, err := a.webhook(c)
	if err != nil {
		return err
	}
	letters, err := a.Hooks.DeadLetters(webhook.ID, int(limit))
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, DeadLetterList{letters})
}

func (a *API) redeliver(c *call) error {
	request, err := decode[RedeliverRequest](c)
	if err != nil {
		return err
	}
	webhook, err := a.webhook(c)
	if err != nil {
		return err
	}
	cursor := uint64(0)
	if request.Cursor != nil {
		if cursor, err = strconv.ParseUint(*request.Cursor, 10, 63); err != nil || cursor == 0 {
			return problem.New(http.StatusUnprocessableEntity, "cursor_invalid", "A dead letter is named by its cursor.")
		}
	}
	count, err := a.Hooks.Redeliver(webhook.ID, cursor)
	if err != nil {
		return err
	}
	a.note(c, "webhook_redeliver", "done: "+webhook.ID, "")
	return c.reply(http.StatusAccepted, RedeliverAnswer{count})
}

func (a *API) createToken(c *call) error {
	request, err := decode[TokenRequest](c)
	if err != nil {
		return err
	}
	if len(request.Sessions) == 0 {
		request.Sessions = []string{"*"}
	}
	if !c.token.Covers(request.Sessions) {
		return errSessions
	}
	token, secret, err := a.Tokens.New(request.Name, request.Scopes, request.Sessions, request.Expires)
	if err != nil {
		return err
	}
	a.note(c, "token_create", "done: "+token.ID, "")
	return c.reply(http.StatusCreated, NewToken{token, secret})
}

func (a *API) listTokens(c *call) error {
	return c.reply(http.StatusOK, TokenList{a.Tokens.ListFor(c.token)})
}

func (a *API) revokeToken(c *call) error {
	found, err := a.Tokens.Revoke(c.r.PathValue("id"), c.token)
	switch {
	case err != nil:
		return err
	case !found:
		return problem.New(http.StatusNotFound, "token_unknown", "There is no such token.")
	}
	a.note(c, "token_revoke", "done: "+c.r.PathValue("id"), "")
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) listAudit(c *call) error {
	after, err := c.number("after", 0, 1<<62)
	if err != nil {
		return err
	}
	limit, err := c.number("limit", 100, 1000)
	if err != nil {
		return err
	}
	entries, next, err := a.Audit.Read(after, int(limit), a.auditFilter(c.token))
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, AuditList{entries, next})
}

// auditFilter says which entries a token may read: those of its sessions, and
// those without a session of what tokens did that it covers.
func (a *API) auditFilter(by *tokens.Token) func(*audit.Entry) bool {
	if by.ReachesAll() {
		return func(*audit.Entry) bool { return true }
	}
	covered := map[string]bool{by.ID: true}
	for _, token := range a.Tokens.ListFor(by) {
		covered[token.ID] = true
	}
	return func(entry *audit.Entry) bool {
		if entry.Session != "" {
			return by.Reaches(entry.Session)
		}
		return covered[entry.Token]
	}
}

// An InfoAnswer says what answers here.
type InfoAnswer struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	Session       string `json:"session" doc:"The session of the guide's paths."`
	SimulatorPage string `json:"simulatorPage,omitempty" doc:"Where the simulated phones are, if WhatsApp is a simulated one."`
}

func (a *API) getInfo(c *call) error {
	return c.reply(http.StatusOK, InfoAnswer{"libwa gateway", a.Version, guideSession, a.SimulatorPage})
}

func (a *API) getDocument(c *call) error {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Write(a.document)
	return nil
}

func (a *API) getPage(c *call) error {
	a.Page.ServeHTTP(c.w, c.r)
	return nil
}
