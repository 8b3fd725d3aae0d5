package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
)

// Nothing is a body that may be left out, or be empty.
type Nothing struct{}

// A SessionRequest makes a session.
type SessionRequest struct {
	ID string `json:"id" doc:"Its name: letters, digits, dots, hyphens and underscores." pattern:"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" example:"shop-1"`
	SessionSettings
}

// SessionSettings are what a session has of its own.
type SessionSettings struct {
	Proxy      string            `json:"proxy,omitempty" doc:"The session's own proxy: http://user:password@host:port or socks5://host:port, at a public address unless the gateway allows others. The password is not shown again." maxlen:"2048"`
	DeviceName string            `json:"deviceName,omitempty" doc:"The session's own name under Linked devices, at most 64 bytes." maxlen:"64" example:"Shop 1"`
	Metadata   map[string]string `json:"metadata,omitempty" doc:"Whatever the session is to remember: at most 32 entries, keys of 1 to 64 bytes, values of at most 512."`
}

// A SessionChange changes what a session has of its own. What is left out stays.
type SessionChange struct {
	Proxy      *string            `json:"proxy,omitempty" doc:"Another proxy, as when a session is made; empty for the gateway's." maxlen:"2048"`
	DeviceName *string            `json:"deviceName,omitempty" doc:"Another name, for the next pairing; empty for the gateway's." maxlen:"64"`
	Metadata   *map[string]string `json:"metadata,omitempty" doc:"All of the metadata, in place of what there is."`
}

// A SessionList is a part of the list of sessions.
type SessionList struct {
	Sessions []sessions.Status `json:"sessions" doc:"In the order of their names."`
	Next     string            `json:"next,omitempty" doc:"What to go on from, as the parameter after; left out when no more follow."`
}

// A PairingRequest starts a pairing.
type PairingRequest struct {
	Method      string `json:"method" enum:"code,qr" doc:"By a code that the user types, or by a QR code."`
	PhoneNumber string `json:"phoneNumber,omitempty" doc:"The phone's number, for a code." example:"+1234567890"`
}

// A PairingAnswer shows what the user needs for a pairing.
type PairingAnswer struct {
	Method    string          `json:"method" enum:"code,qr"`
	Code      string          `json:"pairingCode,omitempty" doc:"What the user types into the phone."`
	Display   string          `json:"displayCode,omitempty" doc:"The same in two groups."`
	QRCode    string          `json:"qrCode,omitempty" doc:"The text of the QR code; .../pairing/qr draws it."`
	ExpiresAt time.Time       `json:"expiresAt,omitzero" doc:"Until when it is good."`
	Session   sessions.Status `json:"session"`
}

// A PasskeyRequest answers what a passkey is wanted for.
type PasskeyRequest struct {
	Assertion json.RawMessage `json:"assertion,omitempty" doc:"The WebAuthn assertion, for the step required."`
	Confirm   bool            `json:"confirm,omitempty" doc:"That the user has compared the codes and found them equal, for the step confirm."`
}

func (a *API) listSessions(c *call) error {
	limit, err := c.number("limit", 100, 1000)
	if err != nil {
		return err
	}
	after, _, err := c.parameter("after")
	if err != nil {
		return err
	}
	if len(after) > 64 {
		return badParameter("after", "the name of a session")
	}
	list := SessionList{Sessions: []sessions.Status{}}
	for _, status := range a.Sessions.List() {
		if status.ID <= after || !c.token.Reaches(status.ID) {
			continue
		}
		if len(list.Sessions) == max(1, int(limit)) {
			list.Next = list.Sessions[len(list.Sessions)-1].ID
			break
		}
		list.Sessions = append(list.Sessions, status)
	}
	return c.reply(http.StatusOK, list)
}

func (a *API) createSession(c *call) error {
	request, err := decode[SessionRequest](c)
	if err != nil {
		return err
	}
	if !c.token.Reaches(request.ID) {
		return errSession
	}
	status, err := a.Sessions.CreateWith(request.ID, sessions.Settings(request.SessionSettings))
	if err != nil {
		return err
	}
	c.sessionID = request.ID
	a.note(c, "session_create", "done", "")
	c.w.Header().Set("Location", "/v1/sessions/"+request.ID)
	return c.reply(http.StatusCreated, status)
}

