package watest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
)

// A Phone is a simulated phone with a WhatsApp account.
type Phone struct {
	// Number is the phone number, digits only.
	Number string

	sim *Sim
}

// Switches change how a phone behaves: {"passkey": "before_finish"} and the
// like. The README of wa-sim lists them.
type Switches map[string]any

// An Outcome is what the phone shows after a code was typed or a QR code
// scanned.
type Outcome struct {
	// Outcome is "linked", or what went wrong, such as "wrong_code".
	Outcome string `json:"outcome"`

	// Device is the JID of the device that was linked.
	Device string `json:"device"`

	// Message says it in a sentence.
	Message string `json:"message"`
}

// A PhoneState is what the phone shows.
type PhoneState struct {
	// Screen is what it shows at the moment.
	Screen json.RawMessage `json:"screen"`

	// Request is the companion that waits for its code, null if none does.
	Request json.RawMessage `json:"request"`

	// Companions are the linked devices.
	Companions []Companion `json:"companions"`
}

// A Companion is a device linked to a phone.
type Companion struct {
	Device int    `json:"device"`
	JID    string `json:"jid"`

	// OS is the name that the device is listed under.
	OS     string `json:"os"`
	Online bool   `json:"online"`
}

// NewPhone makes a phone with an account.
func (s *Sim) NewPhone(ctx context.Context, number, name string, switches Switches) (*Phone, error) {
	body := map[string]any{"number": number, "name": name}
	maps.Copy(body, switches)
	return &Phone{number, s}, s.Do(ctx, http.MethodPost, "/phones", body, nil)
}

// Enter types a pairing code, and waits for what comes of it.
func (p *Phone) Enter(ctx context.Context, code string) (outcome Outcome, err error) {
	err = p.do(ctx, http.MethodPost, "/enter", map[string]any{"code": code}, &outcome)
	return outcome, err
}

// Scan points the camera at a QR code, given as its payload, and waits for
// what comes of it.
func (p *Phone) Scan(ctx context.Context, payload string) (outcome Outcome, err error) {
	err = p.do(ctx, http.MethodPost, "/scan", map[string]any{"qr": payload}, &outcome)
	return outcome, err
}

// Unlink removes a device from the phone's list of linked devices.
func (p *Phone) Unlink(ctx context.Context, device int) error {
	return p.do(ctx, http.MethodPost, "/unlink", map[string]any{"device": device}, nil)
}

// UnlinkAll removes all devices from the phone's list of linked devices.
func (p *Phone) UnlinkAll(ctx context.Context) error {
	return p.do(ctx, http.MethodPost, "/unlink", map[string]any{"all": true}, nil)
}

// RefreshCode has the server retire the code that waits for this phone.
func (p *Phone) RefreshCode(ctx context.Context, forceManual bool) error {
	return p.do(ctx, http.MethodPost, "/refresh_code", map[string]any{"force_manual": forceManual}, nil)
}

// Confirm answers, for a passkey exchange, whether both sides show the same
// code.
func (p *Phone) Confirm(ctx context.Context, same bool) error {
	return p.do(ctx, http.MethodPost, "/confirm", map[string]any{"same": same}, nil)
}

// Set changes switches.
func (p *Phone) Set(ctx context.Context, switches Switches) error {
	return p.do(ctx, http.MethodPatch, "", switches, nil)
}

func (p *Phone) state(ctx context.Context) (state PhoneState, err error) {
	err = p.do(ctx, http.MethodGet, "", nil, &state)
	return state, err
}

// Wait waits until the phone shows what the condition wants, and gives what it
// shows. What a client has just done may not have come to the phone yet.
func (p *Phone) Wait(ctx context.Context, condition func(PhoneState) bool) (PhoneState, error) {
	return wait(ctx, p.state, condition)
}

// Settled gives what the phone shows once the simulator has settled; see
// [Sim.Settle].
func (p *Phone) Settled(ctx context.Context) (PhoneState, error) {
	if err := p.sim.Settle(ctx); err != nil {
		return PhoneState{}, err
	}
	return p.state(ctx)
}

// WaitCompanions waits until so many devices are linked, and gives them.
func (p *Phone) WaitCompanions(ctx context.Context, count int) ([]Companion, error) {
	state, err := p.Wait(ctx, func(state PhoneState) bool { return len(state.Companions) == count })
	return state.Companions, err
}

// A Heard is a message that the person at a phone has received.
type Heard struct {
	ID string `json:"id"`

	// Chat is the number of the other side, or the address of a group.
	Chat string `json:"chat"`

	// From is the sender's number.
	From string `json:"from"`

	// Kind is what it is: "text", "reaction", "edit" and so on.
	Kind string `json:"kind"`

	// Text is the text; of a reaction the emoji.
	Text string `json:"text"`

	// Target is the id of the message that it quotes, or that it is about.
	Target string `json:"target"`
}

// WaitHeard waits until the person has received a message that meets the
// condition, and gives it.
func (p *Phone) WaitHeard(ctx context.Context, condition func(Heard) bool) (Heard, error) {
	var found Heard
	_, err := p.WaitAllHeard(ctx, func(all []Heard) bool {
		for _, message := range all {
			if condition(message) {
				found = message
				return true
			}
		}
		return false
	})
	return found, err
}

// WaitAllHeard waits until all that the person has received meets the
// condition, and gives it.
func (p *Phone) WaitAllHeard(ctx context.Context, condition func([]Heard) bool) ([]Heard, error) {
	return wait(ctx, p.heard, condition)
}

// SettledHeard gives all that the person has received once the simulator has
// settled; see [Sim.Settle].
func (p *Phone) SettledHeard(ctx context.Context) ([]Heard, error) {
	if err := p.sim.Settle(ctx); err != nil {
		return nil, err
	}
	return p.heard(ctx)
}

func (p *Phone) heard(ctx context.Context) ([]Heard, error) {
	var all struct {
		Messages []Heard `json:"messages"`
	}
	err := p.do(ctx, http.MethodGet, "/heard", nil, &all)
	return all.Messages, err
}

// Remove unlinks all devices and removes the phone.
func (p *Phone) Remove(ctx context.Context) error {
	return p.do(ctx, http.MethodDelete, "", nil, nil)
}

func (p *Phone) do(ctx context.Context, method, path string, body, answer any) error {
	return p.sim.Do(ctx, method, "/phones/"+p.Number+path, body, answer)
}

// Do makes a request of the control interface that has no function here; the
// README of wa-sim lists them all. The answer is unmarshalled into answer, if
// that is not nil. A GET gives the state of the moment, to which a client's
// doings may not have come yet: a test waits, or settles first.
func (s *Sim) Do(ctx context.Context, method, path string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.Control+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return &refusal{method + " " + path, response.StatusCode, string(bytes.TrimSpace(text))}
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// A refusal is an answer of the control interface that is no success.
type refusal struct {
	request string
	status  int
	text    string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("watest: %s: %d %s: %s", r.request, r.status, http.StatusText(r.status), r.text)
}
