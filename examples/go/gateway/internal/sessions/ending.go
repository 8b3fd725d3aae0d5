package sessions

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// An ending is what was asked for a session: that it is unlinked, or deleted. It
// stands in the record from before WhatsApp is told until nothing is left to be
// erased, so that neither a full disk nor the end of the gateway leaves a session
// half removed.
type ending string

const (
	unlinking ending = "unlink"
	deleting  ending = "delete"
)

// endLimit is how long each step of an ending may take.
const endLimit = 15 * time.Second

// Unlink logs the session out, if it is linked, and forgets any pairing. It is
// as new then.
func (s *Session) Unlink(ctx context.Context) error { return s.end(ctx, unlinking) }

// remove unlinks the session and takes it out of the manager. It keeps its turn
// then: whoever still holds it can do nothing with it.
func (s *Session) remove(ctx context.Context) error { return s.end(ctx, deleting) }

func (s *Session) end(ctx context.Context, wanted ending) error {
	if s.m.Events.Full() {
		return errLogFull()
	}
	if !s.takeTurn() {
		return errBusy()
	}
	// What cannot be written down is not begun.
	if err := s.intend(wanted); err != nil {
		s.giveTurn()
		return refusalOf(err)
	}
	s.cancel("cancelled")
	return s.finish(ctx)
}

// intend writes down what the session comes to.
func (s *Session) intend(wanted ending) error {
	// A message that is being accepted is in its lane before.
	s.sending.Lock()
	s.mu.Lock()
	before := s.record.Ending
	if before != deleting {
		s.record.Ending = wanted
	}
	s.mu.Unlock()
	s.sending.Unlock()
	err := s.write()
	if err != nil {
		s.mu.Lock()
		s.record.Ending = before
		s.mu.Unlock()
	}
	return err
}

// write writes the record, and waits for that.
func (s *Session) write() error {
	return s.m.DB.Batch(func(tx *bbolt.Tx) error {
		s.mu.Lock()
		r, removed := s.record, s.removed
		s.mu.Unlock()
		if removed {
			return errUnknown()
		}
		return store.Put(tx, store.Sessions, []byte(s.id), r)
	})
}

// ends returns what was asked for the session; empty for nothing.
func (s *Session) ends() ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.Ending
}

// finish does what was asked for the session, and tries again later if it cannot
// be done now. The caller has the turn, which is given back unless the session is
// deleted.
func (s *Session) finish(ctx context.Context) error {
	wanted := s.ends()
	err := s.erase(ctx, wanted == deleting)
	if err == nil {
		err = s.abort(ctx)
	}
	switch {
	case err != nil:
	case wanted == deleting:
		if err = s.deleted(ctx); err == nil {
			return nil
		}
	default:
		if err = s.unlinked(); err == nil {
			defer s.giveTurn()
			return s.reopen()
		}
	}
	defer s.giveTurn()
	return s.unfinished(err)
}

// abort gives up what waits to be sent, and waits until what the library held has
// been told as well.
func (s *Session) abort(ctx context.Context) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	for _, done := range s.m.outbox.abort(s.id, "logged_out", "The session was unlinked.") {
		select {
		case <-done:
		case <-limited.Done():
			return limited.Err()
		case <-s.m.ctx.Done():
			return s.m.ctx.Err()
		}
	}
	return nil
}

// unlinked writes down that nothing is left of the link.
func (s *Session) unlinked() error {
	s.mu.Lock()
	before := s.record
	s.record.Ending, s.record.Code, s.record.Account, s.record.Pairing, s.record.Outcome = "", nil, nil, false, nil
	s.mu.Unlock()
	if err := s.write(); err != nil {
		s.mu.Lock()
		s.record = before
		s.mu.Unlock()
		return err
	}
	s.mu.Lock()
	s.last, s.telling, s.tries = nil, nil, 0
	s.set(func(status *Status) { *status = s.fresh(Unlinked) })
	s.mu.Unlock()
	s.m.full.Store(false)
	s.m.Log.Info("a session was unlinked by request", "session", s.id)
	return nil
}

// deleted takes the session out of the gateway's store and of the manager.
func (s *Session) deleted(ctx context.Context) error {
	s.mu.Lock()
	s.removed = true
	s.mu.Unlock()
	now, err := time.Now().UTC().MarshalText()
	if err != nil {
		return err
	}
	err = s.m.DB.Batch(func(tx *bbolt.Tx) error {
		if err := tx.Bucket(store.Meta).Put(pastKey(s.id), now); err != nil {
			return err
		}
		if err := dropMessages(tx, s.id); err != nil {
			return err
		}
		return tx.Bucket(store.Sessions).Delete([]byte(s.id))
	})
	if err != nil {
		s.mu.Lock()
		s.removed = false
		s.mu.Unlock()
		return err
	}
	// Whoever uses the name again finds nothing of what was before.
	if err := s.m.forgetPast(ctx, s.id); err != nil {
		s.m.Log.Log(ctx, s.m.DB.Level(err, slog.LevelError), "what others keep of a session could not be removed", "session", s.id, "error", err)
	}
	s.m.forget(s.id)
	s.m.full.Store(false)
	s.m.Log.Info("a session was removed", "session", s.id)
	return nil
}

