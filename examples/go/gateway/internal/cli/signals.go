package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Signals gives a context that ends with the first signal that ends the gateway
// in order: SIGTERM, SIGINT, and SIGHUP unless the program was started with that
// ignored, as by nohup.
func Signals() (context.Context, context.CancelFunc) {
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ending = append(ending, syscall.SIGHUP)
	}
	return signal.NotifyContext(context.Background(), ending...)
}

// complaintWait is how long whoever reads the log has for the last word.
const complaintWait = 2 * time.Second

// Complain writes why the program ends. It does not wait for a reader that
// stalls.
func Complain(out io.Writer, err error) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		fmt.Fprintln(out, "gateway:", err)
	}()
	select {
	case <-written:
	case <-time.After(complaintWait):
	}
}
