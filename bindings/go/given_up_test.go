package libwa_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
)

// prompt is how long a call may take that waits for nothing.
const prompt = 30 * time.Second

// endings are what has a connection be given up at login, and with which error.
var endings = map[string]struct {
	when   map[string]any
	do     any
	wanted error
}{
	"replaced": {map[string]any{"point": "out", "tag": "success"}, map[string]any{"stream_error": map[string]any{"conflict": "replaced"}}, libwa.ErrReplaced},
	"405":      {map[string]any{"point": "login"}, map[string]any{"failure": map[string]any{"reason": "405"}}, libwa.ErrClientOutdated},
	"402":      {map[string]any{"point": "login"}, map[string]any{"failure": map[string]any{"reason": "402", "code": "101", "expire": "3600"}}, libwa.ErrTemporarilyBanned},
}

// calls are all methods of the library and all functions that send, each with
// what it takes; by the operation that their errors name.
func calls(t *testing.T, to string) map[string]func(context.Context, *libwa.Client) error {
	t.Helper()
	var reference struct {
		Methods []struct {
			Name   string
			Params []struct {
				Name     string
				Optional bool
			}
		}
	}
	if err := json.Unmarshal(libwa.Reference(), &reference); err != nil {
		t.Fatal(err)
	}
	samples := map[string]any{
		"chat": to, "text": "x", "target": "3EB0AAAAAAAAAAAAAAAA", "emoji": "\u2764", "question": "Which?", "options": []string{"a", "b"}, "activity": "typing",
		"latitude": 1.5, "longitude": 2.5, "contacts": []any{map[string]any{"name": "Ada", "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD"}},
		"numbers": []string{to}, "members": []string{to}, "subject": "Team", "code": "AAAAAAAAAAAAAAAAAAAAAA", "message_ids": []string{"3EB0AAAA"}, "available": true, "user": to, "announcement": true,
	}
	all := map[string]func(context.Context, *libwa.Client) error{
		"SendText": func(ctx context.Context, c *libwa.Client) error {
			_, err := c.SendText(ctx, to, "x", "")
			return err
		},
		"SendMessage": func(ctx context.Context, c *libwa.Client) error {
			_, err := c.SendMessage(ctx, to, []byte("\x0a\x01x"), "")
			return err
		},
	}
	for _, method := range reference.Methods {
		params := map[string]any{}
		for _, param := range method.Params {
			value, is := samples[param.Name]
			if param.Name == "chat" && strings.HasPrefix(method.Name, "group.") {
				value = "120363000000000000@g.us"
			}
			if is {
				params[param.Name] = value
			} else if !param.Optional {
				t.Errorf("there is no sample for %s of %s", param.Name, method.Name)
			}
		}
		all[method.Name] = func(ctx context.Context, c *libwa.Client) error { return c.Call(ctx, method.Name, params, nil) }
	}
	return all
}

// local are the methods that need no connection; poll.vote, without the poll, too.
var local = []string{"session.status", "session.list", "session.erase", "session.restored", "version.latest", "restrictions.get", "poll.vote"}

// stored makes a linked session, and gives the option that opens it again.
func stored(t *testing.T) (libwa.Option, *watest.Phone) {
	t.Helper()
	phone := newPhone(t, nil)
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
	client := open(t, store)
	pair(t, client, phone)
	if err := client.Shutdown(limited(t)); err != nil {
		t.Fatal(err)
	}
	return store, phone
}

// giveUp has the next login of a phone's device end for good, count times.
func giveUp(t *testing.T, phone *watest.Phone, name string, count int) {
	t.Helper()
	when := map[string]any{"number": phone.Number}
	for key, value := range endings[name].when {
		when[key] = value
	}
	for range count {
		fault(t, when, endings[name].do)
	}
}

// Every call ends when the connection is given up, whether it began before or
// after: one that hands over a message with the error that Pair and WaitReady end
// with. After Connect everything is as before, and what had ended is not sent.
func TestCallsEndWithTheConnection(t *testing.T) {
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			store, phone := stored(t)
			reader := newPhone(t, nil)
			client := open(t, store)
			check := func(what string, err error) {
				t.Helper()
				var e *libwa.Error
				switch sends := !strings.Contains(what, ".") || isSend(what); {
				case !errors.As(err, &e) || errors.Is(err, context.DeadlineExceeded):
					t.Errorf("%s: %v", what, err)
				case e.Op != what:
					t.Errorf("%s names %s", what, e.Op)
				case sends && (!errors.Is(err, ending.wanted) || !e.GivenUp):
					t.Errorf("%s: %v, not %v", what, err, ending.wanted)
				case !sends && !errors.Is(err, libwa.ErrNotConnected):
					t.Errorf("%s: %v", what, err)
				case sends && name == "402" && (!e.Retryable || e.RetryAfter < time.Minute || e.UserText == ""):
					t.Errorf("%s: again in %s, %q", what, e.RetryAfter, e.UserText)
				}
			}
			every := calls(t, reader.Number)
			ctx, cancel := context.WithTimeout(limited(t), prompt)
			defer cancel()
			type end struct {
				what string
				err  error
			}
			ended := make(chan end)
			waiting := 0
			for what, call := range every {
				if !strings.Contains(what, ".") || isSend(what) {
					waiting++
					go func() { ended <- end{what, call(ctx, client)} }()
				}
			}
			giveUp(t, phone, name, 1)
			time.Sleep(100 * time.Millisecond) // for the calls to be made
			if err := client.Connect(); err != nil {
				t.Fatal(err)
			}
			for range waiting {
				e := <-ended
				check(e.what, e.err)
			}
			for what, call := range every {
				if !slices.Contains(local, what) {
					check(what, call(ctx, client))
				}
			}
			if status, err := client.SessionStatus(ctx); err != nil || status.State != string(libwa.ConnectionStateDisconnected) {
				t.Errorf("%+v, %v", status, err)
			}
			if err := client.Connect(); err != nil {
				t.Fatal(err)
			}
			if _, err := client.SendText(ctx, reader.Number, "after all", ""); err != nil {
				t.Fatal(err)
			}
			heard, err := reader.SettledHeard(ctx)
			if err != nil || len(heard) != 1 || heard[0].Text != "after all" {
				t.Errorf("%+v, %v", heard, err)
			}
		})
	}
}

