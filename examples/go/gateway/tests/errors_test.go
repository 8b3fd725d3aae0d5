package tests

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/server"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// A wrong request, and what is said about it.
type wrong struct {
	method, path string
	body         any
	headers      []header
	status       int
	code, reason string
}

const (
	guidePhone  = guide + "/auth/phone"
	guideVerify = guide + "/auth/verify"
)

var huge = object{"phoneNumber": strings.Repeat("9", 20<<10)}

// Each is answered in the form that its path has.
func TestWrongRequests(t *testing.T) {
	g := start(t)
	for _, w := range []wrong{
		{"POST", guidePhone, `{"phoneNumber":`, nil, 400, "json_malformed", ""},
		{"POST", guidePhone, `[]`, nil, 400, "json_malformed", ""},
		{"POST", guidePhone, `null`, nil, 400, "json_malformed", ""},
		{"POST", guidePhone, `"+1234567890"`, nil, 400, "json_malformed", ""},
		{"POST", guidePhone, `{"phoneNumber":"+1234567890"} {}`, nil, 400, "json_malformed", ""},
		{"POST", guidePhone, ``, nil, 400, "json_malformed", ""},
		{"POST", guidePhone, `{"phoneNumber":1234567890}`, nil, 400, "field_type", ""},
		{"POST", guidePhone, `{"phone":"+1234567890"}`, nil, 400, "field_unknown", "phone"},
		{"POST", guideVerify + "?wait=soon", object{"phoneNumber": "+1234567890", "code": "ABCD1234"}, nil, 400, "parameter_invalid", "wait"},
		{"POST", guideVerify, `{"phoneNumber":"+1234567890","code":null}`, nil, 400, "field_type", ""},
		{"POST", "/v1/webhooks", `{"url":"https://example.com","types":[null]}`, nil, 400, "field_type", ""},
		{"GET", "/v1/events?limit=", nil, nil, 400, "parameter_invalid", "limit"},
		{"GET", "/v1/sessions/default?wait=1s&wait=2s", nil, nil, 400, "parameter_invalid", "wait"},
		{"GET", guide + "/qr?format=gif", nil, nil, 400, "parameter_invalid", "format"},
		{"GET", "/v1/events?after=x", nil, nil, 400, "parameter_invalid", "after"},
		{"GET", "/v1/events?type=[", nil, nil, 400, "parameter_invalid", "type"},
		{"GET", "/v1/events?limit=9999", nil, nil, 400, "parameter_invalid", "limit"},
		{"GET", "/v1/audit?after=-1", nil, nil, 400, "parameter_invalid", "after"},
		{"GET", "/v1/sessions/default?version=x", nil, nil, 400, "parameter_invalid", "version"},

		{"POST", guidePhone, object{"phoneNumber": "+1234567890"}, []header{{"Authorization", ""}}, 401, "token_missing", ""},
		{"POST", guidePhone, object{"phoneNumber": "+1234567890"}, []header{{"Authorization", "Bearer wrong"}}, 401, "token_invalid", ""},
		{"POST", guidePhone, object{"phoneNumber": "+1234567890"}, []header{{"Authorization", "Basic " + g.token}}, 401, "token_missing", ""},
		{"POST", guidePhone + "?token=" + g.token, object{"phoneNumber": "+1234567890"}, []header{{"Authorization", ""}}, 401, "token_missing", ""},
		{"GET", "/v1/sessions", nil, []header{{"Authorization", ""}}, 401, "token_missing", ""},
		{"GET", "/v1/events", nil, []header{{"Authorization", "Bearer " + g.token + "x"}}, 401, "token_invalid", ""},

		{"GET", "/nothing", nil, nil, 404, "path_unknown", ""},
		{"GET", guide + "/nothing", nil, []header{{"Authorization", ""}}, 404, "path_unknown", ""},
		{"GET", "/v1/sessions/nobody", nil, nil, 404, "session_unknown", ""},
		{"POST", "/v1/sessions/nobody/pairing", object{"method": "qr"}, nil, 404, "session_unknown", ""},
		{"GET", "/v1/sessions/default/pairing", nil, nil, 404, "no_pairing", ""},
		{"GET", "/v1/sessions/default/pairing/qr", nil, nil, 404, "no_qr", ""},
		{"GET", "/v1/webhooks/none", nil, nil, 404, "webhook_unknown", ""},
		{"DELETE", "/v1/tokens/none", nil, nil, 404, "token_unknown", ""},
		{"GET", "/v1/../info", nil, nil, 404, "path_unknown", ""},
		{"GET", "//info", nil, nil, 404, "path_unknown", ""},
		{"GET", "/v1/sessions/..%2f..%2finfo", nil, nil, 404, "path_unknown", ""},
		{"GET", "/static/index.html", nil, nil, 404, "path_unknown", ""},

		{"GET", guidePhone, nil, nil, 405, "method_not_allowed", ""},
		{"DELETE", guideVerify, nil, []header{{"Authorization", ""}}, 405, "method_not_allowed", ""},
		{"OPTIONS", guidePhone, nil, []header{{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "POST"}}, 405, "method_not_allowed", ""},
		{"PUT", "/v1/sessions", nil, nil, 405, "method_not_allowed", ""},

		{"DELETE", "/v1/sessions/default", nil, nil, 409, "session_permanent", ""},
		{"DELETE", "/v1/sessions/default/pairing", nil, nil, 409, "no_pairing", ""},
		{"POST", "/v1/sessions", object{"id": "default"}, nil, 409, "session_exists", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "+1234567890", "text": "x"}, nil, 409, "not_linked", ""},
		{"POST", "/v1/sessions/default/pairing/passkey", object{"confirm": true}, nil, 409, "no_passkey_wanted", ""},

		{"POST", guidePhone, huge, nil, 413, "body_too_large", ""},
		{"POST", "/v1/sessions", huge, nil, 413, "body_too_large", ""},
		{"POST", guidePhone, object{"phoneNumber": "+1234567890"}, []header{{"Content-Type", "text/plain"}}, 415, "media_type_unsupported", ""},
		{"POST", guidePhone, object{"phoneNumber": "+1234567890"}, []header{{"Content-Type", ""}}, 415, "media_type_unsupported", ""},
		{"POST", "/v1/sessions", "id=x", []header{{"Content-Type", "application/x-www-form-urlencoded"}}, 415, "media_type_unsupported", ""},

		{"POST", guidePhone, object{}, nil, 422, "phone_number_invalid", "missing"},
		{"POST", guidePhone, object{"phoneNumber": "1234567890"}, nil, 422, "phone_number_invalid", "missing_country_code"},
		{"POST", guidePhone, object{"phoneNumber": "+123"}, nil, 422, "phone_number_invalid", "too_short"},
		{"POST", guidePhone, object{"phoneNumber": "+1234567890123456"}, nil, 422, "phone_number_invalid", "too_long"},
		{"POST", guidePhone, object{"phoneNumber": "+12345abcde"}, nil, 422, "phone_number_invalid", "not_digits"},
		{"POST", guidePhone, object{"phoneNumber": "+9991234567"}, nil, 422, "phone_number_invalid", "unknown_country_code"},
		{"POST", guideVerify, object{"phoneNumber": "+1234567890"}, nil, 422, "code_invalid", ""},
		{"POST", "/v1/sessions", object{"id": "../x"}, nil, 422, "session_id_invalid", ""},
		{"POST", "/v1/sessions/default/pairing", object{"method": "smoke"}, nil, 422, "method_invalid", ""},
		{"POST", "/v1/sessions/default/pairing/passkey", object{}, nil, 422, "passkey_answer_invalid", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "+1234567890"}, nil, 422, "text_missing", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "someone", "text": "x"}, nil, 422, "phone_number_invalid", "not_digits"},
		{"POST", "/v1/sessions/default/messages", object{"to": "a@evil.example", "text": "x"}, nil, 422, "recipient_invalid", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "+1234567890", "text": strings.Repeat("x", 65537)}, nil, 422, "text_too_long", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "+1234567890", "text": "x", "reaction": object{"messageId": "A", "emoji": "x"}}, nil, 422, "message_ambiguous", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "+1234567890", "reaction": object{"messageId": "", "emoji": "x"}}, nil, 422, "message_id_invalid", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "+1234567890", "text": "x", "quote": object{"messageId": "A", "sender": "x"}}, nil, 422, "quote_invalid", ""},
		{"POST", "/v1/sessions/default/messages", object{"to": "+1234567890", "text": "x", "mentions": []string{"x"}}, nil, 422, "mentions_invalid", ""},
		{"POST", "/v1/webhooks", object{"url": "ftp://example.com"}, nil, 422, "webhook_invalid", ""},
		{"POST", "/v1/webhooks", object{"url": "https://user:pass@example.com"}, nil, 422, "webhook_invalid", ""},
		{"POST", "/v1/webhooks", object{"url": "https://example.com:0"}, nil, 422, "webhook_invalid", ""},
		{"POST", "/v1/webhooks", object{"url": "https://example.com:99999"}, nil, 422, "webhook_invalid", ""},
		{"POST", "/v1/webhooks", object{"url": "https://example.com", "types": []string{"a b"}}, nil, 422, "webhook_invalid", ""},
		{"POST", "/v1/tokens", object{"name": "x", "scopes": []string{"root"}}, nil, 422, "token_request_invalid", ""},
		{"POST", "/v1/tokens", object{"name": "x", "scopes": []string{}}, nil, 422, "token_request_invalid", ""},
	} {
		a := g.do(w.method, w.path, w.body, w.headers...)
		at := ""
		if strings.HasPrefix(w.path, guide) {
			at = "error."
			a.is("success", false)
			if a.text("message") == "" {
				t.Errorf("%s: there is no message", a.what)
			}
		} else if media := a.Header.Get("Content-Type"); media != "application/problem+json" {
			t.Errorf("%s: the media type is %s", a.what, media)
		}
		a.want(w.status).is(at+"code", w.code).is(at+"status", float64(w.status))
		if w.reason != "" {
			a.is(at+"reason", w.reason)
		}
		for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Credentials"} {
			if a.Header.Get(name) != "" {
				t.Errorf("%s: %s is open", a.what, name)
			}
		}
		if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: the headers are %v", a.what, a.Header)
		}
		if w.status == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: there is no WWW-Authenticate", a.what)
		}
		if w.status == 405 && a.Header.Get("Allow") == "" {
			t.Errorf("%s: there is no Allow", a.what)
		}
		if strings.Contains(string(a.Body), g.token) || strings.Contains(string(a.Body), "goroutine") {
			t.Errorf("%s: the answer holds what it should not: %s", a.what, a.Body)
		}
	}
}

