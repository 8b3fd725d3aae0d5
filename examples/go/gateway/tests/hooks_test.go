package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/libwa/libwa/bindings/go/watest"
)

// A receiver takes webhooks, checks their signatures with a library that is
// not ours, and fails when it is told to.
type receiver struct {
	t      testing.TB
	server *httptest.Server

	mu       sync.Mutex
	secrets  []string              // any of them may have signed
	failing  func(attempt int) int // gives a status, 0 for none
	attempts int
	got      []received
}

type received struct {
	id     string
	body   object
	signed []bool // by which of the secrets
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	text, err := io.ReadAll(request.Body)
	if err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts++
	signed := r.signed(text, request.Header)
	if !slices.Contains(signed, true) {
		r.t.Errorf("no secret has signed: %v", request.Header)
	}
	if slices.Contains(r.signed(append(text, ' '), request.Header), true) {
		r.t.Error("a changed body has a good signature")
	}
	if r.failing != nil {
		if status := r.failing(r.attempts); status != 0 {
			w.Header().Set("Location", "/elsewhere") // for a redirect
			w.WriteHeader(status)
			return
		}
	}
	var body object
	if err := json.Unmarshal(text, &body); err != nil {
		r.t.Error(err)
	}
	r.got = append(r.got, received{request.Header.Get("Webhook-Id"), body, signed})
}

// signed says which of the secrets have signed a request.
func (r *receiver) signed(text []byte, header http.Header) (by []bool) {
	for _, secret := range r.secrets {
		verifier, err := webhook.NewWebhook(secret)
		if err != nil {
			r.t.Error(err)
			return nil
		}
		by = append(by, verifier.Verify(text, header) == nil)
	}
	return by
}

