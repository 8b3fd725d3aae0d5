package tests

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// A tunnel is an HTTP proxy that remembers what it was asked for.
type tunnel struct {
	address string
	mu      sync.Mutex
	asked   []string
}

func newTunnel(t testing.TB) *tunnel {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tunnel := &tunnel{address: listener.Addr().String()}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				request, err := http.ReadRequest(bufio.NewReader(connection))
				if err != nil {
					return
				}
				tunnel.mu.Lock()
				defer tunnel.mu.Unlock()
				tunnel.asked = append(tunnel.asked, request.Method+" "+request.Header.Get("Proxy-Authorization"))
			}()
		}
	}()
	return tunnel
}

func (p *tunnel) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

// A session's own proxy, device name and metadata are used, kept and changed.
func TestSessionSettings(t *testing.T) {
	folder := t.TempDir()
	pairs := newToken(t, folder, []tokens.Scope{tokens.Pair})
	g := startIn(t, folder, "--device-name=Everybody", "--code-timeout=8s")
	proxy := newTunnel(t)
	address := "http://user:hidden-word@" + proxy.address
	const shop = "/v1/sessions/shop"
	made := g.do("POST", "/v1/sessions", object{"id": "shop", "proxy": address, "deviceName": "Shop 1", "metadata": object{"tenant": "17"}}).want(201).
		is("deviceName", "Shop 1").is("metadata.tenant", "17")
	if shown := made.text("proxy"); strings.Contains(shown, "hidden-word") || !strings.Contains(shown, proxy.address) {
		t.Errorf("the proxy is shown as %q", shown)
	}
	// Its connections go by the proxy, which lets none through; others' do not.
	_, number := newPhone(t, nil)
	g.do("POST", shop+"/pairing", object{"method": "code", "phoneNumber": number}).want(503)
	if proxy.count() == 0 {
		t.Error("the proxy was asked for nothing")
	}
	proxy.mu.Lock()
	for _, asked := range proxy.asked {
		if asked != "CONNECT Basic dXNlcjpoaWRkZW4td29yZA==" {
			t.Errorf("the proxy was asked for %q", asked)
		}
	}
	proxy.mu.Unlock()
	before := proxy.count()
	g.linked("other", nil)
	if proxy.count() != before {
		t.Error("another session used the proxy")
	}

	// What is changed is changed alone, and kept.
	g.do("PATCH", shop, object{"metadata": object{"tenant": "18", "plan": "b"}}).want(200).is("deviceName", "Shop 1").is("metadata.tenant", "18").is("metadata.plan", "b")
	if g.do("PATCH", shop, object{}).want(200).text("proxy") == "" {
		t.Error("the proxy was forgotten")
	}
	g.do("PATCH", shop, object{"proxy": ""}).want(200).is("proxy", nil).is("metadata.tenant", "18")
	phone, number := newPhone(t, nil)
	enter(t, phone, g.pair("shop", number), "linked")
	g.state("shop", "connected").is("deviceName", "Shop 1").is("metadata.plan", "b")
	if companions, err := phone.WaitCompanions(limited(t), 1); err != nil || companions[0].OS != "Shop 1" {
		t.Errorf("the phone lists %v: %v", companions, err)
	}
	g.do("PATCH", "/v1/sessions/default", object{"metadata": object{"own": "yes"}}).want(200)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(g.logs.String(), "hidden-word") {
		t.Error("the proxy's password is in the log")
	}
	again := startIn(t, folder)
	again.state("shop", "connected").is("deviceName", "Shop 1").is("metadata.plan", "b").is("proxy", nil)
	again.do("GET", "/v1/sessions/default", nil).want(200).is("metadata.own", "yes").is("state", "unlinked")

	for _, w := range []struct {
		body object
		code string
	}{
		{object{"proxy": "ftp://x"}, "proxy_invalid"},
		{object{"proxy": "socks5://"}, "proxy_invalid"},
		{object{"proxy": "\x00"}, "proxy_invalid"},
		{object{"deviceName": strings.Repeat("x", 65)}, "device_name_invalid"},
		{object{"deviceName": "a\nb"}, "device_name_invalid"},
		{object{"deviceName": "a\x00b"}, "device_name_invalid"},
		{object{"metadata": object{strings.Repeat("k", 65): "x"}}, "metadata_invalid"},
		{object{"metadata": object{"k": strings.Repeat("x", 513)}}, "metadata_invalid"},
	} {
		again.do("PATCH", shop, w.body).want(422).is("code", w.code)
		w.body["id"] = "never"
		again.do("POST", "/v1/sessions", w.body).want(422).is("code", w.code)
	}
	again.do("GET", "/v1/sessions/never", nil).want(404)
	again.as(pairs).do("PATCH", shop, object{"proxy": ""}).want(403).is("code", "scope_missing")
	again.do("PATCH", shop, object{"metadata": object{"k": 7}}).want(400).is("code", "field_type")
	again.state("shop", "connected").is("metadata.tenant", "18")
	again.await("the audit", func() bool {
		return strings.Contains(string(again.do("GET", "/v1/audit?limit=1000", nil).want(200).Body), `"session_change"`)
	})
}

// Without leave, a session has no proxy on this machine or in a private network,
// and what was set before stays.
func TestPrivateProxiesNeedLeave(t *testing.T) {
	g := start(t, "--session-proxy-private=false")
	for _, address := range []string{"http://127.0.0.1:9090", "socks5://user:x@localhost:22", "http://[::1]:80", "http://169.254.169.254", "socks5://10.0.0.1"} {
		g.do("PATCH", "/v1/sessions/default", object{"proxy": address}).want(422).is("code", "proxy_private")
		g.do("POST", "/v1/sessions", object{"id": "never", "proxy": address}).want(422).is("code", "proxy_private")
	}
	g.do("PATCH", "/v1/sessions/default", object{"proxy": "http://2130706433:9090"}).want(422).is("code", "proxy_invalid")
	g.do("GET", "/v1/sessions/never", nil).want(404)
	g.do("GET", "/v1/sessions/default", nil).want(200).is("proxy", nil)
	// A public one is taken; nothing connects to it.
	g.do("PATCH", "/v1/sessions/default", object{"proxy": "http://93.184.216.34:8080"}).want(200)
	g.do("PATCH", "/v1/sessions/default", object{"proxy": ""}).want(200)
}