// Each scope allows what it says, and a token reaches only its sessions.
func TestScopes(t *testing.T) {
	folder := t.TempDir()
	pair := newToken(t, folder, []tokens.Scope{tokens.Pair}, "shop-*")
	send := newToken(t, folder, []tokens.Scope{tokens.Send})
	watch := newToken(t, folder, []tokens.Scope{tokens.Events}, "shop-*")
	g := startIn(t, folder)
	g.do("POST", "/v1/sessions", object{"id": "shop-1"}).want(201).is("state", "unlinked")
	g.do("POST", "/v1/sessions", object{"id": "other"}).want(201)

	g.as(pair).do("GET", "/v1/sessions/shop-1", nil).want(200)
	g.as(pair).do("GET", "/v1/sessions/other", nil).want(403).is("code", "session_forbidden")
	g.as(pair).do("GET", "/v1/sessions/never-made", nil).want(403).is("code", "session_forbidden")
	g.as(pair).do("POST", guidePhone, object{"phoneNumber": "+1234567890"}).want(403).is("error.code", "session_forbidden")
	g.as(pair).do("POST", "/v1/sessions", object{"id": "shop-2"}).want(403).is("code", "scope_missing")
	g.as(pair).do("POST", "/v1/sessions/shop-1/messages", object{"to": "+1234567890", "text": "x"}).want(403)
	g.as(pair).do("GET", "/v1/events", nil).want(403)
	g.as(pair).do("GET", "/v1/tokens", nil).want(403)
	g.as(pair).do("GET", "/v1/audit", nil).want(403)
	if list := g.as(pair).do("GET", "/v1/sessions", nil).want(200).get("sessions").([]any); len(list) != 1 {
		t.Errorf("the token sees %v", list)
	}
	g.as(send).do("POST", "/v1/sessions/other/messages", object{"to": "+1234567890", "text": "x"}).want(409).is("code", "not_linked")
	g.as(send).do("GET", "/v1/sessions/other", nil).want(403)

	g.as(watch).do("GET", "/v1/events?session=other", nil).want(403)
	g.as(watch).do("POST", "/v1/webhooks", object{"url": "https://example.com/"}).want(403)
	own := g.as(watch).do("POST", "/v1/webhooks", object{"url": "https://example.com/", "sessions": []string{"shop-*"}}).want(201).text("id")
	all := g.do("POST", "/v1/webhooks", object{"url": "https://example.com/"}).want(201).text("id")
	g.as(watch).do("GET", "/v1/webhooks/"+own, nil).want(200)
	g.as(watch).do("GET", "/v1/webhooks/"+all, nil).want(404)
	g.as(watch).do("DELETE", "/v1/webhooks/"+all, nil).want(404)
	if list := g.as(watch).do("GET", "/v1/webhooks", nil).want(200).get("webhooks").([]any); len(list) != 1 {
		t.Errorf("the token sees %v", list)
	}

	// A token that was made here works at once, and not any more when revoked.
	made := g.do("POST", "/v1/tokens", object{"name": "short", "scopes": []string{"pair"}}).want(201)
	g.as(made.text("token")).do("GET", "/v1/sessions", nil).want(200)
	if list := g.do("GET", "/v1/tokens", nil).want(200); strings.Contains(string(list.Body), made.text("token")) {
		t.Error("the list shows a secret")
	}
	g.do("DELETE", "/v1/tokens/"+made.text("id"), nil).want(204)
	g.as(made.text("token")).do("GET", "/v1/sessions", nil).want(401)
}

