package server

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// opsHosts are the names under which /readyz and /metrics answer. A page that had
// its own name resolve to this machine would read them by a browser: such a name
// is one of the public DNS, and the header Host tells it. Addresses, names
// without a dot (services of containers) and names that only private networks
// have cannot be made to lead here by somebody outside.
type opsHosts []string

// privateDomains are not delegated in the public DNS.
var privateDomains = []string{".localhost", ".local", ".internal", ".home.arpa", ".svc", ".consul"}

// newOpsHosts adds to the names of the settings that of the address that is
// listened on, and the machine's own.
func newOpsHosts(names []string, listen string) opsHosts {
	var hosts opsHosts
	if own, err := os.Hostname(); err == nil {
		names = append(slices.Clone(names), own)
	}
	for _, name := range append(names, listen) {
		hosts = append(hosts, hostName(name))
	}
	return hosts
}

// hostName gives the name or address in a header Host.
func hostName(host string) string {
	if without, _, err := net.SplitHostPort(host); err == nil {
		host = without
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func (o opsHosts) allow(host string) bool {
	name := hostName(host)
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") || slices.Contains(o, name) {
		return true
	}
	return slices.ContainsFunc(privateDomains, func(domain string) bool { return strings.HasSuffix(name, domain) })
}

// guard refuses requests under other names.
func (o opsHosts) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !o.allow(r.Host) {
			http.Error(w, "not under this name: ask by an address, or name it by --ops-hosts", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}
