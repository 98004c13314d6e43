package providertest

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// spyLine counts how often an adapter uses its line.
type spyLine struct {
	providers.Line
	uses   atomic.Int32
	method atomic.Value // string
}

// Do implements providers.Line.
func (l *spyLine) Do(ctx context.Context, req *http.Request, permit providers.Permit) (providers.Reply, error) {
	l.uses.Add(1)
	l.method.Store(req.Method)
	return l.Line.Do(ctx, req, permit)
}

// cannedLine is a line without a network: it answers, or fails, as told.
type cannedLine struct {
	reply providers.Reply
	err   error
}

// Do implements providers.Line.
func (l *cannedLine) Do(_ context.Context, req *http.Request, _ providers.Permit) (providers.Reply, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return providers.Reply{}, &providers.TransportError{Stage: providers.StageWrite, Reason: "network"}
		}
	}
	return l.reply, l.err
}

// Stale implements providers.Line.
func (*cannedLine) Stale(time.Time) bool { return false }

// Close implements providers.Line.
func (*cannedLine) Close() error { return nil }

// replied is a line that answers.
func replied(status int, header map[string]string, body string) *cannedLine {
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	if status == 0 {
		status = http.StatusOK
	}
	return &cannedLine{reply: providers.Reply{Status: status, Header: h, Body: []byte(body)}}
}

// on makes the request over a line and checks what must hold of every outcome.
func (s *suite) on(ctx context.Context, t *testing.T, act Act, adapter any, line providers.Line, permit providers.Permit) providers.Outcome {
	t.Helper()
	spy := &spyLine{Line: line}
	got := act.Do(ctx, adapter, spy, permit)
	fail(t, "outcome", s.outcomeFaults(act, got))
	if n := spy.uses.Load(); n > 1 {
		t.Errorf("the line was used %d times, want at most once", n)
	}
	if method := spy.method.Load(); method == http.MethodGet || method == http.MethodHead {
		t.Errorf("an acting request is a %s: others resend those by themselves", method)
	}
	return got
}

// canned makes the request over a canned line, with an adapter of its own.
func (s *suite) canned(t *testing.T, act Act, line *cannedLine) providers.Outcome {
	t.Helper()
	return s.on(t.Context(), t, act, s.adapter(t, s.settings(nowhere)), line, Lasting())
}

// nowhere is an address at which nothing listens.
const nowhere = "http://127.0.0.1:9"

// over makes the request at a vendor on a real connection. It returns when the
// vendor has seen all that came.
func (s *suite) over(ctx context.Context, t *testing.T, act Act, v *server, adapter any, permit providers.Permit) providers.Outcome {
	t.Helper()
	line := Ready(ctx, t, adapter)
	got := s.on(ctx, t, act, adapter, line, permit)
	if err := line.Close(); err != nil {
		t.Errorf("closing the line: %v", err)
	}
	<-v.done
	if n := v.requests.Load(); n > 1 {
		t.Errorf("%d requests reached the vendor", n)
	}
	if n := v.connections.Load(); n != 1 {
		t.Errorf("%d connections, want one", n)
	}
	return got
}

// wantOutcome compares what a Code promises.
func wantOutcome(t *testing.T, what string, got, want providers.Outcome) {
	t.Helper()
	if g, w := promised(got), promised(want); g != w {
		t.Errorf("%s:\n got %+v\nwant %+v", what, g, w)
	}
}

func promised(o providers.Outcome) providers.Outcome {
	return providers.Outcome{Class: o.Class, Placed: o.Placed, Signal: o.Signal, Halt: o.Halt, Cause: o.Cause,
		Repeatable: o.Repeatable, AwaitDial: o.AwaitDial, VendorID: o.VendorID}
}
