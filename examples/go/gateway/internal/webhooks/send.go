package webhooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// send makes the request of one attempt. failure is empty when the webhook
// took the event; asked is the wait that it asked for, if it did.
func (h *Hooks) send(webhook *kept, event *events.Event) (failure string, asked time.Duration) {
	body, err := json.Marshal(event.View())
	if err != nil {
		return err.Error(), 0
	}
	ctx, cancel := context.WithTimeout(h.requests, h.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, webhook.URL, bytes.NewReader(body))
	if err != nil {
		return err.Error(), 0
	}
	now := time.Now()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "libwa-gateway")
	request.Header.Set("Webhook-Id", event.ID)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("Webhook-Signature", webhook.signatures(event.ID, now, body))
	response, err := h.client.Do(request)
	if err != nil {
		return plain(err), 0
	}
	defer response.Body.Close()
	io.CopyN(io.Discard, response.Body, 64<<10)
	if response.StatusCode/100 == 2 {
		return "", 0
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		asked = time.Duration(seconds) * time.Second
	}
	return fmt.Sprintf("the webhook answered %d", response.StatusCode), asked
}

// plain says what went wrong without the address, which may hold a secret.
func plain(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "the webhook did not answer in time"
	}
	if errors.Is(err, errPrivate) {
		return errPrivate.Error()
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		return "the webhook could not be reached: " + operation.Err.Error()
	}
	return "the webhook could not be reached"
}

var errPrivate = errors.New("the webhook's address is of this machine or of a private network")

// newClient makes the client for deliveries. It follows no redirects, uses no
// proxy, and connects only where webhooks may be.
func newClient(options Options) *http.Client {
	dialer := &net.Dialer{Timeout: options.Timeout}
	if !options.Private {
		// What a name resolves to is known only here.
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			if host, _, err := net.SplitHostPort(address); err != nil || forbiddenHost(host) {
				return errPrivate
			}
			return nil
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxIdleConnsPerHost: parallel, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: options.Timeout, MaxResponseHeaderBytes: 32 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Forbidden says whether an address, as far as it is one and not a name, is of
// this machine, of a private network or of a cloud's metadata.
func Forbidden(host string) bool { return forbiddenHost(host) }

// forbiddenHost says whether an address, as far as it is one and not a name,
// is not for webhooks.
func forbiddenHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || metadataNames[host] {
		return true
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return forbidden(address)
}
