package sessions

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A keptCode is what is kept of the last code of a session, so that verify knows
// it after a restart: its hash, made with a key.
type keptCode struct {
	Number  string    `json:"number"`
	Hash    string    `json:"hash"`
	Expires time.Time `json:"expiresAt"`

	// Outcome is linked, or how the pairing failed; empty while the code is out.
	Outcome string `json:"outcome,omitempty"`
}

// codeKey is where the store has the key that the hashes of codes are made with.
var codeKey = []byte("code-key")

// keyOfCodes gives the key that the hashes of codes are made with, and makes it
// with the first start.
func keyOfCodes(db *store.DB) (key []byte, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		key = append(key, tx.Bucket(store.Meta).Get(codeKey)...)
		return nil
	})
	if err != nil || len(key) > 0 {
		return key, err
	}
	key = make([]byte, sha256.Size)
	rand.Read(key)
	return key, db.Update(func(tx *bbolt.Tx) error {
		// A store that is new has no records that do not know their accounts.
		if err := tx.Bucket(store.Meta).Put(accountsKey, []byte{1}); err != nil {
			return err
		}
		return tx.Bucket(store.Meta).Put(codeKey, key)
	})
}

func (m *Manager) hash(session, number, code string) string {
	mac := hmac.New(sha256.New, m.codeKey)
	mac.Write([]byte(session + "\x00" + number + "\x00" + plainCode(code)))
	return hex.EncodeToString(mac.Sum(nil))
}

// plainCode gives a code without what people type with it.
func plainCode(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
}

// is says whether a code of the session is the one that is kept.
func (k *keptCode) is(s *Session, code string) bool {
	return hmac.Equal([]byte(k.Hash), []byte(s.m.hash(s.id, k.Number, code)))
}

// keepCode keeps the hash of the code that an attempt shows. The caller holds mu.
func (s *Session) keepCode(a *attempt) {
	s.record.Code = &keptCode{Number: a.number, Hash: s.m.hash(s.id, a.number, a.code), Expires: a.expires.UTC()}
	s.keepRecord()
}

// settleCode keeps what came of the last code. The caller holds mu.
func (s *Session) settleCode(outcome string) {
	if s.record.Code == nil || s.record.Code.Outcome != "" {
		return
	}
	settled := *s.record.Code
	settled.Outcome = outcome
	s.record.Code = &settled
	s.keepRecord()
}

// keepRecord has the record written, in the order of the events, without waiting
// for it.
func (s *Session) keepRecord() {
	s.m.Events.Do(func(tx *bbolt.Tx) error {
		s.mu.Lock()
		r, removed := s.record, s.removed
		s.mu.Unlock()
		if removed {
			return nil
		}
		return store.Put(tx, store.Sessions, []byte(s.id), r)
	})
}

// recall tells of a code that was out when the gateway ended. WhatsApp does not
// know it any more, and whoever asked for it has to ask again. The caller holds
// mu.
func (s *Session) recall() {
	code := s.record.Code
	if code == nil || code.Outcome != "" {
		return
	}
	if s.client.Linked() {
		s.settleCode("linked")
		s.settled(code.Number, "linked")
		return
	}
	s.settleCode("code_lost")
	s.set(func(status *Status) {
		*status = s.fresh(Failed)
		status.Method, status.Phone, status.Reason, status.Detail = ByCode, code.Number, "code_lost", texts["code_lost"]
	})
	s.m.Events.Post(events.Event{Type: "pairing.lost", Session: s.id, Data: encode(map[string]any{"method": ByCode, "phone": code.Number, "reason": "code_lost"})}, nil)
	s.m.Log.Warn("a code was lost with the last run of the gateway", "session", s.id)
	s.settled(code.Number, "code_lost")
}

// settled reports what came of a code that an earlier run has given.
func (s *Session) settled(number, outcome string) {
	if s.m.CodeSettled != nil {
		s.m.CodeSettled(s.id, number, outcome)
	}
}
