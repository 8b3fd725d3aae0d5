package tests

import (
	"bytes"
	"image/png"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go/watest"
)

// pair starts a pairing by code in any session.
func (g *gateway) pair(session, number string) (code string) {
	g.t.Helper()
	return g.do("POST", "/v1/sessions/"+session+"/pairing", object{"method": "code", "phoneNumber": number}).want(200).text("pairingCode")
}

// linked makes a session and links it to a new phone.
func (g *gateway) linked(session string, switches watest.Switches) (*watest.Phone, string) {
	g.t.Helper()
	phone, number := newPhone(g.t, switches)
	if session != "default" {
		g.do("POST", "/v1/sessions", object{"id": session}).want(201)
	}
	enter(g.t, phone, g.pair(session, number), "linked")
	g.state(session, "connected")
	return phone, number
}

// state waits until a session has a state, and gives its status.
func (g *gateway) state(session, state string) (status answer) {
	g.t.Helper()
	g.await(session+" "+state, func() bool {
		status = g.do("GET", "/v1/sessions/"+session, nil).want(200)
		return status.text("state") == state
	})
	return status
}

func TestCodeExpires(t *testing.T) {
	_, number := newPhone(t, nil)
	g := start(t, "--wa=pairing.code_ttl_ms=1000")
	code := g.do("POST", guidePhone, object{"phoneNumber": number}).want(200).text("data.pairingCode")
	// The wait ends when the code does.
	g.do("POST", guideVerify+"?wait=30s", object{"phoneNumber": number, "code": code}).want(200).
		is("success", false).is("data.authenticated", false).is("data.state", "expired").is("data.reason", "code_expired")
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": "ABCD1234"}).want(200).is("data.reason", "code_mismatch")
	if again := g.do("POST", guidePhone, object{"phoneNumber": number}).want(200).text("data.pairingCode"); again == code {
		t.Error("the next code is another one")
	}
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200).is("data.reason", "code_mismatch")
}

func TestWrongCodeOnThePhone(t *testing.T) {
	phone, number := newPhone(t, nil)
	g := start(t, "--wa=pairing.success_timeout_ms=500")
	code := g.do("POST", guidePhone, object{"phoneNumber": number}).want(200).text("data.pairingCode")
	wrong := "1" + code[1:]
	if wrong == code {
		wrong = "2" + code[1:]
	}
	enter(t, phone, wrong, "wrong_code")
	g.do("POST", guideVerify+"?wait=30s", object{"phoneNumber": number, "code": code}).want(200).is("data.reason", "phone_did_not_finish").is("data.state", "failed")
}

// Long before the pairing is given up it is told that the phone does not go on;
// the code is still good then.
func TestWrongCodeIsToldSoon(t *testing.T) {
	phone, number := newPhone(t, nil)
	g := start(t)
	code := g.pair("default", number)
	wrong := "1" + code[1:]
	if wrong == code {
		wrong = "2" + code[1:]
	}
	<-enter(t, phone, wrong, "wrong_code")
	const session = "/v1/sessions/default"
	g.await("the doubt", func() bool { return g.do("GET", session, nil).want(200).text("reason") == "phone_not_finishing" })
	told := g.do("GET", session, nil).want(200).is("state", "pairing")
	verified := g.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200).is("data.authenticated", false).is("data.reason", nil)
	if told.text("detail") == "" || verified.text("message") != told.text("detail") {
		t.Errorf("%s, %s", told.Body, verified.Body)
	}
	<-enter(t, phone, code, "linked")
	g.state("default", "connected").is("reason", nil).is("detail", nil)
}

func TestByQR(t *testing.T) {
	phone, _ := newPhone(t, nil)
	g := start(t)
	shown := g.do("GET", guide+"/qr", nil).want(200).is("success", true)
	if !strings.HasPrefix(shown.text("data.image"), "data:image/png;base64,") {
		t.Error("there is no image")
	}
	picture := g.do("GET", guide+"/qr", nil, header{"Accept", "image/png"}).want(200)
	if _, err := png.Decode(bytes.NewReader(picture.Body)); err != nil {
		t.Error(err)
	}
	if drawn := g.do("GET", "/v1/sessions/default/pairing/qr?format=svg", nil).want(200); !bytes.HasPrefix(drawn.Body, []byte("<")) {
		t.Errorf("%.40s", drawn.Body)
	}
	g.do("GET", "/v1/sessions/default/pairing", nil).want(200).is("method", "qr").is("session.stage", "qr")
	// A code is not to be had meanwhile, until the QR code is given up.
	g.do("POST", guidePhone, object{"phoneNumber": "+1234567890"}).want(409).is("error.code", "pairing_in_progress")
	outcome, err := phone.Scan(limited(t), shown.text("data.qrCode"))
	if err != nil || outcome.Outcome != "linked" {
		t.Fatal(outcome, err)
	}
	g.state("default", "connected").is("method", "qr")
}

func TestCancel(t *testing.T) {
	_, number := newPhone(t, nil)
	g := start(t)
	g.do("GET", guide+"/qr", nil).want(200)
	g.do("DELETE", "/v1/sessions/default/pairing", nil).want(204)
	g.do("GET", guide+"/status", nil).want(200).is("data.state", "unlinked")
	g.pair("default", number)
	g.do("POST", guide+"/clear-auth", nil).want(200).is("data.state", "unlinked")
	g.pair("default", number)
}

