package tests

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// With more sessions than the limit of open files allows, and clients that keep
// connections open, requests and the port for operators are answered; what is not
// connected says why.
func TestFewDescriptors(t *testing.T) {
	const sessions, limit = 40, 90
	folder := t.TempDir()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	g, child := spawn(t, folder, token)
	var linking sync.WaitGroup
	for worker := range 4 {
		linking.Go(func() {
			for n := worker; n < sessions; n += 4 {
				g.linked(fmt.Sprint("shop-", n), nil)
			}
		})
	}
	linking.Wait()
	child.Process.Kill()
	child.Wait()

	g, _ = spawnLimited(t, limit, folder, token, "--start-pause=60ms")
	states := func() (connected, held int) {
		for _, session := range g.do("GET", "/v1/sessions?limit=1000", nil).want(200).get("sessions").([]any) {
			switch s := session.(object); {
			case s["state"] == "connected":
				connected++
			case s["reason"] == "too_many_files":
				held++
			}
		}
		return connected, held
	}
	g.await("the sessions that have room", func() bool {
		connected, held := states()
		return connected > 0 && connected+held == sessions
	})
	connected, held := states()
	if held == 0 || connected > limit-limit/4-32 {
		t.Errorf("%d are connected, %d are held", connected, held)
	}
	if text := g.logs.String(); !strings.Contains(text, "the limit of open files is too low") || strings.Contains(text, `"level":"ERROR"`) {
		t.Errorf("%s", g.logs.end())
	}
	// More clients than there is room for: those that ask nothing make room.
	for range limit {
		connection, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
	}
	g.http.CloseIdleConnections()
	for range 3 {
		states()
		for _, path := range []string{"/livez", "/metrics"} {
			response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}).Get(g.ops + path)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		g.http.CloseIdleConnections()
	}
	if open, most := g.metric("process_open_fds"), g.metric("process_max_fds"); most != limit || open < 10 || open >= most {
		t.Errorf("%v of %v are open", open, most)
	}
	g.do("POST", "/v1/sessions", object{"id": "more"}).want(201)
	_, number := newPhone(t, nil)
	g.do("POST", "/v1/sessions/more/pairing", object{"method": "code", "phoneNumber": number}).want(503).is("code", "too_many_files")
}