// Too much of anything is 429, with the time to wait.
func TestLimits(t *testing.T) {
	g := start(t, "--requests-per-second=5", "--failures-per-minute=3", "--codes-per-minute=1", "--max-sessions=2")
	limited := func(a answer, code string) {
		t.Helper()
		at := ""
		if strings.Contains(a.what, guide) {
			at = "error."
		}
		a.want(429).is(at+"code", code)
		if a.Header.Get("Retry-After") == "" || a.get(at+"retryAfter").(float64) < 1 {
			t.Errorf("%s: there is no Retry-After: %s", a.what, a.Body)
		}
	}
	_, number := newPhone(t, nil)
	g.do("POST", guidePhone, object{"phoneNumber": number}).want(200)
	g.do("POST", "/v1/sessions", object{"id": "second"}).want(201)
	limited(g.do("POST", "/v1/sessions/second/pairing", object{"method": "qr"}), "too_many_codes")
	limited(g.do("POST", "/v1/sessions", object{"id": "third"}), "too_many_sessions")
	for range 20 {
		if a := g.do("GET", guide+"/status", nil); a.Status == 429 {
			limited(a, "too_many_requests")
			break
		}
	}
	if a := g.do("GET", guide+"/status", nil); a.Status != 429 {
		t.Error("there is no limit for requests")
	}
	for range 3 {
		g.as("wrong").do("GET", guide+"/status", nil).want(401)
	}
	limited(g.as("wrong").do("GET", guide+"/status", nil), "too_many_failures")
	// Whoever shares the address is not locked out.
	g.await("a valid token", func() bool {
		a := g.do("GET", guide+"/status", nil)
		if a.Status != 200 {
			limited(a, "too_many_requests")
		}
		return a.Status == 200
	})
}

