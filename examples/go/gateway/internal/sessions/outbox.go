package sessions

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// An Outgoing is a message that is to be sent: a text, a reaction, or whatever
// a method of the library sends.
type Outgoing struct {
	Number   uint64          `json:"-"`
	Session  string          `json:"session"`
	Taken    time.Time       `json:"taken,omitzero"`
	ID       string          `json:"id"`
	Chat     string          `json:"chat"`
	Text     string          `json:"text,omitempty"`
	Quote    json.RawMessage `json:"quote,omitempty"`
	Mentions []string        `json:"mentions,omitempty"`
	Target   string          `json:"target,omitempty"`
	Emoji    string          `json:"emoji,omitempty"`
	Sender   string          `json:"sender,omitempty"`
	FromMe   bool            `json:"from_me,omitempty"`
	Method   string          `json:"method,omitempty"`
	Params   json.RawMessage `json:"params,omitempty"` // of the method, without the message's id
	Protobuf []byte          `json:"protobuf,omitempty"`
}

// outbox holds what is to be sent. A message is in the store before the caller
// hears that it was taken, and leaves it when the log of events has what came
// of it. Each has its id from the beginning, and libwa sends nothing twice
// that has the same one, so that a crash in between does no harm.
//
// Messages to one chat leave in the order in which they came: each chat that
// has any is a lane with one goroutine. A message gets its number and its place
// in the lane at once, before it is written, so that no other order can arise.
type outbox struct {
	m *Manager

	// deliver hands a message to the session's client, and waits for what comes of it.
	deliver func(Outgoing) (libwa.MessageSendResult, error)

	// pause is the wait after a failure that can pass.
	pause time.Duration

	mu     sync.Mutex
	last   uint64                      // the number that was given out last
	lanes  map[string]map[string]*lane // by session and chat
	load   map[string]*load
	places map[uint64]*place // of what is in a lane, or whose outcome waits to be written
}

// size is how much memory a message takes, about.
func (m *Outgoing) size() int {
	size := len(m.Text) + len(m.Quote) + len(m.Params) + len(m.Protobuf)
	for _, mention := range m.Mentions {
		size += len(mention)
	}
	return size
}

func newOutbox(m *Manager) *outbox {
	return &outbox{m: m, deliver: m.deliver, pause: 2 * time.Second, lanes: map[string]map[string]*lane{}, load: map[string]*load{}, places: map[uint64]*place{}}
}

// start takes up what was not sent when the gateway ended.
func (o *outbox) start() error {
	return o.m.DB.View(func(tx *bbolt.Tx) error {
		defer o.begin(tx.Bucket(store.Outbox).Sequence())
		return tx.Bucket(store.Outbox).ForEach(func(key, value []byte) error {
			var message Outgoing
			if json.Unmarshal(value, &message) != nil {
				o.m.DB.Unreadable(store.Outbox, key)
				return nil
			}
			message.Number = store.NumberOf(key)
			if message.Taken.IsZero() {
				message.Taken = time.Now() // an earlier version did not write it
			}
			o.restore(message)
			return nil
		})
	})
}

// NewMessageID makes an id in the form that WhatsApp's clients use.
func NewMessageID() string {
	id := make([]byte, 9)
	rand.Read(id)
	return "3EB0" + strings.ToUpper(hex.EncodeToString(id))
}

// Send takes a message to be sent. also is part of the commit that keeps it.
func (s *Session) Send(message Outgoing, also func(*bbolt.Tx) error) error {
	s.sending.RLock()
	defer s.sending.RUnlock()
	if err := s.accepts(); err != nil {
		return err
	}
	o := s.m.outbox
	message.Session, message.Taken = s.id, time.Now().UTC().Truncate(time.Millisecond)
	p := o.take(message, s.m.MaxPending, s.m.MaxPendingBytes)
	if p == nil {
		return &Refusal{Unavailable, "outbox_full", "Too many messages of this session wait to be sent.", 10 * time.Second}
	}
	err := s.m.DB.Batch(func(tx *bbolt.Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return store.PutNumbered(tx, store.Outbox, p.message.Number, p.message)
	})
	o.settle(p, err == nil)
	return err
}

