package vendorhttp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const silence = "close without a word"

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

// identity is a certificate for vendor.test, valid in virtual time too.
var identity = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "vendor.test"},
		DNSNames: []string{"vendor.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
})

// vendor is a vendor over net.Pipe: it works in virtual time, counts what
// reaches it, and answers with the bytes that the test wants.
type vendor struct {
	secure    bool
	handshake time.Duration // how long its TLS handshake takes
	answer    string        // raw bytes; empty: okAnswer
	early     bool          // answers before it reads the body
	hang      bool          // never answers
	wrap      func(net.Conn) net.Conn

	dials, requests atomic.Int32
	rawAfterReady   atomic.Int64 // bytes that arrived after the handshake
	lastHead        atomic.Pointer[http.Request]
	lastBody        atomic.Int64
}

func (v *vendor) client(t *testing.T, o Options) *Client {
	t.Helper()
	o.BaseURL = "http://vendor.test"
	if v.secure {
		_, pool := identity()
		o.BaseURL, o.TLS = "https://vendor.test", &tls.Config{RootCAs: pool}
	}
	o.AllowPlainHTTP = true
	o.DialContext = func(context.Context, string, string) (net.Conn, error) {
		v.dials.Add(1)
		near, far := net.Pipe()
		go v.serve(far)
		if v.wrap != nil {
			near = v.wrap(near)
		}
		return near, nil
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// countingConn counts what a server reads.
type countingConn struct {
	net.Conn
	n *atomic.Int64
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (v *vendor) serve(far net.Conn) {
	conn := net.Conn(countingConn{far, &v.rawAfterReady})
	defer func() { _ = far.Close() }()
	if v.secure {
		cert, _ := identity()
		secure := tls.Server(conn, &tls.Config{
			Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true,
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				<-time.After(v.handshake)
				return nil, nil
			},
		})
		if secure.Handshake() != nil {
			return
		}
		v.rawAfterReady.Store(0)
		conn = secure
	}
	in := bufio.NewReader(conn)
	req, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	v.requests.Add(1)
	v.lastHead.Store(req)
	if !v.early {
		n, _ := io.Copy(io.Discard, req.Body)
		v.lastBody.Store(n)
	}
	if v.hang {
		_, _ = io.Copy(io.Discard, in)
		return
	}
	answer := v.answer
	if answer == "" {
		answer = okAnswer
	}
	go func() { _, _ = io.Copy(io.Discard, in) }()
	if answer != silence {
		_, _ = io.WriteString(conn, answer)
	}
	_ = conn.Close()
}

func post(t *testing.T, c *Client, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL("/send").String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func get(t *testing.T, c *Client) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL("/result").String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func lasting(d time.Duration) providers.Permit {
	until := time.Now().Add(d)
	return providers.Permit{Until: until, Wall: until.UnixMilli()}
}

func ready(t *testing.T, c *Client) providers.Line {
	t.Helper()
	l, err := c.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// wantFailure checks every field of a transport error.
func wantFailure(t *testing.T, err error, stage providers.Stage, reason string, written bool) {
	t.Helper()
	var got *providers.TransportError
	if !errors.As(err, &got) {
		t.Fatalf("got %v, want a transport error", err)
	}
	if want := (providers.TransportError{Stage: stage, Reason: reason, Written: written}); *got != want {
		t.Fatalf("got %+v, want %+v", *got, want)
	}
}

// overBoth runs a test in virtual time, over plain HTTP and over TLS.
func overBoth(t *testing.T, run func(t *testing.T, secure bool)) {
	t.Helper()
	identity()
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) { bubble(t, func(t *testing.T) { run(t, secure) }) })
	}
}
