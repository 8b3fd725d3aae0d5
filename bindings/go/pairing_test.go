package libwa_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
)

func TestPairByCodeAndOpenAgain(t *testing.T) {
	phone := newPhone(t, nil)
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
	client := open(t, store, sim.TLSOption(), libwa.WithSessionID("ada"))
	if client.Linked() || client.Session() != "ada" {
		t.Error("a new session is linked already, or has another name")
	}

	var stages []libwa.PairingStage
	var code *libwa.PairingCode
	var success *libwa.PairingSuccess
	var ready *libwa.Ready
	for step, err := range client.Pair(limited(t), "+"+phone.Number) {
		if err != nil {
			t.Fatal(err)
		}
		switch step := step.(type) {
		case *libwa.PairingCode:
			code = step
			if left := time.Until(step.ExpiresAt); len(step.Display) != 9 || left <= 0 || left > 3*time.Minute {
				t.Errorf("the code is %s, for %s", step.Display, left)
			}
			enter(t, phone, strings.ToLower(step.Display), "linked")
		case *libwa.PairingProgress:
			stages = append(stages, step.Stage)
		case *libwa.PairingSuccess:
			success = step
		case *libwa.Ready:
			ready = step
		}
	}
	wanted := []libwa.PairingStage{"requested", "phone_answered", "finish_accepted", "linked", "first_login", "ready"}
	if !slices.Equal(stages, wanted) {
		t.Errorf("stages: %v", stages)
	}
	if ready == nil || success == nil || ready.JID != success.JID || ready.Phone != phone.Number || !ready.FirstLogin {
		t.Fatalf("success %+v, ready %+v", success, ready)
	}
	if code.Client() != client || code.Request == 0 || time.Since(code.Time) > timeout {
		t.Errorf("info of the code: %+v", code.Info())
	}
	if !client.Linked() {
		t.Error("not linked after the pairing")
	}
	// A session that is ready is ready at once.
	again, err := client.WaitReady(limited(t))
	if err != nil || again != ready {
		t.Errorf("%v, %v", again, err)
	}
	if err := client.Shutdown(limited(t)); err != nil {
		t.Fatal(err)
	}

	client = open(t, store, sim.TLSOption(), libwa.WithSessionID("ada"))
	if again = pair(t, client, phone); again.JID != ready.JID || again.FirstLogin {
		t.Errorf("opened again: %+v", again)
	}
	for step, err := range client.Pair(limited(t), "+1 555 000 9999") {
		if step != nil || !errors.Is(err, libwa.ErrAlreadyLinked) {
			t.Errorf("paired as somebody else: %v, %v", step, err)
		}
	}
}

func TestPairByQR(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t)
	scanned := false
	for step, err := range client.PairQR(limited(t)) {
		if err != nil {
			t.Fatal(err)
		}
		qr, is := step.(*libwa.PairingQR)
		if !is || scanned {
			continue
		}
		scanned = true
		if svg, png := qr.SVG(), string(qr.PNG()); !strings.Contains(svg, "<svg") || !strings.HasPrefix(png, "\x89PNG") {
			t.Errorf("SVG %q, PNG %q", svg, png)
		}
		if lines := strings.Count(qr.Text(), "\n"); lines < 20 {
			t.Errorf("%d lines of text", lines)
		}
		outcome, err := phone.Scan(limited(t), qr.Payload)
		if err != nil || outcome.Outcome != "linked" {
			t.Errorf("%+v, %v", outcome, err)
		}
	}
	if !client.Linked() {
		t.Error("not linked")
	}
}

func TestCustomCode(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t)
	for step, err := range client.Pair(limited(t), phone.Number, libwa.WithCode("abcd-1234")) {
		if err != nil {
			t.Fatal(err)
		}
		if code, is := step.(*libwa.PairingCode); is {
			if code.Code != "ABCD1234" || !code.Custom {
				t.Errorf("the code is %s", code.Code)
			}
			enter(t, phone, "ABCD1234", "linked")
		}
	}
}

func TestCodeExpires(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t, libwa.WithPairingCodeTTL(time.Second))
	e := pairingFails(t, client, phone)
	if e.Outcome != libwa.OutcomeCodeExpired || !errors.Is(e, libwa.ErrPairingExpired) || e.UserText == "" || !e.Retryable {
		t.Errorf("%+v", e)
	}
}

func TestCodeIsRefreshed(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t, libwa.WithPairingCodeTTL(5*time.Second), libwa.WithPairingAutoRefresh(true), libwa.WithPairingAutoRefreshMax(1))
	var kinds []string
	for step, err := range client.Pair(limited(t), phone.Number) {
		if err != nil {
			break
		}
		if step.Type() != "pairing.progress" {
			kinds = append(kinds, step.Type())
		}
	}
	wanted := []string{"pairing.code", "pairing.expired", "pairing.code"}
	if !slices.Equal(kinds, wanted) {
		t.Errorf("%v", kinds)
	}
}

