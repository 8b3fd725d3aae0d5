package sessions

import "time"

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

// OldestPending gives when the oldest message was taken that waits to be sent, the
// zero time if none does.
func (m *Manager) OldestPending() (oldest time.Time) {
	o := m.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, chats := range o.lanes {
		for _, l := range chats {
			if len(l.waiting) > 0 && (oldest.IsZero() || l.waiting[0].Taken.Before(oldest)) {
				oldest = l.waiting[0].Taken
			}
		}
	}
	return oldest
}
