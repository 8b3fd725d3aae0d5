package api

import (
	"net/http"
	"slices"
	"strings"
)

// origins are those of pages that may use the gateway beside its own: pages on
// other hosts, and the gateway's page where a proxy changes the header Host.
type origins []string

// parseOrigins reads origins as browsers write them, and has requests from
// them pass the check for requests of other origins.
func parseOrigins(texts []string, cross *http.CrossOriginProtection) (origins, error) {
	var parsed origins
	for _, text := range texts {
		origin := strings.ToLower(strings.TrimSuffix(text, "/"))
		if err := cross.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
		parsed = append(parsed, origin)
	}
	return parsed, nil
}

// share lets the page that asks read the answer, if its origin is trusted.
// Tokens come in a header that the page sets itself, never by cookies, so that
// no credentials are allowed.
func (o origins) share(h http.Header, r *http.Request) bool {
	if len(o) == 0 {
		return false
	}
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(o, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Idempotency-Replayed, Location, Retry-After, X-Request-Id")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return true
}

// preflight answers the question of a browser whether a page of a trusted
// origin may make a request. allow names the methods that the path has.
func (c *call) preflight(allow string) bool {
	h := c.w.Header()
	if c.r.Method != http.MethodOptions || c.r.Header.Get("Access-Control-Request-Method") == "" || h.Get("Access-Control-Allow-Origin") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", allow)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	c.w.WriteHeader(http.StatusNoContent)
	return true
}
