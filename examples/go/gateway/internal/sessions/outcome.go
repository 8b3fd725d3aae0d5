package sessions

import "time"

// An outcome is how the last pairing, or the link, of a session ended, so that it
// is told after a restart, too.
type outcome struct {
	State  State     `json:"state"`
	Since  time.Time `json:"since"`
	Method string    `json:"method,omitempty"`
	Phone  string    `json:"phoneNumber,omitempty"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
}

// keepOutcome keeps how it ended, or forgets that when it does not hold any more.
// The caller holds mu.
func (s *Session) keepOutcome() {
	var now *outcome
	switch status := s.status; status.State {
	case Failed, Expired, LoggedOut:
		now = &outcome{status.State, status.Since, status.Method, status.Phone, status.Reason, status.Detail}
	case Stopped, Disconnected:
		return // it says nothing about that
	}
	before := s.record.Outcome
	if now == nil && before == nil || now != nil && before != nil && *now == *before {
		return
	}
	s.record.Outcome = now
	s.keepRecord()
}

// recallOutcome has the status of a session that is not linked tell how that came.
// The caller holds mu.
func (s *Session) recallOutcome() {
	o := s.record.Outcome
	if o == nil || s.status.State != Unlinked || s.status.Reason != "" {
		return
	}
	s.set(func(status *Status) {
		*status = s.fresh(o.State)
		status.Method, status.Phone, status.Reason, status.Detail = o.Method, o.Phone, o.Reason, o.Detail
	})
	s.status.Since = o.Since
}
