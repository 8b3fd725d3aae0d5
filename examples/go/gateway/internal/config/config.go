// Package config reads the gateway's settings: by flags, and by environment
// variables of the same names.
package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/files"
)

// A Config is all that can be set.
type Config struct {
	Listen         string
	OpsListen      string
	OpsHosts       list
	TLSCert        string
	TLSKey         string
	BehindProxy    bool
	TrustedProxies list
	TrustedOrigins list

	Data             string
	EventsKeep       int
	EventsPerSession int
	EventsAge        time.Duration
	AuditKeep        int

	Auth              string
	AdminToken        string
	AdminTokenFile    string
	RequestsPerSecond int
	CodesPerMinute    int
	FailuresPerMinute int
	MaxSessions       int
	MaxPending        int
	MaxPendingBytes   int
	MaxStreams        int
	StreamsPerToken   int

	WaitMax      time.Duration
	CodeTimeout  time.Duration
	StartPause   time.Duration
	ResumeAfter  time.Duration
	DrainDelay   time.Duration
	DrainIdle    time.Duration
	DrainTimeout time.Duration
	Heartbeat    time.Duration
	ReadTimeout  time.Duration
	WriteTimeout time.Duration

	WebhookAttempts   int
	WebhookRetryFirst time.Duration
	WebhookRetryMax   time.Duration
	WebhookTimeout    time.Duration
	WebhookPrivate    bool
	WebhookHTTP       bool
	WebhookKeep       int
	MaxWebhooks       int

	SessionProxyPrivate bool

	DeviceName    string
	WA            list
	SimulatorPage string

	LogLevel  string
	LogFormat string
}

// list is a setting that may be given more than once, or with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}

// A setting is one line of the table that flags, variables, --help and the
// README are made of.
type setting struct {
	group, name, value string
	target             any
	otherwise          any
	doc                string
	hidden             bool // no flag: a secret is seen by whoever lists processes
}

// OpsListen is where the figures for operators are if nothing else is set.
const OpsListen = "127.0.0.1:9090"

// Prefix is what the names of the environment variables begin with.
const Prefix = "WA_GATEWAY_"

// DefaultData is the data folder if none is named.
const DefaultData = "gateway-data"

