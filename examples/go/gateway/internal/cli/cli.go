// Package cli is the gateway's command line.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/logs"
	"github.com/libwa/libwa/examples/go/gateway/internal/server"
)

// Run does what the command line says, until it is done or ctx ends.
func Run(ctx context.Context, arguments []string, out, log io.Writer) error {
	command := ""
	if len(arguments) > 0 {
		command = arguments[0]
	}
	switch command {
	case "help", "--help", "-h", "-help":
		config.Help(out)
		return nil
	case "version", "--version":
		_, err := fmt.Fprintf(out, "gateway %s, libwa %s (%s)\n", server.Version, libwa.Version(), libwa.Linkage)
		return err
	case "openapi":
		document, err := server.Document()
		if err == nil {
			_, err = fmt.Fprintln(out, string(document))
		}
		return err
	case "health":
		return health(ctx, arguments[1:], out)
	case "restored":
		return restored(ctx, arguments[1:], out)
	case "token":
		return token(arguments[1:], out, log)
	}
	c, err := config.Parse(arguments, os.LookupEnv)
	if errors.Is(err, flag.ErrHelp) {
		config.Help(out)
		return nil
	}
	if err != nil {
		return err
	}
	return serve(ctx, c, log)
}

// flushWait is how long whoever reads the log has for its end.
const flushWait = 2 * time.Second

func serve(ctx context.Context, c *config.Config, out io.Writer) error {
	// Whoever reads the log may go away: a write says so, and ends nothing.
	signal.Ignore(syscall.SIGPIPE)
	var log *slog.Logger
	queue := logs.New(out, func(count uint64) {
		log.Warn("lines of the log were dropped: whoever reads it was away, or too slow", "count", count)
	})
	defer queue.Close(flushWait)
	log = logger(c, queue)
	s, err := server.New(c, log)
	if err != nil {
		return err
	}
	s.LogDropped = queue.Dropped
	return s.Run(ctx)
}

func logger(c *config.Config, out io.Writer) *slog.Logger {
	level, _ := c.Level() // checked by Parse
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}
