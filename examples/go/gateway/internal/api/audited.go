package api

import (
	"strings"
	"sync/atomic"

	"github.com/libwa/libwa/examples/go/gateway/internal/audit"
)

// audited names the actions of the audit by their operations. Each attempt is in
// it: with what came of it if it was made, else with why it was refused.
var audited = map[string]string{
	"requestCode": "pair_by_code", "qr": "pair_by_qr", "startQR": "pair_by_qr", "startPairing": "pair", "cancelPairing": "pair_cancel", "answerPasskey": "passkey",
	"clearAuth": "unlink", "logoutSession": "unlink", "restart": "restart", "restartSession": "restart",
	"createSession": "session_create", "changeSession": "session_change", "deleteSession": "session_delete", "deleteEvents": "events_delete",
	"createToken": "token_create", "revokeToken": "token_revoke",
	"createWebhook": "webhook_create", "deleteWebhook": "webhook_delete", "rotateSecret": "webhook_rotate", "redeliver": "webhook_redeliver",
}

// trace is what the audit knows of a call.
type trace struct {
	noted atomic.Bool // something of it is in the audit
	phone string      // the number that it is about
}

// entry begins an entry about a call.
func (c *call) entry(action, phone string) audit.Entry {
	entry := audit.Entry{Action: action, Session: c.sessionID, Phone: phone, Remote: c.remote, Request: c.requestID}
	if c.token != nil {
		entry.Token, entry.Name = c.token.ID, c.token.Name
	}
	return entry
}

// note writes into the audit.
func (a *API) note(c *call, action, outcome, phone string) {
	c.trace.noted.Store(true)
	entry := c.entry(action, phone)
	entry.Outcome = outcome
	a.Audit.Write(entry)
}

// reporter gives what a pairing tells its outcomes to, long after the call.
func (a *API) reporter(c *call, action, phone string) func(string) {
	entry := c.entry(action, phone)
	method := strings.TrimPrefix(action, "pair_by_")
	return func(outcome string) {
		c.trace.noted.Store(true)
		a.paired.Inc(method, outcome)
		made := entry
		made.Outcome = outcome
		a.Audit.Write(made)
	}
}

// refused writes an attempt that was refused into the audit, unless it is in it
// already. Who has no token, or asks too often, cannot fill it: a few attempts a
// minute are written, as many as wrong tokens are allowed.
func (a *API) refused(c *call, err error) {
	if c.route == nil || a.Audit == nil || c.trace.noted.Load() {
		return
	}
	action := audited[c.route.ID]
	p := problemOf(err)
	if action == "" || p.Code == errNotStarted.Code {
		return
	}
	key := ""
	switch {
	case c.token == nil:
		key = "audit " + network(c.remote)
	case p.Code == "too_many_requests":
		key = "audit " + c.token.ID
	}
	if key != "" {
		if _, ok := a.failures.Take(key); !ok {
			return
		}
	}
	if c.sessionID == "" && c.route.OfSession() {
		// It did not come so far. A name that cannot be one is none.
		if id := c.r.PathValue("id"); len(id) <= 64 {
			c.sessionID = id
		}
	}
	outcome := "refused: " + p.Code
	if p.Reason != "" {
		outcome = "refused: " + p.Reason
	}
	a.note(c, action, outcome, c.trace.phone)
}
