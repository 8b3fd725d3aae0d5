package tests

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/libwa/libwa/bindings/go/watest"
)

// readyz gives the status of /readyz, and what it says.
func (g *gateway) readyz() (int, string) {
	g.t.Helper()
	response, err := g.http.Get(g.ops + "/readyz")
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	text.ReadFrom(response.Body)
	return response.StatusCode, text.String()
}

// replaced has the server end the next login of a number for good.
func replaced(t *testing.T, number string) {
	t.Helper()
	fault := watest.Fault{
		When: object{"point": "out", "tag": "success", "number": strings.TrimPrefix(number, "+")},
		Do:   object{"stream_error": object{"conflict": "replaced"}},
	}
	if err := sim.AddFault(limited(t), fault); err != nil {
		t.Fatal(err)
	}
}

// A connection that WhatsApp has ended for good is told by the status, an event,
// the log and the figures; the gateway is not ready when none other is left. A
// restart brings it back.
func TestAFinalDisconnect(t *testing.T) {
	g := start(t)
	_, number := g.linked("default", nil)
	_, other := g.linked("other", nil)
	replaced(t, number)
	g.do("POST", guide+"/restart", nil).want(200)
	status := g.state("default", "disconnected").is("givenUp", true).is("reason", "replaced").is("resumesAt", nil)
	if status.text("cause") == "" {
		t.Errorf("%s", status.Body)
	}
	event := g.event("session.state", "given_up", true)
	if event["reason"] != "replaced" || event["cause"] == "" {
		t.Errorf("%v", event)
	}
	if text := g.logs.String(); !strings.Contains(text, `"a connection was given up","session":"default","reason":"replaced"`) {
		t.Error("it is not in the log")
	}
	figures := g.scrape("/metrics")
	for _, wanted := range []string{
		`gateway_session_given_up{session="default",reason="replaced"} 1`, `gateway_session_disconnects_total{reason="replaced",final="true"} 1`,
		`gateway_session_connected{session="default"} 0`,
	} {
		if !strings.Contains(figures, wanted) {
			t.Errorf("%s is not in the figures:\n%s", wanted, figures)
		}
	}
	if code, text := g.readyz(); code != http.StatusOK {
		t.Errorf("one of two does not keep the others from being served: %d %s", code, text)
	}
	replaced(t, other)
	g.do("POST", "/v1/sessions/other/restart", nil).want(200)
	g.state("other", "disconnected").is("givenUp", true)
	if code, text := g.readyz(); code != http.StatusServiceUnavailable || !strings.Contains(text, "default (replaced)") || !strings.Contains(text, "other (replaced)") {
		t.Errorf("%d %s", code, text)
	}
	g.do("POST", guide+"/restart", nil).want(200)
	g.state("default", "connected").is("givenUp", nil).is("cause", nil)
	if code, text := g.readyz(); code != http.StatusOK {
		t.Errorf("%d %s", code, text)
	}
}

// By policy it comes back by itself, after a pause.
func TestAFinalDisconnectIsResumed(t *testing.T) {
	g := start(t, "--resume-after=200ms")
	_, number := g.linked("default", nil)
	replaced(t, number)
	g.do("POST", guide+"/restart", nil).want(200)
	g.event("session.state", "given_up", true)
	g.state("default", "connected").is("givenUp", nil).is("resumesAt", nil)
}

// Why there is no connection reaches the status, an event and the log.
func TestTheCauseIsTold(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	g.linked("default", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	g = startIn(t, folder, "--wa=server.url=ws://"+listener.Addr().String()+"/ws/chat")
	g.await("the cause", func() bool {
		return strings.Contains(g.do("GET", "/v1/sessions/default", nil).text("cause"), "refused")
	})
	g.await("an event that tells it", func() bool {
		for _, event := range g.events("type=session.state") {
			if cause, _ := event["data"].(object)["cause"].(string); strings.Contains(cause, "refused") {
				return true
			}
		}
		return false
	})
	if !strings.Contains(g.logs.String(), `"a connection was lost","session":"default"`) {
		t.Error("the log does not tell it")
	}
}

// A connection that a person has to mend says so.
func TestWhatAPersonHasToMend(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	g.linked("default", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	other, err := watest.Run()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop()
	g = startIn(t, folder, "--wa=server.root_key="+other.RootKey)
	g.await("the detail", func() bool {
		return strings.HasPrefix(g.do("GET", "/v1/sessions/default", nil).text("detail"), "This does not pass by itself: ")
	})
}

// One session that is damaged does not keep the others down: it is stopped, it is
// told, and it can be cleared.
func TestADamagedSession(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	g.linked("good", nil)
	_, first := g.linked("bad-1", nil)
	_, second := g.linked("bad-2", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{first, second} {
		damage(t, filepath.Join(folder, "sessions.db"), strings.TrimPrefix(number, "+")+":1@s.whatsapp.net")
	}
	g = startIn(t, folder)
	g.state("good", "connected")
	for _, id := range []string{"bad-1", "bad-2"} {
		status := g.state(id, "stopped").is("reason", "store_corrupt")
		if status.text("cause") == "" || !strings.Contains(status.text("detail"), "damaged") {
			t.Errorf("%s", status.Body)
		}
	}
	g.event("session.state", "reason", "store_corrupt")
	if !strings.Contains(g.logs.String(), `"a session could not be opened","session":"bad-1","reason":"store_corrupt"`) {
		t.Error("it is not in the log")
	}
	g.do("POST", "/v1/sessions/bad-1/restart", nil).want(503).is("code", "session_stopped")
	for _, wanted := range []string{`gateway_session_stopped{session="bad-1",reason="store_corrupt"} 1`, `gateway_session_linked{session="bad-1"} 1`} {
		if !strings.Contains(g.scrape("/metrics"), wanted) {
			t.Errorf("%s is not in the figures", wanted)
		}
	}
	g.do("POST", "/v1/sessions/bad-1/logout", nil).want(200).is("state", "unlinked")
	g.do("DELETE", "/v1/sessions/bad-2", nil).want(204)
	g.do("POST", "/v1/sessions", object{"id": "bad-2"}).want(201).is("state", "unlinked")
	for _, id := range []string{"bad-1", "bad-2"} {
		phone, number := newPhone(t, nil)
		enter(t, phone, g.pair(id, number), "linked")
		g.state(id, "connected")
	}
	g.state("good", "connected")
}

// damage overwrites a text in a file, wherever it stands.
func damage(t *testing.T, path, text string) {
	t.Helper()
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(all, []byte(text)) {
		t.Fatalf("%s is not in %s", text, path)
	}
	all = bytes.ReplaceAll(all, []byte(text), bytes.Repeat([]byte{0xff}, len(text)))
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
}
