// Package tests runs whole gateways against wa-sim, the simulated WhatsApp.
// Every answer of a gateway is checked against its own OpenAPI document.
package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/server"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// sim is shared by all tests; each makes phones of its own.
var sim *watest.Sim

func TestMain(m *testing.M) {
	if os.Getenv(asGateway) != "" {
		os.Exit(beGateway())
	}
	started, err := watest.Run("--check-shapes")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sim = started
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	sim.Stop()
	if sim.Violated() {
		code = 1
	}
	os.Exit(code)
}

// limited gives a test that hangs an end.
func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var lastNumber atomic.Int64

// newPhone makes a phone that no other test has, and gives its number with +.
func newPhone(t testing.TB, switches watest.Switches) (*watest.Phone, string) {
	t.Helper()
	number := fmt.Sprintf("1555%07d", lastNumber.Add(1))
	phone, err := sim.NewPhone(limited(t), number, "Ada", switches)
	if err != nil {
		t.Fatal(err)
	}
	return phone, "+" + number
}

// A gateway runs as long as its test.
type gateway struct {
	t      testing.TB
	config *config.Config
	url    string
	ops    string
	token  string
	logs   *output
	http   *http.Client
	stop   func() error
}

// output takes what is logged.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// end gives the last lines, without the requests that went well: a test that
// waits makes thousands of them.
func (o *output) end() string {
	var kept []string
	for line := range strings.Lines(o.String()) {
		if !strings.Contains(line, `"msg":"request"`) || !strings.Contains(line, `"status":200`) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-150):], "")
}

// settings are those of a test: short times, and wa-sim in place of WhatsApp.
func settings(t testing.TB, folder string, arguments ...string) *config.Config {
	t.Helper()
	all := append([]string{
		"--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0", "--data=" + folder, "--log-level=debug",
		"--wa=server.url=" + sim.WS, "--wa=server.root_key=" + sim.RootKey, "--wa=client.version_url=" + sim.VersionPage, "--wa=log.level=debug", "--wa=reconnect.base_ms=100",
		"--session-proxy-private", "--webhook-private", "--webhook-http", "--webhook-retry-first=50ms", "--webhook-retry-max=400ms", "--failures-per-minute=1000",
		"--heartbeat=200ms", "--code-timeout=60s", "--start-pause=1ms",
	}, arguments...)
	c, err := config.Parse(all, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newToken makes a token in a data folder that no gateway has open.
func newToken(t testing.TB, folder string, scopes []tokens.Scope, sessions ...string) string {
	t.Helper()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all, err := tokens.Open(db, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(sessions) == 0 {
		sessions = []string{"*"}
	}
	_, secret, err := all.New("test", scopes, sessions, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// start runs a gateway with a new data folder.
func start(t testing.TB, arguments ...string) *gateway {
	t.Helper()
	return startIn(t, t.TempDir(), arguments...)
}

// startIn runs a gateway in a data folder, with a token that has all rights.
func startIn(t testing.TB, folder string, arguments ...string) *gateway {
	t.Helper()
	g := launch(t, folder, arguments...)
	g.await("ready", func() bool {
		response, err := g.http.Get(g.ops + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return g
}

// startNotReady runs a gateway that can be asked, and need not be ready.
func startNotReady(t testing.TB, folder string, arguments ...string) *gateway {
	t.Helper()
	g := launch(t, folder, arguments...)
	g.await("answers", func() bool { return g.do("GET", "/v1/sessions", nil).Status == http.StatusOK })
	return g
}

// launch runs a gateway in a data folder, with a token that has all rights.
func launch(t testing.TB, folder string, arguments ...string) *gateway {
	t.Helper()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	logs := &output{}
	c := settings(t, folder, arguments...)
	s, err := server.New(c, slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	transport := &http.Transport{}
	g := &gateway{t: t, config: c, url: s.URL(), ops: s.OpsURL(), token: token, logs: logs, http: &http.Client{Transport: transport}}
	g.stop = sync.OnceValue(func() error {
		transport.CloseIdleConnections()
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := g.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s: the end of what was logged:\n%s", t.Name(), logs.end())
		}
	})
	return g
}

// await waits until something is so.
func (g *gateway) await(what string, so func() bool) {
	g.t.Helper()
	ctx := limited(g.t)
	// Those who wait for long ask less often: a token has a limit of requests.
	for pause := 10 * time.Millisecond; !so(); pause = min(2*pause, 160*time.Millisecond) {
		select {
		case <-ctx.Done():
			g.t.Fatalf("this did not come: %s", what)
		case <-time.After(pause):
		}
	}
}

// An answer is what the gateway said.
type answer struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Body   []byte
}

// A header is one that a request has beside the usual ones.
type header struct{ name, value string }

// do makes a request with the gateway's token, and checks the answer against
// the document. A body that is not text becomes JSON.
func (g *gateway) do(method, path string, body any, headers ...header) answer {
	g.t.Helper()
	request := g.request(method, path, body, headers...)
	response, err := g.http.Do(request)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	a := answer{g.t, method + " " + path, response.StatusCode, response.Header, text}
	conforms(g.t, method, request.URL.Path, a)
	return a
}

func (g *gateway) request(method, path string, body any, headers ...header) *http.Request {
	g.t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			g.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(limited(g.t), method, g.url+path, content)
	if err != nil {
		g.t.Fatal(err)
	}
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	for _, h := range headers {
		if h.name == "Host" {
			request.Host = h.value
		} else if h.value == "" {
			request.Header.Del(h.name)
		} else {
			request.Header.Set(h.name, h.value)
		}
	}
	return request
}

// as gives the same gateway, asked with another token.
func (g *gateway) as(token string) *gateway {
	other := *g
	other.token = token
	return &other
}

// want has the test fail if the status is another.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: %d %s, wanted %d", a.what, a.Status, a.Body, status)
	}
	return a
}

// get gives what is at a path of names in the JSON, such as "data.state".
func (a answer) get(path string) any {
	a.t.Helper()
	var value any
	if err := json.Unmarshal(a.Body, &value); err != nil {
		a.t.Fatalf("%s: %s: %v", a.what, a.Body, err)
	}
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// is has the test fail if something in the JSON is another.
func (a answer) is(path string, wanted any) answer {
	a.t.Helper()
	if got := a.get(path); got != wanted {
		a.t.Errorf("%s: %s is %v, wanted %v: %s", a.what, path, got, wanted, a.Body)
	}
	return a
}

func (a answer) text(path string) string {
	a.t.Helper()
	text, _ := a.get(path).(string)
	return text
}

// object makes bodies short to write.
type object = map[string]any

// itoa writes a number of the JSON as a parameter.
func itoa(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }
