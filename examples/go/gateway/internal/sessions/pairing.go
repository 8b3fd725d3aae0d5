package sessions

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"iter"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// ByCode and ByQR are the methods of pairing.
const (
	ByCode = "code"
	ByQR   = "qr"
)

// An attempt is one pairing, under way or ended. The session's mu guards what
// changes of it.
type attempt struct {
	method string
	number string
	report func(outcome string)
	cancel context.CancelCauseFunc
	done   chan struct{}

	code    string
	display string
	expires time.Time
	qr      *libwa.PairingQR
	trouble string // why there is no connection, if it is known
	reason  string // how it ended
	refusal *Refusal
	shown   bool // whether a code or QR code came

	doubt *time.Timer // runs from the phone's answer on
}

// NotFinishing is the reason in the status of a pairing whose code the phone
// has answered, and no more: most often another code was typed. doubtAfter is
// how long a phone takes that finishes, and some more.
const (
	NotFinishing = "phone_not_finishing"
	doubtAfter   = 4 * time.Second
)

// A Code is a pairing code that WhatsApp has accepted.
type Code struct {
	Number  string
	Code    string
	Display string
	Expires time.Time
	Again   bool // it was shown before
}

// errCancelled is the cause of a pairing's end that was wished.
type errCancelled struct{ reason string }

func (e errCancelled) Error() string { return e.reason }

// PairByCode asks for a code for a number and waits for it. If one is out for
// that number it is given again. report is told what comes of the attempt:
// code_issued, and later linked or the reason of the failure.
func (s *Session) PairByCode(ctx context.Context, number string, report func(string)) (Code, error) {
	if err := s.expectLink(); err != nil {
		return Code{}, refusalOf(err)
	}
	a, again, err := s.begin(ByCode, number, report)
	if err != nil {
		return Code{}, err
	}
	if err := s.await(ctx, a); err != nil {
		return Code{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Code{a.number, a.code, a.display, a.expires, again}, nil
}

// PairByQR starts pairing by QR codes and waits for the first. If one is shown
// already it is given.
func (s *Session) PairByQR(ctx context.Context, report func(string)) (*libwa.PairingQR, error) {
	if err := s.expectLink(); err != nil {
		return nil, refusalOf(err)
	}
	a, _, err := s.begin(ByQR, "", report)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, a); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.qr, nil
}

// begin starts an attempt, or finds the one that is the same.
func (s *Session) begin(method, number string, report func(string)) (a *attempt, again bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.moving:
		return nil, false, errBusy()
	case s.m.Events.Full():
		return nil, false, errLogFull()
	case s.record.Ending != "":
		return nil, false, errUnfinished(s.record.Ending)
	case s.client == nil:
		return nil, false, s.closedFor()
	case s.attempt != nil && s.attempt.method == method && s.attempt.number == number:
		return s.attempt, true, nil
	case s.attempt != nil:
		wait := max(time.Second, time.Until(s.attempt.expires))
		return nil, false, &Refusal{Busy, "pairing_in_progress", "A pairing is under way in this session. Use its code, wait until it has expired, or cancel it.", wait}
	case s.client.Linked():
		return nil, false, refuse(Conflict, "already_paired", "This session is linked already. Unlink it first (clear-auth, or logout).")
	case s.m.ctx.Err() != nil:
		return nil, false, &Refusal{Unavailable, "stopping", "The gateway is being stopped.", 5 * time.Second}
	case !s.m.hasRoom():
		return nil, false, errNoRoom()
	}
	ctx, cancel := context.WithCancelCause(s.m.ctx)
	a = &attempt{method: method, number: number, report: report, cancel: cancel, done: make(chan struct{})}
	s.attempt, s.last = a, nil
	if !s.record.Pairing {
		s.record.Pairing = true
		s.keepRecord()
	}
	s.set(func(status *Status) {
		*status = s.fresh(Pairing)
		status.Stage, status.Method, status.Phone = "requesting", method, number
	})
	steps := s.client.PairQR(ctx)
	if method == ByCode {
		steps = s.client.Pair(ctx, number)
	}
	client := s.client
	s.m.spawn(func() { s.run(ctx, a, client, steps) })
	return a, false, nil
}

// await waits until an attempt has something to show.
func (s *Session) await(ctx context.Context, a *attempt) error {
	limit := time.NewTimer(s.m.CodeTimeout)
	defer limit.Stop()
	for {
		s.mu.Lock()
		shown, refusal, changed := a.shown, a.refusal, s.changed
		s.mu.Unlock()
		switch {
		case shown:
			return nil
		case refusal != nil:
			return refusal
		}
		select {
		case <-changed:
		case <-a.done:
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			a.cancel(errCancelled{"whatsapp_unreachable"})
			<-a.done
		}
	}
}

