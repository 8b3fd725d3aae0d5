package webhooks

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
	for _, host := range []string{
		"localhost", "LOCALHOST", "localhost.", "a.localhost", "metadata.google.internal", "Metadata.Google.Internal.", "instance-data",
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.1", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
		"100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254",
		"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	} {
		if !forbiddenHost(host) {
			t.Errorf("%s is allowed", host)
		}
	}
	for _, host := range []string{
		"example.com", "93.184.216.34", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "2606:4700::1111",
		"2a00:1450::1", "localhost.example.com", "::ffff:1.1.1.1",
	} {
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

// A port that nothing can be connected to is refused when the webhook is made.
func TestPortsOfWebhooks(t *testing.T) {
	b := newBench(t, Options{})
	for address, good := range map[string]bool{
		"https://example.com": true, "https://example.com:1": true, "https://example.com:443/hook": true, "https://[2606:4700::1111]:65535": true,
		"https://example.com:0": false, "https://example.com:00": false, "https://example.com:65536": false, "https://example.com:99999": false,
		"https://[2606:4700::1111]:0": false, "https://example.com:99999999999999999999": false, "https://:443": false,
	} {
		_, _, err := b.h.New(Owner{}, address, nil, nil)
		if good && err != nil || !good && !errors.Is(err, ErrBad) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
