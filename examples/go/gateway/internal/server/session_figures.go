package server

import (
	"strings"

	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
)

// sessionFigures writes the figures of the sessions.
func (s *Server) sessionFigures(w *metrics.Writer) {
	all, linked := s.sessions.List(), s.sessions.Linked()
	counts := map[sessions.State]int{}
	w.Head("gateway_session_connected", "gauge", "Whether a session is connected to WhatsApp.")
	for _, status := range all {
		counts[status.State]++
		w.Sample("gateway_session_connected", oneIf(status.State == sessions.Connected), "session", status.ID)
	}
	of, online := 0, 0
	w.Head("gateway_session_linked", "gauge", "Whether a session has an account.")
	for _, status := range all {
		w.Sample("gateway_session_linked", oneIf(linked[status.ID]), "session", status.ID)
		if linked[status.ID] {
			of++
			online += int(oneIf(status.State == sessions.Connected))
		}
	}
	w.Gauge("gateway_sessions_linked", "Sessions that have an account.", float64(of))
	w.Gauge("gateway_sessions_online", "Sessions of these that are connected to WhatsApp.", float64(online))
	w.Head("gateway_session_stopped", "gauge", "Sessions that could not be opened, with the reason.")
	for _, status := range all {
		if status.State == sessions.Stopped {
			w.Sample("gateway_session_stopped", 1, "session", status.ID, "reason", status.Reason)
		}
	}
	w.Head("gateway_session_given_up", "gauge", "Sessions whose connection was given up, with the reason.")
	for _, status := range all {
		if status.GivenUp {
			w.Sample("gateway_session_given_up", 1, "session", status.ID, "reason", status.Reason)
		}
	}
	w.Head("gateway_session_logged_out", "gauge", "Sessions whose link has ended, with the reason, until they are paired anew, unlinked by request or deleted.")
	for _, status := range all {
		if status.State == sessions.LoggedOut {
			w.Sample("gateway_session_logged_out", 1, "session", status.ID, "reason", strings.TrimPrefix(status.Reason, "logged_out_"))
		}
	}
	w.Head("gateway_sessions", "gauge", "Sessions, by where they stand.")
	for _, state := range sessions.States {
		w.Sample("gateway_sessions", float64(counts[state]), "state", string(state))
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
