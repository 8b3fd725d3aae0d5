package tests

import (
	"context"
	"testing"

	"github.com/libwa/libwa/bindings/go/watest"
)

const guide = "/api/v1/whatsapp"

// enter types a code into a phone in the background, and expects an outcome.
// What it gives is closed when the phone has said it.
func enter(t testing.TB, phone *watest.Phone, code, outcome string) <-chan struct{} {
	return act(t, phone.Enter, code, outcome)
}

// scan is enter with a QR code.
func scan(t testing.TB, phone *watest.Phone, payload, outcome string) {
	act(t, phone.Scan, payload, outcome)
}

func act(t testing.TB, by func(context.Context, string) (watest.Outcome, error), code, outcome string) <-chan struct{} {
	ctx := limited(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		got, err := by(ctx, code)
		if err != nil || got.Outcome != outcome {
			t.Errorf("the phone says %+v, %v; wanted %s", got, err, outcome)
		}
	}()
	t.Cleanup(func() { <-done })
	return done
}

// link links the session default to a phone, as the guide's client does.
func (g *gateway) link(phone *watest.Phone, number string) (code string) {
	g.t.Helper()
	code = g.do("POST", guide+"/auth/phone", object{"phoneNumber": number}).want(200).text("data.pairingCode")
	enter(g.t, phone, code, "linked")
	g.await("linked", func() bool {
		return g.do("POST", guide+"/auth/verify", object{"phoneNumber": number, "code": code}).want(200).get("data.authenticated") == true
	})
	return code
}

// The guide's flow, in its very words.
func TestGuide(t *testing.T) {
	phone, number := newPhone(t, nil)
	g := start(t)
	asked := g.do("POST", guide+"/auth/phone", object{"phoneNumber": number}).want(200)
	asked.is("success", true).is("message", "Pairing code generated successfully. Enter this code in your WhatsApp app.").
		is("data.phoneNumber", number).is("data.codeRequested", true)
	code := asked.text("data.pairingCode")
	if len(code) != 8 {
		t.Fatalf("%q is not a code", code)
	}
	verify := func(code string, query string) answer {
		return g.do("POST", guide+"/auth/verify"+query, object{"phoneNumber": number, "code": code}).want(200)
	}
	verify(code, "").is("success", false).is("data.authenticated", false).is("data.phoneNumber", number).
		is("data.state", "pairing").is("data.stage", "code").is("data.reason", nil)
	verify("ABCD1234", "?wait=30s").is("success", false).is("data.authenticated", false).is("data.reason", "code_mismatch")
	g.do("POST", guide+"/auth/verify", object{"phoneNumber": "+1234567890", "code": code}).want(200).is("data.reason", "number_mismatch")

	// Asked again, it is the same code; another number has to wait.
	g.do("POST", guide+"/auth/phone", object{"phoneNumber": number}).want(200).is("data.pairingCode", code)
	g.do("POST", guide+"/auth/phone", object{"phoneNumber": "+1234567890"}).want(409).is("success", false).is("error.code", "pairing_in_progress")
	g.do("GET", guide+"/qr", nil).want(409).is("error.code", "pairing_in_progress")

	enter(t, phone, code, "linked")
	done := verify(code, "?wait=30s")
	for done.get("data.authenticated") != true {
		done = verify(code, "?wait=30s")
	}
	done.is("success", true).is("data.phoneNumber", number)
	g.await("connected", func() bool {
		return verify(code, "").text("message") == "Phone verification successful - WhatsApp connected"
	})
	// Small letters and the hyphen do no harm; a wrong code does.
	verify(code[:4]+"-"+code[4:], "").is("success", true)
	verify("ABCD1234", "").is("success", false).is("data.reason", "code_mismatch")
	g.do("POST", guide+"/auth/phone", object{"phoneNumber": number}).want(409).is("error.code", "already_paired")
	g.do("GET", guide+"/qr", nil).want(409).is("error.code", "already_paired")
	g.do("GET", guide+"/status", nil).want(200).is("data.state", "connected").is("data.phoneNumber", number)

	// A restart keeps the link, clearing does not.
	g.do("POST", guide+"/restart", nil).want(200).is("success", true)
	g.await("connected again", func() bool { return g.do("GET", guide+"/status", nil).text("data.state") == "connected" })
	verify(code, "").is("success", true)
	g.do("POST", guide+"/clear-auth", object{}).want(200).is("data.state", "unlinked")
	verify(code, "").is("success", false).is("data.reason", "no_pairing")
	if companions, err := phone.WaitCompanions(limited(t), 0); err != nil {
		t.Errorf("the phone lists %v, %v", companions, err)
	}
	g.link(phone, number)
}
