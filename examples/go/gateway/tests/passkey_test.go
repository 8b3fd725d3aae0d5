package tests

import (
	"encoding/json"
	"testing"

	"github.com/libwa/libwa/bindings/go/watest"
)

// The account's passkey has to confirm: a state with guidance.
func TestPasskey(t *testing.T) {
	phone, number := newPhone(t, watest.Switches{"passkey": "before_finish"})
	g := start(t)
	code := g.pair("default", number)
	entered := make(chan struct{})
	go func() { phone.Enter(limited(t), code); close(entered) }()
	status := g.state("default", "passkey_required").is("passkey.step", "required").is("stage", "passkey")
	if status.text("passkey.guidance") == "" || status.get("passkey.options") == nil {
		t.Errorf("%s", status.Body)
	}
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200).is("success", false).is("data.state", "passkey_required")
	g.do("POST", "/v1/sessions/default/pairing/passkey", object{"confirm": true}).want(409).is("code", "no_passkey_wanted")
	if a := g.do("POST", "/v1/sessions/default/pairing/passkey", object{"assertion": object{"id": "x"}}); a.Status == 200 || a.Status == 500 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	g.do("POST", guide+"/clear-auth", nil).want(200)
	<-entered
}

// What an authenticator makes of a challenge, as to its form: the phone of
// wa-sim does not look into it.
var assertion = object{"id": "AQID", "rawId": "AQID", "type": "public-key", "response": object{
	"clientDataJSON": "e30", "authenticatorData": "AQID", "signature": "AQID", "userHandle": nil,
}}

// answered takes a session that wants a passkey to the codes that are compared.
func (g *gateway) answered(session string, phone *watest.Phone) {
	g.t.Helper()
	path := "/v1/sessions/" + session + "/pairing/passkey"
	status := g.state(session, "passkey_required").is("passkey.step", "required").is("passkey.options.rpId", "whatsapp.com")
	if status.text("passkey.options.challenge") == "" || status.text("expiresAt") == "" {
		g.t.Errorf("%s", status.Body)
	}
	g.do("POST", path, object{"assertion": assertion}).want(200)
	g.await("the codes", func() bool {
		status = g.do("GET", "/v1/sessions/"+session, nil).want(200)
		return status.text("passkey.step") == "confirm"
	})
	status.is("state", "passkey_required").is("passkey.options", nil)
	// The phone has its part of it a moment later.
	var screen struct{ Name, Code string }
	state, err := phone.Wait(limited(g.t), func(state watest.PhoneState) bool {
		return json.Unmarshal(state.Screen, &screen) == nil && screen.Name == "passkey"
	})
	if err != nil {
		g.t.Fatalf("the phone shows no code: %s: %v", state.Screen, err)
	}
	if screen.Code == "" || status.text("passkey.display") != screen.Code {
		g.t.Errorf("the phone shows %q: %s", screen.Code, status.Body)
	}
	g.do("POST", path, object{"assertion": assertion}).want(409).is("code", "no_passkey_wanted")
}

// A passkey that answers links the session, by code and by QR: the challenge
// goes out, the assertion comes in, and the user compares the codes.
func TestPasskeyLinks(t *testing.T) {
	g := start(t)
	switches := watest.Switches{"passkey": "before_finish", "passkey_ask": true}
	for session, begin := range map[string]func(*watest.Phone, string){
		"by-code": func(phone *watest.Phone, number string) { enter(t, phone, g.pair("by-code", number), "linked") },
		"by-qr": func(phone *watest.Phone, _ string) {
			shown := g.do("POST", "/v1/sessions/by-qr/pairing", object{"method": "qr"}).want(200).text("qrCode")
			scan(t, phone, shown, "linked")
		},
	} {
		g.do("POST", "/v1/sessions", object{"id": session}).want(201)
		phone, number := newPhone(t, switches)
		begin(phone, number)
		g.answered(session, phone)
		g.do("POST", "/v1/sessions/"+session+"/pairing/passkey", object{"confirm": true}).want(200)
		if err := phone.Confirm(limited(t), true); err != nil {
			t.Fatal(err)
		}
		g.state(session, "connected").is("phoneNumber", number).is("passkey", nil)
		g.event("pairing.passkey", "step", "confirm")
	}
	answers := 0
	g.await("the audit", func() bool {
		answers = 0
		for _, entry := range g.do("GET", "/v1/audit", nil).want(200).get("entries").([]any) {
			if entry := entry.(object); entry["action"] == "passkey" && entry["outcome"] == "done" {
				answers++
			}
		}
		return answers >= 4
	})
	if answers != 4 {
		t.Errorf("%d answers are in the audit", answers)
	}
}

// Who sees another code on the phone and says so there is not linked, and can
// begin anew.
func TestPasskeyWithAnotherCode(t *testing.T) {
	g := start(t)
	phone, number := newPhone(t, watest.Switches{"passkey": "after_finish", "passkey_ask": true})
	code := g.pair("default", number)
	told := enter(t, phone, code, "passkey_rejected")
	g.answered("default", phone)
	g.do("POST", "/v1/sessions/default/pairing/passkey", object{"confirm": true}).want(200)
	if err := phone.Confirm(limited(t), false); err != nil {
		t.Fatal(err)
	}
	<-told
	g.do("DELETE", "/v1/sessions/default/pairing", nil).want(204)
	g.state("default", "unlinked").is("passkey", nil)
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200).is("success", false).is("data.authenticated", false)
	if err := phone.Set(limited(t), watest.Switches{"passkey": "off"}); err != nil {
		t.Fatal(err)
	}
	enter(t, phone, g.pair("default", number), "linked")
	g.state("default", "connected")
}
