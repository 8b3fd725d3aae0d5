// Package server puts the gateway together, runs it, and ends it in order.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/api"
	"github.com/libwa/libwa/examples/go/gateway/internal/audit"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
	"github.com/libwa/libwa/examples/go/gateway/internal/page"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

// Version is the gateway's.
const Version = "0.1.0"

// ErrNoTokens says that nobody could use the gateway.
var ErrNoTokens = errors.New("there is no token yet: make one with `gateway token create --data FOLDER --name NAME`, with the same --data, or set WA_GATEWAY_ADMIN_TOKEN")

// A Server is a gateway that listens.
type Server struct {
	config *config.Config
	log    *slog.Logger

	// LogDropped counts the lines of the log that nobody has read; nil for none.
	// It is set before Run.
	LogDropped func() uint64

	db       *store.DB
	events   *events.Log
	hooks    *webhooks.Hooks
	audit    *audit.Log
	sessions *sessions.Manager
	api      *api.API
	metrics  *metrics.Set
	operator *operatorToken
	files    *descriptors

	main, ops *http.Server
	clients   connections
	listener  net.Listener
	opsAt     net.Listener
	serving   chan error
	cancel    context.CancelFunc
	tidied    chan struct{}
	draining  atomic.Bool
}

// New opens everything and listens; Run serves. What was opened is closed
// again when something fails.
func New(c *config.Config, log *slog.Logger) (*Server, error) {
	s := &Server{config: c, log: log, metrics: &metrics.Set{}, serving: make(chan error, 2), tidied: make(chan struct{})}
	if err := s.open(); err != nil {
		s.closeStores()
		return nil, err
	}
	return s, nil
}

func (s *Server) open() (err error) {
	c, log := s.config, s.log
	s.files = newDescriptors(&s.clients)
	if s.db, err = store.Open(c.Data); err != nil {
		return err
	}
	s.db.LogTo(log)
	s.damaged()
	operator, stamp, err := c.Operator()
	if err != nil {
		return err
	}
	accepted, err := tokens.Open(s.db, operator)
	if err != nil {
		return err
	}
	s.operator = &operatorToken{config: c, log: log, tokens: accepted, stamp: stamp}
	if c.Auth == "on" && !accepted.Any() {
		return ErrNoTokens
	}
	s.hooks, err = webhooks.Open(s.db, log, webhooks.Options{
		Attempts: c.WebhookAttempts, RetryFirst: c.WebhookRetryFirst, RetryMax: c.WebhookRetryMax, Timeout: c.WebhookTimeout, Private: c.WebhookPrivate,
		Most: c.MaxWebhooks, Keep: c.WebhookKeep, HTTP: c.WebhookHTTP,
		Valid: func(tx *bbolt.Tx, id string) bool {
			return c.Auth == "off" && id == api.NobodyID || accepted.Valid(tx, id)
		},
		Expires: accepted.Expires,
		Post:    func(event events.Event) { s.events.Post(event, nil) },
	})
	if err != nil {
		return err
	}
	if s.events, err = events.Open(s.db, log, events.Retention{Keep: c.EventsKeep, PerSession: c.EventsPerSession, Age: c.EventsAge}, s.hooks.Enqueue); err != nil {
		return err
	}
	proxyForbidden := webhooks.Forbidden
	if c.SessionProxyPrivate {
		proxyForbidden = nil
	}
	s.audit = audit.Open(s.db, log, c.AuditKeep)
	s.sessions, err = sessions.New(sessions.Options{
		Client: clientOptions(c), DB: s.db, Events: s.events, Log: log,
		CodeTimeout: c.CodeTimeout, StartPause: c.StartPause, MaxSessions: c.MaxSessions, MaxPending: c.MaxPending, MaxPendingBytes: c.MaxPendingBytes,
		ResumeAfter: c.ResumeAfter, Metrics: s.metrics, ProxyForbidden: proxyForbidden, Room: s.files.room,
		CodeSettled: func(session, phone, outcome string) {
			s.audit.Write(audit.Entry{Action: "pair_by_code", Outcome: outcome, Session: session, Phone: phone})
		},
		Forget: func(session string) error {
			return errors.Join(s.hooks.Forget(session), api.ForgetSession(s.db, session))
		},
		Release: func(session string, deleted time.Time) error {
			ended, err := accepted.Release(session, deleted)
			stopped, failed := s.hooks.Release(session, deleted)
			if len(ended)+len(stopped) > 0 {
				log.Info("tokens and webhooks that name a deleted session are for it no more", "session", session, "tokens", ended, "webhooks", stopped)
			}
			return errors.Join(err, failed)
		},
	})
	if err != nil {
		return err
	}
	s.api, err = api.New(api.Options{
		DB: s.db, Sessions: s.sessions, Events: s.events, Hooks: s.hooks, Tokens: accepted, Audit: s.audit, Metrics: s.metrics, Log: log,
		Page: page.Handler(), Version: Version, SimulatorPage: c.SimulatorPage, NoAuth: c.Auth == "off",
		RequestsPerSecond: c.RequestsPerSecond, CodesPerMinute: c.CodesPerMinute, FailuresPerMinute: c.FailuresPerMinute,
		WaitMax: c.WaitMax, Heartbeat: c.Heartbeat, WriteTimeout: c.WriteTimeout, StreamsMax: c.MaxStreams, StreamsPerToken: c.StreamsPerToken, TrustedProxies: c.TrustedProxies, TrustedOrigins: c.TrustedOrigins,
	})
	if err != nil {
		return err
	}
	s.figures()
	return s.listen()
}

