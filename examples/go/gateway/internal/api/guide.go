package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/phonenumber"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
)

const (
	guidePrefix  = "/api/v1/whatsapp/"
	guideSession = sessions.Default
)

// A PhoneRequest asks for a pairing code.
type PhoneRequest struct {
	PhoneNumber string `json:"phoneNumber" doc:"The phone's number, with + and country code." example:"+1234567890"`
}

// A PhoneAnswer brings a pairing code.
type PhoneAnswer struct {
	Success bool      `json:"success"`
	Message string    `json:"message"`
	Data    PhoneData `json:"data"`
}

// PhoneData is part of PhoneAnswer.
type PhoneData struct {
	PhoneNumber   string `json:"phoneNumber"`
	CodeRequested bool   `json:"codeRequested"`
	PairingCode   string `json:"pairingCode" doc:"What the user types into the phone within three minutes." pattern:"^[1-9A-Z]{8}$"`
}

// A VerifyRequest asks whether the phone has linked the session.
type VerifyRequest struct {
	PhoneNumber string `json:"phoneNumber" doc:"The number that the code was asked for." example:"+1234567890"`
	Code        string `json:"code" doc:"The code, as it was shown; a hyphen, spaces and small letters do no harm." example:"ABCD1234" maxlen:"32"`
}

// A VerifyAnswer says whether the phone has linked the session.
type VerifyAnswer struct {
	Success bool       `json:"success"`
	Message string     `json:"message"`
	Data    VerifyData `json:"data"`
}

// VerifyData is part of VerifyAnswer.
type VerifyData struct {
	Authenticated bool      `json:"authenticated"`
	PhoneNumber   string    `json:"phoneNumber"`
	State         string    `json:"state" doc:"Where the session stands."`
	Stage         string    `json:"stage,omitempty" doc:"How far the pairing is."`
	ExpiresAt     time.Time `json:"expiresAt,omitzero" doc:"Until when the code is good."`
	RetryAfter    int       `json:"retryAfter,omitempty" doc:"How many seconds to wait before asking for another code."`
	Reason        string    `json:"reason,omitempty" doc:"Why it cannot become true any more: code_mismatch, code_unknown, code_lost, number_mismatch, code_expired, no_pairing, and the outcomes of pairing."`
}

// A GuideAnswer says what was done.
type GuideAnswer struct {
	Success bool            `json:"success"`
	Message string          `json:"message"`
	Data    sessions.Status `json:"data"`
}

// A QRAnswer brings a QR code.
type QRAnswer struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Data    QRData `json:"data"`
}

// QRData is part of QRAnswer.
type QRData struct {
	QRCode    string    `json:"qrCode" doc:"The text to encode."`
	Image     string    `json:"image" doc:"The code as a PNG, in a data URL."`
	ExpiresAt time.Time `json:"expiresAt" doc:"When the next one is to be fetched."`
}

// guidePhone asks for a code.
func (a *API) guidePhone(c *call) error {
	request, err := decode[PhoneRequest](c)
	if err != nil {
		return err
	}
	code, err := a.requestCode(c, request.PhoneNumber)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, PhoneAnswer{
		Success: true,
		Message: "Pairing code generated successfully. Enter this code in your WhatsApp app.",
		Data:    PhoneData{code.Number, true, code.Code},
	})
}

// requestCode asks for a pairing code in the call's session, and writes down
// what comes of it.
func (a *API) requestCode(c *call, phone string) (sessions.Code, error) {
	c.trace.phone = phone
	s, err := c.session()
	if err != nil {
		return sessions.Code{}, err
	}
	parsed, err := phonenumber.Parse(phone)
	if err != nil {
		a.note(c, "pair_by_code", "refused: "+problemOf(err).Reason, phone)
		return sessions.Code{}, err
	}
	if wait, ok := a.codes.Take(c.token.ID); !ok {
		a.note(c, "pair_by_code", "refused: too_many_codes", parsed)
		return sessions.Code{}, problem.New(http.StatusTooManyRequests, "too_many_codes", "Too many codes were requested with this token.").After(wait)
	}
	c.extend(a.WaitMax)
	code, err := s.PairByCode(c.r.Context(), parsed, a.reporter(c, "pair_by_code", parsed))
	switch {
	case err != nil:
		if refusal := problemOf(err); refusal.Status == http.StatusConflict {
			a.note(c, "pair_by_code", "refused: "+refusal.Code, parsed)
		}
	case code.Again:
		a.note(c, "pair_by_code", "code_shown_again", parsed)
	}
	return code, err
}

