package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/libwa/libwa/examples/go/gateway/internal/cli"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
)

// Clients that keep their connections open lose no request when the gateway
// ends: the last answer says that it is the last, and only then the connection
// is closed.
func TestKeptConnectionsEndInOrder(t *testing.T) {
	g := start(t, "--drain-idle=60s")
	var answered atomic.Int64
	var clients sync.WaitGroup
	talk := func(connection net.Conn) error {
		reader := bufio.NewReader(connection)
		for {
			if _, err := io.WriteString(connection, "GET /info HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				return fmt.Errorf("a request cannot be sent: %w", err)
			}
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				return fmt.Errorf("a request has no answer: %w", err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
				return fmt.Errorf("%d, %w", response.StatusCode, err)
			}
			answered.Add(1)
			if response.Close {
				_, err := reader.ReadByte()
				if err != io.EOF {
					return fmt.Errorf("behind the last answer comes %w", err)
				}
				return nil
			}
		}
	}
	for range 8 {
		connection := g.raw("")
		clients.Go(func() {
			if err := talk(connection); err != nil {
				t.Error(err)
			}
		})
	}
	g.await("some answers", func() bool { return answered.Load() > 200 })
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	clients.Wait()
}

// A connection that nobody uses holds nobody up.
func TestIdleConnectionsEnd(t *testing.T) {
	g := start(t, "--drain-idle=100ms", "--drain-timeout=60s")
	idle := g.raw("GET /info HTTP/1.1\r\nHost: x\r\n\r\n")
	reader := bufio.NewReader(idle)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.Close {
		t.Fatalf("%v, %v", response, err)
	}
	io.Copy(io.Discard, response.Body)
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	if _, err := reader.ReadByte(); err != io.EOF {
		t.Errorf("the idle connection ends with %v", err)
	}
}

// The health check says whether the gateway that runs here is alive, or ready.
func TestHealthCommand(t *testing.T) {
	g := start(t)
	ask := func(arguments ...string) (string, error) {
		var out bytes.Buffer
		err := cli.Run(limited(t), append([]string{"health"}, arguments...), &out, io.Discard)
		return out.String(), err
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(g.ops, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(config.Variable("ops-listen"), "127.0.0.1:1")
	for _, address := range []string{"127.0.0.1:" + port, ":" + port, "0.0.0.0:" + port} {
		if out, err := ask("--ready", "--ops-listen", address); out != "ready\n" || err != nil {
			t.Errorf("%s: %q, %v", address, out, err)
		}
	}
	if _, err := ask(); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("nobody is there: %v", err)
	}
	t.Setenv(config.Variable("ops-listen"), ":"+port)
	if out, err := ask(); out != "alive\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	for _, wrong := range [][]string{{"now"}, {"--ops-listen", "here"}, {"--data=x"}} {
		if _, err := ask(wrong...); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
