// Command gateway is a REST API that links phones to a platform by pairing
// code, and sends and receives their messages. The README tells how to run it;
// --help lists all that can be set.
package main

import (
	"os"

	"github.com/libwa/libwa/examples/go/gateway/internal/cli"
)

func main() {
	ctx, stop := cli.Signals()
	err := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		cli.Complain(os.Stderr, err)
		os.Exit(1)
	}
}
