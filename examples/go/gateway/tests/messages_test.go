package tests

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/libwa/libwa/bindings/go/watest"
)

// heard waits until a phone has read so many texts, and gives them in their
// order, with those that come after them.
func heard(t testing.TB, phone *watest.Phone, count int) []string {
	t.Helper()
	texts := func(all []watest.Heard) (texts []string) {
		for _, message := range all {
			if message.Text != "" {
				texts = append(texts, message.Text)
			}
		}
		return texts
	}
	enough := func(all []watest.Heard) bool { return len(texts(all)) >= count }
	if all, err := phone.WaitAllHeard(limited(t), enough); err != nil {
		t.Fatalf("of %d texts the phone has %q: %v", count, texts(all), err)
	}
	all, err := phone.SettledHeard(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	return texts(all)
}

// event waits for an event of a type that has something in its data.
func (g *gateway) event(kind, field string, value any) (data object) {
	g.t.Helper()
	g.await(fmt.Sprintf("%s with %s %v", kind, field, value), func() bool {
		for _, event := range g.events("type=" + kind) {
			data = event["data"].(object)
			if data[field] == value {
				return true
			}
		}
		return false
	})
	return data
}

func (g *gateway) events(query string) (all []object) {
	g.t.Helper()
	var list struct{ Events []object }
	if err := json.Unmarshal(g.do("GET", "/v1/events?limit=1000&"+query, nil).want(200).Body, &list); err != nil {
		g.t.Fatal(err)
	}
	return list.Events
}

const messages = "/v1/sessions/default/messages"

// A text, an answer to a message with a quote, a reaction, and what comes back.
func TestMessages(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	friend, number := newPhone(t, watest.Switches{"echoes": true, "reads": true})
	sent := g.do("POST", messages, object{"to": number, "text": "hello\n\u2713"}).want(202).is("status", "accepted").is("session", "default").is("to", number)
	g.event("message.sent", "message_id", sent.text("id"))
	if got := heard(t, friend, 1); len(got) != 1 || got[0] != "hello\n\u2713" {
		t.Errorf("the friend reads %q", got)
	}
	answer := g.event("message", "text", "hello\n\u2713")
	if answer["from_me"] != false || answer["sender_phone"] != friend.Number {
		t.Errorf("%v", answer)
	}
	g.await("a read receipt", func() bool {
		for _, event := range g.events("type=receipt") {
			if event["data"].(object)["receipt"] == "read" {
				return true
			}
		}
		return false
	})
	quoted := object{"messageId": answer["message_id"], "sender": answer["sender"], "text": answer["text"]}
	reply := g.do("POST", messages, object{"to": answer["chat"], "text": "yes", "quote": quoted}).want(202)
	g.event("message.sent", "message_id", reply.text("id"))
	reaction := g.do("POST", messages, object{"to": answer["chat"], "reaction": object{"messageId": answer["message_id"], "emoji": "\u2764"}}).want(202)
	g.event("message.sent", "message_id", reaction.text("id"))
	for kind, want := range map[string]watest.Heard{
		"a quote":    {Kind: "text", Text: "yes", Target: answer["message_id"].(string)},
		"a reaction": {Kind: "reaction", Text: "\u2764", Target: answer["message_id"].(string)},
	} {
		is := func(got watest.Heard) bool {
			return got.Kind == want.Kind && got.Text == want.Text && got.Target == want.Target
		}
		if _, err := friend.WaitHeard(limited(t), is); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	// One that cannot be delivered says so.
	lost := g.do("POST", messages, object{"to": "+15559999999", "text": "anybody?"}).want(202)
	if failed := g.event("message.failed", "message_id", lost.text("id")); failed["reason"] == "" || failed["text"] == "" {
		t.Errorf("%v", failed)
	}
}

// Messages to one chat that are accepted at the same time are all sent, each is told
// once, and none is left in the store.
func TestManyToOneChat(t *testing.T) {
	const callers, rounds = 2, 200
	g := start(t, "--wa=pace.first_contacts_per_hour=0", "--wa=pace.jitter_ms=0", "--requests-per-second=100000")
	g.linked("default", nil)
	friend, number := newPhone(t, nil)
	accepted := make([]string, callers*rounds)
	for round := range rounds {
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				n := round*callers + caller
				accepted[n] = g.do("POST", messages, object{"to": number, "text": fmt.Sprintf("message %d", n)}).text("id")
			})
		}
		all.Wait()
	}
	if got := heard(t, friend, len(accepted)); len(got) != len(accepted) {
		t.Errorf("%d arrive of %d", len(got), len(accepted))
	}
	times := map[any]int{}
	g.await("the end of the outbox", func() bool { return g.metric("gateway_outbox_pending") == 0 })
	g.await("what became of each", func() bool {
		clear(times)
		for _, event := range g.events("type=message.sent") {
			times[event["data"].(object)["message_id"]]++
		}
		return len(times) >= len(accepted)
	})
	for _, id := range accepted {
		if times[id] != 1 {
			t.Errorf("%s is told %d times", id, times[id])
		}
	}
	if stray := g.metric("gateway_outbox_stray"); stray != 0 {
		t.Errorf("%v messages are in the store, and nobody sends them", stray)
	}
}

