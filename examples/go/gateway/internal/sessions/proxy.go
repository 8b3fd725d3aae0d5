package sessions

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
)

// resolveTimeout is how long the name of a proxy may take to be resolved.
const resolveTimeout = 5 * time.Second

func errProxyPrivate() *Refusal {
	return refuse(Invalid, "proxy_private", "The proxy's address is of this machine or of a private network, or its name cannot be resolved; see --session-proxy-private.")
}

// hostShape is what a name or an IPv4 address is written with. The library reads
// other characters as those that they look like.
var hostShape = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// numeric is the last label of an IPv4 address, in any of the forms that there
// are for one.
var numeric = regexp.MustCompile(`^([0-9]+|0[xX][0-9A-Fa-f]*)$`)

// checkProxy refuses a session's proxy at an address of this machine or of a
// private network, which whoever may change sessions could scan by it: the status
// tells what came of a connection. What a name resolves to is looked at now, so
// that the change is refused, and by the library whenever it connects. Both
// reasons are one, so that nobody learns which names there are in a private
// network.
func (m *Manager) checkProxy(address string) error {
	if address == "" || m.ProxyForbidden == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(m.ctx, resolveTimeout)
	defer cancel()
	return checkProxy(ctx, address, m.ProxyForbidden, net.DefaultResolver.LookupNetIP)
}

// ownOptions returns the options of a session's settings, with the check of its
// own proxy at each connection: its name may lead elsewhere by then.
func (m *Manager) ownOptions(settings Settings) []libwa.Option {
	options := settings.options()
	if settings.Proxy != "" && m.ProxyForbidden != nil {
		options = append(options, libwa.WithProxyPrivate(false))
	}
	return options
}

func checkProxy(ctx context.Context, address string, forbidden func(host string) bool, lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" {
		return refuse(Invalid, "proxy_invalid", "The proxy's address is malformed; characters with a meaning in URLs are written as %XX in user and password.")
	}
	host := parsed.Hostname()
	if forbidden(host) {
		return errProxyPrivate()
	}
	plain := strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(plain); err == nil {
		return nil
	}
	labels := strings.Split(plain, ".")
	if !hostShape.MatchString(host) || numeric.MatchString(labels[len(labels)-1]) {
		return refuse(Invalid, "proxy_invalid", "The proxy's host is written as an IPv4 address of four decimal numbers, an IPv6 address in brackets, or a name in ASCII.")
	}
	found, err := lookup(ctx, "ip", host)
	if err != nil || len(found) == 0 {
		return errProxyPrivate()
	}
	for _, one := range found {
		if forbidden(one.String()) {
			return errProxyPrivate()
		}
	}
	return nil
}
