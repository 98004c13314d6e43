// Package vendorhttp is the transport to voice vendors. Requests that act (that
// ring somebody's phone) leave on a connection of their own, once, and only
// while their permit holds; reads share a small keep-alive pool. Nothing is
// ever resent or redirected, every answer is capped, and an error is a
// *providers.TransportError: a stage and a fixed word, never a URL, a secret or
// a number.
package vendorhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The defaults of Options.
const (
	DefaultTimeout     = 10 * time.Second
	DefaultDialTimeout = 5 * time.Second
	DefaultMaxIdle     = 2 * time.Second
	DefaultMaxBody     = 1 << 20
	DefaultMaxHeader   = 64 << 10
)

// Options say which vendor a Client talks to, and how patiently.
type Options struct {
	// BaseURL is the vendor's address, with or without a path prefix: https, or
	// http to a loopback host (to any host with AllowPlainHTTP).
	BaseURL        string
	AllowPlainHTTP bool
	// Timeout bounds one exchange, from the request's first byte to the answer's
	// last. 0: DefaultTimeout.
	Timeout time.Duration
	// DialTimeout bounds connecting, handshake included. 0: DefaultDialTimeout.
	DialTimeout time.Duration
	// MaxIdle is how long an unused connection is trusted. 0: DefaultMaxIdle.
	MaxIdle time.Duration
	// MaxBody and MaxHeader cap an answer, in bytes. 0: the defaults.
	MaxBody, MaxHeader int64
	// TLS adds trust to the system's (tests bring their own roots). Verification
	// cannot be switched off.
	TLS *tls.Config
	// Now is the clock to which the vendor's is compared. nil: time.Now.
	Now func() time.Time
	// DialContext replaces the TCP dialler, in tests.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client talks to one vendor. It is safe for concurrent use.
type Client struct {
	opts  Options
	base  *url.URL
	addr  string // host:port
	tls   *tls.Config
	reads *http.Transport
	skew  skew
}

// New checks the options and builds a Client. It connects to nothing. Its
// errors name the option and hold no part of the URL.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL, o.AllowPlainHTTP)
	if err != nil {
		return nil, err
	}
	if o.TLS != nil && o.TLS.InsecureSkipVerify {
		return nil, errors.New("TLS verification cannot be switched off: requests carry secrets")
	}
	if err := o.applyDefaults(); err != nil {
		return nil, err
	}
	c := &Client{opts: o, base: base, addr: dialAddress(base), tls: clientTLS(o.TLS, base.Hostname())}
	c.reads = newReads(o, c.tls)
	return c, nil
}

// URL is the address of a path below the base URL; path starts with a slash.
func (c *Client) URL(path string) *url.URL {
	u := *c.base
	u.Path += path
	return &u
}

// Close ends the idle connections of reads. Lines are closed by their owners.
func (c *Client) Close() error {
	c.reads.CloseIdleConnections()
	return nil
}

func (o *Options) applyDefaults() error {
	if o.Timeout < 0 || o.DialTimeout < 0 || o.MaxIdle < 0 || o.MaxBody < 0 || o.MaxHeader < 0 {
		return errors.New("timeouts and caps of a vendor connection must not be negative")
	}
	orDuration(&o.Timeout, DefaultTimeout)
	orDuration(&o.DialTimeout, DefaultDialTimeout)
	orDuration(&o.MaxIdle, DefaultMaxIdle)
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxHeader == 0 {
		o.MaxHeader = DefaultMaxHeader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.DialContext == nil {
		o.DialContext = (&net.Dialer{Timeout: o.DialTimeout}).DialContext
	}
	return nil
}

func orDuration(d *time.Duration, otherwise time.Duration) {
	if *d == 0 {
		*d = otherwise
	}
}

func parseBase(raw string, allowPlain bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil: // the parser's own words would repeat the URL
		return nil, errors.New("base_url cannot be parsed")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("base_url must start with https://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("base_url names no host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("base_url must hold no user, query or fragment")
	case u.Scheme == "http" && !allowPlain && !isLoopback(u.Hostname()):
		return nil, errors.New("base_url uses http:// to a host that is not loopback; set allow_plain_http to accept that")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func dialAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func clientTLS(given *tls.Config, host string) *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if given != nil {
		cfg = given.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	// HTTP/2 would share a connection among requests and resend by itself.
	cfg.NextProtos = []string{"http/1.1"}
	return cfg
}
