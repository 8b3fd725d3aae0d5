package libwa_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
)

// A write to a connection that the other side has reset raises SIGPIPE, if the
// writer does not see to it that it does not, and SIGPIPE in a thread that is
// not Go's ends the process.
func TestLostConnectionsEndNoProcess(t *testing.T) {
	const cuts = 200
	phone, friend := newPhone(t, nil), newPhone(t, nil)
	client := open(t, sim.TLSOption(), libwa.WithReconnectBase(10*time.Millisecond), libwa.WithReconnectMax(20*time.Millisecond))
	ready := pair(t, client, phone)

	// Something is written all the time.
	sending, stop := context.WithCancel(t.Context())
	var senders group
	text := strings.Repeat("x", 2000)
	for range 4 {
		senders.Go(func() {
			for sending.Err() == nil {
				_, _ = client.SendText(sending, friend.Number, text, "")
			}
		})
	}
	defer senders.Wait()
	defer stop()
	for range cuts {
		if err := sim.Cut(limited(t), ready.JID); err != nil {
			t.Fatal(err)
		}
		await[*libwa.Ready](t, client)
	}
}