// A request with the same key is taken once, however often it comes.
func TestIdempotency(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	friend, number := newPhone(t, nil)
	key := header{"Idempotency-Key", "order-17"}
	first := g.do("POST", messages, object{"to": number, "text": "once"}, key).want(202)
	if first.Header.Get("Idempotency-Replayed") != "" {
		t.Error("the first is not a repetition")
	}
	var all sync.WaitGroup
	for range 5 {
		all.Add(1)
		go func() {
			defer all.Done()
			again := g.do("POST", messages, object{"to": number, "text": "once"}, key).want(202).is("id", first.text("id"))
			if again.Header.Get("Idempotency-Replayed") != "true" {
				t.Error("a repetition says so")
			}
		}()
	}
	all.Wait()
	g.do("POST", messages, object{"to": number, "text": "twice"}, key).want(422).is("code", "idempotency_key_reused")
	g.do("POST", messages, object{"to": number, "text": "x"}, header{"Idempotency-Key", strings.Repeat("k", 200)}).want(400).is("code", "idempotency_key_invalid")
	g.do("POST", messages, object{"to": number, "text": "x"}, header{"Idempotency-Key", "with space"}).want(400)
	last := g.do("POST", messages, object{"to": number, "text": "last"}, header{"Idempotency-Key", "order-18"}).want(202)
	g.event("message.sent", "message_id", last.text("id"))
	if got := strings.Join(heard(t, friend, 2), ","); got != "once,last" {
		t.Errorf("the friend reads %s", got)
	}
}

// A request that was taken is answered as it was, also when the session could
// not take it any more.
func TestIdempotencyOutlivesTheLink(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	_, number := newPhone(t, nil)
	key := header{"Idempotency-Key", "order-17"}
	first := g.do("POST", messages, object{"to": number, "text": "once"}, key).want(202)
	g.do("POST", "/v1/sessions/default/logout", nil).want(200)
	again := g.do("POST", messages, object{"to": number, "text": "once"}, key).want(202).is("id", first.text("id"))
	if again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("a repetition says so")
	}
	g.do("POST", messages, object{"to": number, "text": "twice"}, key).want(422).is("code", "idempotency_key_reused")
	g.do("POST", messages, object{"to": number, "text": "new"}, header{"Idempotency-Key", "order-18"}).want(409).is("code", "not_linked")
}

// What was taken is sent, in its order, though the gateway ends before.
func TestOutboxOutlivesTheGateway(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	phone, _ := g.linked("default", nil)
	friend, number := newPhone(t, nil)
	companions, err := phone.WaitCompanions(limited(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	// Without a connection nothing leaves.
	fault := watest.Fault{When: map[string]any{"point": "login", "number": phone.Number}, Do: "silence", Times: -1}
	if err := sim.AddFault(limited(t), fault); err != nil {
		t.Fatal(err)
	}
	defer sim.ClearFaults(limited(t))
	if err := sim.Cut(limited(t), companions[0].JID); err != nil {
		t.Fatal(err)
	}
	g.await("a lost connection", func() bool { return g.do("GET", guide+"/status", nil).text("data.state") != "connected" })
	var wanted []string
	for i := range 10 {
		text := fmt.Sprintf("#%d waits", i)
		wanted = append(wanted, text)
		g.do("POST", messages, object{"to": number, "text": text}).want(202)
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	if err := sim.ClearFaults(limited(t)); err != nil {
		t.Fatal(err)
	}
	again := startIn(t, folder)
	again.await("all events", func() bool { return len(again.events("type=message.sent")) >= len(wanted) })
	if got := heard(t, friend, len(wanted)); strings.Join(got, ",") != strings.Join(wanted, ",") {
		t.Errorf("the friend reads %q", got)
	}
}
