package webhooks

import "net/netip"

// special are the networks that the registries of special addresses (RFC 6890)
// list and that Go does not count as private, and those through which an IPv6
// address reaches an IPv4 one.
var special = prefixes(
	"0.0.0.0/8",         // this network
	"100.64.0.0/10",     // carriers' own (RFC 6598), with the metadata of Alibaba in it
	"168.63.129.16/32",  // the metadata of Azure
	"192.0.0.0/24",      // protocol assignments, with the metadata of Oracle in it
	"192.0.2.0/24",      // documentation
	"192.31.196.0/24",   // AS112
	"192.52.193.0/24",   // AMT
	"192.88.99.0/24",    // 6to4 relays
	"192.175.48.0/24",   // AS112
	"198.18.0.0/15",     // benchmarks
	"198.51.100.0/24",   // documentation
	"203.0.113.0/24",    // documentation
	"240.0.0.0/4",       // reserved, with the limited broadcast in it
	"::/96",             // IPv4-compatible
	"::ffff:0:0:0/96",   // IPv4-translated
	"64:ff9b::/96",      // NAT64
	"64:ff9b:1::/48",    // NAT64 of a network's own
	"100::/64",          // discard
	"2001::/23",         // protocol assignments, with Teredo in it
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
	"5f00::/16",         // segment routing
	"fec0::/10",         // site-local
)

// metadataNames are the names under which clouds give machines their secrets.
var metadataNames = map[string]bool{
	"metadata": true, "metadata.google.internal": true, "metadata.goog": true, "instance-data": true, "instance-data.ec2.internal": true,
	"metadata.tencentyun.com": true, "metadata.azure.internal": true, "metadata.packet.net": true, "metadata.platformequinix.com": true,
}

func prefixes(all ...string) []netip.Prefix {
	made := make([]netip.Prefix, len(all))
	for i, text := range all {
		made[i] = netip.MustParsePrefix(text)
	}
	return made
}

// forbidden says whether webhooks may not be at an address: it is of this
// machine, of a private network, or of none at all. The clouds' metadata at
// 169.254.169.254 and fd00:ec2::254 are among the link-local and private ones.
func forbidden(address netip.Addr) bool {
	address = address.WithZone("").Unmap()
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return true
	}
	for _, prefix := range special {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}
