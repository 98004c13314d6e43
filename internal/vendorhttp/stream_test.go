package vendorhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

var roomy = StreamLimits{MaxBody: 1 << 20, Idle: 5 * time.Second, Whole: time.Hour}

// drip writes each piece after a pause, in virtual time. A piece of silence
// hangs until the other side leaves.
type drip struct {
	net.Conn
	pieces []string
	pause  time.Duration
}

// dripping is a vendor whose answer arrives in pieces.
func dripping(t *testing.T, o Options, head string, pause time.Duration, pieces ...string) *Client {
	t.Helper()
	o.BaseURL, o.AllowPlainHTTP = "http://vendor.test", true
	o.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go (&drip{far, append([]string{head}, pieces...), pause}).serve()
		return near, nil
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (d *drip) serve() {
	defer d.Close()
	buf := make([]byte, 4096)
	if _, err := d.Read(buf); err != nil {
		return
	}
	for i, piece := range d.pieces {
		if i > 0 {
			time.Sleep(d.pause)
		}
		if piece == silence {
			_, _ = io.Copy(io.Discard, d.Conn)
			return
		}
		if _, err := io.WriteString(d.Conn, piece); err != nil {
			return
		}
	}
}

const headOf9 = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-Kind: audio\r\n\r\n"

func TestStreamReadsWhileItArrives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := dripping(t, Options{Timeout: time.Second}, headOf9, 4*time.Second, "abc", "def", "ghi")
		got, err := c.Stream(t.Context(), get(t, c), roomy)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != 200 || got.Header.Get("X-Kind") != "audio" {
			t.Errorf("%d %v", got.Status, got.Header)
		}
		begin := time.Now()
		body, err := io.ReadAll(got.Body)
		if err != nil || string(body) != "abcdefghi" || time.Since(begin) != 12*time.Second {
			t.Errorf("%q, %v after %v", body, err, time.Since(begin))
		}
		if n, err := got.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %d, %v", n, err)
		}
		if err := got.Body.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Each deadline works by itself, and what our own owner ended is told apart.
func TestStreamIsBounded(t *testing.T) {
	for name, tc := range map[string]struct {
		limits StreamLimits
		pieces []string
		pause  time.Duration
		after  time.Duration
		cancel time.Duration // 0: never
		reason string
	}{
		"idle":            {roomy, []string{"abc", silence}, time.Second, 6 * time.Second, 0, "timeout"},
		"drips for ever":  {StreamLimits{1 << 20, 5 * time.Second, 7 * time.Second}, []string{"a", "b", "c", "d", "e", "f"}, 2 * time.Second, 7 * time.Second, 0, "timeout"},
		"owner gives up":  {roomy, []string{"abc", silence}, time.Second, 2 * time.Second, 2 * time.Second, "canceled"},
		"cut":             {roomy, []string{"abc"}, time.Second, time.Second, 0, "truncated"},
		"cut at the head": {roomy, nil, time.Second, 0, 0, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := dripping(t, Options{}, headOf9, tc.pause, tc.pieces...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.cancel > 0 {
					time.AfterFunc(tc.cancel, cancel)
				}
				begin := time.Now()
				got, err := c.Stream(ctx, get(t, c), tc.limits)
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.ReadAll(got.Body)
				wantFailure(t, err, providers.StageBody, tc.reason, true)
				if took := time.Since(begin); took != tc.after {
					t.Errorf("took %v, want %v", took, tc.after)
				}
				_, again := got.Body.Read(make([]byte, 1))
				if !errors.Is(again, err) {
					t.Errorf("a second read says %v after %v", again, err)
				}
				_ = got.Body.Close()
				time.Sleep(time.Minute) // the vendor notices that nobody reads on
			})
		})
	}
}

func TestStreamHeadIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := (&vendor{hang: true}).client(t, Options{Timeout: 3 * time.Second})
		begin := time.Now()
		_, err := c.Stream(t.Context(), get(t, c), roomy)
		wantFailure(t, err, providers.StageRead, "timeout", true)
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = c.Stream(ctx, get(t, c), roomy)
		wantFailure(t, err, providers.StageRead, "canceled", true)
	})
}

