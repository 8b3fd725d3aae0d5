package tests

import (
	"path/filepath"
	"strings"
	"testing"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// linkedOnce expects that the events tell of one link, whatever was restarted.
func (g *gateway) linkedOnce(number, method string) {
	g.t.Helper()
	g.state("default", "connected").is("phoneNumber", number)
	g.event("pairing.success", "phone", number)
	all := g.events("type=pairing.success")
	if len(all) != 1 || all[0]["data"].(object)["method"] != method {
		g.t.Errorf("%v", all)
	}
}

// A gateway that ends after the phone has linked a session, and before it has
// written that down, tells of it with the next start, once.
func TestLinkedWithoutTheGateway(t *testing.T) {
	for _, method := range []string{"code", "qr"} {
		t.Run(method, func(t *testing.T) {
			folder := t.TempDir()
			phone, number := newPhone(t, nil)
			g := startIn(t, folder)
			if method == "code" {
				g.do("POST", guidePhone, object{"phoneNumber": number}).want(200)
			} else {
				g.do("POST", guide+"/qr", nil).want(200)
			}
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			client, err := libwa.Open(sim.Option(), libwa.WithStoreURL("sqlite:"+filepath.Join(folder, "sessions.db")), libwa.WithSessionID("default"))
			if err != nil {
				t.Fatal(err)
			}
			for step, err := range client.Pair(limited(t), number) {
				if err != nil {
					t.Fatal(err)
				}
				if code, is := step.(*libwa.PairingCode); is {
					if outcome, err := phone.Enter(limited(t), code.Code); err != nil || outcome.Outcome != "linked" {
						t.Fatal(outcome, err)
					}
				}
			}
			client.Close()

			g = startIn(t, folder)
			g.linkedOnce(number, method)
			if method == "code" {
				g.await("the audit", func() bool {
					return strings.Contains(string(g.do("GET", "/v1/audit", nil).Body), `"outcome":"linked"`)
				})
			}
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			g = startIn(t, folder)
			g.linkedOnce(number, method)
			// The next link is told, too.
			g.do("POST", guide+"/clear-auth", nil).want(200)
			g.link(newPhone(t, nil))
			g.await("the second link", func() bool { return len(g.events("type=pairing.success")) == 2 })
		})
	}
}

// A gateway that is killed when the phone has entered the code tells of one link,
// or that the code is lost.
func TestKilledAfterTheLink(t *testing.T) {
	folder := t.TempDir()
	phone, number := newPhone(t, nil)
	token := newToken(t, folder, tokens.Scopes)
	g, child := spawn(t, folder, token)
	code := g.do("POST", guidePhone, object{"phoneNumber": number}).want(200).text("data.pairingCode")
	outcome, err := phone.Enter(limited(t), code)
	if err != nil || outcome.Outcome != "linked" {
		t.Fatal(outcome, err)
	}
	child.Process.Kill()
	child.Wait()
	g, _ = spawn(t, folder, token)
	if g.do("GET", guide+"/status", nil).want(200).text("data.state") == "failed" {
		g.event("pairing.lost", "reason", "code_lost")
		return
	}
	g.linkedOnce(number, "code")
}