func TestServerRefusesCode(t *testing.T) {
	phone := newPhone(t, watest.Switches{"refuse_code": map[string]any{"code": 429, "backoff": 60}})
	e := pairingFails(t, open(t), phone)
	if e.Outcome != libwa.OutcomeRateLimited || !errors.Is(e, libwa.ErrRateLimited) || e.UserText == "" {
		t.Errorf("%+v", e)
	}
	if wait, retryable := libwa.RetryAfter(e); wait < time.Minute || !retryable {
		t.Errorf("again in %s: %v", wait, retryable)
	}
	// The advice, what the server said as a detail, and the status.
	if e.Text != e.UserText+" (rate-overlimit)" || !strings.HasSuffix(e.Error(), " (WA_ERROR_RATE_LIMITED)") {
		t.Error(e)
	}
}

// The server's words about the end of a link are a detail of the advice, and an end
// without words is told by the advice.
func TestEndOfALinkSaysWhatToDo(t *testing.T) {
	for _, words := range []string{"", "Look at the phone"} {
		store, phone := stored(t)
		failure := map[string]any{"reason": "403"}
		if words != "" {
			failure["logout_message_subtext"] = words
		}
		fault(t, map[string]any{"point": "login", "number": phone.Number}, map[string]any{"failure": failure})
		_, err := open(t, store).WaitReady(limited(t))
		var e *libwa.Error
		if !errors.As(err, &e) || !errors.Is(err, libwa.ErrAccountLocked) || !strings.Contains(e.UserText, "Open WhatsApp on the phone") {
			t.Fatalf("%v", err)
		}
		wanted := e.UserText
		if words != "" {
			wanted += " (" + words + ")"
		}
		if e.Text != wanted {
			t.Errorf("%q is not %q", e.Text, wanted)
		}
	}
}

func TestBadInput(t *testing.T) {
	client := open(t)
	for phone, wanted := range map[string]error{
		"0155500012":      libwa.ErrInvalidPhoneNumber,
		"":                libwa.ErrInvalidPhoneNumber,
		"1555\xff0001234": libwa.ErrInvalidUTF8,
		"1555\x000001234": libwa.ErrInvalidArgument,
	} {
		for _, err := range client.Pair(limited(t), phone) {
			var e *libwa.Error
			if !errors.Is(err, wanted) || !errors.As(err, &e) || e.Op != "Pair" || e.Key != "phone" {
				t.Errorf("%q: %v", phone, err)
			}
		}
	}
	if err := client.AnswerPasskey(limited(t), "{}"); !errors.Is(err, libwa.ErrInvalidState) {
		t.Error(err)
	}
	if err := client.ConfirmPasskey(limited(t)); !errors.Is(err, libwa.ErrInvalidState) {
		t.Error(err)
	}
	if _, err := client.WaitReady(limited(t)); !errors.Is(err, libwa.ErrNotLinked) {
		t.Error(err)
	}
}

func TestPasskeyIsAskedFor(t *testing.T) {
	phone := newPhone(t, watest.Switches{"passkey": "after_finish"})
	client := open(t)
	asked := false
	for step, err := range client.Pair(limited(t), phone.Number) {
		if err != nil {
			t.Fatal(err)
		}
		switch step := step.(type) {
		case *libwa.PairingCode:
			ctx := limited(t)
			go phone.Enter(ctx, step.Code)
		case *libwa.PairingPasskey:
			asked = true
			if step.Step != libwa.PasskeyStepRequired || !strings.Contains(step.Options, "challenge") {
				t.Errorf("%+v", step)
			}
			if err := client.AnswerPasskey(limited(t), `{"id": 7}`); err == nil {
				t.Error("an assertion that is none was taken")
			}
		}
		if asked {
			break
		}
	}
	if !asked {
		t.Error("no passkey was asked for")
	}
}

func TestLeavingTheLoopCancels(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t)
	var dead string
	for step, err := range client.Pair(limited(t), phone.Number) {
		if err != nil {
			t.Fatal(err)
		}
		if code, is := step.(*libwa.PairingCode); is {
			dead = code.Code
			break
		}
	}
	ctx, cancel := context.WithCancel(limited(t))
	for step, err := range client.Pair(ctx, phone.Number) {
		if code, is := step.(*libwa.PairingCode); is {
			if code.Code == dead {
				t.Error("the cancelled code came again")
			}
			cancel()
		} else if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	cancel()
}

// pairingFails pairs, expects that to fail, and gives the error.
func pairingFails(t *testing.T, client *libwa.Client, phone *watest.Phone) *libwa.Error {
	t.Helper()
	for _, err := range client.Pair(limited(t), phone.Number) {
		var e *libwa.Error
		if errors.As(err, &e) {
			return e
		}
	}
	t.Fatal("the pairing did not fail")
	return nil
}
