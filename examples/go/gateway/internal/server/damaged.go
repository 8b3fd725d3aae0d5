package server

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/libwa/libwa/examples/go/gateway/internal/api"
	"github.com/libwa/libwa/examples/go/gateway/internal/audit"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

// records are all kinds of records that gateway.db has.
func records() []store.Kind {
	kinds := []store.Kind{tokens.Records(), events.Records(), audit.Records(), api.Records()}
	kinds = append(kinds, sessions.Records()...)
	return append(kinds, webhooks.Records()...)
}

// damaged sets aside the records of gateway.db that cannot be read. A disk that takes
// nothing has it be tried again; meanwhile everything goes on without them.
func (s *Server) damaged() {
	if err := s.db.SetAsideAll(s.log, records()); err != nil {
		s.log.Log(context.Background(), s.db.Level(err, slog.LevelError), "damaged records of gateway.db could not be set aside; that is tried again", "records", s.db.Aside(), "error", err)
	}
}

// damage tells of damaged records, beside what else is told of readiness.
func (s *Server) damage() string {
	if count := s.db.Aside(); count > 0 {
		return fmt.Sprintf("damaged records of gateway.db that were set aside since the start: %d; the log names each, and what to do\n", count)
	}
	return ""
}
