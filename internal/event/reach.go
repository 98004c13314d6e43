package event

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/callpacer/callpacer/internal/netguard"
)

// Name is the scheme, host and port of events.url: all of it that may be shown.
func (e *Endpoints) Name() string { return e.name }

// KeySize is the length in bytes of the key that events.secret stands for.
func (e *Endpoints) KeySize() int { return e.keySize }

// Reach says how the addresses that events.url leads to at this moment stand. It
// connects to none of them.
type Reach struct {
	Addresses int      // of the host
	Refused   []string // a rule for each address that no event goes to
}

// Reach resolves the host of events.url. Its error names no URL; while ctx allows it
// waits for the resolver.
func (e *Endpoints) Reach(ctx context.Context) (Reach, error) {
	host := hostOf(e.opts.URL)
	resolver := e.opts.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addresses, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return Reach{}, errors.New("the host's name could not be resolved") // the resolver's words would name its servers
	}
	reach := Reach{Addresses: len(addresses)}
	for _, ip := range addresses {
		if rule := e.opts.refuses(host, ip); rule != "" {
			reach.Refused = append(reach.Refused, rule)
		}
	}
	return reach, nil
}

// refuses names the rule by which a connection to an address of a host would be
// refused, or "": it asks what judges the connection itself.
func (o *Options) refuses(host string, ip netip.Addr) string {
	if o.AllowPrivate {
		return ""
	}
	control := netguard.Control(o.loopbackHosts()[host])
	var refused *netguard.RefusedError
	if errors.As(control("tcp", netip.AddrPortFrom(ip, 0).String(), nil), &refused) {
		return refused.Rule
	}
	return ""
}

// refusedLiteral is the error for an events.url whose host is written as an address
// to which no event would ever go: that need not wait for the first event.
func (o *Options) refusedLiteral() error {
	host := hostOf(o.URL)
	// What is no address is a name, and judged when it is resolved.
	if ip, err := netip.ParseAddr(host); err == nil && o.refuses(host, ip) != "" {
		return fmt.Errorf("events.url: its host is an address to which no events go (%s); events.allow_private: true allows it", o.refuses(host, ip))
	}
	return nil
}

// hostOf is a URL's host as loopbackHosts writes hosts.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
