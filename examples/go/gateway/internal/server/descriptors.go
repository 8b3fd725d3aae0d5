package server

import (
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
)

// spareDescriptors are those for files, webhooks and the port for operators.
const spareDescriptors = 32

// descriptors says how many files the process may have open, and who gets them:
// a quarter is for clients of the API, and the rest, but for a few, for sessions.
// (The Go runtime has raised the soft limit to the hard one.)
type descriptors struct {
	limit   int // 0 if it is not known
	clients *connections

	mu      sync.Mutex
	counted time.Time
	open    int
}

func newDescriptors(clients *connections) *descriptors {
	d := &descriptors{clients: clients}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur > 0 && limit.Cur < 1<<30 {
		d.limit = int(limit.Cur)
	}
	return d
}

// forClients is how many connections clients of the API may have; 0 for any number.
func (d *descriptors) forClients() int {
	if d.limit == 0 {
		return 0
	}
	return max(8, d.limit/4)
}

// count gives how many files the process has open, 0 where that is not known.
func (d *descriptors) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.counted) < 50*time.Millisecond {
		return d.open
	}
	folder, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return 0
	}
	d.open, d.counted = len(names)-1, time.Now()
	return d.open
}

// forSessions is how many more connections sessions may make.
func (d *descriptors) forSessions() int {
	return d.limit - d.forClients() - spareDescriptors - (d.count() - d.clients.count())
}

// room says whether one more session may be connected.
func (d *descriptors) room() bool { return d.limit == 0 || d.forSessions() > 0 }

// warn tells at the start when there are more sessions than can be connected.
func (d *descriptors) warn(log *slog.Logger, sessions int) {
	if room := d.forSessions(); d.limit > 0 && sessions > room {
		log.Warn("the limit of open files is too low for all sessions: some are not connected before it is raised (ulimit -n, LimitNOFILE)",
			"limit", d.limit, "sessions", sessions, "room_for", max(0, room))
	}
}

func (d *descriptors) figures(w *metrics.Writer) {
	w.Gauge("process_open_fds", "Files that the process has open.", float64(d.count()))
	w.Gauge("process_max_fds", "Files that it may have open.", float64(d.limit))
}
