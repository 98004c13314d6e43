package event

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/netguard"
)

const (
	dialTimeout   = 5 * time.Second
	idleTimeout   = 30 * time.Second
	maxHeaderSize = 64 << 10
)

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
			d.Control = netguard.Control(loopback[strings.ToLower(host)])
		}
		return d.DialContext(ctx, network, address)
	}
}
