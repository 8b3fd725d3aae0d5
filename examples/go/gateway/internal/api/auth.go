package api

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// NobodyID stands in place of a token's id where none is needed.
const NobodyID = "none"

// everybody is who asks when no token is needed.
var everybody = &tokens.Token{ID: NobodyID, Name: "no authentication", Scopes: []tokens.Scope{tokens.Admin}, Allowed: []string{"*"}}

// authenticate finds out who asks. A token that is valid is taken however many
// wrong ones came from the same address: others may share it.
func (a *API) authenticate(c *call) error {
	if a.NoAuth {
		c.token = everybody
		return nil
	}
	secret, found := bearer(c.r)
	if !found {
		return errNoToken
	}
	token, err := a.Tokens.Check(secret)
	if errors.Is(err, tokens.ErrUnknown) {
		if wait, ok := a.failures.Take(network(c.remote)); !ok {
			return problem.New(http.StatusTooManyRequests, "too_many_failures", "Too many wrong tokens came from this address.").After(wait)
		}
		return errBadToken
	}
	if err != nil {
		return err
	}
	c.token = token
	return nil
}

// recheck says whether the token is still valid, and for the same sessions, for an
// answer that takes long.
func (c *call) recheck() error {
	if c.api.NoAuth {
		return nil
	}
	secret, _ := bearer(c.r)
	now, err := c.api.Tokens.Check(secret)
	switch {
	case errors.Is(err, tokens.ErrUnknown):
		return errBadToken
	case err == nil && !slices.Equal(now.Allowed, c.token.Allowed):
		return errSession
	}
	return err
}

// network gives what an address is counted by: itself, or its /64 by IPv6, of
// which one machine has as many addresses as it likes.
func network(remote string) string {
	address, err := netip.ParseAddr(remote)
	if err != nil || !address.Is6() {
		return remote
	}
	prefix, err := address.WithZone("").Prefix(64)
	if err != nil {
		return remote
	}
	return prefix.String()
}

// bearer reads the one header that a token may come in.
func bearer(r *http.Request) (string, bool) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return "", false
	}
	scheme, secret, found := strings.Cut(headers[0], " ")
	secret = strings.TrimSpace(secret)
	return secret, found && strings.EqualFold(scheme, "Bearer") && secret != ""
}

// allow says whether who asks may do that now.
func (a *API) allow(c *call) error {
	if wait, ok := a.requests.Take(c.token.ID); !ok {
		return problem.New(http.StatusTooManyRequests, "too_many_requests", "Too many requests with this token.").After(max(wait, time.Second))
	}
	if !c.token.May(c.route.Scope) {
		return errScope
	}
	switch {
	case c.route.Guide:
		c.sessionID = guideSession
	case strings.Contains(c.route.Path, "{id}") && c.route.OfSession():
		c.sessionID = c.r.PathValue("id")
	default:
		return nil
	}
	if !c.token.Reaches(c.sessionID) {
		return errSession
	}
	return nil
}

// proxies are the networks whose word is believed about where a request came
// from.
type proxies []netip.Prefix

func parseProxies(networks []string) (proxies, error) {
	var parsed proxies
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			address, failed := netip.ParseAddr(network)
			if failed != nil {
				return nil, err
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		parsed = append(parsed, prefix)
	}
	return parsed, nil
}

func (p proxies) trust(address netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// remote gives the address that a request came from: the last one in
// X-Forwarded-For that is not a proxy of ours.
func (p proxies) remote(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address := peer.Addr().Unmap()
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && p.trust(address); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		address = before.Unmap()
	}
	return address.String()
}
