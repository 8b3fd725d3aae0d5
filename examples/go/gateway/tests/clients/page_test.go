//go:build clients

// Package clients uses the gateway as others do: Node with the guide's client,
// and people on the page, by a Chromium without a window. WhatsApp is wa-sim.
package clients

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/server"
)

var (
	sim      *watest.Sim
	driverAt string
)

// patience is how long a test waits for anything. It is far more than it takes,
// so that a slow machine fails no test.
const patience = 3 * time.Minute

const token = "a token for the tests of the page"

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if sim, err = watest.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer sim.Stop()
		at, stop, err := driver()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
		driverAt = at
		return m.Run()
	}())
}

var secret = strings.ReplaceAll(token, " ", "-")

// start runs a gateway, and gives its address.
func start(t testing.TB, arguments ...string) string {
	t.Helper()
	c, err := config.Parse(append([]string{
		"--listen=127.0.0.1:0", "--ops-listen=", "--data=" + t.TempDir(), "--wa=server.url=" + sim.WS, "--wa=server.root_key=" + sim.RootKey, "--wa=client.version_url=" + sim.VersionPage,
		"--wa=reconnect.base_ms=100", "--code-timeout=2m", "--simulator-page=" + sim.Control + "/",
	}, arguments...), func(name string) (string, bool) { return secret, name == config.Variable("admin-token") })
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	// It answers before its sessions are open, and refuses to pair until then.
	request, err := http.NewRequestWithContext(limited(t), "GET", s.URL()+"/v1/sessions", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	for {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return s.URL()
			}
		}
		select {
		case <-request.Context().Done():
			t.Fatalf("the gateway is not ready: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

var lastNumber atomic.Int64

// limited gives a test that hangs an end.
func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func newPhone(t testing.TB, switches watest.Switches) *watest.Phone {
	t.Helper()
	phone, err := sim.NewPhone(t.Context(), fmt.Sprintf("1556%07d", lastNumber.Add(1)), "Ada", switches)
	if err != nil {
		t.Fatal(err)
	}
	return phone
}

// login gives the page the token.
func (b *browser) login(url string) {
	b.t.Helper()
	b.visit(url)
	b.awaitView("token")
	b.fill("#token", secret)
	b.click("#token-form button.main")
	b.await("a view behind the token", func() bool { return b.view() != "token" })
}

// code asks for a code and reads it off the page.
func (b *browser) code(number string) string {
	b.t.Helper()
	b.awaitView("start")
	b.fill("#number", number)
	b.click("#panel-code button.main")
	b.awaitView("code")
	return strings.Join(strings.Fields(b.text("#code")), "")
}

// once has the test fail if the view that is shown says a sentence twice.
func (b *browser) once() {
	b.t.Helper()
	said := map[string]bool{}
	shown := b.run("return [...document.querySelectorAll('[data-view]:not([hidden]) :is(h1, p, li)')].map(e => e.innerText).join('\\n')").(string)
	for sentence := range strings.FieldsFuncSeq(shown, func(r rune) bool { return strings.ContainsRune(".?!\n", r) }) {
		if sentence = strings.TrimSpace(sentence); sentence != "" && said[sentence] {
			b.t.Errorf("this is said twice: %s", sentence)
		}
		said[sentence] = true
	}
}

// inSight has the test fail if elements are not seen without scrolling.
func (b *browser) inSight(selectors ...string) {
	b.t.Helper()
	for _, selector := range selectors {
		seen := b.run(fmt.Sprintf("const r = document.querySelector(%q).getBoundingClientRect(); return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight", selector))
		if seen != true {
			b.t.Errorf("%s is not in sight: %v", selector, b.run(fmt.Sprintf("const r = document.querySelector(%q).getBoundingClientRect(); return [r.top, r.bottom, innerHeight]", selector)))
		}
	}
}

func enter(t testing.TB, phone *watest.Phone, code, outcome string) {
	ctx := t.Context()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if got, err := phone.Enter(ctx, code); err != nil || got.Outcome != outcome {
			t.Errorf("the phone says %+v, %v; wanted %s", got, err, outcome)
		}
	}()
	t.Cleanup(func() { <-done })
}

// On a wide and a narrow screen, light and dark: from the token to connected,
// a lost connection, and unlinked by the phone.
func TestByCode(t *testing.T) {
	for name, size := range map[string][2]int{"desktop": {1280, 860}, "phone": {390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			if (scheme == "dark") != (name == "phone") && os.Getenv("GATEWAY_PICTURES") == "" {
				continue // all four are there to be looked at
			}
			t.Run(name+" "+scheme, func(t *testing.T) {
				phone := newPhone(t, nil)
				b := open(t, size[0], size[1], scheme)
				b.visit(start(t))
				b.awaitView("token")
				picture := func(state string) {
					b.picture(fmt.Sprintf("%s-%s-%s", state, name, scheme))
					if b.run("return document.documentElement.scrollWidth > innerWidth") == true {
						t.Errorf("%s: the page is wider than the screen", state)
					}
				}
				picture("1-token")
				b.fill("#token", "wrong")
				b.click("#token-form button.main")
				b.await("an error", func() bool { return strings.Contains(b.text("#token-error"), "not valid") })
				b.fill("#token", secret)
				b.click("#token-form button.main")
				b.awaitView("start")
				picture("2-start")
				b.fill("#number", "0301234567")
				b.click("#panel-code button.main")
				b.await("an error", func() bool { return strings.Contains(b.text("#number-error"), "country code") })
				picture("3-wrong-number")
				code := b.code("+" + phone.Number)
				if len(code) != 8 {
					t.Fatalf("%q is not a code", code)
				}
				picture("4-code")
				if left := b.text("#code-left"); !strings.HasPrefix(left, "2:") && left != "3:00 left" {
					t.Errorf("the countdown is %q", left)
				}
				if b.run("return document.querySelector('#simulator').href") != sim.Control+"/" {
					t.Error("there is no link to the simulated phones")
				}
				enter(t, phone, code, "linked")
				b.awaitView("done")
				b.await("connected", func() bool { return b.text("#done-title") == "Connected" })
				picture("5-connected")
				companions, err := phone.WaitCompanions(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				if name == "desktop" && scheme == "light" {
					fault := watest.Fault{When: map[string]any{"point": "accept"}, Do: "cut", Times: -1}
					if err := sim.AddFault(t.Context(), fault); err != nil {
						t.Fatal(err)
					}
					if err := sim.Cut(t.Context(), companions[0].JID); err != nil {
						t.Fatal(err)
					}
					b.await("a lost connection", func() bool { return b.text("#done-title") == "Connection lost" })
					picture("6-lost")
					if err := sim.ClearFaults(t.Context()); err != nil {
						t.Fatal(err)
					}
					b.await("connected again", func() bool { return b.text("#done-title") == "Connected" })
				}
				if err := phone.UnlinkAll(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.awaitView("failed")
				b.once()
				picture("7-unlinked")
			})
		}
	}
}

func TestByQR(t *testing.T) {
	phone := newPhone(t, nil)
	b := open(t, 390, 844, "light")
	b.login(start(t))
	b.click("#tab-qr")
	b.picture("q1-qr-tab")
	b.click("#qr-start")
	b.awaitView("qr")
	b.await("the picture", func() bool {
		return b.run("const i = document.querySelector('#qr'); return i.complete && i.naturalWidth > 0") == true
	})
	b.picture("q2-qr")
	request, _ := http.NewRequest("GET", b.run("return location.origin").(string)+"/v1/sessions/default/pairing", nil)
	request.Header.Set("Authorization", "Bearer "+secret)
	var shown struct{ QRCode string }
	decode(t, request, &shown)
	outcome, err := phone.Scan(t.Context(), shown.QRCode)
	if err != nil || outcome.Outcome != "linked" {
		t.Fatal(outcome, err)
	}
	b.awaitView("done")
}

func TestExpiry(t *testing.T) {
	phone := newPhone(t, nil)
	b := open(t, 390, 844, "dark")
	b.login(start(t, "--wa=pairing.code_ttl_ms=2000"))
	b.code("+" + phone.Number)
	b.awaitView("failed")
	if title := b.text("#failed-title"); title != "The code was not typed in time" {
		t.Errorf("the title is %q", title)
	}
	b.once()
	b.picture("e1-expired")
	b.click("#again")
	b.awaitView("code")
}

// A wrong code is told within seconds, while the code is still good; and when
// the pairing is given up.
func TestWrongCode(t *testing.T) {
	phone := newPhone(t, nil)
	b := open(t, 390, 844, "light")
	b.login(start(t))
	code := b.code("+" + phone.Number)
	enter(t, phone, other(code), "wrong_code")
	b.await("the doubt", func() bool { return strings.Contains(b.text("#code-doubt"), "the code is wrong") })
	b.inSight("#code-doubt", "#copy")
	b.once()
	b.picture("e2-doubt")
	enter(t, phone, code, "linked")
	b.awaitView("done")
	if b.text("#code-doubt") != "" {
		t.Error("the doubt stays")
	}
}

func TestWrongCodeGivenUp(t *testing.T) {
	phone := newPhone(t, nil)
	b := open(t, 390, 844, "light")
	b.login(start(t, "--wa=pairing.success_timeout_ms=1500"))
	code := b.code("+" + phone.Number)
	enter(t, phone, other(code), "wrong_code")
	b.awaitView("failed")
	b.once()
	b.picture("e3-wrong")
}

// other gives a code that is not this one.
func other(code string) string {
	if wrong := "1" + code[1:]; wrong != code {
		return wrong
	}
	return "2" + code[1:]
}

// On small phones the code, the button that copies it, and how far it is are
// seen without scrolling.
func TestFold(t *testing.T) {
	for _, size := range [][2]int{{390, 844}, {375, 667}, {360, 640}} {
		phone := newPhone(t, nil)
		b := open(t, size[0], size[1], "light")
		b.login(start(t))
		b.code("+" + phone.Number)
		b.inSight("#code", "#code-left", "#copy", "#code-stages li:last-child")
		b.picture(fmt.Sprintf("f1-fold-%dx%d", size[0], size[1]))
	}
}

// Until when one has to wait is right from the first moment on.
func TestThrottled(t *testing.T) {
	phone := newPhone(t, watest.Switches{"refuse_code": object{"code": 429}})
	b := open(t, 390, 844, "light")
	b.login(start(t))
	b.awaitView("start")
	b.run(`const failed = document.querySelector('[data-view="failed"]');
		new MutationObserver(() => {
			if (!failed.hidden) window.first ??= JSON.stringify([document.querySelector('#again').disabled, document.querySelector('#failed-wait').innerText]);
		}).observe(failed, { attributes: true });`)
	b.fill("#number", "+"+phone.Number)
	b.click("#panel-code button.main")
	b.awaitView("failed")
	first, _ := b.run("return window.first").(string)
	if !strings.HasPrefix(first, "[true,\"Possible again in ") || strings.Contains(first, "in 0:00") {
		t.Errorf("at first it shows %s", first)
	}
	b.once()
	b.picture("e4-throttled")
}

// What is being connected is no warning, and a long address breaks before its @.
func TestConnecting(t *testing.T) {
	b := open(t, 390, 844, "light")
	b.visit(start(t))
	b.awaitView("token")
	b.run(`const { linked } = await import("/view.js");
		linked({ state: "connecting", jid: "123456789012345:12@s.whatsapp.net", phoneNumber: "+123456789012345", since: new Date().toISOString() });`)
	if got := b.text("#done-title"); got != "Connecting…" {
		t.Errorf("the title is %q", got)
	}
	if got := b.run("return getComputedStyle(document.querySelector('#done-mark'), '::before').display"); got != "none" {
		t.Error("there is a sign of warning")
	}
	lines := b.run(`return [...document.querySelector("#done-device").childNodes].filter(n => n.nodeType === 3).map(n => {
		const range = document.createRange();
		range.selectNode(n);
		return n.textContent + " " + new Set([...range.getClientRects()].map(r => r.top)).size;
	}).join(", ")`)
	if lines != "123456789012345:12 1, @s.whatsapp.net 1" {
		t.Errorf("the address is broken into %v", lines)
	}
	b.picture("c1-connecting")
	// What does not come back by itself is not said to.
	b.run(`const { linked } = await import("/view.js");
		linked({ state: "disconnected", givenUp: true, reason: "replaced", cause: "another program took over", phoneNumber: "+123456789012345", since: new Date().toISOString() });`)
	if text := b.text("#done-text"); !strings.Contains(text, "given up") || strings.Contains(text, "by itself") || b.text("#done-why") != "another program took over" {
		t.Errorf("%q, %q", text, b.text("#done-why"))
	}
	b.once()
	b.picture("c2-given-up")
	b.run(`const { failure } = await import("/view.js");
		failure({ state: "stopped", reason: "store_corrupt", detail: "What is kept of the session is damaged." });`)
	if b.text("#again") != "Restart" || b.text("#failed-title") != "The session is stopped" || b.run("return document.querySelector('#instead').hidden") != true {
		t.Errorf("%q, %q", b.text("#failed-title"), b.text("#again"))
	}
	b.once()
	b.picture("c3-stopped")
}

// Without a mouse: the keyboard alone does it.
func TestKeyboard(t *testing.T) {
	const tab, enterKey, right = "\ue004", "\ue007", "\ue014"
	phone := newPhone(t, nil)
	b := open(t, 1280, 860, "light")
	b.visit(start(t))
	b.awaitView("token")
	focused := func() string {
		id, _ := b.run("return document.activeElement.id").(string)
		return id
	}
	b.await("the focus on the token", func() bool { return focused() == "token" })
	b.press(secret + enterKey)
	b.awaitView("start")
	b.await("the focus on the number", func() bool { return focused() == "number" })
	// Back to the tabs, to the other one and back.
	b.run("document.querySelector('#tab-code').focus()")
	b.press(right)
	if focused() != "tab-qr" || b.run("return document.querySelector('#panel-qr').hidden") != false {
		t.Error("the arrow goes to the other tab")
	}
	b.press(right)
	b.press(tab)
	if focused() != "number" {
		t.Errorf("after the tab comes %q", focused())
	}
	b.press("+" + phone.Number + enterKey)
	b.awaitView("code")
	if heading := focused(); heading != "code-title" {
		t.Errorf("the focus is on %q", heading)
	}
	if said := b.text("#say"); said == "" && b.run("return document.querySelector('#say').textContent") == "" {
		t.Error("the code is not announced")
	}
	enter(t, phone, strings.Join(strings.Fields(b.text("#code")), ""), "linked")
	b.awaitView("done")
	// The token is nowhere but in the page's memory.
	if kept := b.run("return localStorage.length + sessionStorage.length + document.cookie.length"); kept != 0.0 {
		t.Errorf("the page keeps %v", kept)
	}
	if strings.Contains(b.run("return document.documentElement.outerHTML + location.href").(string), secret) {
		t.Error("the token is in the page")
	}
}

// The gateway goes away, and comes back.
func TestUnreachable(t *testing.T) {
	b := open(t, 1280, 860, "light")
	b.login(start(t))
	b.awaitView("start")
	b.cdp("Network.enable", object{})
	b.cdp("Network.emulateNetworkConditions", object{"offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
	b.await("the banner", func() bool { return b.run("return document.querySelector('#offline').hidden") == false })
	b.picture("u1-unreachable")
	b.cdp("Network.emulateNetworkConditions", object{"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
	b.await("no banner", func() bool { return b.run("return document.querySelector('#offline').hidden") == true })
}
