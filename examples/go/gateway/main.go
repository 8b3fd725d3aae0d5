// Command gateway is a REST API that links phones to a platform by pairing
// code, and sends and receives their messages. The README tells how to run it;
// --help lists all that can be set.
package main

import (
	"os"

	"github.com/libwa/libwa/examples/go/gateway/internal/command"
)

func main() {
	ctx, stop := command.Signals()
	err := command.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		command.Complain(os.Stderr, err)
		os.Exit(1)
	}
}
