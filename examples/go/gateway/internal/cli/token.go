package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// token is the command that makes, lists and revokes tokens while the gateway
// is stopped.
func token(arguments []string, out, log io.Writer) error {
	action := ""
	if len(arguments) > 0 {
		action, arguments = arguments[0], arguments[1:]
	}
	if action != "create" && action != "list" && action != "revoke" {
		return errors.New("token create, token list or token revoke; see --help")
	}
	folder := os.Getenv(config.Variable("data"))
	named := folder != ""
	if !named {
		folder = config.DefaultData
	}
	flags := flag.NewFlagSet("gateway token "+action, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&folder, "data", folder, "")
	name := flags.String("name", "", "")
	scopes := flags.String("scopes", "pair,send,events,manage,admin", "")
	sessions := flags.String("sessions", "*", "")
	lifetime := flags.Duration("lifetime", 0, "")
	if err := flags.Parse(arguments); err != nil {
		return fmt.Errorf("%w; see --help", err)
	}
	flags.Visit(func(given *flag.Flag) { named = named || given.Name == "data" })
	if err := hasGateway(folder, named && action == "create"); err != nil {
		return err
	}
	if !named {
		fmt.Fprintf(log, "The tokens are those of %s.\n", absolute(folder))
	}
	db, err := store.Open(folder)
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w: while it runs, tokens are made with POST /v1/tokens", err)
	}
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := tokens.Open(db, "")
	if err != nil {
		return err
	}
	switch action {
	case "create":
		return create(all, out, *name, *scopes, *sessions, *lifetime)
	case "list":
		return list(all, out)
	}
	found, err := all.Revoke(flags.Arg(0), nil)
	if err == nil && !found {
		err = fmt.Errorf("there is no token %q; `gateway token list` lists them", flags.Arg(0))
	}
	return err
}

// hasGateway expects that a folder is a gateway's, or may become that of a new one.
// A token for a folder that was not meant would be refused by the gateway that was.
func hasGateway(folder string, mayBeNew bool) error {
	if _, err := os.Stat(filepath.Join(folder, "gateway.db")); mayBeNew || !errors.Is(err, fs.ErrNotExist) {
		return nil // Open says what else there is
	}
	return fmt.Errorf("there is no gateway in %s: name the data folder of the gateway with --data FOLDER, or %s; "+
		"`token create --data FOLDER` makes a new one", absolute(folder), config.Variable("data"))
}

// absolute returns a path as it is without the working folder.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// create prints the secret alone on a line, for scripts to take.
func create(all *tokens.Tokens, out io.Writer, name, scopes, sessions string, lifetime time.Duration) error {
	var wanted []tokens.Scope
	for _, scope := range strings.Split(scopes, ",") {
		wanted = append(wanted, tokens.Scope(strings.TrimSpace(scope)))
	}
	var expires time.Time
	if lifetime > 0 {
		expires = time.Now().Add(lifetime)
	}
	_, secret, err := all.New(name, wanted, strings.Split(sessions, ","), expires)
	if err == nil {
		_, err = fmt.Fprintln(out, secret)
	}
	return err
}

func list(all *tokens.Tokens, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tSCOPES\tSESSIONS\tCREATED\tEXPIRES")
	for _, token := range all.List() {
		expires := "never"
		if !token.Expires.IsZero() {
			expires = token.Expires.Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%v\t%v\t%s\t%s\n", token.ID, token.Name, token.Scopes, token.Allowed, token.Created.Format(time.DateTime), expires)
	}
	return table.Flush()
}
