package sessions

import (
	"context"
	"encoding/json"
	"errors"

	libwa "github.com/libwa/libwa/bindings/go"
)

// Call calls a method of the library for the session, and returns its result
// as the library gives it.
func (s *Session) Call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	s.mu.Lock()
	client := s.client
	s.mu.Unlock()
	if client == nil {
		return nil, refusalOf(&libwa.Error{Op: method, Status: libwa.ErrClientClosed})
	}
	var result json.RawMessage
	if err := client.Call(ctx, method, params, &result); err != nil {
		if errors.Is(err, libwa.ErrNotConnected) && !client.Linked() {
			err = &libwa.Error{Op: method, Status: libwa.ErrNotLinked} // nobody connects it
		}
		return nil, refusalOf(err)
	}
	return result, nil
}

// Linked says whether the session has an account.
func (s *Session) Linked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client != nil && s.client.Linked()
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
