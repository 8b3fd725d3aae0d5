package libwa

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
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
// session that is linked to that account already is just connected, and one of
// another account is [ErrAlreadyLinked]. Each step is an event:
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
// tell the user in UserText, and when to try again. So does a connection that
// was given up: no further attempt is made before [Client.Connect]. A session
// that has ended is [ErrLoggedOut], or [ErrAccountLocked] or [ErrAccountBanned]
// if pairing again does not help before the account is free again. Leaving the
// loop, or the end of ctx, cancels the pairing.
//
// Only what happens now counts. A durable event of an earlier run, which has
// Redelivered set, is no step and ends nothing; it comes from [Client.Next].
// The event that a pairing fails with is acknowledged.
func (c *Client) Pair(ctx context.Context, phone string, options ...PairOption) iter.Seq2[Event, error] {
	var p pairing
	for _, option := range options {
		option(&p)
	}
	return c.pair(ctx, "Pair", phone, startRequestPairing(phone, p.code))
}

// PairQR is [Client.Pair] by QR codes: each [PairingQR] is drawn and shown in
// place of the one before, until the user has scanned one.
func (c *Client) PairQR(ctx context.Context) iter.Seq2[Event, error] {
	return c.pair(ctx, "PairQR", "", startRequestQR())
}

// WaitReady connects a session that is linked and waits until it is logged in.
// Like [Client.Pair] it ends with an error once the connection was given up, and
// takes no event of an earlier run for what happens now.
func (c *Client) WaitReady(ctx context.Context) (*Ready, error) {
	for step, err := range c.pair(ctx, "WaitReady", "", nil) {
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
// pairing if it is not linked. If phone is not empty, a session that is linked
// has to be of that account.
func (c *Client) pair(ctx context.Context, op, phone string, start starter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		steps := &pairingSteps{client: c, op: op, caller: caller{in: newInbox(), everything: true}}
		defer steps.end()
		if err := steps.begin(ctx, phone, start); err != nil {
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

	// trouble says why there is no connection, restricted that the server
	// restricts the account or the client.
	trouble    string
	restricted *Restricted
}

// begin connects, and asks for a pairing unless the session is linked.
func (s *pairingSteps) begin(ctx context.Context, phone string, start starter) error {
	c := s.client
	// The answer comes behind all events of what was before: a connection that
	// was given up earlier is none that this wait ends with.
	status, err := c.SessionStatus(ctx)
	if err != nil {
		return withOp(err, s.op)
	}
	if phone != "" && status.Linked {
		if err := checkAccount(s.op, phone, status.Phone); err != nil {
			return err
		}
	}
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
	if errors.Is(err, ErrInvalidState) {
		// The connection was given up before the request came.
		if lost := s.lost(ctx); lost != nil {
			_, err = s.connection(lost)
		}
	}
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
			return nil, s.interrupted(err)
		}
		if event.Info().Redelivered {
			continue
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
				return nil, s.failed(s.lostWith(ctx, err))
			}
		case *LoggedOut:
			// The caller hears of it now, and not again in the next run. Should
			// the acknowledgement be lost, it comes as redelivered.
			_ = event.Ack()
			if s.restricted != nil {
				_ = s.restricted.Ack() // it told the same
			}
			return nil, &Error{Op: s.op, Status: event.status(), Text: withDetail(event.UserText, event.Text), UserText: event.UserText}
		case *Closed:
			return nil, s.failed(&Error{Op: s.op, Status: ErrClientClosed, Text: event.Text})
		case *Restricted:
			s.restricted = event
			return event, nil
		case *Connection:
			if step, err := s.connection(event); step != nil || err != nil {
				return step, err
			}
		case *Log, *Overflow:
		default:
			return event, nil
		}
	}
}

// connection gives the step that a change of the connection is, or the error of
// one that was given up. It gives neither when all is well.
func (s *pairingSteps) connection(event *Connection) (Event, error) {
	if event.Text != "" {
		s.trouble = event.Text
	}
	// A request that waits has its answer when the connection is given up, and
	// has it made again when it is not.
	waits := s.request != 0 && !s.answered
	switch {
	case event.IsFinal && !waits && event.Status != StatusOK:
		return nil, s.failed(event.givenUp(s.op))
	case event.IsFinal && !waits:
		return nil, event.givenUp(s.op)
	case event.Status != StatusOK:
		return event, nil
	}
	if event.State == ConnectionStateConnected || event.State == ConnectionStateOnline {
		s.trouble, s.restricted = "", nil
	}
	return nil, nil
}

