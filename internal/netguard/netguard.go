// Package netguard knows the addresses to which a request made on behalf of
// foreign data (an application's event_url, a downloadUrl that a vendor's report
// named) must not go: callpacer would knock on its own network's doors for whoever
// wrote that data.
package netguard

import (
	"net/netip"
	"strings"
	"syscall"
)

// refusedNetwork is one that no such request is expected to lead to.
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

// Refusal names the rule that keeps requests from an address, or "". An IPv4
// address inside an IPv6 one is judged as itself.
func Refusal(ip netip.Addr) string {
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

// RefusedError says that a host leads to an address to which no request goes.
type RefusedError struct{ Rule string }

func (e *RefusedError) Error() string { return "address refused: " + e.Rule }

// Control is a net.Dialer's: it judges the address of each socket before it is
// connected, after resolution, for a name may lead elsewhere than a moment ago. Its
// error is a *RefusedError. allowLoopback is for a host that the operator wrote down
// as loopback.
func Control(allowLoopback bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return &RefusedError{"unreadable"}
		}
		rule := Refusal(at.Addr())
		if rule == "" || allowLoopback && rule == "loopback" {
			return nil
		}
		return &RefusedError{rule}
	}
}

// IsLoopbackHost says whether a URL's host is written as this machine: localhost, or
// a loopback address. What other names resolve to does not count.
func IsLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