// What cannot be read is not a wrong token.
func TestATokenThatCannotBeRead(t *testing.T) {
	folder := t.TempDir()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(store.Tokens).Put([]byte("torn"), []byte("{")) })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	g := startIn(t, folder, "--failures-per-minute=1")
	for range 3 {
		g.as("wagw_torn_secret").do("GET", "/v1/sessions", nil).want(500).is("code", "internal")
	}
	g.as("wrong").do("GET", "/v1/sessions", nil).want(401)
}

// WhatsApp's own refusals have their statuses.
func TestWhatsAppRefuses(t *testing.T) {
	g := start(t, "--codes-per-minute=100")
	for code, wanted := range map[int]struct {
		status int
		code   string
	}{
		429: {429, "rate_limited"},
		400: {429, "rejected_or_throttled"},
		403: {422, "forbidden"},
		500: {503, "server_error"},
	} {
		phone, number := newPhone(t, watest.Switches{"refuse_code": object{"code": code}})
		a := g.do("POST", guidePhone, object{"phoneNumber": number})
		a.want(wanted.status).is("error.code", wanted.code)
		if (wanted.status == 429 || wanted.status == 503) && a.Header.Get("Retry-After") == "" {
			t.Errorf("%d: there is no Retry-After", code)
		}
		g.do("GET", guide+"/status", nil).want(200).is("data.state", "failed").is("data.reason", wanted.code)
		g.do("POST", guideVerify, object{"phoneNumber": number, "code": "ABCD1234"}).want(200).is("success", false).is("data.reason", wanted.code)
		if err := phone.Remove(limited(t)); err != nil {
			t.Error(err)
		}
	}
	// One number is rationed, whoever asks.
	_, number := newPhone(t, nil)
	for range 2 {
		g.do("POST", guidePhone, object{"phoneNumber": number}).want(200)
		g.do("POST", guide+"/clear-auth", nil).want(200)
	}
	a := g.do("POST", guidePhone, object{"phoneNumber": number}).want(429).is("error.code", "throttled")
	if a.Header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
}

