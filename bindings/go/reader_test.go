package libwa

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestReader(t *testing.T) {
	r := reader{rest: ` { "text" : "a\"b\u00e9\\" ,"plain":"\u00fc", "number":-12,"large":9223372036854775807,
		"yes":true,"no":false, "null":null, "nested":{"a":[1,{"b":"}]"}],"c":"\\\""},"at_ms":1500,"for_ms":2000,
		"north":-52.5, "names":["a", "b,\"]" , 7,"c"] ,"none":null,"empty":[ ],"cards":[{"lid":"b","jid":"a]"},{"x":[]},7, {"jid":"c"}],"card":{"jid":"d"},"last":"x" } `}
	got := map[string]any{}
	for r.next() {
		switch r.key {
		case "text", "plain", "last":
			got[r.key] = r.text()
		case "number", "large":
			got[r.key] = r.integer()
		case "yes", "no":
			got[r.key] = r.boolean()
		case "north":
			got[r.key] = r.number()
		case "names", "none", "empty":
			got[r.key] = strings.Join(r.texts(), "|")
		case "cards":
			got[r.key] = fmt.Sprint(objects[CheckedContact](&r))
		case "card":
			got[r.key] = fmt.Sprint(*object[CheckedContact](&r))
		case "at_ms":
			got[r.key] = r.time()
		case "for_ms":
			got[r.key] = r.duration()
		default:
			got[r.key] = string(r.raw())
		}
	}
	for key, wanted := range map[string]any{
		"text": `a"bé\`, "plain": "ü", "last": "x", "number": int64(-12), "large": int64(math.MaxInt64), "yes": true,
		"no": false, "null": "", "nested": `{"a":[1,{"b":"}]"}],"c":"\\\""}`, "at_ms": time.UnixMilli(1500), "for_ms": 2 * time.Second,
		"north": -52.5, "names": `a|b,"]||c`, "none": "", "empty": "", "cards": "[{ false a] b} { false  } { false  } { false c }]",
		"card": "{ false d }",
	} {
		if got[key] != wanted {
			t.Errorf("%s: %v, wanted %v", key, got[key], wanted)
		}
	}
	// Of another type than expected.
	r = reader{rest: `{"a":7,"b":"x","c":"y","d":[1],"e":null,"f":{},"g":"[\"a\"]","h":{"i":["a"]},"i":[{}]}`}
	for r.next() {
		if r.key == "a" && r.text() != "" || r.key == "b" && r.integer() != 0 || r.key == "c" && r.boolean() ||
			r.key == "d" && r.duration() != 0 || r.key == "e" && !r.time().IsZero() || r.key == "f" && r.text() != "" ||
			r.key == "g" && r.texts() != nil || r.key == "h" && objects[GroupInfoResult](&r) != nil || r.key == "i" && object[QuotedMessage](&r) != nil {
			t.Errorf("%s was read as something", r.key)
		}
	}
}