// Unlinked by the phone, and linked again.
func TestUnlinkedByThePhone(t *testing.T) {
	g := start(t)
	phone, number := g.linked("default", nil)
	if err := phone.UnlinkAll(limited(t)); err != nil {
		t.Fatal(err)
	}
	g.state("default", "logged_out").is("reason", "logged_out_by_phone")
	g.await("a session that can be paired", func() bool {
		return g.do("POST", guidePhone, object{"phoneNumber": number}).Status == 200
	})
}

// What was linked is linked after a restart of the gateway, without a code.
func TestRestartOfTheGateway(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	phone, number := newPhone(t, nil)
	code := g.link(phone, number)
	g.do("POST", "/v1/sessions", object{"id": "idle"}).want(201)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	again := startIn(t, folder)
	again.state("default", "connected").is("phoneNumber", number)
	again.do("GET", "/v1/sessions/idle", nil).want(200).is("state", "unlinked")
	again.do("POST", guideVerify, object{"phoneNumber": number, "code": code}).want(200).is("success", true)
	again.do("POST", guidePhone, object{"phoneNumber": number}).want(409).is("error.code", "already_paired")
}

// Many sessions pair at once; the list shows them, and deletion unlinks.
func TestManySessions(t *testing.T) {
	const count = 24
	g := start(t, "--requests-per-second=1000", "--codes-per-minute=1000")
	var all sync.WaitGroup
	phones := make([]*watest.Phone, count)
	names := make([]string, count)
	for i := range count {
		names[i] = "shop-" + string(rune('a'+i))
		all.Add(1)
		go func() {
			defer all.Done()
			phones[i], _ = g.linked(names[i], nil)
		}()
	}
	all.Wait()
	list := g.do("GET", "/v1/sessions", nil).want(200).get("sessions").([]any)
	if len(list) != count+1 {
		t.Errorf("%d sessions", len(list))
	}
	g.do("DELETE", "/v1/sessions/"+names[0], nil).want(204)
	g.do("GET", "/v1/sessions/"+names[0], nil).want(404)
	if companions, err := phones[0].WaitCompanions(limited(t), 0); err != nil {
		t.Errorf("the phone lists %v, %v", companions, err)
	}
	g.do("POST", "/v1/sessions", object{"id": names[0]}).want(201).is("state", "unlinked")
	g.do("POST", "/v1/sessions/"+names[1]+"/restart", nil).want(200)
	g.state(names[1], "connected")
	g.do("POST", "/v1/sessions/"+names[1]+"/logout", nil).want(200).is("state", "unlinked")
}

// A status can be waited for.
func TestWaiting(t *testing.T) {
	_, number := newPhone(t, nil)
	g := start(t)
	version := g.do("GET", "/v1/sessions/default", nil).want(200).get("version").(float64)
	came := make(chan answer)
	go func() { came <- g.do("GET", "/v1/sessions/default?wait=30s&version="+itoa(version), nil) }()
	select {
	case a := <-came:
		t.Fatalf("%s came at once", a.Body)
	case <-time.After(50 * time.Millisecond):
	}
	g.pair("default", number)
	if a := <-came; a.want(200).text("state") != "pairing" {
		t.Errorf("%s", a.Body)
	}
	version = g.do("GET", "/v1/sessions/default", nil).want(200).get("version").(float64)
	g.do("GET", "/v1/sessions/default?wait=10ms&version="+itoa(version), nil).want(200).is("version", version)
}

// A lost connection is a state, and comes back.
func TestLostConnection(t *testing.T) {
	g := start(t)
	phone, _ := g.linked("default", nil)
	companions, err := phone.WaitCompanions(limited(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, 1)
	version := g.do("GET", "/v1/sessions/default", nil).want(200).get("version").(float64)
	go func() {
		seen <- g.do("GET", "/v1/sessions/default?wait=30s&version="+itoa(version), nil).text("state")
	}()
	if err := sim.Cut(limited(t), companions[0].JID); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got == "connected" {
		t.Errorf("the state is %s", got)
	}
	g.state("default", "connected")
}

// A session is unlinked here though WhatsApp cannot be told.
func TestUnlinkWithoutConnection(t *testing.T) {
	g := start(t)
	phone, number := g.linked("default", nil)
	companions, err := phone.WaitCompanions(limited(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	fault := watest.Fault{When: map[string]any{"point": "login", "number": phone.Number}, Do: "cut", Times: -1}
	if err := sim.AddFault(limited(t), fault); err != nil {
		t.Fatal(err)
	}
	if err := sim.Cut(limited(t), companions[0].JID); err != nil {
		t.Fatal(err)
	}
	g.state("default", "disconnected")
	g.do("POST", guide+"/clear-auth", nil).want(200).is("data.state", "unlinked")
	if err := sim.ClearFaults(limited(t)); err != nil {
		t.Fatal(err)
	}
	// What was linked is forgotten, and not taken up again.
	g.do("POST", guide+"/restart", nil).want(200).is("data.state", "unlinked")
	enter(t, phone, g.pair("default", number), "linked")
	g.state("default", "connected")
}
