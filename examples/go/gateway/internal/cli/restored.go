package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/server"
)

// restored is the command for a sessions.db that is an older copy, while the
// gateway is stopped.
func restored(ctx context.Context, arguments []string, out io.Writer) error {
	c, err := config.Parse(arguments, os.LookupEnv)
	if err != nil {
		return fmt.Errorf("%w; see --help", err)
	}
	if err := hasGateway(c.Data, false); err != nil {
		return err
	}
	count, err := server.Restored(ctx, c)
	if err == nil {
		_, err = fmt.Fprintf(out, "The sessions of %s go on with new keys: %d.\n", absolute(c.Data), count)
	}
	return err
}
