package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/phonenumber"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

var (
	errNoRoute     = problem.New(http.StatusNotFound, "path_unknown", "There is nothing at this path; /openapi.json lists all there are.")
	errMethod      = problem.New(http.StatusMethodNotAllowed, "method_not_allowed", "This path has other methods; the header Allow names them.")
	errCrossOrigin = problem.New(http.StatusForbidden, "cross_origin", "Pages of other origins may not use this gateway.")
	errNotReady    = problem.New(http.StatusServiceUnavailable, "not_ready", "The gateway is starting or stopping. Try again in a moment.").After(2 * time.Second)
	errNoToken     = problem.New(http.StatusUnauthorized, "token_missing", "A token is needed: Authorization: Bearer TOKEN.")
	errBadToken    = problem.New(http.StatusUnauthorized, "token_invalid", "The token is not valid, or not any more.")
	errScope       = problem.New(http.StatusForbidden, "scope_missing", "The token does not allow this.")
	errSession     = problem.New(http.StatusForbidden, "session_forbidden", "The token is not for this session.")
	errSessions    = problem.New(http.StatusForbidden, "session_forbidden", "The token is not for all of these sessions: name those, by names or patterns, that it is for.")
	errInternal    = problem.New(http.StatusInternalServerError, "internal", "Something went wrong here; the gateway's log has more under this request's id.")
	errFull        = problem.New(http.StatusServiceUnavailable, "log_full", "The disk is full, and nothing can be written at the moment. It goes on by itself when there is room.").After(5 * time.Second)
	errReadOnly    = problem.New(http.StatusServiceUnavailable, "disk_read_only", "The disk, or a session's store, can only be read, and nothing can be written at the moment. The operator has to mend it.").After(5 * time.Second)
	errBroken      = problem.New(http.StatusServiceUnavailable, "disk_failing", "The disk, or a session's store, could not be read or written; the gateway's log has the cause under this request's id.").After(5 * time.Second)
	errTimeout     = problem.New(http.StatusServiceUnavailable, "timeout", "It took too long. Try again.").After(5 * time.Second)
)

// A GuideFailure is the form of errors at the guide's paths.
type GuideFailure struct {
	Success bool            `json:"success" doc:"Always false."`
	Message string          `json:"message" doc:"What is wrong and what to do, for a person."`
	Error   problem.Problem `json:"error"`
}

// fail answers with an error, in the form that the path has.
func (c *call) fail(err error) {
	p := *problemOf(err)
	switch {
	case p.Code == errFull.Code, p.Code == errReadOnly.Code, p.Code == errBroken.Code:
		// The disk is told of once; the line of the request has the cause.
		c.cause = err.Error()
	case p.Status == http.StatusInternalServerError && err != errInternal:
		c.api.Log.Error("a request failed", "request", c.requestID, "error", err)
	}
	c.code = p.Code
	if c.w.status != 0 {
		return // something was answered already
	}
	p.RequestID = c.requestID
	if p.RetryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="libwa gateway"`)
	}
	if isGuide(c.r.URL.Path) {
		c.write(p.Status, "application/json", GuideFailure{Message: p.Detail, Error: p})
		return
	}
	c.write(p.Status, "application/problem+json", p)
}

func isGuide(path string) bool { return strings.HasPrefix(path, guidePrefix) }

// problemOf makes a problem of whatever went wrong.
func problemOf(err error) *problem.Problem {
	var (
		p       *problem.Problem
		refusal *sessions.Refusal
		wrong   *phonenumber.Error
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		return ofRefusal(refusal)
	case errors.As(err, &wrong):
		return problem.New(http.StatusUnprocessableEntity, "phone_number_invalid", wrong.Text).Because(wrong.Reason)
	case errors.Is(err, tokens.ErrBad):
		return problem.New(http.StatusUnprocessableEntity, "token_request_invalid", err.Error())
	case errors.Is(err, webhooks.ErrBad):
		return problem.New(http.StatusUnprocessableEntity, "webhook_invalid", err.Error())
	case errors.Is(err, webhooks.ErrUnknown):
		return problem.New(http.StatusNotFound, "webhook_unknown", "There is no such webhook, or no such dead letter.")
	case errors.Is(err, webhooks.ErrTooMany):
		return problem.New(http.StatusTooManyRequests, "too_many_webhooks", "This gateway holds no more webhooks; delete some first.").After(time.Minute)
	case errors.Is(err, webhooks.ErrManySecrets):
		return problem.New(http.StatusConflict, "too_many_secrets", "Too many former secrets of this webhook are still valid. Wait until they end, or end them with the overlap 0s.")
	case store.NoRoom(err), errors.Is(err, libwa.ErrStoreFull):
		return errFull
	case store.TroubleOf(err) == store.ReadOnly, errors.Is(err, libwa.ErrStoreReadOnly):
		return errReadOnly
	case store.TroubleOf(err) == store.Broken, errors.Is(err, libwa.ErrStore):
		return errBroken
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return errTimeout
	}
	return errInternal
}

func ofRefusal(r *sessions.Refusal) *problem.Problem {
	status, code, wait := http.StatusInternalServerError, r.Reason, r.RetryAfter
	switch r.Kind {
	case sessions.NotFound:
		status = http.StatusNotFound
	case sessions.Conflict, sessions.Busy:
		status = http.StatusConflict
	case sessions.Invalid:
		status = http.StatusUnprocessableEntity
		if code == "invalid_phone_number" {
			code = "phone_number_invalid"
		}
	case sessions.Limited:
		status = http.StatusTooManyRequests
		if wait == 0 {
			wait = time.Minute
		}
	case sessions.Unavailable:
		status = http.StatusServiceUnavailable
		if wait == 0 {
			wait = 5 * time.Second
		}
	case sessions.Refused:
		status = http.StatusBadGateway
	}
	p := problem.New(status, code, r.Text).Because(r.Reason).After(wait)
	if p.Code == p.Reason {
		p.Reason = ""
	}
	return p
}
