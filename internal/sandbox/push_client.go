package sandbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
)

// withoutURL drops the address from a client's error: it carries a token.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// loopbackClient connects to this machine only, so that a simulated vendor can
// never reach a real address that a configuration names.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{
		Timeout: pushTimeout,
		// "localhost" is only a name too: what it stands for is checked again.
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !to.Addr().Unmap().IsLoopback() {
				return errNotLoopback
			}
			return nil
		},
	}
	return &http.Client{
		Timeout: pushTimeout,
		// No keep-alive: nothing stays behind to be closed.
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				// Other names are not even looked up.
				if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
					return nil, errNotLoopback
				}
				return dialer.DialContext(ctx, network, address)
			},
			DisableKeepAlives:     true,
			TLSHandshakeTimeout:   pushTimeout,
			ResponseHeaderTimeout: pushTimeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
