package server

import (
	"log/slog"

	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/files"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// An operatorToken is the token with all rights, which is read again when its
// file changes.
type operatorToken struct {
	config *config.Config
	log    *slog.Logger
	tokens *tokens.Tokens
	stamp  files.Stamp
	failed string // why the last look failed
}

// look reads the file again if it is another one. As long as it cannot be read,
// the former token holds.
func (o *operatorToken) look() {
	if o.config.AdminTokenFile == "" {
		return
	}
	if stamp, err := files.StampOf(o.config.AdminTokenFile); err == nil && stamp == o.stamp {
		o.failed = ""
		return
	}
	token, stamp, err := o.config.Operator()
	if err == nil {
		err = o.tokens.SetOperator(token)
	}
	if err != nil {
		if err.Error() != o.failed {
			o.log.Warn("the operator's token could not be read again; the former one holds", "error", err)
		}
		o.failed = err.Error()
		return
	}
	o.stamp, o.failed = stamp, ""
	o.log.Info("the operator's token was read again")
}