// clientOptions are what all clients of libwa are opened with.
func clientOptions(c *config.Config) []libwa.Option {
	options := []libwa.Option{
		libwa.WithStoreURL("sqlite:" + filepath.Join(c.Data, "sessions.db")),
		libwa.WithDeviceName(c.DeviceName),
		libwa.WithClientVersion("auto"),
	}
	for _, pair := range c.WA {
		key, value, _ := strings.Cut(pair, "=")
		options = append(options, libwa.With(key, value))
	}
	return options
}

func (s *Server) listen() (err error) {
	refused := slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	if s.listener, err = net.Listen("tcp", s.config.Listen); err != nil {
		return err
	}
	s.listener = bound(s.listener, s.log, s.files.forClients(), s.clients.evict)
	s.main = &http.Server{
		Handler: s.api, ErrorLog: refused, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: min(5*time.Second, s.config.ReadTimeout), ReadTimeout: s.config.ReadTimeout,
		WriteTimeout: s.config.WriteTimeout, IdleTimeout: 2 * time.Minute, ConnState: s.clients.note, ConnContext: api.WithConnection,
	}
	if s.config.TLSCert != "" {
		certificate, err := newCertificate(s.config.TLSCert, s.config.TLSKey, s.log)
		if err != nil {
			s.listener.Close()
			return err
		}
		s.main.TLSConfig = certificate.config()
	}
	if s.config.OpsListen == "" {
		return nil
	}
	if s.opsAt, err = net.Listen("tcp", s.config.OpsListen); err != nil {
		s.listener.Close()
		return err
	}
	s.opsAt = bound(s.opsAt, s.log, 0, nil)
	s.ops = &http.Server{
		Handler: s.operations(), ErrorLog: refused, MaxHeaderBytes: 16 << 10,
		ReadTimeout: s.config.ReadTimeout, WriteTimeout: s.config.WriteTimeout, IdleTimeout: time.Minute,
	}
	return nil
}

// Handler gives what answers requests for the API and the page.
func (s *Server) Handler() http.Handler { return s.api }

// URL gives the address of the API and the page.
func (s *Server) URL() string {
	scheme := "http"
	if s.config.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// OpsURL gives the address of /livez, /readyz and /metrics.
func (s *Server) OpsURL() string {
	if s.opsAt == nil {
		return ""
	}
	return "http://" + s.opsAt.Addr().String()
}

// Run serves until ctx ends, and then ends in order: it is no longer ready,
// requests come to their end, clients are closed, and what was posted is
// written.
func (s *Server) Run(ctx context.Context) error {
	var background context.Context
	background, s.cancel = context.WithCancel(context.Background())
	if s.ops != nil {
		go func() { s.serving <- s.ops.Serve(s.opsAt) }()
	}
	go func() {
		if s.main.TLSConfig != nil {
			s.serving <- s.main.ServeTLS(s.listener, "", "")
		} else {
			s.serving <- s.main.Serve(s.listener)
		}
	}()
	go s.tidy(background)
	s.log.Info("listening", "url", s.URL(), "ops", s.OpsURL(), "version", Version, "libwa", libwa.Version(), "linkage", libwa.Linkage)
	err := s.sessions.Start(ctx)
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		err = nil // it ends before it was ready
	case err == nil:
		s.files.warn(s.log, len(s.sessions.List()))
		s.hooks.Start()
		s.log.Info("ready", "sessions", len(s.sessions.List()))
		select {
		case <-ctx.Done():
		case err = <-s.serving:
		}
	}
	s.drain(err == nil)
	return err
}

// tidy forgets old Idempotency-Keys, now and then.
func (s *Server) tidy(ctx context.Context) {
	defer close(s.tidied)
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	probe := time.NewTicker(5 * time.Second)
	defer probe.Stop()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		s.events.Tidy()
		if err := api.ForgetKeys(s.db, time.Now().Add(-24*time.Hour)); err != nil {
			s.log.Log(ctx, s.db.Level(err, slog.LevelError), "old requests could not be forgotten", "error", err)
		}
		for due := false; !due; {
			select {
			case <-ticker.C:
				due = true
			case <-probe.C:
				s.probe()
			case <-look.C:
				s.operator.look()
				s.db.SetAside() // the disk's trouble is told by whoever else writes
			case <-ctx.Done():
				return
			}
		}
	}
}

// probe finds out whether a disk that took nothing takes something again: while
// the gateway is not ready, nobody else may write.
func (s *Server) probe() {
	if s.db.Trouble() == store.Fine {
		return
	}
	if err := s.db.Probe(); err != nil {
		s.log.Debug("the disk takes nothing still", "folder", s.config.Data, "error", err)
	}
}

// Document gives the OpenAPI document, without a gateway that runs.
func Document() ([]byte, error) {
	described, err := api.New(api.Options{Metrics: &metrics.Set{}, Version: Version, RequestsPerSecond: 1, CodesPerMinute: 1, FailuresPerMinute: 1})
	if err != nil {
		return nil, fmt.Errorf("the document: %w", err)
	}
	return described.Document(), nil
}