// run follows an attempt to its end.
func (s *Session) run(ctx context.Context, a *attempt, client *libwa.Client, steps iter.Seq2[libwa.Event, error]) {
	defer close(a.done)
	defer a.cancel(nil)
	for step, err := range steps {
		s.m.Events.Room(ctx)
		s.mu.Lock()
		if err != nil {
			s.failed(a, client, reason(ctx, err), err)
		} else {
			s.step(a, step)
		}
		s.mu.Unlock()
	}
}

// step notes one step of an attempt. The caller holds mu.
func (s *Session) step(a *attempt, step libwa.Event) {
	switch step := step.(type) {
	case *libwa.PairingCode:
		a.code, a.display, a.expires = step.Code, step.Display, step.ExpiresAt
		s.keepCode(a)
		s.show(a)
	case *libwa.PairingQR:
		a.qr, a.expires = step, step.ExpiresAt
		s.show(a)
	case *libwa.PairingProgress:
		if stage := string(step.Stage); stage != "ready" && (stage != "code" || a.shown) {
			s.set(func(status *Status) {
				status.State, status.Stage, status.Detail, status.Passkey = Pairing, stage, step.UserText, nil
				if status.Reason == NotFinishing {
					status.Reason = ""
				}
			})
			s.watch(a, step.Stage)
		}
	case *libwa.PairingPasskey:
		s.passkey(a, step)
	case *libwa.PairingSuccess:
		s.watch(a, "")
		if s.ended(step) {
			return
		}
		s.set(func(status *Status) {
			status.Stage, status.Phone, status.JID, status.Expires = "linked", "+"+step.Phone, step.JID, time.Time{}
		})
		s.linkedTo("+"+step.Phone, step.JID, step.Platform)
	case *libwa.Connection:
		if step.Text != "" {
			a.trouble = step.Text
		}
	case *libwa.Restricted:
		s.set(func(status *Status) { status.Reason, status.Detail = string(step.Kind), step.UserText })
	case *libwa.Ready:
		s.attempt, s.last = nil, a
		s.watch(a, "")
		a.shown = true
		s.settleCode("linked")
		s.connected(step)
		a.report("linked")
	}
}

// watch has the status say so when the phone answers and does not finish. The
// code stays good for another try. The caller holds mu.
func (s *Session) watch(a *attempt, stage libwa.PairingStage) {
	if a.doubt != nil {
		a.doubt.Stop()
		a.doubt = nil
	}
	if stage != libwa.PairingStagePhoneAnswered && stage != libwa.PairingStageFinishAccepted {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(doubtAfter, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.attempt != a || a.doubt != timer || s.m.ctx.Err() != nil {
			return
		}
		s.set(func(status *Status) {
			status.Reason = NotFinishing
			status.Detail = "The phone has answered, but it has not linked this device. If it says that the code is wrong, type the code that was shown last once more."
		})
	})
	a.doubt = timer
}

// show makes a code or QR code visible to those who may see it.
func (s *Session) show(a *attempt) {
	first := !a.shown
	a.shown = true
	s.set(func(status *Status) {
		status.State, status.Stage, status.Expires, status.Reason, status.Detail = Pairing, a.method, a.expires, "", ""
	})
	if first {
		s.post("pairing.started", map[string]any{"method": a.method, "phone": a.number, "expires_at": a.expires.UTC()})
		a.report("code_issued")
	}
}

func (s *Session) passkey(a *attempt, step *libwa.PairingPasskey) {
	wanted := &Passkey{Step: string(step.Step), Display: step.Display,
		Guidance: "The account is protected with a passkey. Sign the challenge with it, in a browser or app where the passkey is known, and hand the assertion to POST /v1/sessions/{id}/pairing/passkey."}
	if step.Step == libwa.PasskeyStepConfirm {
		wanted.Guidance = "Compare this code with the one on the phone. Confirm only if both are the same."
	}
	if json.Valid([]byte(step.Options)) {
		wanted.Options = json.RawMessage(step.Options)
	}
	a.expires, a.shown = step.ExpiresAt, true
	s.set(func(status *Status) {
		status.State, status.Stage, status.Expires, status.Passkey = PasskeyRequired, "passkey", step.ExpiresAt, wanted
		status.Detail = wanted.Guidance
	})
	s.m.Events.Post(events.Event{Type: "pairing.passkey", Session: s.id, Data: encode(map[string]any{"step": step.Step})}, nil)
}