// isSend tells whether a method sends a message, and can in these tests.
func isSend(method string) bool {
	return slices.Contains([]string{
		"contact.send", "location.send", "message.delete", "message.edit", "message.react", "message.send", "poll.send",
	}, method)
}

// A client of a fleet is told too, whoever reads the events.
func TestCallsOfAFleetEndWithTheConnection(t *testing.T) {
	store, phone := stored(t)
	fleet := newFleet(t)
	client, err := fleet.Open(sim.Option(), store)
	if err != nil {
		t.Fatal(err)
	}
	ctx := limited(t)
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		for range fleet.Events(ctx) {
		}
	}()
	giveUp(t, phone, "replaced", 1)
	ended := make(chan error, 1)
	go func() {
		_, err := client.SendText(context.Background(), "15550000001", "x", "")
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		select {
		case err := <-ended:
			if !errors.Is(err, libwa.ErrReplaced) {
				t.Error(err)
			}
		case <-time.After(prompt):
			t.Fatal("it does not end")
		}
		go func() {
			_, err := client.MessageSend(context.Background(), libwa.MessageSendParams{Chat: "15550000001", Text: "x"})
			ended <- err
		}()
	}
	if err := <-ended; !errors.Is(err, libwa.ErrReplaced) {
		t.Error(err)
	}
	fleet.Close()
	<-reading
}

// A message waits for a connection that will come: the first one, one that is made
// again, and one that the program gave up itself.
func TestMessagesWaitForAConnection(t *testing.T) {
	store, phone := stored(t)
	reader := newPhone(t, nil)
	client := open(t, store, libwa.WithReconnectBase(200*time.Millisecond))
	ctx := limited(t)
	send := func(text string) <-chan error {
		sent := make(chan error, 1)
		go func() {
			_, err := client.SendText(ctx, reader.Number, text, "")
			sent <- err
		}()
		time.Sleep(100 * time.Millisecond)
		select {
		case err := <-sent:
			t.Fatalf("%s: it does not wait: %v", text, err)
		default:
		}
		return sent
	}
	arrives := func(sent <-chan error) {
		t.Helper()
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	}
	first := send("before the first connection")
	fault(t, map[string]any{"point": "out", "tag": "success", "number": phone.Number}, "cut")
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	arrives(first) // by the second attempt
	if err := client.Disconnect(); err != nil {
		t.Fatal(err)
	}
	second := send("while it is given up by the program")
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	arrives(second)
	// A connection that was given up and is asked for again ends no wait.
	giveUp(t, phone, "replaced", 1)
	if err := client.Disconnect(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.WaitReady(ctx); !errors.Is(err, libwa.ErrReplaced) {
		t.Fatal(err)
	}
	fault(t, map[string]any{"point": "out", "tag": "success", "number": phone.Number}, "cut")
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.SendText(ctx, reader.Number, "by another connection", ""); err != nil {
		t.Fatal(err)
	}
	heard, err := reader.SettledHeard(ctx)
	if err != nil || len(heard) != 3 {
		t.Errorf("%+v, %v", heard, err)
	}
}

// A message whose context ends says why it could not go out.
func TestAMessageThatIsLateSaysWhy(t *testing.T) {
	store, _ := stored(t)
	client := open(t, store, libwa.WithServerURL("ws://127.0.0.1:1/ws/chat"))
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(limited(t), 300*time.Millisecond)
	defer cancel()
	_, err := client.SendText(ctx, "15550000001", "x", "")
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
}

// Parameters that are nil are none, however nil is written.
func TestNilParameters(t *testing.T) {
	client := open(t)
	var pointer *struct{ Chat string }
	for name, params := range map[string]any{
		"nil": nil, "map of any": map[string]any(nil), "map": map[string]string(nil), "pointer": pointer, "raw": json.RawMessage(nil), "empty": map[string]any{},
	} {
		var status libwa.SessionStatusResult
		if err := client.Call(limited(t), "session.status", params, &status); err != nil || status.State == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
