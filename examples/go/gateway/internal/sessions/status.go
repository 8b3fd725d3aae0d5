package sessions

import (
	"encoding/json"
	"maps"
	"time"
)

// A State says where a session stands.
type State string

const (
	Unlinked        State = "unlinked"
	Pairing         State = "pairing"
	PasskeyRequired State = "passkey_required"
	Connecting      State = "connecting"
	Connected       State = "connected"
	Disconnected    State = "disconnected"
	Expired         State = "expired"
	Failed          State = "failed"
	LoggedOut       State = "logged_out"
	Stopped         State = "stopped"
)

// States are all there are.
var States = []State{Unlinked, Pairing, PasskeyRequired, Connecting, Connected, Disconnected, Expired, Failed, LoggedOut, Stopped}

// Linked says whether the session has an account in this state.
func (s State) Linked() bool {
	return s == Connecting || s == Connected || s == Disconnected
}

// A Status is what a session tells about itself. Codes are not part of it.
type Status struct {
	ID         string            `json:"id" doc:"The session's name."`
	State      State             `json:"state" doc:"Where the session stands." enum:"unlinked,pairing,passkey_required,connecting,connected,disconnected,expired,failed,logged_out,stopped"`
	Stage      string            `json:"stage,omitempty" doc:"How far a pairing is: requesting, requested, code, qr, passkey, phone_answered, finish_accepted, linked, first_login."`
	Method     string            `json:"method,omitempty" doc:"By what the running or last pairing went." enum:"code,qr"`
	Phone      string            `json:"phoneNumber,omitempty" doc:"The number that is linked, or is to be."`
	JID        string            `json:"jid,omitempty" doc:"The address of the linked device."`
	Expires    time.Time         `json:"expiresAt,omitzero" doc:"Until when the code, the QR code or the passkey challenge is good."`
	Reason     string            `json:"reason,omitempty" doc:"Why, as a stable word: code_expired, logged_out_by_phone, network."`
	Detail     string            `json:"detail,omitempty" doc:"What to tell the user about it."`
	Cause      string            `json:"cause,omitempty" doc:"What went wrong with the connection or the store, in a sentence for whoever runs the gateway."`
	GivenUp    bool              `json:"givenUp,omitempty" doc:"Whether the connection was given up: no attempt is made before resumesAt, or before the session is restarted."`
	ResumesAt  time.Time         `json:"resumesAt,omitzero" doc:"When a connection that was given up is tried again."`
	Retry      int               `json:"retryAfter,omitempty" doc:"How many seconds to wait before trying again."`
	Passkey    *Passkey          `json:"passkey,omitempty" doc:"What the account's passkey is wanted for."`
	Proxy      string            `json:"proxy,omitempty" doc:"The session's own proxy, without its password; the gateway's if left out."`
	DeviceName string            `json:"deviceName,omitempty" doc:"The session's own name under Linked devices; the gateway's if left out."`
	Metadata   map[string]string `json:"metadata,omitempty" doc:"What the session was given to remember."`
	Since      time.Time         `json:"since" doc:"When the state was reached."`
	Created    time.Time         `json:"createdAt" doc:"When the session was made."`
	Version    uint64            `json:"version" doc:"Grows with every change; see the parameter version."`
}

// A Passkey is what the account wants beside the code: that the user signs a
// challenge with the passkey, and compares two codes.
type Passkey struct {
	Step     string          `json:"step" doc:"What is wanted: an assertion, or that the user compares the codes." enum:"required,confirm"`
	Options  json.RawMessage `json:"options,omitempty" doc:"The WebAuthn request options, for the step required."`
	Display  string          `json:"display,omitempty" doc:"The code to compare with the phone, for the step confirm."`
	Guidance string          `json:"guidance" doc:"What to tell the user."`
}

func (a Status) sameAs(b Status) bool {
	return a.State == b.State && a.Stage == b.Stage && a.Method == b.Method && a.Phone == b.Phone && a.JID == b.JID &&
		a.Expires.Equal(b.Expires) && a.Reason == b.Reason && a.Detail == b.Detail && a.Retry == b.Retry && a.Passkey == b.Passkey &&
		a.Cause == b.Cause && a.GivenUp == b.GivenUp && a.ResumesAt.Equal(b.ResumesAt) && a.Proxy == b.Proxy && a.DeviceName == b.DeviceName && maps.Equal(a.Metadata, b.Metadata)
}

// A Kind classes a Refusal.
type Kind int

const (
	NotFound    Kind = iota // there is no such thing
	Conflict                // the session is in a state that does not allow it
	Busy                    // something else is under way
	Invalid                 // the request cannot be met as it is
	Limited                 // too often
	Unavailable             // WhatsApp, or the gateway, cannot do it now
	Refused                 // WhatsApp does not want it
)

// A Refusal says why something cannot be done: with a stable word, in a
// sentence, and when to try again.
type Refusal struct {
	Kind       Kind
	Reason     string
	Text       string
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return r.Text }

func refuse(kind Kind, reason, text string) *Refusal {
	return &Refusal{Kind: kind, Reason: reason, Text: text}
}
