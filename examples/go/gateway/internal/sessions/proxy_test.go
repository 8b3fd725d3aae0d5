package sessions

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

// A session's proxy is at no private address, however that is written, and by no
// name either.
func TestPrivateProxies(t *testing.T) {
	names := map[string][]string{
		"proxy.example": {"93.184.216.34", "2606:4700::1111"}, "inside.example": {"93.184.216.34", "10.0.0.1"},
		"mapped.example": {"::ffff:127.0.0.1"}, "empty.example": {}, "proxy": {"172.17.0.2"},
	}
	lookup := func(_ context.Context, _, host string) (found []netip.Addr, err error) {
		texts, known := names[host]
		if !known {
			return nil, errors.New("no such host")
		}
		for _, text := range texts {
			found = append(found, netip.MustParseAddr(text))
		}
		return found, nil
	}
	for address, reason := range map[string]string{
		"http://93.184.216.34:8080": "", "socks5://user:p%40ss@proxy.example": "", "http://[2606:4700::1111]:3128": "", "socks5h://proxy.example:1080/": "",
		"http://127.0.0.1:22": "proxy_private", "socks5://user:x@10.1.2.3:80": "proxy_private", "http://[::1]:80": "proxy_private",
		"http://[::ffff:169.254.169.254]": "proxy_private", "http://169.254.169.254": "proxy_private", "http://localhost:9090": "proxy_private",
		"http://127.0.0.1.": "proxy_private", "http://metadata.google.internal": "proxy_private", "http://0.0.0.0": "proxy_private",
		"http://inside.example": "proxy_private", "http://mapped.example": "proxy_private", "http://empty.example": "proxy_private",
		"http://unknown.example": "proxy_private", "socks5://proxy:1080": "proxy_private",
		"http://public.example@127.0.0.1": "proxy_private",
		// The library reads all of these as 127.0.0.1.
		"http://2130706433:80": "proxy_invalid", "http://0x7f000001": "proxy_invalid", "http://127.1": "proxy_invalid", "http://0177.0.0.1": "proxy_invalid",
		"http://127.0.0.0x1": "proxy_invalid", "http://%31%32%37.0.0.1": "proxy_invalid", "http:///127.0.0.1": "proxy_invalid", "http://１２７.0.0.1": "proxy_invalid",
		"http://127。0。0。1": "proxy_invalid", "http://loc\talhost": "proxy_invalid", "http://lo\u00adcalhost": "proxy_invalid",
	} {
		err := checkProxy(t.Context(), address, webhooks.Forbidden, lookup)
		if reason == "" && err != nil || reason != "" && !refused(err, reason) {
			t.Errorf("%s: %v, wanted %q", address, err, reason)
		}
	}
}

// A name that led to a public address when the proxy was set may lead to this
// machine later: nothing connects there.
func TestAProxyIsCheckedWithEveryConnection(t *testing.T) {
	m, _ := newTestManager(t, nil)
	// As the name was when it was looked at.
	m.ProxyForbidden = func(string) bool { return false }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if _, err := m.Create("shop"); err != nil {
		t.Fatal(err)
	}
	s, err := m.Get("shop")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	err = s.Change(func(settings Settings) Settings {
		settings.Proxy = "http://localhost:" + port
		return settings
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code, err := s.PairByCode(ctx, "+15550001234", func(string) {})
	if err == nil || ctx.Err() != nil {
		t.Fatalf("%v, %v", code, err)
	}
	if status := s.Status(); !strings.Contains(status.Cause, "proxy.private") {
		t.Errorf("%v: %+v", err, status)
	}
	// Whoever connected would wait here.
	listener.(*net.TCPListener).SetDeadline(time.Now())
	if connection, err := listener.Accept(); err == nil {
		connection.Close()
		t.Error("something has connected")
	}
}
