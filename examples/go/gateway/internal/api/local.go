package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
)

var errHost = problem.New(http.StatusForbidden, "host_forbidden",
	"Without tokens this gateway answers only under a name of this machine, such as localhost or 127.0.0.1; see --trusted-origins.")

// local refuses what a page of somewhere else could have a browser ask a gateway
// that needs no tokens: under a name that was made to lead here, or from another
// origin, by any method.
func (a *API) local(c *call) error {
	if !a.NoAuth {
		return nil
	}
	if !a.ownHost(c.r.Host) {
		return errHost
	}
	if c.route == nil || c.route.Public {
		return nil
	}
	origin := strings.ToLower(c.r.Header.Get("Origin"))
	switch {
	case slices.Contains(a.origins, origin):
		return nil
	case origin != "":
		if parsed, err := url.Parse(origin); err != nil || !strings.EqualFold(parsed.Host, c.r.Host) {
			return errCrossOrigin
		}
		return nil
	}
	switch c.r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return nil
	}
	return errCrossOrigin
}

// ownHost says whether a header Host is of this machine, or of a trusted origin.
func (a *API) ownHost(host string) bool {
	for _, origin := range a.origins {
		if parsed, err := url.Parse(origin); err == nil && strings.EqualFold(parsed.Host, host) {
			return true
		}
	}
	name := host
	if without, _, err := net.SplitHostPort(host); err == nil {
		name = without
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	address, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && address.Unmap().IsLoopback()
}