// A WhatsApp that cannot be reached is 503, and the pairing is over then.
func TestUnreachable(t *testing.T) {
	g := start(t, "--wa=server.url=ws://127.0.0.1:1/ws", "--code-timeout=3s")
	g.do("POST", guidePhone, object{"phoneNumber": "+1234567890"}).want(503).is("error.code", "whatsapp_unreachable")
	g.do("GET", guide+"/status", nil).want(200).is("data.state", "failed")
	g.do("GET", guide+"/qr", nil).want(503).is("error.code", "whatsapp_unreachable")
}

// A page of another origin can do nothing, even if a token came with it.
func TestCrossOrigin(t *testing.T) {
	g := start(t)
	for _, h := range []header{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		g.do("POST", guide+"/clear-auth", object{}, h).want(403).is("error.code", "cross_origin")
	}
	g.do("POST", guide+"/clear-auth", object{}, header{"Sec-Fetch-Site", "same-origin"}).want(200)
}

// What a client sends does not come back in a header.
func TestHeaderInjection(t *testing.T) {
	g := start(t)
	if id := g.do("GET", "/info", nil, header{"X-Request-Id", "good-id-12345"}).Header.Get("X-Request-Id"); id != "good-id-12345" {
		t.Errorf("a harmless id becomes %q", id)
	}
	for _, given := range []string{"short", "with spaces in it", "x\u00e9x\u00e9x\u00e9x\u00e9x\u00e9", strings.Repeat("x", 100)} {
		if id := g.do("GET", "/info", nil, header{"X-Request-Id", given}).Header.Get("X-Request-Id"); id == given || id == "" {
			t.Errorf("%q becomes %q", given, id)
		}
	}
	g.do("POST", "/v1/sessions", object{"id": "a\r\nSet-Cookie: x"}).want(422)
}

// The page needs no token, and may load and tell nothing but its own.
func TestPage(t *testing.T) {
	g := start(t, "--simulator-page="+sim.Control+"/")
	for _, path := range []string{"/", "/app.js", "/view.js", "/style.css", "/icon.svg"} {
		response, err := g.http.Get(g.url + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		if err != nil || response.StatusCode != http.StatusOK || !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %d, %s, %v", path, response.StatusCode, policy, err)
		}
		for _, inline := range []string{" style=", " onclick=", "<style", "<script>", "http-equiv"} {
			if path == "/" && strings.Contains(string(text), inline) {
				t.Errorf("the page holds %q", inline)
			}
		}
		if strings.Contains(string(text), g.token) {
			t.Errorf("%s holds a token", path)
		}
	}
	var info map[string]any
	if err := json.Unmarshal(g.do("GET", "/info", nil, header{"Authorization", ""}).want(200).Body, &info); err != nil || info["simulatorPage"] != sim.Control+"/" {
		t.Error(info, err)
	}
}

// Before its sessions are open the gateway says that it is not ready.
func TestNotReady(t *testing.T) {
	folder := t.TempDir()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	s, err := server.New(settings(t, folder), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	early := httptest.NewServer(s.Handler())
	defer early.Close()
	g := &gateway{t: t, url: early.URL, token: token, logs: &output{}, http: early.Client()}
	for path, at := range map[string]string{guide + "/status": "error.", "/v1/sessions": ""} {
		a := g.do("GET", path, nil).want(503).is(at+"code", "not_ready")
		if a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: there is no Retry-After", path)
		}
	}
	g.as("wrong").do("GET", "/v1/sessions", nil).want(401)
	g.do("GET", "/info", nil).want(200)
	ended, end := context.WithCancel(limited(t))
	end()
	if err := s.Run(ended); err != nil {
		t.Error(err)
	}
}

// Text that is no Unicode is refused by name, and nothing is sent in its place.
func TestTextThatIsNoUnicode(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	_, friendly := newPhone(t, nil)
	for path, body := range map[string]string{
		messages: `{"to":"` + friendly + `","text":"half \ud83d"}`,
		"/v1/sessions/default/methods/message.edit": `{"chat":"` + friendly + `","target":"3EB0","text":"half \ude00"}`,
		"/v1/sessions/default/call":                 `{"method":"message.edit","params":{"chat":"` + friendly + `","target":"3EB0","text":"half \ude00"}}`,
		"/v1/sessions":                              `{"id":"shop","deviceName":"half \ud83d"}`,
		"/v1/tokens":                                `{"name":"half \ud83d","scopes":["send"]}`,
	} {
		g.do("POST", path, body).want(400).is("code", "text_invalid")
	}
	g.do("POST", messages, `{"to":"`+friendly+`","text":"whole \ud83d\ude00"}`).want(202)
}
