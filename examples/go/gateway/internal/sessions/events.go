package sessions

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// take notes what an event of the fleet says about the session, and posts it.
func (s *Session) take(event libwa.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.awaitOpening(event) || s.client != event.Client() {
		// Of a client that was closed. What is durable comes again.
		return
	}
	if _, end := event.(*libwa.Closed); s.foreign && !end {
		return
	}
	switch event := event.(type) {
	case *libwa.Connection:
		s.connection(event)
		return
	case *libwa.Ready:
		if s.attempt == nil {
			s.connected(event)
		}
		return
	case *libwa.LoggedOut:
		s.loggedOut(event)
	case *libwa.Restricted:
		if event.Redelivered {
			break // it says what was
		}
		s.m.Log.Warn("WhatsApp restricts a session", "session", s.id, "kind", string(event.Kind), "scope", string(event.Scope), "ends_at", event.EndsAt)
		s.set(func(status *Status) {
			status.Reason, status.Detail = string(event.Kind), event.UserText
			if wait := time.Until(event.EndsAt); !event.EndsAt.IsZero() && wait > 0 {
				status.Retry = seconds(wait)
			}
		})
	case *libwa.Message:
		if !event.FromMe {
			s.m.counts.messages.Inc("received")
		}
	case *libwa.Closed:
		s.clientClosed(event)
		return
	case *libwa.Overflow:
		s.m.Log.Warn("events were dropped: the log is too slow", "session", s.id, "count", event.Count)
		return
	case *libwa.Log:
		s.m.Log.Debug(event.Text, "session", s.id, "target", event.Target)
		return
	case *libwa.Result:
		return
	case *libwa.PairingCode, *libwa.PairingQR, *libwa.PairingProgress, *libwa.PairingExpired, *libwa.PairingError, *libwa.PairingPasskey, *libwa.PairingSuccess:
		// The pairing that they belong to takes them itself; what comes here
		// is of one that was given up.
		return
	}
	s.pass(event)
}

func (s *Session) connection(event *libwa.Connection) {
	if s.attempt != nil {
		if event.Text != "" {
			s.attempt.trouble = event.Text
		}
		return
	}
	if !s.client.Linked() || s.status.State == LoggedOut {
		return
	}
	switch event.State {
	case libwa.ConnectionStateOnline:
		// Ready says more.
	case libwa.ConnectionStateConnecting, libwa.ConnectionStateConnected:
		if s.status.State == Connected || s.status.State == Disconnected && s.status.Reason == "" {
			s.set(func(status *Status) { status.State = Connecting })
		}
		s.m.Log.Debug("a session connects", "session", s.id, "state", string(event.State), "attempt", event.Attempt)
	default:
		s.lost(event)
	}
}

func (s *Session) connected(event *libwa.Ready) {
	if s.ended(event) {
		return
	}
	known := s.status.State == Connected // a pairing has told it already
	s.set(func(status *Status) {
		method := status.Method
		*status = s.fresh(Connected)
		status.Method, status.Phone, status.JID = method, "+"+event.Phone, event.JID
	})
	s.linkedTo("+"+event.Phone, event.JID, "")
	if !known {
		s.tries = 0
		s.m.full.Store(false)
		s.m.counts.connects.Inc()
		s.m.Log.Info("a session is connected", "session", s.id, "first_login", event.FirstLogin)
	}
	s.m.outbox.wake(s.id)
}

// ended says whether the client has told of the end of its link after this event. The
// steps of a pairing come by a way of their own, and may be read later.
func (s *Session) ended(event libwa.Event) bool {
	return event.Info().ID < s.unlinkedBy
}

func (s *Session) loggedOut(event *libwa.LoggedOut) {
	if event.Redelivered && s.record.Account == nil {
		return // it was told
	}
	s.unlinkedBy = event.ID
	s.linkedToNone()
	s.set(func(status *Status) {
		phone := status.Phone
		*status = s.fresh(LoggedOut)
		status.Phone, status.Reason, status.Detail = phone, "logged_out_"+string(event.Reason), event.UserText
	})
	s.m.counts.unlinks.Inc(string(event.Reason))
	level := slog.LevelWarn
	if event.Reason == libwa.LogoutReasonByHost {
		level = slog.LevelInfo
	}
	s.m.Log.Log(s.m.ctx, level, "a session was unlinked", "session", s.id, "reason", string(event.Reason), "text", event.Text)
	s.m.outbox.abort(s.id, "logged_out", event.UserText)
}

// clientClosed opens a client again that has ended by itself.
func (s *Session) clientClosed(event *libwa.Closed) {
	close(s.closed)
	if event.Reason == libwa.CloseReasonByHost {
		return
	}
	if event.Text != "" {
		s.m.Log.Warn("a session's client has ended", "session", s.id, "reason", string(event.Reason), "status", event.Status.Name(), "text", event.Text)
	}
	client := s.client
	s.m.spawn(func() {
		if !s.takeTurn() {
			return // who has the turn opens it
		}
		defer s.giveTurn()
		s.mu.Lock()
		same := s.client == client
		s.mu.Unlock()
		if same && s.m.ctx.Err() == nil {
			s.cancel("cancelled")
			s.close()
			s.reopen()
		}
	})
}

// pass posts an event of libwa as it is; when it is on the disk, libwa may
// forget it.
func (s *Session) pass(event libwa.Event) {
	info := event.Info()
	data, chat := body(event.JSON())
	id := ""
	if data != nil {
		// The same event makes the same id whenever it is delivered.
		hash := sha256.New()
		hash.Write([]byte(s.id + "\x00" + event.Type() + "\x00"))
		hash.Write(data)
		id = "evt_" + hex.EncodeToString(hash.Sum(nil)[:12])
	}
	s.m.Events.Post(events.Event{
		ID: id, Type: event.Type(), Session: s.id, Time: info.Time, Redelivered: info.Redelivered, Chat: chat, Data: data,
	}, func() { event.Ack() })
}

// body gives the fields of an event of libwa that are not told elsewhere, and
// the chat that it belongs to.
func body(text json.RawMessage) (data json.RawMessage, chat string) {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(text, &fields) != nil {
		return nil, ""
	}
	for _, told := range []string{"type", "id", "client", "request", "time_ms", "redelivered"} {
		delete(fields, told)
	}
	json.Unmarshal(fields["chat"], &chat)
	return encode(fields), chat
}

func encode(value any) json.RawMessage {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	return encoded
}

// seconds rounds a wait up.
func seconds(wait time.Duration) int {
	return int((wait + time.Second - 1) / time.Second)
}
