package sessions

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// A message that was accepted outlasts a connection that is given up: it is sent by
// the next one, and told once. What comes while there is none, and nobody makes one,
// is refused with the cause.
func TestAMessageOutlastsAConnectionThatIsGivenUp(t *testing.T) {
	const own, bob = "15557000021", "15557000022"
	m, sim := newTestManager(t, nil)
	s := linked(t, m, sim, "shop", own)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reader, err := sim.NewPhone(ctx, bob, "Bob", nil)
	if err != nil {
		t.Fatal(err)
	}
	until := func(what string, is func(Status) bool) {
		t.Helper()
		for status := s.Status(); !is(status); status = s.Wait(ctx, status.Version) {
			if ctx.Err() != nil {
				t.Fatalf("it is not %s: %+v", what, status)
			}
		}
	}
	if err := s.client.Disconnect(); err != nil {
		t.Fatal(err)
	}
	until("disconnected", func(status Status) bool { return status.State == Disconnected })
	if err := s.Send(Outgoing{ID: "3EB0AAAA", Chat: bob, Text: "before"}, nil); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // it waits in the library
	err = sim.AddFault(ctx, watest.Fault{
		When: map[string]any{"point": "out", "tag": "success", "number": own},
		Do:   map[string]any{"stream_error": map[string]any{"conflict": "replaced"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !s.connect() {
		t.Fatal("it does not connect")
	}
	until("given up", func(status Status) bool { return status.GivenUp })
	_, call := s.Call(ctx, "group.list", nil)
	for what, err := range map[string]error{"send": s.Send(Outgoing{ID: "3EB0BBBB", Chat: bob, Text: "meanwhile"}, nil), "call": call} {
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Reason != "given_up" || refusal.Kind != Unavailable || refusal.RetryAfter < time.Second || !strings.Contains(refusal.Text, "replaced: the same device") {
			t.Errorf("%s: %#v", what, err)
		}
	}
	if m.Pending() != 1 {
		t.Errorf("%d messages wait", m.Pending())
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	heard, err := reader.WaitAllHeard(ctx, func(all []watest.Heard) bool { return len(all) > 0 })
	if err != nil || len(heard) != 1 || heard[0].Text != "before" {
		t.Errorf("%+v, %v", heard, err)
	}
	for m.Pending() > 0 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	m.Events.Forget(ctx, "nobody")
	all, _, err := m.Events.ReadOf("shop", 0, 100, func(e *events.Event) bool { return e.Type == "message.sent" || e.Type == "message.failed" })
	if err != nil || len(all) != 1 || all[0].Type != "message.sent" {
		t.Errorf("%+v, %v", all, err)
	}
}

// A message is accepted while a connection that was given up is to come again by
// itself, and sent then.
func TestAMessageWaitsForAConnectionThatResumes(t *testing.T) {
	const own, bob = "15557000023", "15557000024"
	m, sim := newTestManager(t, nil)
	m.ResumeAfter = time.Second
	s := linked(t, m, sim, "shop", own)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reader, err := sim.NewPhone(ctx, bob, "Bob", nil)
	if err != nil {
		t.Fatal(err)
	}
	err = sim.AddFault(ctx, watest.Fault{
		When: map[string]any{"point": "out", "tag": "success", "number": own},
		Do:   map[string]any{"stream_error": map[string]any{"conflict": "replaced"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	for status := s.Status(); !status.GivenUp && ctx.Err() == nil; status = s.Wait(ctx, status.Version) {
	}
	if err := s.Send(Outgoing{ID: "3EB0CCCC", Chat: bob, Text: "meanwhile"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Call(ctx, "group.list", nil); s.Status().GivenUp && !refused(err, "given_up") {
		t.Error(err)
	}
	if _, err := reader.WaitHeard(ctx, func(heard watest.Heard) bool { return heard.Text == "meanwhile" }); err != nil {
		t.Error(err)
	}
}