// FuzzReader compares with encoding/json what is JSON, and sees that what is
// not does no harm.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, `{"a":"\ud83d\ude00\\","b":{"c":[{}," "]}}`, `{"":-0.5e7,"":[]}`, `{"a`, `{"a":`, `{"a":"\`, `[`, `{"a" 1}`,
		`{"a":["b", {}],"c":[[],"]"]}`, `{"a":[`, `{"a":[1`, `{"a":[}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var wanted map[string]json.RawMessage
		valid := utf8.ValidString(text) && json.Unmarshal([]byte(text), &wanted) == nil && wanted != nil
		found := map[string]string{}
		for r := (reader{rest: text}); r.next(); {
			found[r.key] = r.value()
		}
		lists := map[string][2]int{}
		for r := (reader{rest: text}); r.next(); {
			again := r
			lists[r.key] = [2]int{len(r.texts()), len(objects[GroupInfoResult](&again))}
		}
		if !valid {
			return
		}
		if len(found) != len(wanted) {
			t.Fatalf("%q: found %q, wanted %q", text, found, wanted)
		}
		for key, value := range wanted {
			if found[key] != string(value) {
				t.Errorf("%q: %q is %q, wanted %q", text, key, found[key], value)
			}
			var list []json.RawMessage
			if json.Unmarshal(value, &list) == nil && lists[key] != [2]int{len(list), len(list)} {
				t.Errorf("%q: %d and %d members of %q", text, lists[key][0], lists[key][1], value)
			}
			if value[0] != '"' {
				continue
			}
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				t.Fatal(err)
			}
			if r := (reader{rest: string(value)}); r.text() != s {
				t.Errorf("%q is not %q", value, s)
			}
		}
	})
}

func TestUnknownEvent(t *testing.T) {
	client := &Client{id: 7}
	if newEvent(4096) != nil {
		t.Fatal("4096 is a type")
	}
	event := &UnknownEvent{Number: 4096}
	event.json = `{"type":"from.the.future","id":9,"secret":"x"}`
	event.ID, event.client = 9, client
	if event.Type() != "from.the.future" || event.String() != "from.the.future #9" || event.Client() != client {
		t.Errorf("%s, %v", event, event.Client())
	}
	if event.LogValue().String() != event.String() || string(event.JSON()) != event.json || event.Ack() != nil {
		t.Errorf("%v", event)
	}
}

// An Overflow stands where the first dropped event stood, counts the others,
// and leaves alone what may not be dropped.
func TestBacklogIsBounded(t *testing.T) {
	q := newQueue()
	client := &Client{id: 7, queue: q}
	other := &Client{id: 8, queue: q}
	push := func(client *Client, event body, id int) {
		event.Info().ID, event.Info().client = uint64(id), client
		q.push(event)
	}
	push(client, &PairingCode{}, 1)
	push(other, &Log{}, 1)
	const more = 10
	for i := range backlogLimit + more {
		push(client, &Log{}, i+2)
	}
	if first := q.pop(&q.main); first.Type() != "" || first.Info().ID != 1 {
		t.Errorf("%T", first)
	}
	if second := q.pop(&q.main); second.Client() != other {
		t.Errorf("%T", second)
	}
	overflow, is := q.pop(&q.main).(*Overflow)
	if !is || overflow.Count != more || overflow.Info().ID != 2 || overflow.Type() != "overflow" {
		t.Fatalf("%+v", overflow)
	}
	again := &Overflow{}
	again.read(&reader{rest: string(overflow.JSON())})
	if again.Count != more {
		t.Errorf("%s", overflow.JSON())
	}
	count := 0
	for event := q.pop(&q.main); event != nil; event = q.pop(&q.main) {
		if count++; event.Info().ID != uint64(more+1+count) {
			t.Fatalf("%d is number %d", event.Info().ID, count)
		}
	}
	if count != backlogLimit || client.backlog != [keepings]int{} || other.backlog != [keepings]int{} {
		t.Errorf("%d left, %v and %v counted", count, client.backlog, other.backlog)
	}
}

// Calls, group changes and new identities have a bound of their own: no line of
// the log takes their place, and they take none of another event.
func TestBoundedEventsHaveTheirOwnBound(t *testing.T) {
	q := newQueue()
	client := &Client{id: 7, queue: q}
	id := uint64(0)
	push := func(event body) {
		id++
		event.Info().ID, event.Info().client = id, client
		q.push(event)
	}
	bounded := []func() body{func() body { return new(Call) }, func() body { return new(GroupUpdate) }, func() body { return new(IdentityChanged) }}
	for i := range backlogLimit {
		push(bounded[i%len(bounded)]())
	}
	const more = 10
	for range backlogLimit + more {
		push(&Log{})
	}
	counted := func() (calls, logs int, lost int64) {
		for _, event := range q.main.events {
			switch event := event.(type) {
			case *Overflow:
				lost += event.Count
			case *Log:
				logs++
			default:
				calls++
			}
		}
		return
	}
	if calls, logs, lost := counted(); calls != backlogLimit || logs != backlogLimit || lost != more {
		t.Fatalf("%d bounded, %d droppable, %d lost", calls, logs, lost)
	}
	// Events that anybody can cause have a limit.
	for range 3 * backlogLimit {
		push(&Call{})
	}
	if calls, logs, lost := counted(); calls != backlogLimit || logs != backlogLimit || lost != more+3*backlogLimit {
		t.Fatalf("%d bounded, %d droppable, %d lost", calls, logs, lost)
	}
	for q.pop(&q.main) != nil {
	}
	if client.backlog != [keepings]int{} {
		t.Errorf("%v counted", client.backlog)
	}
}

func TestEventOfNoClientIsLeftOut(t *testing.T) {
	q := newQueue()
	q.dispatch()
	if event := q.pop(&q.main); event != nil {
		t.Errorf("%+v", event)
	}
}
