package server

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// lines takes what is logged, and says of each line that it came.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	came chan struct{}
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(line)
	select {
	case l.came <- struct{}{}:
	default:
	}
	return len(line), nil
}

// A step of the stop that takes long is told, with what it waits for at that time;
// one that does not is not.
func TestWhatTheStopWaitsFor(t *testing.T) {
	log := &lines{came: make(chan struct{}, 1)}
	s := &Server{log: slog.New(slog.NewTextHandler(log, nil))}
	s.step(func() string { return "nothing" }, func() {})
	if log.text.Len() > 0 {
		t.Errorf("%s", log.text.String())
	}
	s.step(func() string { return "3 things" }, func() {
		select {
		case <-log.came:
		case <-t.Context().Done():
		}
	})
	if got := log.text.String(); !strings.Contains(got, `msg="the stop waits" for="3 things"`) {
		t.Errorf("%s", got)
	}
}

// lateListener says that it is closed only when the server closes it.
type lateListener struct {
	net.Listener
	tell chan struct{}
}

func (l lateListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		<-l.tell
	}
	return connection, err
}

func (l lateListener) Close() error {
	close(l.tell)
	return l.Listener.Close()
}

// A listener that was closed before, and has not said so yet, is no request that
// did not end.
func TestShutdownBehindAClosedListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	late := lateListener{listener, make(chan struct{})}
	server := &http.Server{Handler: http.NotFoundHandler()}
	ended := make(chan error)
	go func() { ended <- server.Serve(late) }()
	// An answer says that it serves.
	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	listener.Close()
	if err := shutdown(t.Context(), server); err != nil {
		t.Errorf("%v", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("%v", err)
	}
}
