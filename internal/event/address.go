package event

import (
	"net/netip"
)

// refusedNetwork is one of which no application is expected to hear events: an
// event_url that leads there would make callpacer knock on its own network's doors.
type refusedNetwork struct {
	network netip.Prefix
	rule    string
}

// refusedNetworks are the registries of special addresses (RFC 6890 and after), and
// the metadata services of clouds that lie outside of them.
var refusedNetworks = networks(map[string][]string{
	"unspecified":   {"0.0.0.0/8", "::/128"},
	"loopback":      {"127.0.0.0/8", "::1/128"},
	"private":       {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"},
	"shared (CGN)":  {"100.64.0.0/10"},
	"link-local":    {"169.254.0.0/16", "fe80::/10"},
	"metadata":      {"168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::254/128"},
	"multicast":     {"224.0.0.0/4", "ff00::/8"},
	"documentation": {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"},
	"benchmark":     {"198.18.0.0/15", "2001:2::/48"},
	"reserved":      {"192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "2001::/23", "2002::/16", "64:ff9b:1::/48"},
})

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	unicast = netip.MustParsePrefix("2000::/3")
)

func networks(byRule map[string][]string) (all []refusedNetwork) {
	for rule, list := range byRule {
		for _, text := range list {
			all = append(all, refusedNetwork{netip.MustParsePrefix(text), rule})
		}
	}
	return all
}

// refusal names the rule that keeps events from an address, or "". An IPv4 address
// inside an IPv6 one is judged as itself.
func refusal(ip netip.Addr) string {
	ip = ip.WithZone("").Unmap()
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	narrowest := refusedNetwork{}
	for _, n := range refusedNetworks {
		if n.network.Contains(ip) && (narrowest.rule == "" || n.network.Bits() > narrowest.network.Bits()) {
			narrowest = n
		}
	}
	if narrowest.rule == "" && (!ip.IsValid() || ip.Is6() && !unicast.Contains(ip)) {
		return "reserved"
	}
	return narrowest.rule
}
