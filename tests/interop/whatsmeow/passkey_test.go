package interop

import (
	"context"
	"testing"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// The account demands its passkey, after a QR and after a code.
func TestPasskey(t *testing.T) {
	t.Parallel()
	byQR := func(t *testing.T, peer *Peer, phone *Phone) Outcome {
		connect(t, peer)
		return whileConfirming(t, peer, func(code string) (Outcome, error) { return phone.Scan(code) },
			Await[*events.QR](t, peer).Codes[0])
	}
	byCode := func(t *testing.T, peer *Peer, phone *Phone) Outcome {
		return whileConfirming(t, peer, func(code string) (Outcome, error) { return phone.Enter(code) },
			requestCode(t, peer, phone.number))
	}
	for _, test := range []struct {
		name, number, when string
		options            bool
		link               func(*testing.T, *Peer, *Phone) Outcome
	}{
		{"QR", "15550002006", "before_finish", true, byQR},
		{"QR, options on request", "15550002007", "before_finish", false, byQR},
		{"code", "15550002008", "after_finish", true, byCode},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			phone := newPhone(t, test.number, Switches{"passkey": test.when, "passkey_options": test.options})
			peer := NewPeer(t, sim, t.TempDir())
			expectLinked(t, peer, phone, test.link(t, peer, phone))
		})
	}
}

// whileConfirming starts to link and does what a user with a passkey does meanwhile.
func whileConfirming(t *testing.T, peer *Peer, link func(string) (Outcome, error), code string) Outcome {
	t.Helper()
	type result struct {
		Outcome
		error
	}
	linked := make(chan result, 1)
	go func() {
		outcome, err := link(code)
		linked <- result{outcome, err}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	request := Await[*events.PairPasskeyRequest](t, peer)
	if request.PublicKey.RelyingPartID != "whatsapp.com" {
		t.Errorf("passkey asked for %q", request.PublicKey.RelyingPartID)
	}
	answer := &types.WebAuthnResponse{ID: "a2V5", RawID: []byte("key"), Type: "public-key"}
	if err := peer.SendPasskeyResponse(ctx, answer); err != nil {
		t.Fatal(err)
	}
	Await[*events.PairPasskeyConfirmation](t, peer)
	if err := peer.SendPasskeyConfirmation(ctx); err != nil {
		t.Fatal(err)
	}
	outcome := <-linked
	if outcome.error != nil || outcome.Outcome.Outcome != "linked" {
		t.Fatalf("phone says %+v", outcome)
	}
	return outcome.Outcome
}
