// Command gateway is a REST API that links phones to a platform by pairing
// code, and sends and receives their messages. The README tells how to run it;
// --help lists all that can be set.
package main

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

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// run does what the command line says.
func run(ctx context.Context, arguments []string, out, log io.Writer) error {
	command := ""
	if len(arguments) > 0 {
		command = arguments[0]
	}
	switch command {
	case "help", "--help", "-h", "-help":
		config.Help(out)
		return nil
	case "version", "--version":
		fmt.Fprintf(out, "gateway %s, libwa %s (%s)\n", server.Version, libwa.Version(), libwa.Linkage)
		return nil
	case "openapi":
		document, err := server.Document()
		if err == nil {
			_, err = fmt.Fprintln(out, string(document))
		}
		return err
	case "token":
		return token(arguments[1:], out)
	}
	c, err := config.Parse(arguments, os.LookupEnv)
	if errors.Is(err, flag.ErrHelp) {
		config.Help(out)
		return nil
	}
	if err != nil {
		return err
	}
	s, err := server.New(c, logger(c, log))
	if err != nil {
		return err
	}
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
