package sessions

import (
	"errors"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// An account is what the record keeps of the account that a session is linked to.
// libwa's store has all of it; the record has it to notice when the two files are
// not of the same age: one was lost, or put back from a copy.
type account struct {
	Phone string `json:"phoneNumber"`
	JID   string `json:"jid"`
}

// errOtherAccount says that libwa's store has an account for the session that the
// record does not know. Nobody may use it: it can be that of another owner.
var errOtherAccount = errors.New("sessions.db has an account for this session that gateway.db does not know: one of the two files is older than the other, or was lost")

// accountsKey is where the store says that the records know their accounts.
var accountsKey = []byte("accounts")

// adopts says whether the store was written by a version whose records do not know
// their accounts: then what libwa's store has is believed once. A store that is new
// has no sessions, and whatever libwa's store has is not of it.
func adopts(db *store.DB) (adopts bool, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(store.Meta)
		adopts = meta.Get(accountsKey) == nil && meta.Get(codeKey) != nil
		return nil
	})
	return adopts, err
}

// adopted writes down that the records know their accounts from now on.
func (m *Manager) adopted() error {
	if !m.adopts {
		return nil
	}
	all := m.all()
	return m.DB.Update(func(tx *bbolt.Tx) error {
		for _, s := range all {
			s.mu.Lock()
			r := s.record
			s.mu.Unlock()
			if err := store.Put(tx, store.Sessions, []byte(s.id), r); err != nil {
				return err
			}
		}
		return tx.Bucket(store.Meta).Put(accountsKey, []byte{1})
	})
}

// compare holds what libwa's store has of the session, with its account if it is
// linked, against the record. The caller holds mu.
func (s *Session) compare(status libwa.SessionStatusResult) error {
	known := s.record.Account
	switch {
	case !status.Linked && known != nil:
		s.record.Pairing = false
		s.lostLink(known)
	case !status.Linked:
		s.record.Pairing = false
		if s.status.State == Stopped {
			s.set(func(status *Status) { *status = s.fresh(Unlinked) })
			s.recallOutcome()
		}
	case s.isOther(status):
		return errOtherAccount
	default:
		s.set(func(shown *Status) {
			*shown = s.fresh(Disconnected)
			shown.Phone, shown.JID = "+"+status.Phone, status.JID
		})
		s.linkedTo("+"+status.Phone, status.JID, "")
	}
	return nil
}

// isOther says whether libwa's store has an account for the session that is not
// the record's. The caller holds mu.
func (s *Session) isOther(status libwa.SessionStatusResult) bool {
	known := s.record.Account
	return status.Linked && (known == nil && !s.record.Pairing || known != nil && known.Phone != "+"+status.Phone)
}

// lostLink notes that libwa's store does not have the account that the session is
// linked to. The caller holds mu.
func (s *Session) lostLink(known *account) {
	if s.status.Reason == lostStore {
		return
	}
	s.set(func(status *Status) {
		*status = s.fresh(Unlinked)
		status.Phone, status.JID, status.Reason, status.Detail = known.Phone, known.JID, lostStore, lostText
		status.Cause, status.GivenUp = "sessions.db does not have the keys of this session: it was lost, or is older than gateway.db", true
	})
	s.m.counts.unlinks.Inc(lostStore)
	s.m.Log.Error("the keys of a linked session are lost: pair it anew, and remove the device on the phone", "session", s.id, "reason", lostStore, "cause", s.status.Cause)
}

// expectLink writes down, before a pairing begins, that the session may be linked by it.
func (s *Session) expectLink() error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	needless := s.record.Pairing || s.removed || s.client == nil || s.client.Linked()
	s.record.Pairing = s.record.Pairing || !needless
	s.mu.Unlock()
	if needless {
		return nil
	}
	err := s.write()
	if err != nil {
		s.mu.Lock()
		s.record.Pairing = false
		s.mu.Unlock()
	}
	return err
}

// linkedTo keeps the account that the session is linked to, and tells of the link
// if nobody has told of it: the gateway may have ended right after the phone linked
// the session. The caller holds mu.
func (s *Session) linkedTo(phone, jid, platform string) {
	now := account{phone, jid}
	changed := s.record.Account == nil || *s.record.Account != now
	s.record.Account = &now
	switch {
	case !s.record.Pairing || s.telling != nil:
	case s.attempt == nil && s.m.adopts:
		s.record.Pairing, changed = false, true // an older version has told of it
	default:
		s.tellLink(&now, platform)
	}
	if changed {
		s.keepRecord()
	}
}

// tellLink posts that a pairing has linked the session. That it was told stands in
// the record from the same commit on. The caller holds mu.
func (s *Session) tellLink(to *account, platform string) {
	s.telling = to
	data := map[string]any{"phone": to.Phone, "jid": to.JID, "platform": platform, "method": s.methodOfLink()}
	s.m.Events.PostWith(events.Event{Type: "pairing.success", Session: s.id, Data: encode(data)}, func(tx *bbolt.Tx) error {
		s.mu.Lock()
		if s.telling == to {
			s.record.Pairing, s.telling = false, nil
		}
		r, removed := s.record, s.removed
		s.mu.Unlock()
		if removed {
			return nil
		}
		return store.Put(tx, store.Sessions, []byte(s.id), r)
	}, nil)
}

// methodOfLink returns by what the session was linked. The caller holds mu.
func (s *Session) methodOfLink() string {
	switch code := s.record.Code; {
	case s.attempt != nil:
		return s.attempt.method
	case s.last != nil:
		return s.last.method
	case code != nil && code.Outcome == "":
		return ByCode
	}
	return ByQR
}

// linkedToNone forgets the account. The caller holds mu.
func (s *Session) linkedToNone() {
	if s.record.Account != nil || s.record.Pairing {
		s.record.Account, s.record.Pairing, s.telling = nil, false, nil
		s.keepRecord()
	}
}