// Variable gives the environment variable of a setting.
func Variable(name string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func (c *Config) settings() []setting {
	return []setting{
		{"Serving", "listen", "ADDRESS", &c.Listen, "127.0.0.1:8080", "where the API and the page are", false},
		{"Serving", "ops-listen", "ADDRESS", &c.OpsListen, OpsListen, "where /livez, /readyz and /metrics are; empty for nowhere", false},
		{"Serving", "ops-hosts", "NAMES", &c.OpsHosts, nil, "more names under which /readyz and /metrics are asked for, such as gateway.example.com; addresses, names without a dot and names of private domains (.internal, .local, .svc) need none", false},
		{"Serving", "tls-cert", "FILE", &c.TLSCert, "", "certificate chain for HTTPS, PEM; read again when it or the key changes", false},
		{"Serving", "tls-key", "FILE", &c.TLSKey, "", "its private key, PEM", false},
		{"Serving", "behind-proxy", "", &c.BehindProxy, false, "a reverse proxy does HTTPS: allows plain HTTP on other addresses than loopback", false},
		{"Serving", "trusted-proxies", "NETWORKS", &c.TrustedProxies, nil, "networks of proxies whose X-Forwarded-For is believed", false},
		{"Serving", "trusted-origins", "ORIGINS", &c.TrustedOrigins, nil, "origins of pages that may use the API, such as https://app.example.com: of pages on other hosts, and the gateway's own if a proxy changes the header Host", false},

		{"Data", "data", "FOLDER", &c.Data, DefaultData, "where sessions, events, tokens and webhooks are kept", false},
		{"Data", "events-keep", "N", &c.EventsKeep, 100000, "how many events the log holds; when there are more, the session that has the most loses its oldest", false},
		{"Data", "events-per-session", "N", &c.EventsPerSession, 20000, "how many events of each session it holds", false},
		{"Data", "events-age", "DURATION", &c.EventsAge, 30 * 24 * time.Hour, "how old they may be; 0 for any age", false},
		{"Data", "audit-keep", "N", &c.AuditKeep, 100000, "how many entries the audit holds", false},

		{"Access", "auth", "on|off", &c.Auth, "on", "off needs no tokens; only on loopback", false},
		{"Access", "admin-token", "TOKEN", &c.AdminToken, "", "a token with all rights, at least 24 characters; beside those made with the command token", true},
		{"Access", "admin-token-file", "FILE", &c.AdminTokenFile, "", "the same from a file, for secrets of containers and systemd; read again when it changes", false},

		{"Limits", "requests-per-second", "N", &c.RequestsPerSecond, 100, "for each token; twice as many at once", false},
		{"Limits", "codes-per-minute", "N", &c.CodesPerMinute, 60, "pairings for each token; libwa also rations each number", false},
		{"Limits", "failures-per-minute", "N", &c.FailuresPerMinute, 20, "wrong tokens from each address, by IPv6 from each /64", false},
		{"Limits", "max-sessions", "N", &c.MaxSessions, 10000, "sessions", false},
		{"Limits", "max-pending", "N", &c.MaxPending, 10000, "messages of a session that wait to be sent", false},
		{"Limits", "max-pending-bytes", "N", &c.MaxPendingBytes, 16 << 20, "their size together, for each session", false},
		{"Limits", "max-streams", "N", &c.MaxStreams, 1000, "streams of events", false},
		{"Limits", "streams-per-token", "N", &c.StreamsPerToken, 100, "of them, for each token", false},
		{"Limits", "max-webhooks", "N", &c.MaxWebhooks, 100, "webhooks", false},

		{"Times", "wait-max", "DURATION", &c.WaitMax, time.Minute, "the longest ?wait=", false},
		{"Times", "code-timeout", "DURATION", &c.CodeTimeout, 40 * time.Second, "how long a pairing code may take to come", false},
		{"Times", "start-pause", "DURATION", &c.StartPause, 40 * time.Millisecond, "between the connections of two sessions at the start", false},
		{"Times", "resume-after", "DURATION", &c.ResumeAfter, time.Duration(0), "before a connection that WhatsApp has ended for good (replaced, outdated, banned) is tried again, such as 1h; 0 for never: it takes a restart of the session", false},
		{"Times", "drain-delay", "DURATION", &c.DrainDelay, time.Duration(0), "after SIGTERM, before requests are refused: for load balancers to notice", false},
		{"Times", "drain-idle", "DURATION", &c.DrainIdle, time.Second, "then, for clients to use a connection that they keep open once more: its answer says that it is the last", false},
		{"Times", "drain-timeout", "DURATION", &c.DrainTimeout, 20 * time.Second, "after SIGTERM, for requests to end", false},
		{"Times", "heartbeat", "DURATION", &c.Heartbeat, 15 * time.Second, "between signs of life on a stream of events", false},
		{"Times", "read-timeout", "DURATION", &c.ReadTimeout, 15 * time.Second, "for a client to send a request", false},
		{"Times", "write-timeout", "DURATION", &c.WriteTimeout, 15 * time.Second, "for a client to take an answer", false},

		{"Webhooks", "webhook-attempts", "N", &c.WebhookAttempts, 15, "before a delivery is given up", false},
		{"Webhooks", "webhook-retry-first", "DURATION", &c.WebhookRetryFirst, time.Second, "the wait after the first failure; doubles each time", false},
		{"Webhooks", "webhook-retry-max", "DURATION", &c.WebhookRetryMax, 30 * time.Minute, "the longest wait", false},
		{"Webhooks", "webhook-timeout", "DURATION", &c.WebhookTimeout, 10 * time.Second, "for a webhook to answer", false},
		{"Webhooks", "webhook-private", "", &c.WebhookPrivate, false, "allows addresses of this machine, of private networks and of clouds' metadata", false},
		{"Webhooks", "webhook-http", "", &c.WebhookHTTP, false, "allows http://, by which events go over the network unencrypted", false},
		{"Webhooks", "webhook-keep", "N", &c.WebhookKeep, 100000, "deliveries that may wait for a webhook, and dead letters that it may have", false},

		{"WhatsApp", "device-name", "NAME", &c.DeviceName, "", "the name under Linked devices on the phone, which WhatsApp sees too; without it the operating system, as for a browser", false},
		{"WhatsApp", "wa", "KEY=VALUE", &c.WA, nil, "any key of libwa's configuration, such as proxy.url=socks5://...; may be repeated", false},
		{"WhatsApp", "session-proxy-private", "", &c.SessionProxyPrivate, false, "allows sessions a proxy of their own on this machine or in a private network; not for that of --wa proxy.url, which may be anywhere", false},
		{"WhatsApp", "simulator-page", "URL", &c.SimulatorPage, "", "the page of wa-sim, which the gateway's page then links to", false},

		{"Log", "log-level", "LEVEL", &c.LogLevel, "info", "debug, info, warn or error", false},
		{"Log", "log-format", "FORMAT", &c.LogFormat, "json", "json or text", false},
	}
}

// Parse reads the settings: flags go before environment variables, and those
// before what is set otherwise.
func Parse(arguments []string, environment func(string) (string, bool)) (*Config, error) {
	c := &Config{}
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, s := range c.settings() {
		s.define(flags)
		value, given := environment(Variable(s.name))
		if !given || value == "" {
			continue
		}
		if err := flags.Set(s.name, value); err != nil {
			return nil, fmt.Errorf("%s: %q is not what it takes; see --help", Variable(s.name), value)
		}
	}
	lists := []*list{&c.OpsHosts, &c.TrustedProxies, &c.TrustedOrigins, &c.WA}
	byVariable := []list{c.OpsHosts, c.TrustedProxies, c.TrustedOrigins, c.WA}
	for _, l := range lists {
		*l = nil
	}
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("there is no command %q; see --help", flags.Arg(0))
	}
	for i, l := range lists {
		if *l == nil {
			*l = byVariable[i]
		}
	}
	for _, s := range c.settings() {
		if s.hidden && given(s.name, arguments) {
			return nil, fmt.Errorf("--%s would be seen by whoever lists processes: use %s, or a file", s.name, Variable(s.name))
		}
	}
	return c, c.check()
}