// A reader that is slow itself does not make the vendor slow.
func TestStreamSlowReaderIsNotIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := dripping(t, Options{}, headOf9, 0, "abc", "def", "ghi")
		got, err := c.Stream(t.Context(), get(t, c), roomy)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		time.Sleep(time.Minute)
		if n, err := io.ReadFull(got.Body, make([]byte, 3)); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		time.Sleep(time.Minute)
		if rest, err := io.ReadAll(got.Body); err != nil || string(rest) != "defghi" {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

func TestStreamCap(t *testing.T) {
	var requests, conns, flood atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		switch r.URL.Path {
		case "/declared":
			_, _ = w.Write(make([]byte, 1001))
		case "/undeclared", "/exact":
			size := map[string]int{"/undeclared": 1001, "/exact": 1000}[r.URL.Path]
			_ = http.NewResponseController(w).Flush() // so that its length is not declared
			_, _ = w.Write(bytes.Repeat([]byte("x"), size))
		case "/endless":
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil || flood.Add(1<<16) > 256<<20 {
					return
				}
			}
		case "/again":
			http.Redirect(w, r, "/exact", http.StatusFound)
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c, err := New(Options{BaseURL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	limits := StreamLimits{MaxBody: 1000, Idle: time.Minute, Whole: time.Minute}
	read := func(path string) (int, int, error) {
		req := get(t, c)
		req.URL.Path = path
		got, err := c.Stream(t.Context(), req, limits)
		if err != nil {
			return 0, 0, err
		}
		defer got.Body.Close()
		n, err := io.Copy(io.Discard, got.Body)
		return got.Status, int(n), err
	}
	for range 2 {
		if status, n, err := read("/exact"); status != 200 || n != 1000 || err != nil {
			t.Errorf("exactly the cap: %d, %d bytes, %v", status, n, err)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections for two streams, want 1", conns.Load())
	}
	requests.Store(0)
	if status, _, err := read("/again"); status != http.StatusFound || err != nil || requests.Load() != 1 {
		t.Errorf("redirect: %d, %v, %d requests", status, err, requests.Load())
	}
	for _, path := range []string{"/declared", "/undeclared", "/endless"} {
		_, n, err := read(path)
		wantFailure(t, err, providers.StageBody, "too_large", true)
		if path == "/declared" && n != 0 {
			t.Errorf("%d bytes of a body that says it is too large", n)
		}
		if n > 1000 {
			t.Errorf("%s: %d bytes were handed out beyond the cap", path, n)
		}
	}
	if n := flood.Load(); n > 64<<20 {
		t.Errorf("%d bytes were taken in before the cap of 1000 worked", n)
	}
}

func TestStreamRefusesBeforeItSends(t *testing.T) {
	v := &vendor{}
	c := v.client(t, Options{})
	foreign := get(t, c)
	foreign.URL.Host = "elsewhere.test"
	_, err := c.Stream(t.Context(), foreign, roomy)
	wantFailure(t, err, providers.StageDial, "network", false)
	for _, l := range []StreamLimits{{}, {MaxBody: 1, Idle: 1}, {MaxBody: 1, Whole: 1}, {Idle: 1, Whole: 1}} {
		_, err := c.Stream(t.Context(), get(t, c), l)
		wantFailure(t, err, providers.StageDial, "network", false)
	}
	if v.dials.Load() != 0 {
		t.Errorf("%d connections", v.dials.Load())
	}
}

func TestStreamErrorsHoldNoSecret(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for name, c := range map[string]*Client{
			"head": dripping(t, Options{}, "13800138000 s3cret\r\n\r\n", 0),
			"body": dripping(t, Options{}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0, "s3cret 13800138000\r\n"),
		} {
			req := get(t, c)
			req.URL.RawQuery = "appSecret=s3cret&tel=13800138000"
			got, err := c.Stream(t.Context(), req, roomy)
			if err == nil {
				_, err = io.ReadAll(got.Body)
				_ = got.Body.Close()
			}
			var failed *providers.TransportError
			if !errors.As(err, &failed) || errors.Unwrap(err) != nil {
				t.Fatalf("%s: got %v, want a bare transport error", name, err)
			}
			shown := fmt.Sprintf("%v|%+v|%#v", err, err, *failed)
			for _, s := range []string{"s3cret", "13800138000", "vendor.test"} {
				if strings.Contains(shown, s) {
					t.Errorf("%s: the error shows %q: %s", name, s, shown)
				}
			}
		}
	})
}