// know gives a receiver one more secret.
func (r *receiver) know(secret string) {
	r.t.Helper()
	if !strings.HasPrefix(secret, "whsec_") {
		r.t.Errorf("the secret is %q", secret)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = append(r.secrets, secret)
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.attempts
}

func (r *receiver) fail(failing func(int) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = failing
}

// register makes a webhook for a receiver, and gives its path.
func (g *gateway) register(r *receiver, types ...string) string {
	g.t.Helper()
	if len(types) == 0 {
		types = []string{"*"}
	}
	made := g.do("POST", "/v1/webhooks", object{"url": r.server.URL + "/hook", "types": types}).want(201)
	secret := made.text("secret")
	r.know(secret)
	path := "/v1/webhooks/" + made.text("id")
	if shown := g.do("GET", path, nil).want(200); strings.Contains(string(shown.Body), secret) {
		g.t.Error("the secret is shown again")
	}
	return path
}

// write has a phone write texts to a number.
func write(t testing.TB, phone *watest.Phone, number string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := sim.Do(limited(t), "POST", "/phones/"+phone.Number+"/send", object{"to": strings.TrimPrefix(number, "+"), "text": text}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// numbered gives texts with numbers.
func numbered(name string, count int) (texts []string) {
	for i := range count {
		texts = append(texts, fmt.Sprintf("%s %02d", name, i))
	}
	return texts
}

// A receiver that never answers does not hold up the stop, and gets its event with
// the next start.
func TestAHangingWebhookAtTheStop(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder, "--webhook-timeout=24h")
	_, number := g.linked("default", nil)
	asked := make(chan string, 100)
	var hangs atomic.Bool
	hangs.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
		asked <- r.Header.Get("Webhook-Id")
		if hangs.Load() {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	g.do("POST", "/v1/webhooks", object{"url": server.URL, "types": []string{"message"}}).want(201)
	friend, _ := newPhone(t, nil)
	write(t, friend, number, "hello")
	next := func() string {
		t.Helper()
		select {
		case id := <-asked:
			return id
		case <-limited(t).Done():
			t.Fatal("no delivery comes")
		}
		return ""
	}
	id := next()
	ended := make(chan error, 1)
	go func() { ended <- g.stop() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-limited(t).Done():
		t.Fatal("the stop waits for the webhook")
	}
	hangs.Store(false)
	g = startIn(t, folder)
	if again := next(); again != id {
		t.Errorf("%s comes again as %s", id, again)
	}
	g.await("no delivery", func() bool { return !strings.Contains(g.scrape("/metrics"), `outcome="delivered"} 0`) })
	if list := string(g.do("GET", "/v1/webhooks", nil).want(200).Body); strings.Contains(list, "failingSince") {
		t.Errorf("the stop counts as a failure: %s", list)
	}
}

// A receiver that fails at first gets everything all the same: each chat in
// its order, each event with its own id.
func TestWebhook(t *testing.T) {
	g := start(t)
	_, number := g.linked("default", nil)
	ada, _ := newPhone(t, nil)
	bob, _ := newPhone(t, nil)
	r := newReceiver(t)
	g.register(r, "message")
	r.fail(func(attempt int) int {
		if attempt <= 6 || attempt%3 == 0 {
			return 500
		}
		return 0
	})
	wanted := map[string][]string{ada.Number: numbered("ada", 8), bob.Number: numbered("bob", 8)}
	var both sync.WaitGroup
	for _, phone := range []*watest.Phone{ada, bob} {
		both.Add(1)
		go func() {
			defer both.Done()
			write(t, phone, number, wanted[phone.Number]...)
		}()
	}
	both.Wait()
	g.await("all deliveries", func() bool { return len(r.all()) >= 16 })
	got := map[string][]string{}
	ids := map[string]bool{}
	for _, delivery := range r.all() {
		data := delivery.body["data"].(object)
		sender := data["sender_phone"].(string)
		got[sender] = append(got[sender], data["text"].(string))
		if ids[delivery.id] || delivery.id != delivery.body["id"] || delivery.body["type"] != "message" {
			t.Errorf("%+v", delivery)
		}
		ids[delivery.id] = true
	}
	for phone, texts := range wanted {
		if strings.Join(got[phone], ",") != strings.Join(texts, ",") {
			t.Errorf("%s: %v", phone, got[phone])
		}
	}
}

// What is given up becomes a dead letter, can be looked at, and be delivered
// again; meanwhile the chat goes on.
func TestDeadLetters(t *testing.T) {
	g := start(t, "--webhook-attempts=3")
	_, number := g.linked("default", nil)
	ada, _ := newPhone(t, nil)
	r := newReceiver(t)
	path := g.register(r, "message")
	r.fail(func(attempt int) int {
		if attempt <= 3 {
			return 400
		}
		return 0
	})
	write(t, ada, number, "first", "second")
	g.await("the second", func() bool { return len(r.all()) == 1 })
	if text := r.all()[0].body["data"].(object)["text"]; text != "second" {
		t.Errorf("%v came first", text)
	}
	letters := g.do("GET", path+"/dead-letters", nil).want(200)
	list := letters.get("deadLetters").([]any)
	if len(list) != 1 {
		t.Fatalf("%s", letters.Body)
	}
	letter := list[0].(object)
	if letter["attempts"] != 3.0 || letter["error"] != "the webhook answered 400" {
		t.Errorf("%v", letter)
	}
	g.do("POST", path+"/redeliver", object{"cursor": "999999"}).want(404)
	g.do("POST", path+"/redeliver", object{"cursor": "x"}).want(422)
	g.do("POST", path+"/redeliver", object{"cursor": letter["cursor"]}).want(202).is("count", 1.0)
	g.await("the first", func() bool { return len(r.all()) == 2 })
	if again := r.all()[1]; again.body["data"].(object)["text"] != "first" || again.id != letter["event"].(object)["id"] {
		t.Errorf("%+v", again)
	}
	if left := g.do("GET", path+"/dead-letters", nil).want(200).get("deadLetters").([]any); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	g.do("POST", path+"/redeliver", nil).want(202).is("count", 0.0)
	g.do("DELETE", path, nil).want(204)
	g.do("GET", path, nil).want(404)
	tried := r.tried()
	write(t, ada, number, "third")
	g.event("message", "text", "third")
	if r.tried() != tried {
		t.Error("a webhook that was removed gets more")
	}
}

// A webhook that answers too slowly has failed; one that asks for time gets
// it; a redirect is not followed.
func TestSlowWebhook(t *testing.T) {
	g := start(t, "--webhook-timeout=2s")
	_, number := g.linked("default", nil)
	ada, _ := newPhone(t, nil)
	r := newReceiver(t)
	g.register(r, "message")
	r.fail(func(attempt int) int {
		switch attempt {
		case 1:
			time.Sleep(4 * time.Second)
			return 200
		case 2:
			return 302
		case 3:
			return 429
		}
		return 0
	})
	write(t, ada, number, "patience")
	g.await("the delivery", func() bool { return len(r.all()) == 1 })
	if r.tried() != 4 {
		t.Errorf("%d attempts", r.tried())
	}
}

// Without leave, webhooks do not reach this machine and private networks.
func TestPrivateAddresses(t *testing.T) {
	g := start(t, "--webhook-private=false")
	for _, address := range []string{"http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/", "http://169.254.169.254/latest", "http://[fd00::1]/", "http://100.64.0.1/", "http://0.0.0.0/"} {
		g.do("POST", "/v1/webhooks", object{"url": address}).want(422).is("code", "webhook_invalid")
	}
}

// A webhook stops with its token: that is told before, when the token expires, and
// by the log, an event and a figure when it has; what it does not get is counted.
func TestAWebhookOfATokenThatExpires(t *testing.T) {
	g := start(t)
	_, number := g.linked("default", nil)
	friend, _ := newPhone(t, nil)
	r, watching := newReceiver(t), newReceiver(t)
	g.register(watching, "webhook.*")
	expires := time.Now().Add(3 * time.Second)
	made := g.do("POST", "/v1/tokens", object{"name": "a partner", "scopes": []string{"events"}, "sessions": []string{"default"}, "expiresAt": expires}).want(201)
	hook := g.as(made.text("token")).do("POST", "/v1/webhooks", object{"url": r.server.URL, "types": []string{"message"}, "sessions": []string{"default"}}).want(201)
	r.know(hook.text("secret"))
	id := hook.text("id")
	shown := g.do("GET", "/v1/webhooks/"+id, nil).want(200)
	if at, err := time.Parse(time.RFC3339, shown.text("tokenExpiresAt")); err != nil || !at.Equal(expires) {
		t.Errorf("%s", shown.Body)
	}
	for _, kind := range []string{"webhook.expiring", "webhook.stopped"} {
		data := g.event(kind, "webhook", id)
		if data["token_id"] != made.text("id") || data["token_name"] != "a partner" || data["expires_at"] == nil {
			t.Errorf("%v", data)
		}
		if e := g.events("type=" + kind)[0]; e["session"] != "-" {
			t.Errorf("%v", e)
		}
	}
	g.do("GET", "/v1/webhooks/"+id, nil).want(200).is("stopReason", "token_ended")
	write(t, friend, number, "after")
	g.event("message", "text", "after")
	for _, wanted := range []string{
		`gateway_webhook_stopped{webhook="` + id + `",reason="token_ended"} 1`, `gateway_webhook_skipped_total{webhook="` + id + `"} 1`,
		`gateway_webhook_attempts_total{webhook="` + id + `",outcome="failed"} 0`, `gateway_webhook_failing{webhook="` + id + `"} 0`,
		`gateway_webhook_token_expiry_timestamp_seconds{webhook="` + id + `"} `,
	} {
		if !strings.Contains(g.scrape("/metrics"), wanted) {
			t.Errorf("%s is not in the figures:\n%s", wanted, g.scrape("/metrics"))
		}
	}
	for _, wanted := range []string{`"level":"WARN","msg":"a webhook stops soon`, `"level":"WARN","msg":"a webhook is stopped: its token expired`} {
		if strings.Count(g.logs.String(), wanted) != 1 {
			t.Errorf("%s is not once in the log", wanted)
		}
	}
	g.await("what is told to another webhook", func() bool { return len(watching.all()) == 2 })
	// A token for one session hears of no other's webhooks.
	other := g.do("POST", "/v1/tokens", object{"name": "other", "scopes": []string{"events"}, "sessions": []string{"default"}}).want(201).text("token")
	if all := g.as(other).do("GET", "/v1/events?type=webhook.*", nil).want(200); len(all.get("events").([]any)) != 0 {
		t.Errorf("%s", all.Body)
	}
}
