package server

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// operations serves what the machinery around the gateway asks for. It has a
// port of its own, which is not for the world.
func (s *Server) operations() http.Handler {
	mux := http.NewServeMux()
	guard := newOpsHosts(s.config.OpsHosts, s.config.OpsListen).guard
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", guard(func(w http.ResponseWriter, _ *http.Request) {
		if why := s.notReady(); why != "" {
			w.Header().Set("Retry-After", "2")
			http.Error(w, strings.TrimSpace(why+"\n"+s.damage()), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "ready\n", s.damage())
	}))
	mux.HandleFunc("GET /metrics", guard(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		s.metrics.Write(w)
	}))
	return mux
}

// notReady says why requests should go elsewhere, if they should.
func (s *Server) notReady() string {
	switch {
	case s.draining.Load():
		return "draining"
	case !s.sessions.Ready():
		return "starting"
	case s.db.Trouble() != store.Fine:
		return s.db.Trouble().Text()
	case s.events.Failing():
		return "the log of events cannot be written"
	}
	return s.sessions.Trouble()
}

// figures adds the figures that others know.
func (s *Server) figures() {
	s.metrics.Collect(func(w *metrics.Writer) {
		s.sessionFigures(w)
		w.Gauge("gateway_sessions_unknown", "Sessions of sessions.db that gateway.db does not know; nobody can use them.", float64(s.sessions.Strangers()))
		w.Gauge("gateway_outbox_pending", "Messages that wait to be sent.", float64(s.sessions.Pending()))
		w.Gauge("gateway_outbox_stray", "Messages in the store that nobody sends before the next start, which is a fault of the gateway.", float64(s.sessions.Strays()))
		waits := 0.0
		if taken := s.sessions.OldestPending(); !taken.IsZero() {
			waits = time.Since(taken).Seconds()
		}
		w.Gauge("gateway_outbox_oldest_age_seconds", "How long the oldest message waits to be sent.", waits)
		w.Head("gateway_events_written_total", "counter", "Events that were written to the log.")
		w.Sample("gateway_events_written_total", float64(s.events.Written()))
		age := 0.0
		if oldest := s.events.Oldest(); !oldest.IsZero() {
			age = time.Since(oldest).Seconds()
		}
		w.Gauge("gateway_events_oldest_age_seconds", "How old the oldest event is that the log holds.", age)
		w.Gauge("gateway_events_kept", "Events that the log holds.", float64(s.events.Kept()))
		w.Gauge("gateway_events_waiting", "Events that wait to be written to the log.", float64(s.events.Waiting()))
		w.Gauge("gateway_damaged_records", "Damaged records of gateway.db that were set aside since the start.", float64(s.db.Aside()))
		disk(w, s.config.Data)
		s.hookFigures(w)
		dropped := uint64(0)
		if s.LogDropped != nil {
			dropped = s.LogDropped()
		}
		w.Head("gateway_log_dropped_total", "counter", "Lines of the log that were dropped, as whoever reads it was away or too slow.")
		w.Sample("gateway_log_dropped_total", float64(dropped))
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		w.Gauge("go_goroutines", "Goroutines.", float64(runtime.NumGoroutine()))
		w.Gauge("go_memstats_heap_inuse_bytes", "Memory of the Go heap in use; libwa's is not part of it.", float64(memory.HeapInuse))
		w.Gauge("process_resident_memory_bytes", "Memory of the process, libwa's among it.", resident())
		s.files.figures(w)
		w.Head("gateway_build_info", "gauge", "Versions.")
		w.Sample("gateway_build_info", 1, "version", Version, "libwa", libwa.Version())
	})
}

// disk writes how much room there is where the data is, and how large it is.
func disk(w *metrics.Writer, folder string) {
	var system syscall.Statfs_t
	if syscall.Statfs(folder, &system) == nil {
		w.Gauge("gateway_disk_free_bytes", "Room that is left where the data is.", float64(system.Bavail)*float64(system.Bsize))
		w.Gauge("gateway_disk_size_bytes", "The size of the file system where the data is.", float64(system.Blocks)*float64(system.Bsize))
	}
	size := int64(0)
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
	}
	w.Gauge("gateway_data_bytes", "How much the data takes.", float64(size))
}
