package tests

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// Whoever reads the log stalls, or goes away: requests are answered all the same,
// what is not read is counted, and SIGHUP and SIGTERM end the gateway in order.
func TestWhoReadsTheLogHoldsNobodyUp(t *testing.T) {
	for name, last := range map[string]syscall.Signal{"stalls": syscall.SIGTERM, "goes away": syscall.SIGHUP} {
		folder := t.TempDir()
		token := newToken(t, folder, []tokens.Scope{tokens.Admin})
		child := process(t, "--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0", "--data="+folder, "--wa=server.url="+sim.WS, "--wa=server.root_key="+sim.RootKey, "--wa=client.version_url="+sim.VersionPage,
			"--log-level=debug", "--requests-per-second=100000")
		log, written, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		child.Stderr = written
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		written.Close()
		g := &gateway{t: t, token: token, logs: &output{}, http: &http.Client{Transport: &http.Transport{}}}
		t.Cleanup(func() {
			g.http.CloseIdleConnections()
			child.Process.Kill()
			child.Wait()
			log.Close()
		})
		for lines, ready := bufio.NewScanner(log), false; !ready; {
			if !lines.Scan() {
				t.Fatal("it is not ready")
			}
			var line struct{ Msg, URL, Ops string }
			json.Unmarshal(lines.Bytes(), &line)
			if line.Msg == "listening" {
				g.url, g.ops = line.URL, line.Ops
			}
			ready = line.Msg == "ready"
		}
		if name == "goes away" {
			log.Close()
		}
		// Many times what a pipe holds.
		for range 1000 {
			g.do("GET", "/v1/sessions", nil).want(200)
		}
		if name == "goes away" {
			g.await("lines that are counted", func() bool { return g.metric("gateway_log_dropped_total") >= 500 })
		}
		g.http.CloseIdleConnections()
		if err := child.Process.Signal(last); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err != nil {
			t.Errorf("%s: it ends with %v", name, err)
		}
	}
}

// SIGHUP ends the gateway in order, with the end of its log.
func TestHangUp(t *testing.T) {
	folder := t.TempDir()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	g, child := spawn(t, folder, token)
	if err := child.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	g.await("the end of the log", func() bool { return strings.Contains(g.logs.String(), `"msg":"ended"`) })
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}
