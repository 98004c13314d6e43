package vendorhttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

func TestEachRequestHasItsOwnConnection(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		v := &vendor{secure: secure}
		c := v.client(t, Options{})
		for range 3 {
			req := post(t, c, "a=b")
			for _, h := range []string{"Idempotency-Key", "X-Idempotency-Key", "Expect", "Accept-Encoding"} {
				req.Header.Set(h, "100-continue")
			}
			reply, err := ready(t, c).Do(t.Context(), req, lasting(time.Minute))
			if err != nil || reply.Status != 200 || string(reply.Body) != "hi" {
				t.Fatalf("got %+v, %v", reply, err)
			}
		}
		if v.dials.Load() != 3 || v.requests.Load() != 3 {
			t.Errorf("%d connections, %d requests; want 3 and 3", v.dials.Load(), v.requests.Load())
		}
		got := v.lastHead.Load()
		if got.Proto != "HTTP/1.1" || got.Method != http.MethodPost || !got.Close {
			t.Errorf("sent %s %s, close %v", got.Method, got.Proto, got.Close)
		}
		for _, h := range []string{"Idempotency-Key", "X-Idempotency-Key", "Expect", "Accept-Encoding"} {
			if got.Header.Get(h) != "" {
				t.Errorf("header %s was sent", h)
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	for name, tc := range map[string]struct {
		answer string
		status int
		body   string
	}{
		"redirect is an answer": {"HTTP/1.1 307 Go\r\nLocation: http://vendor.test/again\r\nContent-Length: 0\r\n\r\n", 307, ""},
		"after interim answers": {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + okAnswer, 200, "hi"},
		"switching is final":    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, ""},
		"gzip is not unfolded":  {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb.String(), 200, bomb.String()},
		"chunked":               {"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 500, "hi"},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				v := &vendor{secure: secure, answer: tc.answer}
				c := v.client(t, Options{})
				reply, err := ready(t, c).Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute))
				if err != nil || reply.Status != tc.status || string(reply.Body) != tc.body {
					t.Fatalf("got %d with %d bytes, %v", reply.Status, len(reply.Body), err)
				}
				if v.requests.Load() != 1 || v.dials.Load() != 1 {
					t.Errorf("%d requests on %d connections, want one", v.requests.Load(), v.dials.Load())
				}
			})
		})
	}
}

func TestAnswerBeforeTheBodyWasRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		v := &vendor{early: true}
		c := v.client(t, Options{})
		reply, err := ready(t, c).Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute))
		if err != nil || reply.Status != 200 {
			t.Fatalf("got %+v, %v", reply, err)
		}
	})
}

func TestUnusableAnswers(t *testing.T) {
	big := strings.Repeat("x", 2000)
	for name, tc := range map[string]struct {
		answer string
		stage  providers.Stage
		reason string
	}{
		"body over the cap":            {"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + big, providers.StageBody, "too_large"},
		"chunked body over the cap":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + big + "\r\n0\r\n\r\n", providers.StageBody, "too_large"},
		"headers over the cap":         {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat(big, 3) + "\r\n\r\n", providers.StageBody, "too_large"},
		"endless interim answers":      {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 400), providers.StageBody, "too_large"},
		"cut in the body":              {"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi", providers.StageBody, "truncated"},
		"cut in a chunk":               {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", providers.StageBody, "truncated"},
		"cut in the headers":           {"HTTP/1.1 200 OK\r\nServer: x\r\n", providers.StageRead, "eof"},
		"cut after the request":        {silence, providers.StageRead, "eof"},
		"not HTTP":                     {"SSH-2.0-OpenSSH\r\n\r\n", providers.StageRead, "network"},
		"contradicting content length": {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", providers.StageRead, "network"},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				v := &vendor{secure: secure, answer: tc.answer}
				c := v.client(t, Options{MaxBody: 1000, MaxHeader: 4096})
				_, err := ready(t, c).Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute))
				wantFailure(t, err, tc.stage, tc.reason, true)
				if v.requests.Load() != 1 {
					t.Errorf("%d requests, want 1: nothing is resent", v.requests.Load())
				}
			})
		})
	}
}

func TestCapsAreInclusive(t *testing.T) {
	bubble(t, func(t *testing.T) {
		v := &vendor{answer: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000)}
		c := v.client(t, Options{MaxBody: 1000, MaxHeader: 100}) // the body may be larger than the headers
		if _, err := ready(t, c).Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestExchangeIsBounded(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		v := &vendor{secure: secure, hang: true}
		c := v.client(t, Options{Timeout: 3 * time.Second})
		begin := time.Now()
		_, err := ready(t, c).Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute))
		wantFailure(t, err, providers.StageRead, "timeout", true)
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin = time.Now()
		_, err = ready(t, c).Do(ctx, post(t, c, "a=b"), lasting(time.Minute))
		wantFailure(t, err, providers.StageRead, "canceled", true)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("took %v to notice the cancellation, want 1s", took)
		}
	})
}

func TestReadyFailuresAreUnsent(t *testing.T) {
	dial := func(err error) Options {
		return Options{BaseURL: "https://vendor.test", DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
	}
	for reason, err := range map[string]error{
		"refused": &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"dns":     &net.DNSError{Err: "no such host", Name: "secret.vendor.test"},
		"network": &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH},
	} {
		c, e := New(dial(err))
		if e != nil {
			t.Fatal(e)
		}
		_, e = c.Ready(t.Context())
		wantFailure(t, e, providers.StageDial, reason, false)
	}
	identity()
	bubble(t, func(t *testing.T) {
		v := &vendor{secure: true, handshake: time.Minute}
		begin := time.Now()
		_, err := v.client(t, Options{}).Ready(t.Context())
		wantFailure(t, err, providers.StageDial, "timeout", false)
		if took := time.Since(begin); took != DefaultDialTimeout {
			t.Errorf("took %v, want %v", took, DefaultDialTimeout)
		}
		time.Sleep(time.Minute) // the vendor's side of the handshake ends, too
	})
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs the broken handshake
	srv.StartTLS()
	defer srv.Close()
	c, err := New(Options{BaseURL: srv.URL}) // without trust in its authority
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Ready(t.Context())
	wantFailure(t, err, providers.StageDial, "tls", false)
	_, err = c.Query(t.Context(), get(t, c))
	wantFailure(t, err, providers.StageDial, "tls", false)
}

func TestRequestForAnotherHostIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		v := &vendor{}
		c := v.client(t, Options{})
		req := post(t, c, "a=b")
		req.URL.Host = "elsewhere.test"
		_, err := ready(t, c).Do(t.Context(), req, lasting(time.Minute))
		wantFailure(t, err, providers.StageWrite, "network", false)
		_, err = c.Query(t.Context(), req)
		wantFailure(t, err, providers.StageDial, "network", false)
		if v.requests.Load() != 0 {
			t.Error("a request for another host was sent")
		}
	})
}
