package sessions

import (
	"context"
	"errors"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
)

// A Verdict is the answer to the question whether a number was linked.
type Verdict struct {
	Authenticated bool
	Reason        string
	Status        Status
}

// Verify says whether the session was linked to a number with a code. It
// waits, as long as ctx lets it, until that is decided.
func (s *Session) Verify(ctx context.Context, number, code string) Verdict {
	for {
		verdict, changed := s.verdict(number, code)
		if verdict.Authenticated || verdict.Reason != "" {
			return verdict
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return verdict
		}
	}
}

func (s *Session) verdict(number, code string) (Verdict, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := Verdict{Status: s.status}
	asked := s.attempt
	if asked == nil {
		asked = s.last
	}
	kept := s.record.Code
	switch {
	case s.status.State.Linked() && s.status.Phone != number:
		v.Reason = "number_mismatch"
	case asked != nil && asked.method == ByCode && asked.number != number:
		v.Reason = "number_mismatch"
	case asked != nil && asked.code != "" && !sameCode(code, asked.code):
		v.Reason = "code_mismatch"
	case asked != nil && asked.method == ByQR:
		// Nobody was given a code.
		v.Reason = "code_unknown"
	case asked != nil:
		return s.decided(v), s.changed
	case kept == nil && s.status.State.Linked():
		v.Reason = "code_unknown"
	case kept == nil:
		return s.decided(v), s.changed
	case kept.Number != number:
		v.Reason = "number_mismatch"
	case !kept.is(s, code):
		v.Reason = "code_mismatch"
	default:
		v = s.decided(v)
		if v.Reason == "no_pairing" && kept.Outcome != "" && kept.Outcome != "linked" {
			v.Reason = kept.Outcome
		}
	}
	return v, s.changed
}

// decided says what has come of the pairing whose code was given. The caller
// holds mu.
func (s *Session) decided(v Verdict) Verdict {
	switch {
	case s.status.State.Linked():
		v.Authenticated = true
	case s.attempt != nil:
		// Not decided yet.
	case s.status.Reason != "":
		v.Reason = s.status.Reason
	default:
		v.Reason = "no_pairing"
	}
	return v
}

// texts are what to tell the user where libwa has no text for it.
var texts = map[string]string{
	"cancelled":            "Linking was cancelled.",
	"code_lost":            "The code was lost when the gateway was restarted, and is of no use any more. Ask for a new one.",
	"whatsapp_unreachable": "WhatsApp cannot be reached from here at the moment. Try again.",
	"failed":               "Linking failed. Try again.",
	"logged_out_by_phone":  "The device was unlinked from the phone. Link it again.",
	"throttled":            "Too many codes were requested for this number. Wait before asking for another one.",
	"invalid_phone_number": "WhatsApp does not take this as a phone number.",
}

// explain says what to tell the user of a failure, and how long to wait before
// trying again.
func explain(reason string, err error, trouble string) (text string, retry time.Duration) {
	text = texts[reason]
	var fault *libwa.Error
	if errors.As(err, &fault) {
		retry = fault.RetryAfter
		if fault.UserText != "" && reason != "cancelled" {
			text = fault.UserText
		}
	}
	if reason == "whatsapp_unreachable" {
		retry = 10 * time.Second
		if trouble != "" {
			text += " (" + trouble + ")"
		}
	}
	if text == "" {
		text = texts["failed"]
	}
	return text, retry
}

// kindOf classes how an attempt ended.
func kindOf(reason string, err error) Kind {
	switch reason {
	case "invalid_phone_number", "invalid_custom_code", "forbidden", "feature_unavailable", "passkey_required":
		return Invalid
	case "throttled", "rate_limited", "rejected_or_throttled", "temporarily_banned":
		return Limited
	case "cancelled", "code_outstanding", "qr_outstanding":
		return Busy
	case "already_linked":
		return Conflict
	case "whatsapp_unreachable", "not_connected", "server_not_trusted", "no_refs", "server_error", "request_timeout", "server_unavailable", "login_timeout",
		"storage_error", "client_outdated", "version_refused", "bad_user_agent", "code_lost_with_connection", "qr_lost":
		return Unavailable
	}
	if _, again := libwa.RetryAfter(err); again {
		return Unavailable
	}
	return Refused
}

// refusalOf makes an error of libwa one of the gateway.
func refusalOf(err error) error {
	var fault *libwa.Error
	if err != nil && noRoom(err) {
		return errLogFull()
	}
	if err == nil || !errors.As(err, &fault) {
		return err
	}
	text := fault.UserText
	if text == "" {
		text = fault.Text
	}
	kind := Invalid
	switch {
	case errors.Is(err, libwa.ErrNotLinked):
		return refuse(Conflict, "not_linked", "The session is not linked to an account.")
	case errors.Is(err, libwa.ErrNotConnected):
		return &Refusal{Unavailable, "not_connected", "The session has no connection to WhatsApp at the moment, or its login is not complete; its status says more.", 5 * time.Second}
	case errors.Is(err, libwa.ErrClientClosed):
		return &Refusal{Unavailable, "session_stopped", "The session is just being restarted.", time.Second}
	case fault.Retryable, unusable(err), isAny(err, libwa.ErrStore, libwa.ErrStoreCorrupt, libwa.ErrSessionInUse):
		kind = Unavailable
	}
	return &Refusal{kind, word(fault.Status), text, fault.RetryAfter}
}
