package hooks

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// What a name stands for is looked at when it is connected to.
func TestNamesOfPrivateAddresses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	address := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	client := newClient(Options{Timeout: 10 * time.Second})
	defer client.CloseIdleConnections()
	if _, err := client.Get(address); !errors.Is(err, errPrivate) || plain(err) != errPrivate.Error() {
		t.Errorf("without leave: %v", err)
	}
	allowed := newClient(Options{Timeout: 10 * time.Second, Private: true})
	defer allowed.CloseIdleConnections()
	response, err := allowed.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

func TestForbiddenHosts(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "224.0.0.1", "localhost", "LocalHost"} {
		if !forbiddenHost(host) {
			t.Errorf("%s is allowed", host)
		}
	}
	for _, host := range []string{"example.com", "93.184.216.34", "2606:2800:220:1::1", "100.63.0.1"} {
		if forbiddenHost(host) {
			t.Errorf("%s is forbidden", host)
		}
	}
}

func TestBackoff(t *testing.T) {
	h := &Hooks{Options: Options{RetryFirst: time.Second, RetryMax: time.Minute}}
	for attempts, most := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 6: time.Minute, 29: time.Minute, 63: time.Minute, 1000: time.Minute} {
		if wait := h.backoff(attempts); wait > most || wait < most*8/10 {
			t.Errorf("after %d attempts: %v", attempts, wait)
		}
	}
}

// A webhook gets the events of its sessions and types, and no others.
func TestWants(t *testing.T) {
	w := kept{Webhook: Webhook{Sessions: []string{"shop-*", "main"}, Types: []string{"message", "session.*"}}}
	for event, wanted := range map[[2]string]bool{
		{"main", "message"}: true, {"shop-1", "session.state"}: true, {"shop-1", "message"}: true,
		{"other", "message"}: false, {"main", "message.sent"}: false, {"main-2", "message"}: false, {"main", "receipt"}: false,
	} {
		if w.wants(&events.Event{Session: event[0], Type: event[1]}) != wanted {
			t.Errorf("%v: not %v", event, wanted)
		}
	}
}