// lost gives the event of a connection that was given up with the request, nil
// if there is none: it comes right behind the answer.
func (s *pairingSteps) lost(ctx context.Context) (lost *Connection) {
	if _, err := s.client.SessionStatus(ctx); err != nil {
		return nil
	}
	s.client.queue.mu.Lock()
	defer s.client.queue.mu.Unlock()
	for _, event := range s.caller.in.events {
		if c, is := event.(*Connection); is && c.IsFinal {
			lost = c
		}
	}
	return lost
}

// lostWith adds to the error of a request that the connection was given up with
// it, if it was.
func (s *pairingSteps) lostWith(ctx context.Context, err error) error {
	lost := s.lost(ctx)
	if lost == nil {
		return err
	}
	if lost.Text != "" {
		s.trouble = lost.Text
	}
	var e *Error
	if errors.As(err, &e) {
		e.GivenUp = true
	}
	return err
}

// failed adds to an error what is known of the attempt.
func (s *pairingSteps) failed(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	e.Outcome, e.UserText = s.outcome, s.userText
	if s.trouble != "" && !strings.Contains(e.Text, s.trouble) {
		e.Text = strings.TrimPrefix(e.Text+": "+s.trouble, ": ")
	}
	if r := s.restricted; r != nil {
		_ = r.Ack() // the error says it
		e.restrict(r)
	}
	return err
}

// givenUp gives the error of a connection that was given up.
func (e *Connection) givenUp(op string) *Error {
	if e.Status == StatusOK {
		return &Error{Op: op, Status: ErrNotConnected, Text: "the connection was given up, and no attempt is made before Connect is called", GivenUp: true}
	}
	return &Error{Op: op, Status: e.Status, Text: e.Text, Retryable: e.Retryable, GivenUp: true}
}

// restrict adds what a restriction says of the same.
func (e *Error) restrict(r *Restricted) {
	if e.UserText == "" {
		e.UserText = r.UserText
	}
	if wait := time.Until(r.EndsAt); wait > e.RetryAfter {
		e.Retryable, e.RetryAfter = true, wait
	}
}

// restrictionStatus says with which status a connection is given up for a
// restriction; others do not end it.
var restrictionStatus = map[RestrictionKind]Status{
	RestrictionKindTemporaryBan:   ErrTemporarilyBanned,
	RestrictionKindAccountBanned:  ErrAccountBanned,
	RestrictionKindAccountLocked:  ErrAccountLocked,
	RestrictionKindClientOutdated: ErrClientOutdated,
	RestrictionKindVersionRefused: ErrVersionRefused,
	RestrictionKindRateLimit:      ErrRateLimited,
}

// interrupted adds to the end of a context why the wait was in vain.
func (s *pairingSteps) interrupted(err error) error {
	if s.trouble == "" {
		return err
	}
	return inVain(s.op, err, s.trouble)
}

// inVain is the error of a wait that its context ended, with why there was no
// connection meanwhile.
func inVain(op string, err error, trouble string) error {
	return fmt.Errorf("libwa: %s: %w; there is no connection: %s", op, err, trouble)
}

// withDetail adds to an advice, in parentheses, the server's words or what
// exactly went wrong.
func withDetail(advice, detail string) string {
	if detail == "" {
		return advice
	}
	return advice + " (" + detail + ")"
}

// status returns the status of what the session ended with: an account that
// is locked or banned is not one whose phone unlinked the device.
func (e *LoggedOut) status() Status {
	switch e.Reason {
	case LogoutReasonAccountLocked:
		return ErrAccountLocked
	case LogoutReasonAccountBanned:
		return ErrAccountBanned
	}
	return ErrLoggedOut
}

// withOp says what was called in place of what that called.
func withOp(err error, op string) error {
	var e *Error
	if errors.As(err, &e) {
		e.Op = op
	}
	return err
}