func (a *API) getSession(c *call) error {
	status, err := a.status(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, status)
}

// status gives the session's status; with the parameters wait and version it
// waits for another one than the client knows.
func (a *API) status(c *call) (sessions.Status, error) {
	wait, err := c.duration("wait", a.WaitMax)
	if err != nil {
		return sessions.Status{}, err
	}
	version, err := c.number("version", 0, 1<<62)
	if err != nil {
		return sessions.Status{}, err
	}
	s, err := c.session()
	if err != nil {
		return sessions.Status{}, err
	}
	status := s.Status()
	if version == 0 || wait == 0 || status.Version != version {
		return status, nil
	}
	ctx, cancel := c.waiting(wait)
	defer cancel()
	return s.Wait(ctx, version), nil
}

func (a *API) deleteSession(c *call) error {
	c.extend(a.WaitMax)
	if err := a.Sessions.Delete(c.r.Context(), c.sessionID); err != nil {
		return err
	}
	a.note(c, "session_delete", "done", "")
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteEvents removes what is kept of a session's past, such as before another
// tenant gets it.
func (a *API) deleteEvents(c *call) error {
	s, err := c.session()
	if err != nil {
		return err
	}
	c.extend(a.WaitMax)
	if err := s.ForgetEvents(c.r.Context()); err != nil {
		return err
	}
	a.note(c, "events_delete", "done", "")
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) changeSession(c *call) error {
	request, err := decode[SessionChange](c)
	if err != nil {
		return err
	}
	s, err := c.session()
	if err != nil {
		return err
	}
	c.extend(a.WaitMax)
	err = s.Change(func(settings sessions.Settings) sessions.Settings {
		if request.Proxy != nil {
			settings.Proxy = *request.Proxy
		}
		if request.DeviceName != nil {
			settings.DeviceName = *request.DeviceName
		}
		if request.Metadata != nil {
			settings.Metadata = *request.Metadata
		}
		return settings
	})
	if err != nil {
		return err
	}
	a.note(c, "session_change", "done", "")
	return c.reply(http.StatusOK, s.Status())
}

func (a *API) logoutSession(c *call) error {
	if _, err := decode[Nothing](c); err != nil {
		return err
	}
	status, err := a.unlink(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, status)
}

func (a *API) unlink(c *call) (sessions.Status, error) {
	s, err := c.session()
	if err != nil {
		return sessions.Status{}, err
	}
	phone := s.Status().Phone
	c.extend(a.WaitMax)
	if err := s.Unlink(c.r.Context()); err != nil {
		return sessions.Status{}, err
	}
	a.note(c, "unlink", "done", phone)
	return s.Status(), nil
}

func (a *API) restartSession(c *call) error {
	if _, err := decode[Nothing](c); err != nil {
		return err
	}
	status, err := a.restart(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, status)
}

func (a *API) restart(c *call) (sessions.Status, error) {
	s, err := c.session()
	if err != nil {
		return sessions.Status{}, err
	}
	c.extend(a.WaitMax)
	if err := s.Restart(); err != nil {
		return sessions.Status{}, err
	}
	a.note(c, "restart", "done", s.Status().Phone)
	return s.Status(), nil
}

func (a *API) startPairing(c *call) error {
	request, err := decode[PairingRequest](c)
	if err != nil {
		return err
	}
	switch request.Method {
	case sessions.ByCode:
		_, err = a.requestCode(c, request.PhoneNumber)
	case sessions.ByQR:
		_, err = a.requestQR(c)
	default:
		err = problem.New(http.StatusUnprocessableEntity, "method_invalid", "The method has to be code or qr.")
	}
	if err != nil {
		return err
	}
	return a.getPairing(c)
}

func (a *API) getPairing(c *call) error {
	s, err := c.session()
	if err != nil {
		return err
	}
	code, qr := s.Showing()
	answer := PairingAnswer{Code: code.Code, Display: code.Display, ExpiresAt: code.Expires.UTC(), Session: s.Status()}
	answer.Method = answer.Session.Method
	if code.Expires.IsZero() {
		answer.ExpiresAt = time.Time{}
	}
	if qr != nil {
		answer.QRCode = qr.Payload
	}
	if answer.Method == "" {
		return problem.New(http.StatusNotFound, "no_pairing", "There is no pairing in this session.")
	}
	return c.reply(http.StatusOK, answer)
}

func (a *API) cancelPairing(c *call) error {
	s, err := c.session()
	if err != nil {
		return err
	}
	if err := s.Cancel(); err != nil {
		return err
	}
	a.note(c, "pair_cancel", "done", s.Status().Phone)
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// shownQR gives the code that is shown, and starts nothing.
func (a *API) shownQR(c *call) (*libwa.PairingQR, error) {
	s, err := c.session()
	if err != nil {
		return nil, err
	}
	if _, qr := s.Showing(); qr != nil {
		return qr, nil
	}
	return nil, errNotStarted
}

// requestQR starts pairing by QR, or gives the code that is shown.
func (a *API) requestQR(c *call) (*libwa.PairingQR, error) {
	s, err := c.session()
	if err != nil {
		return nil, err
	}
	if _, qr := s.Showing(); qr != nil {
		return qr, nil
	}
	if wait, ok := a.codes.Take(c.token.ID); !ok {
		return nil, problem.New(http.StatusTooManyRequests, "too_many_codes", "Too many codes were requested with this token.").After(wait)
	}
	c.extend(a.WaitMax)
	qr, err := s.PairByQR(c.r.Context(), a.reporter(c, "pair_by_qr", ""))
	if err == nil && qr == nil {
		err = problem.New(http.StatusConflict, "pairing_in_progress", "The pairing is past its QR code.")
	}
	return qr, err
}

// getQR draws the QR code that is shown at the moment.
func (a *API) getQR(c *call) error {
	format, err := c.qrFormat()
	if err != nil {
		return err
	}
	s, err := c.session()
	if err != nil {
		return err
	}
	_, qr := s.Showing()
	if qr == nil {
		return problem.New(http.StatusNotFound, "no_qr", "No QR code is shown; POST .../pairing with the method qr starts that.")
	}
	if format == "json" {
		return a.getPairing(c)
	}
	return c.image(qr, format)
}

// qrFormat says as what a QR code is wanted: by the parameter format, or by
// the header Accept.
func (c *call) qrFormat() (string, error) {
	format, given, err := c.parameter("format")
	switch {
	case err != nil:
		return "", err
	case format == "json" || format == "png" || format == "svg":
		return format, nil
	case given:
		return "", badParameter("format", "json, png or svg")
	}
	accept := c.r.Header.Get("Accept")
	switch {
	case strings.HasPrefix(accept, "image/png"):
		return "png", nil
	case strings.HasPrefix(accept, "image/svg"):
		return "svg", nil
	}
	return "json", nil
}

func (c *call) image(qr *libwa.PairingQR, format string) error {
	picture, media := qr.PNG(), "image/png"
	if format == "svg" {
		picture, media = []byte(qr.SVG()), "image/svg+xml"
	}
	c.w.Header().Set("Content-Type", media)
	c.w.Header().Set("Expires", qr.ExpiresAt.UTC().Format(http.TimeFormat))
	c.w.Write(picture)
	return nil
}

func (a *API) answerPasskey(c *call) error {
	request, err := decode[PasskeyRequest](c)
	if err != nil {
		return err
	}
	s, err := c.session()
	if err != nil {
		return err
	}
	c.extend(a.WaitMax)
	switch {
	case request.Confirm == (request.Assertion != nil):
		return problem.New(http.StatusUnprocessableEntity, "passkey_answer_invalid", "Either an assertion or confirm is needed.")
	case request.Confirm:
		err = s.ConfirmPasskey(c.r.Context())
	default:
		err = s.AnswerPasskey(c.r.Context(), request.Assertion)
	}
	if err != nil {
		a.note(c, "passkey", "refused: "+problemOf(err).Code, s.Status().Phone)
		return err
	}
	a.note(c, "passkey", "done", s.Status().Phone)
	return c.reply(http.StatusOK, s.Status())
}
