//go:build load

package tests

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// 90 readers that stall, and 90 that catch up, at a log of 50,000 events, do not slow down what is sent:
// half of the requests are answered within twice the time that they take without
// them. Run it by hand:
//
//	go test -tags load -run StalledReaders -v -timeout 30m ./tests
func TestStalledReaders(t *testing.T) {
	const events, readers, sends = 50000, 90, 400
	folder := t.TempDir()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	g, _ := spawn(t, folder, token, "--requests-per-second=100000", "--write-timeout=60s", "--max-streams=1000", "--streams-per-token=1000", "--events-per-session=100000")
	g.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	_, number := g.linked("default", nil)
	friend, friendly := newPhone(t, nil)
	load := object{"to": strings.TrimPrefix(number, "+"), "from": []string{friend.Number}, "count": events, "length": 100}
	if err := sim.Do(limited(t), "POST", "/loads", load, nil); err != nil {
		t.Fatal(err)
	}
	for g.metric("gateway_events_kept") < events {
		time.Sleep(time.Second)
	}
	half := func() time.Duration {
		var took []time.Duration
		for n := range sends {
			began := time.Now()
			g.do("POST", messages, object{"to": friendly, "text": fmt.Sprint("text ", n)}).want(202)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("half within %v, nine of ten within %v", took[len(took)/2], took[len(took)*9/10])
		return took[len(took)/2]
	}
	half()
	alone := half()
	connect := func() net.Conn {
		connection, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { connection.Close() })
		fmt.Fprintf(connection, "GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n", token)
		return connection
	}
	for range readers {
		connect()
	}
	if beside := half(); beside > 2*alone {
		t.Errorf("%v beside those that stall, %v alone", beside, alone)
	}
	// Those that read all of it, at the pace of a network.
	for range readers {
		connection := connect()
		go func() {
			page := make([]byte, 64<<10)
			for {
				if _, err := connection.Read(page); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
	}
	if beside := half(); beside > 2*alone {
		t.Errorf("%v beside those that catch up, %v alone", beside, alone)
	}
}
