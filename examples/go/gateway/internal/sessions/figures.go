package sessions

import (
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Linked says of each session whether it has an account, be it stopped or not.
func (m *Manager) Linked() map[string]bool {
	linked := map[string]bool{}
	for _, s := range m.all() {
		s.mu.Lock()
		linked[s.id] = s.record.Account != nil || s.status.State.Linked()
		s.mu.Unlock()
	}
	return linked
}

// Pending counts the messages that wait to be sent.
func (m *Manager) Pending() int { return m.outbox.pending() }

func (o *outbox) pending() (all int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, load := range o.load {
		all += load.messages
	}
	return all
}

// Strays counts the messages in the store that are in no lane and whose outcome is
// not about to be written: nobody sends them before the next start.
func (m *Manager) Strays() (strays int) {
	o := m.outbox
	o.mu.Lock()
	last := o.last
	known := make(map[uint64]bool, len(o.places))
	for number := range o.places {
		known[number] = true
	}
	o.mu.Unlock()
	// Messages that are taken from now on have higher numbers. Those that have left the store by the
	// time it is looked at is not there.
	m.DB.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(store.Outbox).Cursor()
		for key, _ := c.First(); key != nil && store.NumberOf(key) <= last; key, _ = c.Next() {
			if !known[store.NumberOf(key)] {
				strays++
			}
		}
		return nil
	})
	return strays
}

// OldestPending gives when the oldest message was taken that waits to be sent, the
// zero time if none does.
func (m *Manager) OldestPending() (oldest time.Time) {
	o := m.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, chats := range o.lanes {
		for _, l := range chats {
			if len(l.waiting) > 0 && (oldest.IsZero() || l.waiting[0].message.Taken.Before(oldest)) {
				oldest = l.waiting[0].message.Taken
			}
		}
	}
	return oldest
}