func given(name string, arguments []string) bool {
	for _, argument := range arguments {
		if flag, _, _ := strings.Cut(strings.TrimLeft(argument, "-"), "="); strings.HasPrefix(argument, "-") && flag == name {
			return true
		}
	}
	return false
}

func (s *setting) define(flags *flag.FlagSet) {
	switch target := s.target.(type) {
	case *string:
		flags.StringVar(target, s.name, s.otherwise.(string), s.doc)
	case *int:
		flags.IntVar(target, s.name, s.otherwise.(int), s.doc)
	case *bool:
		flags.BoolVar(target, s.name, s.otherwise.(bool), s.doc)
	case *time.Duration:
		flags.DurationVar(target, s.name, s.otherwise.(time.Duration), s.doc)
	case *list:
		flags.Var(target, s.name, s.doc)
	}
}

// authoritiesLimit is how large the file of server.ca_file may be.
const authoritiesLimit = 16 << 20

// check says what does not go together.
func (c *Config) check() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if c.Auth != "on" && c.Auth != "off" {
		return fmt.Errorf("--auth is on or off, not %q", c.Auth)
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		return fmt.Errorf("--log-format is json or text, not %q", c.LogFormat)
	}
	if _, err := c.Level(); err != nil {
		return err
	}
	local, err := loopback(c.Listen)
	switch {
	case err != nil:
		return fmt.Errorf("--listen: %w", err)
	case !local && c.Auth == "off":
		return errors.New("--auth=off is for loopback only: whoever reaches the gateway would rule it")
	case !local && c.TLSCert == "" && !c.BehindProxy:
		return fmt.Errorf("%s can be reached from elsewhere, and HTTP is not safe there: give --tls-cert and --tls-key, or --behind-proxy if a reverse proxy does HTTPS", c.Listen)
	}
	for _, s := range c.settings() {
		switch target := s.target.(type) {
		case *int:
			if *target < 1 {
				return fmt.Errorf("--%s has to be at least 1", s.name)
			}
		case *time.Duration:
			if *target < 0 {
				return fmt.Errorf("--%s cannot be negative", s.name)
			}
		}
	}
	for _, origin := range c.TrustedOrigins {
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(strings.TrimSuffix(origin, "/")); err != nil || !goodPort(origin) {
			return fmt.Errorf("--trusted-origins takes origins such as https://app.example.com: %q", origin)
		}
	}
	for _, pair := range c.WA {
		key, value, found := strings.Cut(pair, "=")
		if key == "server.ca_file" && value != "" {
			if _, _, err := files.Read(value, authoritiesLimit); err != nil {
				return fmt.Errorf("--wa server.ca_file: %w", err)
			}
		}
		if !found || key == "store.url" || key == "session.id" {
			return fmt.Errorf("--wa takes KEY=VALUE, and not store.url or session.id, which are the gateway's: %q", key)
		}
	}
	return nil
}

// loopback says whether an address is of this machine only.
func loopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), nil
}

// Level gives the level from which on log lines are written.
func (c *Config) Level() (level slog.Level, err error) {
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return level, fmt.Errorf("--log-level is debug, info, warn or error, not %q", c.LogLevel)
	}
	return level, nil
}

// tokenLimit is how large the file of the operator's token may be.
const tokenLimit = 4 << 10

// Operator gives the token with all rights, from the file or the variable, and
// the file's stamp.
func (c *Config) Operator() (string, files.Stamp, error) {
	if c.AdminTokenFile == "" {
		return c.AdminToken, files.Stamp{}, nil
	}
	text, stamp, err := files.Read(c.AdminTokenFile, tokenLimit)
	token := strings.TrimSpace(string(text))
	if err == nil && token == "" {
		err = fmt.Errorf("%s is empty", c.AdminTokenFile)
	}
	if err != nil {
		return "", stamp, fmt.Errorf("--admin-token-file: %w", err)
	}
	return token, stamp, nil
}

// goodPort says whether the port of an origin, if there is one, is 1 to 65535.
func goodPort(origin string) bool {
	parsed, err := url.Parse(origin)
	if err != nil || parsed.Port() == "" {
		return err == nil
	}
	port, err := strconv.ParseUint(parsed.Port(), 10, 16)
	return err == nil && port > 0
}
