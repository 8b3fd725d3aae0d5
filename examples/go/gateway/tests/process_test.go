package tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/cli"
	"github.com/libwa/libwa/examples/go/gateway/internal/server"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// asGateway has this program be the gateway, for tests that need a process of
// its own.
const asGateway = "GATEWAY_TEST_PROCESS"

func beGateway() int {
	ctx, stop := cli.Signals()
	defer stop()
	if err := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		cli.Complain(os.Stderr, err)
		return 1
	}
	return 0
}

func process(t testing.TB, arguments ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	made := exec.Command(executable, arguments...)
	made.Env = append(os.Environ(), asGateway+"=1")
	return made
}

// spawn runs a gateway as a process, in a data folder that has the token.
func spawn(t testing.TB, folder, token string, arguments ...string) (*gateway, *exec.Cmd) {
	t.Helper()
	return spawnLimited(t, 0, folder, token, arguments...)
}

// spawnLimited is spawn with a limit of open files, if it is not 0.
func spawnLimited(t testing.TB, limit int, folder, token string, arguments ...string) (*gateway, *exec.Cmd) {
	t.Helper()
	all := append([]string{
		"--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0", "--data=" + folder, "--wa=server.url=" + sim.WS, "--wa=server.root_key=" + sim.RootKey, "--wa=client.version_url=" + sim.VersionPage,
		"--webhook-private", "--webhook-http", "--webhook-retry-first=20ms", "--webhook-retry-max=50ms", "--webhook-attempts=1000",
	}, arguments...)
	child := process(t, all...)
	if limit > 0 {
		child.Path, child.Args = "/bin/sh", append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, limit), child.Path}, all...)
	}
	out, err := child.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, token: token, logs: &output{}, http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		g.http.CloseIdleConnections()
		child.Process.Kill()
		child.Wait()
	})
	lines := bufio.NewScanner(out)
	for g.url == "" && lines.Scan() {
		fmt.Fprintln(g.logs, lines.Text())
		var line struct{ Msg, URL, Ops string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			g.url, g.ops = line.URL, line.Ops
		}
	}
	if g.url == "" {
		t.Fatalf("it does not listen: %s", g.logs)
	}
	go func() {
		for lines.Scan() {
			fmt.Fprintln(g.logs, lines.Text())
		}
	}()
	g.await("ready", func() bool {
		response, err := g.http.Get(g.ops + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return g, child
}

// The command line: help, tokens, and what cannot be, which leaves nothing
// behind.
func TestCommandLine(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(t.TempDir())
	defer func() {
		if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
			t.Errorf("%v, %v are left", left, err)
		}
	}()
	run := func(arguments ...string) (string, bool) {
		var out, log bytes.Buffer
		err := cli.Run(limited(t), arguments, &out, &log)
		if err != nil {
			fmt.Fprintln(&out, err)
		}
		return out.String(), err == nil
	}
	for _, help := range []string{"--help", "-h", "help"} {
		if out, ok := run(help); !ok || !strings.Contains(out, "--tls-cert FILE") || !strings.Contains(out, "gateway token create") {
			t.Errorf("%s: %s", help, out)
		}
	}
	if out, ok := run("version"); !ok || !strings.HasPrefix(out, "gateway 0.1.0, libwa ") {
		t.Error(out)
	}
	if out, ok := run("openapi"); !ok || !json.Valid([]byte(out)) {
		t.Errorf("%.100s", out)
	}
	for want, arguments := range map[string][]string{
		"same --data, or set WA_G": {"--data=" + folder},
		"see --help":               {"serve"},
		"HTTP is not safe":         {"--listen=0.0.0.0:0", "--data=" + folder},
		"is for loopback only":     {"--listen=:0", "--auth=off", "--behind-proxy"},
		"go together":              {"--tls-cert=x"},
		"at least 1":               {"--max-sessions=0"},
		"cannot be negative":       {"--wait-max=-1s"},
		"KEY=VALUE":                {"--wa=store.url=memory:"},
		"not defined":              {"--nonsense"},
		"would be seen":            {"--admin-token=0123456789012345678901234"},
		"debug, info":              {"--log-level=loud"},
		"no such file":             {"--admin-token-file=/nonexistent", "--data=" + folder},
		"there is no scope":        {"token", "create", "--name=x", "--scopes=root", "--data=" + folder},
		"a name has":               {"token", "create", "--data=" + folder},
		"token create, token list": {"token"},
		"name the data folder":     {"token", "create", "--name=x"},
		"no gateway in":            {"token", "list", "--data=" + filepath.Join(folder, "nothing")},
	} {
		if out, ok := run(arguments...); ok || !strings.Contains(out, want) {
			t.Errorf("%v: %s", arguments, out)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || slices.ContainsFunc(left, func(entry os.DirEntry) bool { return entry.IsDir() }) {
		t.Errorf("%v, %v are left", left, err)
	}
	made, ok := run("token", "create", "--name=shop", "--scopes=pair,events", "--sessions=default", "--data="+folder)
	secret := strings.TrimSpace(made)
	if !ok || !strings.HasPrefix(secret, "wagw_") {
		t.Fatal(made)
	}
	list, ok := run("token", "list", "--data="+folder)
	if !ok || !strings.Contains(list, "shop") || strings.Contains(list, secret) {
		t.Error(list)
	}
	if out, ok := run("token", "revoke", "--data="+folder, "x"); ok || !strings.Contains(out, "there is no token \"x\"") {
		t.Error(out)
	}
	g, _ := spawn(t, folder, secret)
	g.do("GET", guide+"/status", nil).want(200)
	if out, ok := run("token", "list", "--data="+folder); ok || !strings.Contains(out, "POST /v1/tokens") {
		t.Error(out)
	}
	if out, ok := run("--data=" + folder); ok || !strings.Contains(out, "another gateway has this data folder open") {
		t.Error(out)
	}
}

// SIGTERM ends it in order: not ready at once, what waits is answered, streams
// end, and the program ends well.
func TestDrain(t *testing.T) {
	folder := t.TempDir()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	g, child := spawn(t, folder, token, "--drain-delay=3s")
	_, number := newPhone(t, nil)
	code := g.pair("default", number)
	waiting := make(chan answer, 1)
	go func() {
		waiting <- g.do("POST", guideVerify+"?wait=30s", object{"phoneNumber": number, "code": code})
	}()
	s := g.stream("?type=nothing")
	time.Sleep(50 * time.Millisecond)
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	g.await("not ready", func() bool {
		response, err := g.http.Get(g.ops + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusServiceUnavailable
	})
	// It does not wait for its half minute, at which it would be cut off: see --drain-timeout.
	if a := <-waiting; a.Status != 200 || a.get("data.authenticated") != false {
		t.Errorf("what waits is answered %d %s", a.Status, a.Body)
	}
	for s.lines.Scan() {
	}
	if err := child.Wait(); err != nil {
		t.Errorf("it ends with %v\n%s", err, g.logs)
	}
}

// A signal that comes before all sessions are open ends it, in order, without
// opening them.
func TestEndsBeforeItIsReady(t *testing.T) {
	folder := t.TempDir()
	newToken(t, folder, []tokens.Scope{tokens.Admin})
	logs := &output{}
	s, err := server.New(settings(t, folder, "--drain-delay=0s"), slog.New(slog.NewJSONHandler(logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
	if text := logs.String(); strings.Contains(text, `"msg":"ready"`) || !strings.Contains(text, `"msg":"ended"`) {
		t.Errorf("%s", text)
	}
}

// Killed in the middle of everything, twice, with a webhook that fails: each
// message arrives at least once, and each chat in its order.
func TestKill(t *testing.T) {
	folder := t.TempDir()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	g, child := spawn(t, folder, token)
	_, number := g.linked("default", nil)
	r := newReceiver(t)
	g.register(r, "message")
	r.fail(func(attempt int) int {
		if attempt%4 != 0 {
			return 503
		}
		return 0
	})
	ada, _ := newPhone(t, nil)
	bob, _ := newPhone(t, nil)
	texts := map[string][]string{ada.Number: numbered("ada", 30), bob.Number: numbered("bob", 30)}
	for round := range 3 {
		part := func(all []string) []string { return all[10*round : 10*round+10] }
		written := make(chan struct{})
		go func() {
			defer close(written)
			write(t, ada, number, part(texts[ada.Number])...)
			write(t, bob, number, part(texts[bob.Number])...)
		}()
		if round == 2 {
			<-written
			break
		}
		before := len(r.all())
		g.await("some deliveries", func() bool { return len(r.all()) >= before+3 })
		child.Process.Kill()
		child.Wait()
		<-written
		g, child = spawn(t, folder, token)
	}
	until := time.Now().Add(3 * time.Minute)
	for missing(r, texts) != "" && time.Now().Before(until) {
		time.Sleep(20 * time.Millisecond)
	}
	if left := missing(r, texts); left != "" {
		t.Errorf("what came, each in its order: %s\n%s", left, g.logs)
	}
}

// missing says what has not come yet, or not in its order.
func missing(r *receiver, texts map[string][]string) string {
	seen := map[string]bool{}
	got := map[string][]string{}
	for _, delivery := range r.all() {
		data := delivery.body["data"].(object)
		text, sender := data["text"].(string), data["sender_phone"].(string)
		if !seen[text] {
			seen[text] = true
			got[sender] = append(got[sender], text)
		}
	}
	for sender, wanted := range texts {
		if strings.Join(got[sender], ",") != strings.Join(wanted, ",") {
			return fmt.Sprint(got[sender])
		}
	}
	return ""
}

// HTTPS from certificate files, which may change while the gateway runs.
func TestHTTPS(t *testing.T) {
	folder := t.TempDir()
	certificates := t.TempDir()
	first := writeCertificate(t, certificates, "first.example")
	g := startIn(t, folder, "--tls-cert="+certificates+"/cert.pem", "--tls-key="+certificates+"/key.pem")
	if !strings.HasPrefix(g.url, "https://") {
		t.Fatal(g.url)
	}
	served := func() []byte {
		request := g.request("GET", "/info", nil)
		transport := insecure()
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.Header.Get("Strict-Transport-Security") == "" {
			t.Error("there is no Strict-Transport-Security")
		}
		return response.TLS.PeerCertificates[0].Raw
	}
	if !bytes.Equal(served(), first) {
		t.Error("another certificate is served")
	}
	if _, err := g.http.Get(g.url + "/info"); err == nil {
		t.Error("a client trusts an unknown certificate")
	}
	time.Sleep(20 * time.Millisecond)
	second := writeCertificate(t, certificates, "second.example")
	g.await("the new certificate", func() bool { return bytes.Equal(served(), second) })
	time.Sleep(20 * time.Millisecond)
	if err := os.WriteFile(certificates+"/cert.pem", []byte("half a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.await("a word about a certificate that is broken", func() bool {
		if !bytes.Equal(served(), second) {
			t.Fatal("another certificate is served")
		}
		return strings.Contains(g.logs.String(), "the certificate could not be read again")
	})
	response, err := http.Get(strings.Replace(g.url, "https://", "http://", 1) + "/info")
	if err == nil {
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("plain HTTP is answered %d", response.StatusCode)
		}
	}
}

// By HTTP/2 too, a stream of events outlives the time for other answers.
func TestStreamByHTTP2(t *testing.T) {
	certificates := t.TempDir()
	writeCertificate(t, certificates, "gateway.example")
	g := start(t, "--tls-cert="+certificates+"/cert.pem", "--tls-key="+certificates+"/key.pem", "--read-timeout=2s", "--write-timeout=2s")
	transport := insecure()
	transport.ForceAttemptHTTP2 = true
	defer transport.CloseIdleConnections()
	request := g.request("GET", "/v1/events?after=now", nil, header{"Accept", "text/event-stream"})
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != 2 {
		t.Errorf("it is %s", response.Proto)
	}
	beats := 0
	for lines := bufio.NewScanner(response.Body); beats < 15; {
		if !lines.Scan() {
			t.Fatalf("the stream ended after %d signs of life: %v", beats, lines.Err())
		}
		if strings.HasPrefix(lines.Text(), ":") {
			beats++
		}
	}
}
