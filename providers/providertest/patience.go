package providertest

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"
)

// hangs: a vendor that says nothing is left in time, and what it did is in doubt.
func (s *suite) hangs(t *testing.T, act Act) {
	var all sync.WaitGroup // they wait together, whatever the number of processors
	for name, say := range map[string]string{
		"after the write": "", "in the header": "HTTP/1.1 200 OK\r\nContent-", "in the body": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
		"after an interim answer": "HTTP/1.1 100 Continue\r\n\r\n",
	} {
		v := serve(t, hang(say))
		settings := s.settings(v.url())
		settings.Timeout = hangTimeout
		adapter := s.adapter(t, settings)
		line := Ready(t.Context(), t, adapter)
		all.Go(func() {
			begin := time.Now()
			got := s.on(t.Context(), t, act, adapter, line, Lasting())
			wantOutcome(t, "hang "+name, got, lost(act))
			if took := time.Since(begin); took < hangTimeout || took > hangTimeout+5*time.Second || v.requests.Load() != 1 {
				t.Errorf("hang %s: took %v with a timeout of %v, %d requests", name, took, hangTimeout, v.requests.Load())
			}
		})
	}
	all.Wait()
}

// hang is a script that begins an answer and never ends it.
func hang(say string) func(*exchange) {
	return func(x *exchange) {
		if x.request() {
			_, _ = io.WriteString(x, say)
			x.hang()
		}
	}
}

// canceled: a context that ended before the first byte proves that nothing
// left; one that ends later proves nothing.
func (s *suite) canceled(t *testing.T, act Act) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v := serve(t, func(x *exchange) {
		if x.request() {
			cancel()
			x.hang()
		}
	})
	wantOutcome(t, "canceled in flight", s.over(ctx, t, act, v, s.adapter(t, s.settings(v.url())), Lasting()), lost(act))

	ctx, cancel = context.WithCancel(t.Context())
	v = serve(t, answers(0, nil, act.Accepted))
	adapter := s.adapter(t, s.settings(v.url()))
	line := Ready(ctx, t, adapter)
	cancel()
	wantUnsent(t, "canceled before", s.on(ctx, t, act, adapter, line, Lasting()))
	_ = line.Close()
	<-v.done
	if n := v.bytes.Load(); n != 0 {
		t.Errorf("%d bytes of a canceled request left", n)
	}
	s.gone(t, act)
}

// gone: the vendor closed the connection before the request was written.
func (s *suite) gone(t *testing.T, act Act) {
	connected := make(chan struct{})
	v := serve(t, func(x *exchange) {
		select {
		case <-connected: // not earlier: a connection reset at once was never made
		case <-x.server.closed:
		}
		x.reset()
	})
	adapter := s.adapter(t, s.settings(v.url()))
	line := Ready(t.Context(), t, adapter)
	close(connected)
	<-v.done
	got := s.on(t.Context(), t, act, adapter, line, Lasting())
	// Whether the kernel took the bytes first is the network's secret.
	if got.Unsent {
		wantUnsent(t, "cut before the write", got)
	} else {
		wantOutcome(t, "cut before the write", got, lost(act))
	}
}
