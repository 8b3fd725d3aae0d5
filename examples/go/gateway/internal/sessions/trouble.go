package sessions

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Pauses before a session that the store or the machine keeps down is tried
// again.
const (
	troubleFirst = time.Second
	troubleMost  = 30 * time.Second
)

// What to tell the user of a store that cannot be used.
const (
	fullText    = "The disk is full. The session goes on by itself when there is room."
	corruptText = "What is kept of the session is damaged. Unlink or delete it, and pair it anew. A copy is put back only with `gateway restored`."
	lostText    = "The keys of this session are lost. Pair it anew, and remove the former device on the phone."
	otherText   = "The account that is kept for this session is not the one that it was linked to. Unlink or delete it, and pair it anew."
)

// counts are the figures of what happens to the sessions.
type counts struct{ connects, losses, unlinks, messages metrics.Counter }

func newCounts(set *metrics.Set) counts {
	if set == nil {
		set = &metrics.Set{}
	}
	c := counts{
		connects: set.Counter("gateway_session_connects_total", "Logins at WhatsApp; all but the first of a session are reconnects."),
		losses:   set.Counter("gateway_session_disconnects_total", "Connections that were lost, by the reason, and whether they were given up.", "reason", "final"),
		unlinks:  set.Counter("gateway_session_unlinks_total", "Sessions that were unlinked, by the reason.", "reason"),
		messages: set.Counter("gateway_messages_total", "Messages, by what became of them.", "outcome"),
	}
	for _, reason := range unlinkReasons {
		c.unlinks.Begin(reason)
	}
	for _, outcome := range []string{"received", "sent", "failed"} {
		c.messages.Begin(outcome)
	}
	return c
}

// unlinkReasons are the reasons for which the link of a session ends.
var unlinkReasons = []string{
	string(libwa.LogoutReasonByHost), string(libwa.LogoutReasonByPhone), string(libwa.LogoutReasonPhoneReset), string(libwa.LogoutReasonLinkRevoked),
	string(libwa.LogoutReasonAccountLocked), string(libwa.LogoutReasonAccountBanned), lostStore,
}

// lostStore is the reason of a session whose keys are lost.
const lostStore = "store_lost"

// isAny says whether an error is one of those.
func isAny(err error, those ...error) bool {
	return slices.ContainsFunc(those, func(one error) bool { return errors.Is(err, one) })
}

// unusable says whether the store as such cannot be used, and not one session.
func unusable(err error) bool {
	return isAny(err, libwa.ErrStoreLocked, libwa.ErrStoreTooNew, libwa.ErrStoreNotFound, libwa.ErrStoreSealed, libwa.ErrStoreNotSealed, libwa.ErrWrongSealKey, libwa.ErrStoreReadOnly)
}

// ofTheStore says whether an error is of the store as such, or of the settings
// of all sessions, and not of one session.
func ofTheStore(err error) bool {
	return unusable(err) || isAny(err, libwa.ErrUnknownKey, libwa.ErrBadValue, libwa.ErrConfigConflict, libwa.ErrInsecureURL)
}

// noRoom says whether the disk is full: by the status of an error of the library,
// and by the system's number of any other.
func noRoom(err error) bool {
	return errors.Is(err, libwa.ErrStoreFull) || store.NoRoom(err)
}

// ofTheDisk says whether a disk takes nothing, be it full, failing or read-only.
func ofTheDisk(err error) bool {
	return noRoom(err) || store.TroubleOf(err) != store.Fine || isAny(err, libwa.ErrStore, libwa.ErrStoreReadOnly)
}

// passes says whether an error is of something that can pass by itself: then the
// same is tried again, and nothing is told as failed.
func passes(err error) bool {
	return ofTheDisk(err) || isAny(err, libwa.ErrTooManyFiles, libwa.ErrSystem, libwa.ErrTooManyHandles, libwa.ErrTooManyRequests, context.DeadlineExceeded)
}

