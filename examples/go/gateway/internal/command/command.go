// Package command is the gateway's command line.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
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
