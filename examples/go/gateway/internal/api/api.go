// Package api is the gateway's HTTP interface: the paths of the platform's
// guide under /api/v1/whatsapp, and everything else under /v1.
//
// A request goes through the same steps whatever its path: it is found in the
// table of routes, its token is checked, then its limits, its scope and its
// body; then the route's own function answers it. Errors of all steps have one
// form, that of package problem.
package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/audit"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/limit"
	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

// Options are what the interface is made of.
type Options struct {
	DB       *store.DB
	Sessions *sessions.Manager
	Events   *events.Log
	Hooks    *webhooks.Hooks
	Tokens   *tokens.Tokens
	Audit    *audit.Log
	Metrics  *metrics.Set
	Log      *slog.Logger
	Page     http.Handler

	Version       string
	SimulatorPage string // where the simulated phones are shown, if there are any

	NoAuth            bool // every request may do everything
	RequestsPerSecond int
	CodesPerMinute    int // for each token
	FailuresPerMinute int // wrong tokens, for each address
	WaitMax           time.Duration
	Heartbeat         time.Duration // between signs of life of a stream of events
	WriteTimeout      time.Duration
	StreamsMax        int
	StreamsPerToken   int
	TrustedProxies    []string // networks whose X-Forwarded-For is believed
	TrustedOrigins    []string // of pages that may use the gateway beside its own
}

// An API answers requests.
type API struct {
	Options
	mux      *http.ServeMux
	routes   []*route
	tables   *reference.Tables
	document []byte
	cross    *http.CrossOriginProtection

	requests, codes, failures *limit.Limiter
	proxies                   proxies
	origins                   origins
	streams                   *limit.Share
	ending                    chan struct{}
	draining                  atomic.Bool
	catching                  chan struct{} // held by the stream that reads what it has missed

	answered metrics.Counter
	classes  metrics.Counter
	took     metrics.Histogram
	paired   metrics.Counter
}

// New makes the interface.
func New(options Options) (*API, error) {
	a := &API{
		Options:  options,
		mux:      http.NewServeMux(),
		cross:    http.NewCrossOriginProtection(),
		requests: limit.New(2*options.RequestsPerSecond, options.RequestsPerSecond, time.Second),
		codes:    limit.New(options.CodesPerMinute, options.CodesPerMinute, time.Minute),
		failures: limit.New(options.FailuresPerMinute, options.FailuresPerMinute, time.Minute),
		streams:  limit.NewShare(options.StreamsMax, options.StreamsPerToken),
		ending:   make(chan struct{}),
		catching: make(chan struct{}, 1),
		answered: options.Metrics.Counter("gateway_http_requests_total", "Requests that were answered.", "route", "method", "status"),
		classes:  options.Metrics.Counter("gateway_http_answers_total", "Requests that were answered, by the class of the status.", "class"),
		took:     options.Metrics.Histogram("gateway_http_request_seconds", "How long requests took, without those that wait for something to happen.", []float64{.005, .02, .1, .5, 2, 10, 60}, "route"),
		paired:   options.Metrics.Counter("gateway_pairings_total", "Pairing attempts, by what came of them.", "method", "outcome"),
	}
	for _, class := range []string{"1xx", "2xx", "3xx", "4xx", "5xx"} {
		a.classes.Begin(class)
	}
	var err error
	if a.proxies, err = parseProxies(options.TrustedProxies); err != nil {
		return nil, err
	}
	if a.origins, err = parseOrigins(options.TrustedOrigins, a.cross); err != nil {
		return nil, err
	}
	tables, err := reference.Read()
	if err != nil {
		return nil, err
	}
	a.tables = tables
	a.routes = append(a.table(), a.methodRoutes(tables)...)
	for _, r := range a.routes {
		a.mux.HandleFunc(r.Method+" "+r.pattern(), func(w http.ResponseWriter, req *http.Request) { a.run(w, req, r, a.steps) })
	}
	a.document, err = json.Marshal(a.describe(tables))
	return a, err
}

// Document gives the OpenAPI document.
func (a *API) Document() []byte { return a.document }

// Drain has each answer from now on be the last one of its connection.
func (a *API) Drain() { a.draining.Store(true) }

// End has requests that wait, and streams, come to their end.
func (a *API) End() { close(a.ending) }

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if cleanPath(r) {
		if _, pattern := a.mux.Handler(r); pattern != "" {
			a.mux.ServeHTTP(w, r)
			return
		}
	}
	a.run(w, r, nil, a.lost)
}

// run answers a request by some steps, and sees to what all requests have.
func (a *API) run(w http.ResponseWriter, r *http.Request, route *route, steps func(*call) error) {
	c := &call{
		api: a, w: &recorder{ResponseWriter: w, last: a.draining.Load}, r: r, route: route, started: time.Now(),
		requestID: requestID(r), remote: a.proxies.remote(r),
	}
	c.headers()
	defer a.finish(c)
	if err := steps(c); err != nil {
		a.refused(c, err)
		c.fail(err)
	}
}

// finish logs and counts what was answered, and makes an answer of a panic.
func (a *API) finish(c *call) {
	panicked := recover()
	if panicked == http.ErrAbortHandler {
		panic(panicked)
	}
	if panicked != nil {
		a.Log.Error("panic", "request", c.requestID, "what", panicked, "stack", stack())
		c.fail(errInternal)
	}
	// Never the path itself, which holds names and numbers, nor the query.
	name := "none"
	if c.route != nil {
		name = c.route.Path
	}
	took := time.Since(c.started)
	a.answered.Inc(name, method(c.r), statusText(c.w.status))
	a.classes.Inc(statusText(c.w.status)[:1] + "xx")
	if !c.long {
		a.took.Observe(took.Seconds(), name)
	}
	level := slog.LevelInfo
	if c.w.status >= 500 {
		level = slog.LevelWarn
	}
	var cause []any
	if c.cause != "" {
		cause = []any{"error", c.cause}
	}
	a.Log.With(cause...).Log(c.r.Context(), level, "request", "request", c.requestID, "method", method(c.r), "route", name, "session", c.sessionID,
		"status", c.w.status, "code", c.code, "bytes", c.w.bytes, "ms", took.Milliseconds(), "token", c.tokenID(), "remote", c.remote)
}

// steps takes a request that has a route through all that comes before its
// own function.
func (a *API) steps(c *call) error {
	if err := a.cross.Check(c.r); err != nil {
		return errCrossOrigin
	}
	if err := a.local(c); err != nil {
		return err
	}
	if c.route.Public {
		return c.route.handle(c)
	}
	if err := a.authenticate(c); err != nil {
		return err
	}
	if !a.Sessions.Ready() {
		return errNotReady
	}
	if err := a.allow(c); err != nil {
		return err
	}
	return c.route.handle(c)
}

// lost answers a request that has no route.
func (a *API) lost(c *call) error {
	if err := a.local(c); err != nil {
		return err
	}
	if !cleanPath(c.r) {
		return errNoRoute
	}
	refusal := &captured{header: http.Header{}}
	handler, _ := a.mux.Handler(c.r)
	handler.ServeHTTP(refusal, c.r)
	if refusal.status == http.StatusMethodNotAllowed {
		allow := refusal.header.Get("Allow")
		if c.preflight(allow) {
			return nil
		}
		c.w.Header().Set("Allow", allow)
		return errMethod
	}
	if name := methodOf(c.r.URL.Path); name != "" {
		return unknownMethod(errNoRoute.Status, errNoRoute.Code, name, a.tables)
	}
	return errNoRoute
}