// dropMessages removes what waits in a session that is deleted.
func dropMessages(tx *bbolt.Tx, session string) error {
	var keys [][]byte
	err := tx.Bucket(store.Outbox).ForEach(func(key, value []byte) error {
		var message struct{ Session string }
		if json.Unmarshal(value, &message) == nil && message.Session == session {
			keys = append(keys, bytes.Clone(key))
		}
		return nil
	})
	for _, key := range keys {
		if err == nil {
			err = tx.Bucket(store.Outbox).Delete(key)
		}
	}
	return err
}

// again says whether a message has to wait for another client, or another
// connection.
func again(err error) bool {
	return errors.Is(err, libwa.ErrClientClosed) || errors.Is(err, context.Canceled) || givenUp(err)
}

// givenUp says whether an error is that the connection was given up.
func givenUp(err error) bool {
	var fault *libwa.Error
	return errors.As(err, &fault) && fault.GivenUp
}

// deliver has the client that a session has now send a message.
func (m *Manager) deliver(message Outgoing) (libwa.MessageSendResult, error) {
	s, err := m.Get(message.Session)
	if err != nil {
		return libwa.MessageSendResult{}, err
	}
	s.mu.Lock()
	client, wanted := s.client, s.record.Ending
	s.mu.Unlock()
	if client == nil || wanted != "" {
		return libwa.MessageSendResult{}, libwa.ErrClientClosed
	}
	if len(message.Protobuf) > 0 {
		return client.SendMessage(m.ctx, message.Chat, message.Protobuf, message.ID)
	}
	if message.Method != "" {
		return callWith(m.ctx, client, message)
	}
	if message.Target != "" {
		result, err := client.MessageReact(m.ctx, libwa.MessageReactParams{
			Chat: message.Chat, Target: message.Target, Emoji: message.Emoji, Sender: message.Sender, FromMe: &message.FromMe, MessageID: message.ID,
		})
		return libwa.MessageSendResult(result), err
	}
	params := libwa.MessageSendParams{
		Chat: message.Chat, Text: message.Text, Mentions: message.Mentions, MessageID: message.ID,
	}
	if message.Quote != nil {
		params.Quote = message.Quote
	}
	return client.MessageSend(m.ctx, params)
}

// callWith has a client send a message by a method, under the message's id.
func callWith(ctx context.Context, client *libwa.Client, message Outgoing) (result libwa.MessageSendResult, err error) {
	params := map[string]json.RawMessage{}
	if err := json.Unmarshal(message.Params, &params); err != nil {
		return result, err
	}
	params["message_id"] = encode(message.ID)
	var sent struct {
		Chat   string `json:"chat"`
		SentAt int64  `json:"sent_at_ms"`
	}
	err = client.Call(ctx, message.Method, params, &sent)
	return libwa.MessageSendResult{MessageID: message.ID, Chat: sent.Chat, SentAt: time.UnixMilli(sent.SentAt)}, err
}

// report posts what came of a message; then it leaves the store.
func (o *outbox) report(message Outgoing, result libwa.MessageSendResult, err error) {
	data := map[string]any{"message_id": message.ID, "chat": message.Chat}
	kind := "message.sent"
	if err != nil {
		kind = "message.failed"
		data["reason"], data["text"] = "failed", err.Error()
		var refusal *Refusal
		if errors.As(refusalOf(err), &refusal) {
			data["reason"], data["text"], data["retry_after"] = refusal.Reason, refusal.Text, seconds(refusal.RetryAfter)
		}
	} else {
		data["chat"], data["sent_at_ms"] = result.Chat, result.SentAt.UnixMilli()
	}
	if err != nil {
		o.m.counts.messages.Inc("failed")
	} else {
		o.m.counts.messages.Inc("sent")
	}
	id := "evt_" + strings.ToLower(message.ID) + "_sent"
	event := events.Event{ID: id, Type: kind, Session: message.Session, Chat: message.Chat, Data: encode(data)}
	o.m.Events.PostWith(event, func(tx *bbolt.Tx) error {
		return tx.Bucket(store.Outbox).Delete(store.Number(message.Number))
	}, func() { o.told(message.Number) })
}

// word makes a stable word of a status code: WA_ERROR_NOT_LINKED becomes
// not_linked.
func word(status libwa.Status) string {
	return strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(status.Name(), "WA_"), "ERROR_"))
}
