package tests

import (
	"strings"
	"testing"

	"github.com/libwa/libwa/bindings/go/watest"
)

// refuseLogin has the server refuse the next login of a number.
func refuseLogin(t testing.TB, number, reason string) {
	t.Helper()
	fault := watest.Fault{
		When: map[string]any{"point": "login", "number": strings.TrimPrefix(number, "+")},
		Do:   map[string]any{"failure": map[string]any{"reason": reason}},
	}
	if err := sim.AddFault(limited(t), fault); err != nil {
		t.Fatal(err)
	}
}

// An account that is locked or banned is told as that, at a login and at the first
// one, and no code is asked for before somebody asks for it.
func TestAccountLockedOrBanned(t *testing.T) {
	for code, reason := range map[string]string{"403": "logged_out_account_locked", "406": "logged_out_account_banned"} {
		t.Run(reason, func(t *testing.T) {
			g := start(t)
			_, number := g.linked("later", nil)
			refuseLogin(t, number, code)
			g.do("POST", "/v1/sessions/later/restart", nil)
			status := g.state("later", "logged_out").is("reason", reason)
			if !strings.Contains(status.text("detail"), "Open WhatsApp on the phone") {
				t.Error(status)
			}
			g.event("session.state", "reason", reason)

			phone, number := newPhone(t, nil)
			shown := g.pair("default", number)
			refuseLogin(t, number, code)
			enter(t, phone, shown, "linked")
			verdict := g.do("POST", guideVerify+"?wait=30s", object{"phoneNumber": number, "code": shown}).want(200)
			g.await("the end of the pairing", func() bool {
				status = g.do("GET", "/v1/sessions/default", nil).want(200)
				return status.text("reason") == reason
			})
			if !strings.Contains(status.text("detail"), "Open WhatsApp on the phone") || verdict.text("data.reason") != reason {
				t.Error(status, verdict)
			}
			if all := g.events("type=pairing.started"); len(all) != 2 {
				t.Errorf("codes were asked for: %v", all)
			}
		})
	}
}