// failed ends an attempt that did not link the session. The caller holds mu.
func (s *Session) failed(a *attempt, client *libwa.Client, reason string, err error) {
	s.attempt, s.last, a.reason = nil, a, reason
	s.watch(a, "")
	// A connection that is given up before a code is asked for is no step: the error alone says why.
	if e := (*libwa.Error)(nil); a.trouble == "" && reason == "not_connected" && errors.As(err, &e) {
		a.trouble = e.Text
	}
	text, retry := explain(reason, err, a.trouble)
	a.refusal = &Refusal{kindOf(reason, err), reason, text, retry}
	if s.m.ctx.Err() != nil {
		return // the next start tells what became of its code
	}
	s.m.Log.Info("a pairing ended without a link", "session", s.id, "method", a.method, "reason", reason, "text", a.trouble)
	if client.Linked() {
		s.settleCode("linked")
	} else {
		s.settleCode(reason)
		s.record.Pairing = false
		s.keepRecord()
	}
	if reason == "code_expired" || reason == "qr_exhausted" {
		a.report("expired")
	} else {
		a.report(reason)
	}
	if s.client != client || s.m.ctx.Err() != nil {
		return
	}
	if client.Linked() {
		// Linked, and the first login is still to come, unless the connection was
		// given up.
		var fault *libwa.Error
		if errors.As(err, &fault) && reason != "cancelled" {
			s.lost(&libwa.Connection{State: libwa.ConnectionStateDisconnected, IsFinal: true, Retryable: fault.Retryable, Reason: reason, Status: fault.Status, Text: fault.Text})
			return
		}
		s.set(func(status *Status) { status.State, status.Stage = Connecting, "" })
		return
	}
	state := Failed
	switch reason {
	case "code_expired", "qr_exhausted", "code_refresh_requested", "code_refresh_manual":
		state = Expired
	case "cancelled":
		state = Unlinked
	}
	s.set(func(status *Status) {
		phone := status.Phone
		*status = s.fresh(state)
		status.Method, status.Phone, status.Reason, status.Detail, status.Retry, status.Cause = a.method, phone, reason, text, seconds(retry), a.trouble
	})
	// Nothing is to be had of a connection without a pairing.
	client.Disconnect()
}

// cancel ends the attempt that is under way, if there is one, and waits for
// its end.
func (s *Session) cancel(reason string) bool {
	s.mu.Lock()
	a := s.attempt
	s.mu.Unlock()
	if a == nil {
		return false
	}
	a.cancel(errCancelled{reason})
	<-a.done
	return true
}

// Cancel ends the pairing that is under way.
func (s *Session) Cancel() error {
	if !s.cancel("cancelled") {
		return refuse(Conflict, "no_pairing", "No pairing is under way in this session.")
	}
	return nil
}

// Showing gives what the running pairing shows: its code, or its QR code.
func (s *Session) Showing() (Code, *libwa.PairingQR) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.attempt; a != nil {
		return Code{a.number, a.code, a.display, a.expires, true}, a.qr
	}
	return Code{}, nil
}

// AnswerPasskey hands over the assertion that the user's passkey has made.
func (s *Session) AnswerPasskey(ctx context.Context, assertion json.RawMessage) error {
	client, err := s.wantsPasskey("required")
	if err != nil {
		return err
	}
	return refusalOf(client.AnswerPasskey(ctx, string(assertion)))
}

// ConfirmPasskey says that the user has compared the codes and found them
// equal.
func (s *Session) ConfirmPasskey(ctx context.Context) error {
	client, err := s.wantsPasskey("confirm")
	if err != nil {
		return err
	}
	return refusalOf(client.ConfirmPasskey(ctx))
}

func (s *Session) wantsPasskey(step string) (*libwa.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Passkey == nil || s.status.Passkey.Step != step || s.client == nil {
		return nil, refuse(Conflict, "no_passkey_wanted", "The pairing does not wait for this answer.")
	}
	return s.client, nil
}

// sameCode compares codes as people type them, in a time that says nothing
// about where they differ.
func sameCode(given, wanted string) bool {
	return subtle.ConstantTimeCompare([]byte(plainCode(given)), []byte(wanted)) == 1
}

// reason names how an attempt ended.
func reason(ctx context.Context, err error) string {
	var wished errCancelled
	if errors.As(context.Cause(ctx), &wished) {
		return wished.reason
	}
	var fault *libwa.Error
	switch {
	case errors.As(err, &fault) && fault.Outcome != "":
		return string(fault.Outcome)
	case errors.Is(err, libwa.ErrLoggedOut):
		return "logged_out_by_phone"
	case errors.Is(err, libwa.ErrAccountLocked):
		return "logged_out_" + string(libwa.LogoutReasonAccountLocked)
	case errors.Is(err, libwa.ErrAccountBanned):
		return "logged_out_" + string(libwa.LogoutReasonAccountBanned)
	case errors.Is(err, context.Canceled), errors.Is(err, libwa.ErrClientClosed):
		return "cancelled"
	case errors.Is(err, libwa.ErrPairingLimit):
		return "throttled"
	case errors.Is(err, libwa.ErrInvalidPhoneNumber):
		return "invalid_phone_number"
	case noRoom(err):
		return "log_full"
	}
	return "failed"
}
