package libwa

import (
	"context"
	"errors"
	"iter"
)

// A PairOption changes how [Client.Pair] asks for a code.
type PairOption func(*pairing)

type pairing struct{ code string }

// WithCode asks for a code of the program's choice, eight characters out of 1
// to 9 and A to Z without I, O and U. A random one is safer.
func WithCode(code string) PairOption {
	return func(p *pairing) { p.code = code }
}

// Pair connects and links the session to the account of a phone number, given
// in international form. It goes on until the session is ready for use; a
// session that is linked already is just connected. Each step is an event:
//
//   - [PairingCode]: show it, the user types it into the phone;
//   - [PairingProgress]: the phone answered, the phone linked us, and so on;
//   - [PairingPasskey]: the account wants its passkey too; call
//     [Client.AnswerPasskey] or [Client.ConfirmPasskey];
//   - [PairingExpired], [PairingError]: this attempt is over, and another one
//     follows by itself, with a new code (see [WithPairingAutoRefresh]);
//   - [PairingSuccess]: the phone linked this device;
//   - [Ready]: the last step, the session is logged in;
//   - [Connection]: the connection was lost, or could not be made, and why;
//   - [Restricted]: the server restricts the account.
//
// A pairing that failed ends with an [Error] that says how in Outcome, what to
// tell the user in UserText, and when to try again. Leaving the loop, or the
// end of ctx, cancels it.
func (c *Client) Pair(ctx context.Context, phone string, options ...PairOption) iter.Seq2[Event, error] {
	var p pairing
	for _, option := range options {
		option(&p)
	}
	return c.pair(ctx, "Pair", startRequestPairing(phone, p.code))
}

// PairQR is [Client.Pair] by QR codes: each [PairingQR] is drawn and shown in
// place of the one before, until the user has scanned one.
func (c *Client) PairQR(ctx context.Context) iter.Seq2[Event, error] {
	return c.pair(ctx, "PairQR", startRequestQR())
}

// WaitReady connects a session that is linked and waits until it is logged in.
func (c *Client) WaitReady(ctx context.Context) (*Ready, error) {
	for step, err := range c.pair(ctx, "WaitReady", nil) {
		if err != nil {
			return nil, err
		}
		if ready, is := step.(*Ready); is {
			return ready, nil
		}
	}
	return nil, plainFailure("WaitReady", ErrClientClosed)
}

// pair follows a session until it is ready, and makes the request for a
// pairing if it is not linked.
func (c *Client) pair(ctx context.Context, op string, start starter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		steps := &pairingSteps{client: c, op: op, caller: caller{in: newInbox(), everything: true}}
		defer steps.end()
		if err := steps.begin(start); err != nil {
			yield(nil, err)
			return
		}
		for {
			step, err := steps.next(ctx)
			if !yield(step, err) || err != nil {
				return
			}
			if _, last := step.(*Ready); last {
				return
			}
		}
	}
}

// pairingSteps are the events of one pairing, as they come.
type pairingSteps struct {
	client *Client
	op     string
	caller caller

	// request is the number of the request, 0 when there is none or it is
	// answered; the events of first says whose they are.
	request  uint64
	answered bool

	// outcome and userText are those of the attempt that failed last.
	outcome  Outcome
	userText string
}

// begin connects, and asks for a pairing unless the session is linked.
func (s *pairingSteps) begin(start starter) error {
	c := s.client
	c.watch(&s.caller.in)
	if err := c.Connect(); err != nil {
		return withOp(err, s.op)
	}
	if c.Linked() {
		c.queue.mu.Lock()
		defer c.queue.mu.Unlock()
		if c.ready != nil && len(s.caller.in.events) == 0 {
			s.caller.in.push(c.ready)
		}
		return nil
	}
	if start == nil {
		return plainFailure(s.op, ErrNotLinked)
	}
	request, err := c.start(s.op, &s.caller, start)
	s.request = request
	return withOp(err, s.op)
}

// end stops following, and cancels a request that is not answered.
func (s *pairingSteps) end() {
	s.client.unwatch(&s.caller.in)
	switch {
	case s.request == 0:
	case s.answered:
		s.client.forget(s.request)
	default:
		s.client.abandon(s.request)
	}
}

// next gives the next step, or why there is none.
func (s *pairingSteps) next(ctx context.Context) (Event, error) {
	for {
		event, err := s.client.queue.next(ctx, &s.caller.in)
		if errors.Is(err, ErrClosed) {
			return nil, plainFailure(s.op, ErrClientClosed)
		}
		if err != nil {
			return nil, err
		}
		switch event := event.(type) {
		case *PairingExpired:
			s.outcome, s.userText = event.Outcome, event.UserText
			if event.Refreshing {
				return event, nil
			}
		case *PairingError:
			s.outcome, s.userText = event.Outcome, event.UserText
			if event.Refreshing {
				return event, nil
			}
		case *Result:
			s.answered = true
			if err := event.err(s.op); err != nil {
				return nil, s.failed(err)
			}
		case *LoggedOut:
			return nil, &Error{Op: s.op, Status: ErrLoggedOut, Text: event.Text, UserText: event.UserText}
		case *Closed:
			return nil, s.failed(&Error{Op: s.op, Status: ErrClientClosed, Text: event.Text})
		case *Connection:
			if event.Status != StatusOK {
				return event, nil
			}
		case *Log, *Overflow:
		default:
			return event, nil
		}
	}
}

// failed adds to an error what is known of the attempt.
func (s *pairingSteps) failed(err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Outcome, e.UserText = s.outcome, s.userText
	}
	return err
}

// withOp says what was called in place of what that called.
func withOp(err error, op string) error {
	var e *Error
	if errors.As(err, &e) {
		e.Op = op
	}
	return err
}
