package tests

import (
	"strings"
	"testing"
)

// A code that is out when the gateway ends is of no use any more: verify says so,
// an event does, and the audit.
func TestACodeIsLostWithTheProcess(t *testing.T) {
	folder := t.TempDir()
	_, number := newPhone(t, nil)
	g := startIn(t, folder)
	code := g.do("POST", guidePhone, object{"phoneNumber": number}).want(200).text("data.pairingCode")
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder)
	lost := g.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200).
		is("success", false).is("data.authenticated", false).is("data.reason", "code_lost")
	if !strings.Contains(lost.text("message"), "lost when the gateway was restarted") {
		t.Error(lost.text("message"))
	}
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": "ABCD1234"}).want(200).is("data.reason", "code_mismatch")
	g.do("POST", guideVerify, object{"phoneNumber": "+15559999999", "code": code}).want(200).is("data.reason", "number_mismatch")
	g.event("pairing.lost", "reason", "code_lost")
	g.event("session.state", "reason", "code_lost")
	g.await("the audit", func() bool {
		return strings.Contains(string(g.do("GET", "/v1/audit", nil).Body), `"outcome":"code_lost"`)
	})
	if text := g.logs.String() + string(g.do("GET", "/v1/events", nil).Body); strings.Contains(text, code) {
		t.Error("the code is told")
	}
	// It is told once.
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder)
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200).is("data.reason", "code_lost")
	if all := g.events("type=pairing.lost"); len(all) != 1 {
		t.Errorf("%v", all)
	}
	again := g.do("POST", guidePhone, object{"phoneNumber": number}).want(200).text("data.pairingCode")
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": again}).want(200).is("data.reason", nil)
}

// After a restart verify takes the code that the session was linked with, and no
// other one.
func TestVerifyAfterARestart(t *testing.T) {
	folder := t.TempDir()
	phone, number := newPhone(t, nil)
	g := startIn(t, folder)
	code := g.link(phone, number)
	g.state("default", "connected")
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder)
	verify := func(code string) answer {
		return g.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200)
	}
	for range 2 {
		verify(code).is("success", true).is("data.authenticated", true)
		verify(strings.ToLower(code[:4]+"-"+code[4:])).is("success", true)
		verify("ABCD1234").is("success", false).is("data.authenticated", false).is("data.reason", "code_mismatch")
		g.do("POST", guide+"/restart", nil).want(200)
	}
	g.do("POST", guide+"/clear-auth", nil).want(200)
	verify(code).is("success", false).is("data.reason", "no_pairing")
}

// A session that was linked without a code has none that verify could take.
func TestVerifyOfASessionWithoutACode(t *testing.T) {
	folder := t.TempDir()
	phone, number := newPhone(t, nil)
	g := startIn(t, folder)
	scan(t, phone, g.do("GET", guide+"/qr", nil).want(200).text("data.qrCode"), "linked")
	g.state("default", "connected")
	unknown := func() {
		t.Helper()
		g.do("POST", guideVerify, object{"phoneNumber": number, "code": "ABCD1234"}).want(200).
			is("success", false).is("data.authenticated", false).is("data.reason", "code_unknown").is("message", "This code is not known here. Ask for a new one.")
	}
	unknown()
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder)
	unknown()
}
