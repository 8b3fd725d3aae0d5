package server

import (
	"errors"
	"net"
	"net/http"
	"testing"
)

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
