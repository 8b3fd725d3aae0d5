//go:build load

package tests

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// 200 sessions pair at once; then come 50 requests a second for a minute.
// Nothing fails, and memory does not grow. Run it by hand:
//
//	go test -tags load -run Load -v ./tests
func TestLoad(t *testing.T) {
	const count, perSecond, seconds = 200, 50, 60
	folder := t.TempDir()
	token := newToken(t, folder, []tokens.Scope{tokens.Admin})
	g, _ := spawn(t, folder, token, "--requests-per-second=100000", "--codes-per-minute=100000")
	g.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: count}}
	t.Logf("at the start: %.1f MB", g.resident())
	phones := make([]*watest.Phone, count)
	started := time.Now()
	var all sync.WaitGroup
	for i := range count {
		all.Add(1)
		go func() {
			defer all.Done()
			phones[i], _ = g.linked(fmt.Sprintf("load-%d", i), nil)
		}()
	}
	all.Wait()
	t.Logf("%d sessions were paired in %v: %.1f MB", count, time.Since(started), g.resident())

	_, friend := newPhone(t, watest.Switches{"echoes": true})
	var slowest atomic.Int64
	half := 0.0
	for tick := range perSecond * seconds {
		if tick == perSecond*seconds/2 {
			half = g.resident()
		}
		all.Add(1)
		go func() {
			defer all.Done()
			began := time.Now()
			session := fmt.Sprintf("/v1/sessions/load-%d", tick%count)
			switch tick % 5 {
			case 0:
				g.do("POST", session+"/messages", object{"to": friend, "text": fmt.Sprint("text ", tick)}).want(202)
			case 1:
				g.do("GET", "/v1/sessions", nil).want(200)
			case 2:
				g.do("GET", "/v1/events?after=now", nil).want(200)
			default:
				g.do("GET", session, nil).want(200).is("state", "connected")
			}
			took := int64(time.Since(began))
			for slow := slowest.Load(); took > slow && !slowest.CompareAndSwap(slow, took); slow = slowest.Load() {
			}
		}()
		time.Sleep(time.Second / perSecond)
	}
	all.Wait()
	g.await("all messages", func() bool { return g.metric("gateway_outbox_pending") == 0 })
	end := g.resident()
	t.Logf("after %d requests: %.1f MB at the half, %.1f MB at the end, the slowest took %v", perSecond*seconds, half, end, time.Duration(slowest.Load()))
	if end > half*1.15 {
		t.Error("memory grows")
	}
}

func (g *gateway) resident() float64 { return g.metric("process_resident_memory_bytes") / 1e6 }
