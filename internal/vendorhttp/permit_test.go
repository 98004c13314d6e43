package vendorhttp

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/providers"
)

func bubble(t *testing.T, run func(t *testing.T)) { synctest.Test(t, run) }

func TestPermitOverSendsNoByte(t *testing.T) {
	hour := time.Hour
	for name, permit := range map[string]func() providers.Permit{
		"zero":           func() providers.Permit { return providers.Permit{} },
		"no wall":        func() providers.Permit { return providers.Permit{Until: time.Now().Add(hour)} },
		"no monotonic":   func() providers.Permit { return providers.Permit{Wall: time.Now().Add(hour).UnixMilli()} },
		"monotonic over": func() providers.Permit { return providers.Permit{Until: time.Now().Add(-1), Wall: lasting(hour).Wall} },
		"wall clock over": func() providers.Permit {
			return providers.Permit{Until: lasting(hour).Until, Wall: lasting(-2).Wall - 1}
		},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				v := &vendor{secure: secure}
				c := v.client(t, Options{})
				l := ready(t, c)
				synctest.Wait()
				_, err := l.Do(t.Context(), post(t, c, "a=b"), permit())
				wantFailure(t, err, providers.StageRefused, "permit_over", false)
				synctest.Wait()
				if n := v.rawAfterReady.Load(); n != 0 || v.requests.Load() != 0 {
					t.Errorf("%d bytes and %d requests arrived after the refusal", n, v.requests.Load())
				}
			})
		})
	}
}

func TestPermitIsInclusive(t *testing.T) {
	bubble(t, func(t *testing.T) {
		v := &vendor{}
		c := v.client(t, Options{})
		if _, err := ready(t, c).Do(t.Context(), post(t, c, "a=b"), lasting(0)); err != nil {
			t.Fatal(err)
		}
	})
}

// A worker that freezes between the handshake and the request, and wakes later.
func TestFrozenWorkerSendsNothing(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		v := &vendor{secure: secure}
		c := v.client(t, Options{})
		l, permit := ready(t, c), lasting(5*time.Second)
		time.Sleep(time.Hour)
		_, err := l.Do(t.Context(), post(t, c, "a=b"), permit)
		wantFailure(t, err, providers.StageRefused, "permit_over", false)
		synctest.Wait()
		if v.rawAfterReady.Load() != 0 {
			t.Error("the frozen worker's request left after all")
		}
	})
}

func TestSlowHandshakeCannotEatThePermit(t *testing.T) {
	identity()
	bubble(t, func(t *testing.T) {
		v := &vendor{secure: true, handshake: 200 * time.Millisecond}
		c := v.client(t, Options{})
		begin, early := time.Now(), lasting(100*time.Millisecond)
		l := ready(t, c)
		if took := time.Since(begin); took < v.handshake {
			t.Fatalf("Ready came back after %v, before the handshake was done", took)
		}
		_, err := l.Do(t.Context(), post(t, c, "a=b"), early)
		wantFailure(t, err, providers.StageRefused, "permit_over", false)
		if v.requests.Load() != 0 {
			t.Fatal("sent under a permit that ran out during the handshake")
		}
		l = ready(t, c)
		begin = time.Now()
		if _, err := l.Do(t.Context(), post(t, c, "a=b"), lasting(100*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 0 || v.requests.Load() != 1 {
			t.Errorf("took %v after Ready, %d requests; want no handshake in it and one request", took, v.requests.Load())
		}
	})
}

// slowConn takes a second for each write that comes after the first of a request.
type slowConn struct {
	net.Conn
	slow *bool
}

func (c slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if *c.slow {
		time.Sleep(time.Second)
	}
	return n, err
}

func TestPermitNeverStopsARequestHalfWay(t *testing.T) {
	identity()
	bubble(t, func(t *testing.T) {
		slow := false
		v := &vendor{secure: true, wrap: func(c net.Conn) net.Conn { return slowConn{c, &slow} }}
		c := v.client(t, Options{Timeout: time.Hour})
		l := ready(t, c)
		slow = true
		body := strings.Repeat("x", 64<<10) // several TLS records
		if _, err := l.Do(t.Context(), post(t, c, body), lasting(500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if got := v.lastBody.Load(); got != int64(len(body)) {
			t.Errorf("%d bytes of the body arrived, want %d", got, len(body))
		}
	})
}

func TestUnusedLineWritesNothingThatCounts(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		v := &vendor{secure: secure}
		l := ready(t, v.client(t, Options{}))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatalf("second Close: %v", err)
		}
		if l.(*line).guard.written() {
			t.Error("closing an unused line counts as a written request")
		}
	})
}

func TestCanceledBeforeTheFirstByteIsUnsent(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		v := &vendor{secure: secure}
		c := v.client(t, Options{})
		l := ready(t, c)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := l.Do(ctx, post(t, c, "a=b"), lasting(time.Minute))
		wantFailure(t, err, providers.StageWrite, "canceled", false)
		synctest.Wait()
		if v.rawAfterReady.Load() != 0 || l.(*line).guard.written() {
			t.Error("a cancelled request left, or counts as written")
		}
	})
}

// failingConn fails writes of a request after letting some bytes through.
type failingConn struct {
	net.Conn
	fail *bool
	n    int
	seen *int
}

func (c failingConn) Write(p []byte) (int, error) {
	if !*c.fail {
		return c.Conn.Write(p)
	}
	*c.seen++
	return min(c.n, len(p)), errors.New("write tcp 10.0.0.1:443: 13800138000 secret")
}

func TestWriteErrorsAreCountedByBytes(t *testing.T) {
	for n, written := range map[int]bool{0: false, 1: true} {
		overBoth(t, func(t *testing.T, secure bool) {
			fail, seen := false, 0
			v := &vendor{secure: secure, wrap: func(c net.Conn) net.Conn { return failingConn{c, &fail, n, &seen} }}
			c := v.client(t, Options{})
			l := ready(t, c)
			fail = true
			_, err := l.Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute))
			wantFailure(t, err, providers.StageWrite, "network", written)
			if got := l.(*line).guard.written(); got != written || seen != 1 {
				t.Errorf("n=%d: written %v, %d writes tried; want %v and 1 (no alert after a failed write)", n, got, seen, written)
			}
		})
	}
}

func TestDoTwiceIsRefused(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		v := &vendor{secure: secure}
		c := v.client(t, Options{})
		l := ready(t, c)
		if _, err := l.Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute)); err != nil {
			t.Fatal(err)
		}
		_, err := l.Do(t.Context(), post(t, c, "a=b"), lasting(time.Minute))
		wantFailure(t, err, providers.StageRefused, "refused", false)
		if v.requests.Load() != 1 {
			t.Errorf("%d requests, want 1", v.requests.Load())
		}
	})
}

func TestStale(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := ready(t, (&vendor{}).client(t, Options{}))
		now := time.Now()
		if l.Stale(now.Add(DefaultMaxIdle - 1)) {
			t.Error("stale too early")
		}
		if !l.Stale(now.Add(DefaultMaxIdle)) {
			t.Error("idle for 2 s and still trusted")
		}
	})
}
