package server

import (
	"fmt"
	"net/http"
	"runtime"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
)

// operations serves what the machinery around the gateway asks for. It has a
// port of its own, which is not for the world.
func (s *Server) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := s.notReady(); why != "" {
			w.Header().Set("Retry-After", "2")
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		s.metrics.Write(w)
	})
	return mux
}

// notReady says why requests should go elsewhere, if they should.
func (s *Server) notReady() string {
	switch {
	case s.draining.Load():
		return "draining"
	case !s.sessions.Ready():
		return "starting"
	case s.events.Failing():
		return "the log of events cannot be written"
	}
	return ""
}

// figures adds the figures that others know.
func (s *Server) figures() {
	s.metrics.Collect(func(w *metrics.Writer) {
		counts := map[sessions.State]int{}
		all := s.sessions.List()
		w.Head("gateway_session_connected", "gauge", "Whether a session is connected to WhatsApp.")
		for _, status := range all {
			counts[status.State]++
			connected := 0.0
			if status.State == sessions.Connected {
				connected = 1
			}
			w.Sample("gateway_session_connected", connected, "session", status.ID)
		}
		w.Head("gateway_sessions", "gauge", "Sessions, by where they stand.")
		for _, state := range sessions.States {
			w.Sample("gateway_sessions", float64(counts[state]), "state", string(state))
		}
		w.Gauge("gateway_outbox_pending", "Messages that wait to be sent.", float64(s.sessions.Pending()))
		w.Head("gateway_events_written_total", "counter", "Events that were written to the log.")
		w.Sample("gateway_events_written_total", float64(s.events.Written()))
		queued, dead := s.hooks.Pending()
		w.Head("gateway_webhook_queued", "gauge", "Deliveries that wait, by webhook.")
		for id, count := range queued {
			w.Sample("gateway_webhook_queued", float64(count), "webhook", id)
		}
		w.Head("gateway_webhook_dead_letters", "gauge", "Deliveries that were given up and are kept, by webhook.")
		for id, count := range dead {
			w.Sample("gateway_webhook_dead_letters", float64(count), "webhook", id)
		}
		w.Head("gateway_webhook_attempts_total", "counter", "Attempts to deliver, by what came of them.")
		w.Sample("gateway_webhook_attempts_total", float64(s.hooks.Delivered.Load()), "outcome", "delivered")
		w.Sample("gateway_webhook_attempts_total", float64(s.hooks.FailedAttempts.Load()), "outcome", "failed")
		w.Sample("gateway_webhook_attempts_total", float64(s.hooks.GivenUp.Load()), "outcome", "given_up")
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		w.Gauge("go_goroutines", "Goroutines.", float64(runtime.NumGoroutine()))
		w.Gauge("go_memstats_heap_inuse_bytes", "Memory of the Go heap in use; libwa's is not part of it.", float64(memory.HeapInuse))
		w.Gauge("process_resident_memory_bytes", "Memory of the process, libwa's among it.", resident())
		w.Head("gateway_build_info", "gauge", "Versions.")
		w.Sample("gateway_build_info", 1, "version", Version, "libwa", libwa.Version())
	})
}
