package vendorhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

func TestNewChecksTheBaseURL(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://api.vendor.test": true, "https://api.vendor.test/v3/": true, "http://127.0.0.1:80": true,
		"http://[::1]": true, "http://localhost:9": true,
		"": false, "api.vendor.test": false, "ftp://x": false, "https://": false, "https://u:s3cret@x": false,
		"https://x?s3cret=1": false, "https://x#s3cret": false, "http://api.vendor.test": false,
		"http://127.0.0.1.s3cret.test": false, "https://s3cret\x7f": false,
	} {
		_, err := New(Options{BaseURL: raw})
		if (err == nil) != ok {
			t.Errorf("%q: %v", raw, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: the error repeats the URL: %v", raw, err)
		}
	}
	if _, err := New(Options{BaseURL: "http://api.vendor.test", AllowPlainHTTP: true}); err != nil {
		t.Error(err)
	}
	if _, err := New(Options{BaseURL: "https://x", TLS: &tls.Config{InsecureSkipVerify: true}}); err == nil {
		t.Error("TLS verification could be switched off")
	}
	if _, err := New(Options{BaseURL: "https://x", Timeout: -1}); err == nil {
		t.Error("a negative timeout was accepted")
	}
}

func TestURLKeepsThePrefix(t *testing.T) {
	c, err := New(Options{BaseURL: "https://api.vendor.test/v3/"})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.URL("/send").String(); got != "https://api.vendor.test/v3/send" {
		t.Error(got)
	}
}

// Go's own errors repeat the URL, and with it whatever it holds.
func TestErrorsHoldNoSecretAndNoNumber(t *testing.T) {
	secrets := []string{"s3cret", "13800138000", "vendor.test", "10.0.0.1"}
	base := Options{BaseURL: "http://vendor.test", AllowPlainHTTP: true}
	broken := base
	broken.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("dial tcp 10.0.0.1: http://vendor.test/?sign=s3cret&mobile=13800138000")
	}
	check := func(t *testing.T, c *Client, do func(*Client, *http.Request) error) {
		t.Helper()
		req := post(t, c, "mobile=13800138000&sign=s3cret")
		req.URL.RawQuery = "mobile=13800138000&sign=s3cret"
		err := do(c, req)
		var te *providers.TransportError
		if !errors.As(err, &te) {
			t.Fatalf("got %v, want a transport error", err)
		}
		shown := fmt.Sprintf("%v|%+v|%#v|%q", err, err, *te, err)
		for _, s := range secrets {
			if strings.Contains(shown, s) {
				t.Errorf("the error shows %q: %s", s, shown)
			}
		}
		if errors.Unwrap(err) != nil {
			t.Errorf("the error carries another: %v", errors.Unwrap(err))
		}
	}
	query := func(c *Client, r *http.Request) error { _, err := c.Query(r.Context(), r); return err }
	acting := func(c *Client, r *http.Request) error {
		l, err := c.Ready(r.Context())
		if err != nil {
			return err
		}
		_, err = l.Do(r.Context(), r, lasting(time.Minute))
		return err
	}
	for name, do := range map[string]func(*Client, *http.Request) error{"query": query, "acting": acting} {
		t.Run(name, func(t *testing.T) {
			c, err := New(broken)
			if err != nil {
				t.Fatal(err)
			}
			check(t, c, do)
			bubble(t, func(t *testing.T) {
				check(t, (&vendor{answer: "13800138000 s3cret\r\n\r\n"}).client(t, Options{}), do)
			})
		})
	}
}

func TestQuery(t *testing.T) {
	var conns, requests, flood atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Header.Get("Accept-Encoding") != "" || r.ProtoMajor != 1 {
			http.Error(w, "compression or HTTP/2 was asked for", http.StatusBadRequest)
			return
		}
		switch r.URL.Path {
		case "/again":
			http.Redirect(w, r, "/result", http.StatusFound)
		case "/big":
			_, _ = w.Write(make([]byte, 2000))
		case "/endless":
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil || flood.Add(1<<16) > 256<<20 {
					return
				}
			}
		case "/headers":
			w.Header().Set("X", strings.Repeat("x", 9000))
		case "/cut":
			w.Header().Set("Content-Length", "20")
			_, _ = w.Write([]byte("hi"))
		default:
			_, _ = w.Write([]byte("hi"))
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.EnableHTTP2 = true
	cert, pool := identity()
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	srv.StartTLS()
	defer srv.Close()
	c, err := New(Options{BaseURL: srv.URL, TLS: &tls.Config{RootCAs: pool}, MaxBody: 1000, MaxHeader: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ask := func(path string) (providers.Reply, error) {
		req := get(t, c)
		req.URL.Path = path
		return c.Query(t.Context(), req)
	}
	for range 3 {
		if reply, err := ask("/result"); err != nil || reply.Status != 200 || string(reply.Body) != "hi" {
			t.Fatalf("got %+v, %v", reply, err)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections for three reads, want 1", conns.Load())
	}
	requests.Store(0)
	if reply, err := ask("/again"); err != nil || reply.Status != http.StatusFound || requests.Load() != 1 {
		t.Errorf("redirect: %d, %v, %d requests", reply.Status, err, requests.Load())
	}
	_, err = ask("/big")
	wantFailure(t, err, providers.StageBody, "too_large", true)
	_, err = ask("/endless") // given up at the cap, not at the timeout
	wantFailure(t, err, providers.StageBody, "too_large", true)
	if n := flood.Load(); n > 64<<20 {
		t.Errorf("%d bytes were taken in before the cap of 1000 worked", n)
	}
	_, err = ask("/headers")
	wantFailure(t, err, providers.StageBody, "too_large", true)
	_, err = ask("/cut")
	wantFailure(t, err, providers.StageBody, "truncated", true)
}

func TestQueryIsBoundedAndForgetsIdleConnections(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := (&vendor{hang: true}).client(t, Options{Timeout: 3 * time.Second})
		begin := time.Now()
		_, err := c.Query(t.Context(), get(t, c))
		wantFailure(t, err, providers.StageRead, "timeout", true)
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
	})
	if c, err := New(Options{BaseURL: "https://x"}); err != nil || c.reads.IdleConnTimeout != 2*time.Second || c.reads.Proxy != nil {
		t.Errorf("reads keep idle connections for %v, proxy set: %v, %v", c.reads.IdleConnTimeout, c.reads.Proxy != nil, err)
	}
}

func TestCutsOverRealConnections(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 1)
			_, _ = conn.Read(buf) // one byte of the request, then a reset
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}()
	c, err := New(Options{BaseURL: "http://" + ln.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ready(t, c).Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute))
	wantFailure(t, err, providers.StageRead, "reset", true)
	_ = ln.Close()
	<-done
	_, err = c.Ready(t.Context())
	wantFailure(t, err, providers.StageDial, "refused", false)
}
