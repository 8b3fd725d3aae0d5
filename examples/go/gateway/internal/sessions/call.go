package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
)

// Call calls a method of the library for the session, and returns its result
// as the library gives it.
func (s *Session) Call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	s.mu.Lock()
	client, closed := s.client, s.closedFor()
	s.mu.Unlock()
	if closed != nil {
		return nil, closed
	}
	var result json.RawMessage
	if err := client.Call(ctx, method, params, &result); err != nil {
		return nil, refusalOf(s.answered(client, method, err))
	}
	return result, nil
}

// answered returns what an error of a client means for the session: one that was
// exchanged meanwhile is no word of the session.
func (s *Session) answered(client *libwa.Client, method string, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.client != client && (errors.Is(err, libwa.ErrClientClosed) || errors.Is(err, libwa.ErrNotConnected)):
		if closed := s.closedFor(); closed != nil {
			return closed
		}
		return &libwa.Error{Op: method, Status: libwa.ErrClientClosed}
	case errors.Is(err, libwa.ErrNotConnected) && !client.Linked():
		return &libwa.Error{Op: method, Status: libwa.ErrNotLinked} // nobody connects it
	case s.status.GivenUp && errors.Is(err, libwa.ErrNotConnected):
		return s.errGivenUp()
	}
	return err
}

// Usable returns nil if the session is open and has an account, else why what
// needs one is refused.
func (s *Session) Usable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if closed := s.closedFor(); closed != nil {
		return closed
	}
	if !s.client.Linked() {
		return errNotLinked("The session is not linked to an account.")
	}
	return nil
}

// accepts returns nil if a message can be accepted, which is then sent as soon as
// that is possible, else why not. While a linked session is restarted it can, and
// while a connection that was given up is to be made again by itself.
func (s *Session) accepts() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	restarting := s.client == nil && s.moving && s.record.Ending == "" && s.status.State.Linked()
	if restarting && !s.removed {
		return nil
	}
	if closed := s.closedFor(); closed != nil {
		return closed
	}
	if !s.client.Linked() {
		return errNotLinked("The session is not linked to an account.")
	}
	if s.status.GivenUp && s.status.ResumesAt.IsZero() {
		return s.errGivenUp()
	}
	return nil
}

// errGivenUp refuses what needs the connection that was given up. The caller holds
// mu.
func (s *Session) errGivenUp() *Refusal {
	again, wait := "when the session is restarted", time.Minute
	if at := s.status.ResumesAt; !at.IsZero() {
		again, wait = "at "+at.Format(time.RFC3339)+", or "+again, max(time.Second, time.Until(at))
	}
	why := s.status.Reason
	if s.status.Cause != "" {
		why += ": " + s.status.Cause
	}
	text := "The connection to WhatsApp was given up, and is made again " + again + " (" + why + ")."
	return &Refusal{Unavailable, "given_up", text, wait}
}

func errNotLinked(text string) error { return refuse(Conflict, "not_linked", text) }

// closedFor returns why nothing can be asked of the session's client; nil if it
// can. The caller holds mu.
func (s *Session) closedFor() error {
	switch {
	case s.removed:
		return errUnknown()
	case s.record.Ending != "" && !s.moving:
		return errNotLinked(errUnfinished(s.record.Ending).Text)
	case s.record.Ending != "", s.client == nil && s.moving:
		return &Refusal{Unavailable, "session_busy", "The session is just being restarted or unlinked. Try again in a moment.", time.Second}
	case s.client == nil:
		wait := 5 * time.Second
		if !s.status.ResumesAt.IsZero() {
			wait = max(time.Second, time.Until(s.status.ResumesAt))
		}
		text := "The session is not open; restart it."
		if s.status.Detail != "" {
			text = s.status.Detail
		}
		return &Refusal{Unavailable, "session_stopped", text, wait}
	}
	return nil
}

// Check says what is wrong with the parameters of a method that sends, before
// the message is accepted: the library's own checks, by a client that is not
// linked and therefore sends nothing.
func (m *Manager) Check(ctx context.Context, method string, params json.RawMessage) error {
	return checked(m.checker.Call(ctx, method, params, nil))
}

// CheckProtobuf is Check for a message that comes serialised.
func (m *Manager) CheckProtobuf(ctx context.Context, message Outgoing) error {
	_, err := m.checker.SendMessage(ctx, message.Chat, message.Protobuf, message.ID)
	return checked(err)
}

func checked(err error) error {
	if err == nil || errors.Is(err, libwa.ErrNotLinked) {
		return nil
	}
	return refusalOf(err)
}