// stopped notes that the session could not be opened, and tries again later if
// that can pass. The caller holds mu.
func (s *Session) stopped(err error) {
	level := slog.LevelError
	reason, detail := "store", "The session could not be opened. Restart it, or look at the gateway's log."
	switch {
	case noRoom(err):
		reason, detail = "store_full", fullText
	case errors.Is(err, libwa.ErrStoreCorrupt) && s.m.fault.Load() != nil:
		reason, detail, level = "store_damaged", storeText, slog.LevelDebug // it was told for all
	case errors.Is(err, libwa.ErrStoreCorrupt):
		reason, detail = "store_corrupt", corruptText
	case errors.Is(err, errOtherAccount):
		reason, detail = "account_mismatch", otherText
	default:
		var fault *libwa.Error
		if errors.As(err, &fault) {
			reason = word(fault.Status)
		}
	}
	again := passes(err) || errors.Is(err, libwa.ErrClientClosed)
	before := s.status
	pause := s.pause()
	s.set(func(status *Status) {
		*status = s.fresh(Stopped)
		status.Reason, status.Detail, status.Cause, status.GivenUp = reason, detail, err.Error(), !again
		if again {
			status.ResumesAt = time.Now().Add(pause).UTC().Truncate(time.Second)
			status.Retry = seconds(pause)
		}
	})
	if before.State != Stopped || before.Cause != err.Error() {
		s.m.trouble(level, err, "a session could not be opened", "session", s.id, "reason", reason, "again", again)
	}
	if again {
		tries := s.tries
		s.later(pause, func() bool { return s.client == nil && s.status.State == Stopped && s.tries == tries }, func() {
			if s.takeTurn() {
				defer s.giveTurn()
				s.mu.Lock()
				closed := s.client == nil && s.status.State == Stopped
				s.mu.Unlock()
				if closed {
					s.reopen()
				}
			}
		})
	}
}

// trouble logs what keeps a session or a message: once for each fault of the disk,
// however many wait for it and however often they try.
func (m *Manager) trouble(level slog.Level, err error, text string, more ...any) {
	if ofTheDisk(err) && m.full.Swap(true) {
		level = slog.LevelDebug
	}
	m.Log.Log(m.ctx, level, text, append(more, "error", err)...)
}

// pause gives the wait before the next attempt, longer each time until the
// session is connected. The caller holds mu.
func (s *Session) pause() time.Duration {
	s.tries++
	return min(troubleMost, troubleFirst<<min(s.tries-1, 10))
}

// later does something after a pause, if it is wanted then still. The caller
// holds mu, and wanted is called with it.
func (s *Session) later(pause time.Duration, wanted func() bool, do func()) {
	client := s.client
	s.m.spawn(func() {
		select {
		case <-time.After(pause):
		case <-s.m.ctx.Done():
			return
		}
		s.mu.Lock()
		still := s.client == client && wanted()
		s.mu.Unlock()
		if still {
			do()
		}
	})
}

// lost notes that the connection was lost, or given up. The caller holds mu.
func (s *Session) lost(event *libwa.Connection) {
	final := event.IsFinal
	reason := event.Reason
	if reason == "" {
		reason = "connection_lost"
	}
	if event.State == libwa.ConnectionStateDisconnected && event.Status == libwa.StatusOK {
		// The host's own wish.
		s.set(func(status *Status) { status.State, status.Reason, status.Cause = Disconnected, reason, "" })
		return
	}
	failure := error(&libwa.Error{Op: "connection", Status: event.Status, Text: event.Text})
	corrupt := final && errors.Is(failure, libwa.ErrStoreCorrupt)
	ofStore := final && passes(failure)
	resume := time.Duration(0)
	switch {
	case ofStore:
		resume = s.pause()
	case final:
		resume = s.m.ResumeAfter
	}
	wait := time.Duration(0)
	if event.RetryIn != nil {
		wait = *event.RetryIn
	}
	known := s.status.State == Disconnected && s.status.Cause == event.Text && s.status.GivenUp == final
	s.set(func(status *Status) {
		status.State, status.Reason, status.Detail, status.Cause, status.GivenUp, status.ResumesAt = Disconnected, reason, "", event.Text, final, time.Time{}
		if !event.Retryable && event.Text != "" {
			status.Detail = "This does not pass by itself: " + event.Text
		}
		status.Retry = seconds(wait)
		if ofStore && noRoom(failure) {
			status.Reason, status.Detail = "store_full", fullText
		}
		if corrupt {
			status.Reason, status.Detail = "store_corrupt", corruptText
		}
		if final && resume > 0 {
			status.ResumesAt = time.Now().Add(resume).UTC().Truncate(time.Second)
			status.Retry = seconds(resume)
		}
	})
	s.m.counts.losses.Inc(reason, map[bool]string{true: "true", false: "false"}[final])
	switch {
	case final:
		s.m.trouble(slog.LevelError, failure, "a connection was given up", "session", s.id, "reason", reason, "status", event.Status.Name(), "text", event.Text, "retryable", event.Retryable, "resumes_in", resume.String())
	case known:
		s.m.Log.Debug("a session is not connected", "session", s.id, "reason", reason, "text", event.Text, "retry_in", wait.String())
	default:
		s.m.Log.Warn("a connection was lost", "session", s.id, "reason", reason, "text", event.Text, "retryable", event.Retryable, "retry_in", wait.String())
	}
	if final && resume > 0 {
		s.later(resume, func() bool { return s.status.GivenUp }, func() { s.connect() })
	}
}
