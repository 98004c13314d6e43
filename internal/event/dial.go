package event

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

const (
	dialTimeout   = 5 * time.Second
	idleTimeout   = 30 * time.Second
	maxHeaderSize = 64 << 10
)

// refusedError says that a host's address is none to which events go.
type refusedError struct{ rule string }

func (e *refusedError) Error() string { return "address refused: " + e.rule }

// transport judges each address that is really dialled, after resolution: a name
// may lead elsewhere than a moment ago. It knows no proxy, which would dial instead.
func (o *Options) transport() *http.Transport {
	dial := o.Dial
	if dial == nil {
		dial = o.dialer()
	}
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        o.TLS.Clone(),
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    slotsPerEndpoint,
		MaxIdleConns:           slotsPerProcess,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderSize,
		DisableCompression:     true, // a small answer could unpack into a large one
	}
}

func (o *Options) dialer() func(ctx context.Context, network, address string) (net.Conn, error) {
	loopback := o.loopbackHosts()
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		d := net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver}
		if !o.AllowPrivate {
			d.Control = guard(loopback[strings.ToLower(host)])
		}
		return d.DialContext(ctx, network, address)
	}
}

// guard runs on the address of a socket before it is connected.
func guard(loopback bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return &refusedError{"unreadable"}
		}
		rule := refusal(at.Addr())
		if rule == "" || loopback && rule == "loopback" {
			return nil
		}
		return &refusedError{rule}
	}
}