// guideVerify says whether the phone has linked the session.
func (a *API) guideVerify(c *call) error {
	request, err := decode[VerifyRequest](c)
	if err != nil {
		return err
	}
	wait, err := c.duration("wait", a.WaitMax)
	if err != nil {
		return err
	}
	phone, err := phonenumber.Parse(request.PhoneNumber)
	if err != nil {
		return err
	}
	if request.Code == "" || len(request.Code) > 32 {
		return problem.New(http.StatusUnprocessableEntity, "code_invalid", "The code that was shown is needed, eight characters.")
	}
	s, err := c.session()
	if err != nil {
		return err
	}
	ctx, cancel := c.waiting(wait)
	defer cancel()
	verdict := s.Verify(ctx, phone, request.Code)
	status := verdict.Status
	return c.reply(http.StatusOK, VerifyAnswer{
		Success: verdict.Authenticated,
		Message: verdictText(verdict),
		Data: VerifyData{
			verdict.Authenticated, phone, string(status.State), status.Stage, status.Expires, status.Retry, verdict.Reason,
		},
	})
}

func verdictText(v sessions.Verdict) string {
	switch {
	case v.Authenticated && v.Status.State == sessions.Connected:
		return "Phone verification successful - WhatsApp connected"
	case v.Authenticated:
		return "Phone verification successful - the connection to WhatsApp is being made"
	case v.Reason == "code_mismatch":
		return "This is not the code that was shown last. Use the current one, or ask for a new one."
	case v.Reason == "code_unknown":
		return "This code is not known here. Ask for a new one."
	case v.Reason == "code_lost":
		return "The code was lost when the gateway was restarted, and is of no use any more. Ask for a new one."
	case v.Reason == "number_mismatch":
		return "The session is for another phone number."
	case v.Reason == "no_pairing":
		return "No code was requested. Ask for one first."
	case v.Reason != "" && v.Status.Detail != "":
		return v.Status.Detail
	case v.Reason != "":
		return "Linking failed. Ask for a new code."
	case v.Status.Reason == sessions.NotFinishing:
		return v.Status.Detail
	case v.Status.State == sessions.PasskeyRequired:
		return "The account is protected with a passkey, which has to confirm this device."
	}
	return "Not linked yet. Enter the code in WhatsApp: Settings, Linked devices, Link a device, Link with phone number instead."
}

// waiting gives a context that ends with the request, with a wait, and with
// the gateway.
func (c *call) waiting(wait time.Duration) (context.Context, context.CancelFunc) {
	c.long = c.long || wait > 0
	c.extend(wait)
	ctx, cancel := context.WithTimeout(c.r.Context(), wait)
	stop := make(chan struct{})
	go func() {
		select {
		case <-c.api.ending:
			cancel()
		case <-stop:
		}
	}()
	return ctx, func() { cancel(); close(stop) }
}

// guideClear unlinks the session and forgets any pairing.
func (a *API) guideClear(c *call) error {
	if _, err := decode[Nothing](c); err != nil {
		return err
	}
	status, err := a.unlink(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, GuideAnswer{true, "Authentication cleared. The session can be paired anew.", status})
}

// guideRestart closes the session and opens it again.
func (a *API) guideRestart(c *call) error {
	if _, err := decode[Nothing](c); err != nil {
		return err
	}
	status, err := a.restart(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, GuideAnswer{true, "The session was restarted.", status})
}

// guideStatus says where the session stands.
func (a *API) guideStatus(c *call) error {
	status, err := a.status(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, GuideAnswer{true, describe(status), status})
}

var errNotStarted = problem.New(http.StatusConflict, "pairing_not_started",
	"No QR code is shown. Use POST, or send the header Authorization or X-Requested-With, to start pairing by QR.")

// startGuideQR starts pairing by QR, and shows the code.
func (a *API) startGuideQR(c *call) error {
	if _, err := decode[Nothing](c); err != nil {
		return err
	}
	return a.guideQR(c)
}

// guideQR shows the QR code, and starts pairing by QR if need be and if a browser
// has not just followed an address: what a GET without a header of the client's
// own asks for has no effect.
func (a *API) guideQR(c *call) error {
	format, err := c.qrFormat()
	if err != nil {
		return err
	}
	request := a.requestQR
	if c.r.Method != http.MethodPost && c.r.Header.Get("Authorization") == "" && c.r.Header.Get("X-Requested-With") == "" {
		request = a.shownQR
	}
	qr, err := request(c)
	if err != nil {
		return err
	}
	if format != "json" {
		return c.image(qr, format)
	}
	return c.reply(http.StatusOK, QRAnswer{true, "Scan this QR code with WhatsApp: Settings, Linked devices, Link a device.", QRData{
		QRCode: qr.Payload, Image: "data:image/png;base64," + base64.StdEncoding.EncodeToString(qr.PNG()), ExpiresAt: qr.ExpiresAt.UTC(),
	}})
}

// describe says where a session stands, to a person.
func describe(s sessions.Status) string {
	if s.Detail != "" {
		return s.Detail
	}
	switch s.State {
	case sessions.Connected:
		return "WhatsApp is connected."
	case sessions.Connecting:
		return "The connection to WhatsApp is being made."
	case sessions.Disconnected:
		return "The session is linked; the connection to WhatsApp is lost at the moment."
	case sessions.Pairing:
		return "A pairing is under way."
	case sessions.Stopped:
		return "The session is stopped."
	}
	return "The session is not linked."
}
