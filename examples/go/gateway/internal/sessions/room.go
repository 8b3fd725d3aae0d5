package sessions

import "time"

// noRoomReason is the reason of a session that is not connected for want of
// descriptors.
const noRoomReason = "too_many_files"

const noRoomText = "The gateway has as many files open as it may: this session is not connected before there is room, or the limit is raised (ulimit -n, LimitNOFILE)."

// holdPause is the time between two attempts to connect a session that is held.
const holdPause = 10 * time.Second

// hasRoom says whether one more session may be connected: without that sessions
// would take what requests need, and the port for operators.
func (m *Manager) hasRoom() bool { return m.Room == nil || m.Room() }

// hold leaves a session unconnected until there is room. The caller holds mu.
func (s *Session) hold() {
	held := s.status.Reason == noRoomReason
	s.set(func(status *Status) {
		status.State, status.Reason, status.Cause, status.Detail, status.Retry = Disconnected, noRoomReason, noRoomText, "", seconds(holdPause)
	})
	if !held {
		s.m.Log.Warn("a session is not connected: too many files are open", "session", s.id)
	}
	s.later(holdPause, func() bool { return s.status.State == Disconnected && s.status.Reason == noRoomReason }, func() { s.connect() })
}

func errNoRoom() *Refusal {
	return &Refusal{Unavailable, noRoomReason, noRoomText, holdPause}
}