// What to tell the user of a session that is being unlinked or deleted.
const (
	unlinkPending = "The session is being unlinked: what is kept of it could not be erased yet. That is tried again until it is done."
	deletePending = "The session is being deleted: what is kept of it could not be erased yet. That is tried again until it is done."
)

// errUnfinished refuses what a session that is being unlinked or deleted cannot do.
func errUnfinished(wanted ending) *Refusal {
	text := unlinkPending
	if wanted == deleting {
		text = deletePending
	}
	return &Refusal{Unavailable, "session_not_erased", text, 5 * time.Second}
}

// unfinished notes that an ending waits for something, and tries again later.
func (s *Session) unfinished(err error) error {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	refusal := errUnfinished(s.record.Ending)
	if s.m.fault.Load() != nil {
		refusal.Text = storeText
	}
	pause := s.pause()
	before := s.status.Cause
	s.pend(err.Error())
	if ofTheDisk(err) || before != err.Error() {
		s.m.trouble(slog.LevelError, err, "a session could not be erased; it is tried again", "session", s.id, "ending", string(s.record.Ending))
	}
	tries := s.tries
	s.later(pause, func() bool { return s.record.Ending != "" && s.tries == tries }, func() {
		if s.takeTurn() {
			s.finish(s.m.ctx)
		}
	})
	return refusal
}

// pend has the status tell that the session is being unlinked or deleted. The
// caller holds mu.
func (s *Session) pend(cause string) {
	s.set(func(status *Status) {
		phone, jid := status.Phone, status.JID
		*status = s.fresh(Stopped)
		status.Phone, status.JID, status.Reason, status.Cause = phone, jid, string(s.record.Ending)+"_pending", cause
		status.Detail = errUnfinished(s.record.Ending).Text
	})
}

// erase unlinks the session, if it is linked, erases what libwa keeps of it, and
// closes it. One that is not open is opened for that, and not connected: its keys
// are still there. The caller has the turn.
func (s *Session) erase(ctx context.Context, all bool) error {
	s.mu.Lock()
	closed := s.client == nil
	s.mu.Unlock()
	if closed {
		if err := s.openToErase(ctx); errors.Is(err, libwa.ErrStoreCorrupt) {
			return s.m.eraseByName(ctx, s.id)
		} else if err != nil {
			return err
		}
	}
	s.mu.Lock()
	client, over := s.client, s.closed
	s.mu.Unlock()
	var err error
	if client.Linked() {
		err = logout(ctx, client, over)
	} else if all {
		err = forgotten(ctx, client)
	}
	s.close()
	if errors.Is(err, libwa.ErrStoreCorrupt) || errors.Is(err, libwa.ErrClientClosed) {
		return s.m.eraseByName(ctx, s.id)
	}
	return err
}

// openToErase opens the client of a session that is unlinked or deleted. What it
// tells of another account than the session's goes to nobody.
func (s *Session) openToErase(ctx context.Context) error {
	defer s.holdEvents()()
	if err := s.openClient(); err != nil {
		return err
	}
	s.mu.Lock()
	client := s.client
	s.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	status, err := client.SessionStatus(limited)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.foreign = err != nil || s.isOther(status)
	return nil
}

// eraseByName erases what libwa keeps of a session that no client has open, and
// that may be too damaged to be opened.
func (m *Manager) eraseByName(ctx context.Context, id string) error {
	client, err := m.openStore()
	if err != nil {
		return err
	}
	defer client.Close()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	err = client.SessionErase(limited, libwa.SessionEraseParams{Session: id})
	if err != nil && !errors.Is(err, libwa.ErrUnknownSession) {
		return err
	}
	m.Log.Warn("a session was erased without a word to WhatsApp; its phone lists the device until it is removed there", "session", id)
	return nil
}

// logout unlinks a client, and waits until its last events have been taken. A
// server that cannot be reached does not keep the session alive.
func logout(ctx context.Context, client *libwa.Client, closed <-chan struct{}) error {
	limited, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	if err := client.Logout(limited); err != nil {
		if err := forgotten(ctx, client); err != nil {
			return err
		}
	}
	select {
	case <-closed:
	case <-limited.Done():
	}
	return nil
}

// forgotten erases what libwa keeps of a session, also when nobody waits for it
// any more.
func forgotten(ctx context.Context, client *libwa.Client) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	return client.SessionErase(limited, libwa.SessionEraseParams{})
}
