package providertest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// cuts are connections that end too early, by what was still exchanged.
func (s *suite) cuts(act Act) map[string]func(*exchange) {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(act.Accepted))
	after := func(answer string) func(*exchange) {
		return func(x *exchange) {
			if x.request() {
				_, _ = io.WriteString(x, answer)
			}
		}
	}
	return map[string]func(*exchange){
		"cut in the write": func(x *exchange) {
			_, _ = x.in.ReadByte()
			x.reset()
		},
		"cut in the write, politely": func(x *exchange) { _, _ = x.in.ReadByte() },
		"cut after the write": func(x *exchange) {
			if x.request() {
				x.reset()
			}
		},
		"cut after the write, politely": after(""),
		"cut in the answer's status":    after("HTTP/1.1 2"),
		"cut in the answer's header":    after(head[:len(head)-3]),
		"cut before the answer's body":  after(head),
		"cut in the answer's body":      after(head + act.Accepted[:len(act.Accepted)/2]),
		"cut in a chunk":                after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + act.Accepted),
		"cut before the last chunk": after(fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n",
			len(act.Accepted), act.Accepted)),
		"no HTTP": after(strings.Repeat("SSH-2.0-vendor\r\n", 8)),
		"oversize body": after(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s",
			len(act.Accepted)+oversize, act.Accepted, strings.Repeat(" ", oversize))),
		"oversize header":             after("HTTP/1.1 200 OK\r\nX-Large: " + strings.Repeat("x", oversize) + "\r\n\r\n" + act.Accepted),
		"interim answers without end": after(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", oversize/30)),
	}
}

// oversize is more than any answer of a vendor may have.
const oversize = 1<<20 + 1<<16

func (s *suite) cut(t *testing.T, act Act, script func(*exchange)) {
	v := serve(t, script)
	got := s.over(t.Context(), t, act, v, s.adapter(t, s.settings(v.url())), Lasting())
	wantOutcome(t, "a lost answer", got, lost(act))
}

// transportErrors are all that a line can report: what was proven unsent is
// unsent, all else is in doubt. They include the cut before the write.
func (s *suite) transportErrors(t *testing.T, act Act) {
	for _, stage := range []providers.Stage{providers.StageDial, providers.StageRefused, providers.StageWrite, providers.StageRead, providers.StageBody} {
		for _, reason := range []string{"timeout", "canceled", "refused", "reset", "eof", "dns", "tls", "too_large", "truncated", "permit_over", "network"} {
			for _, written := range []bool{false, true} {
				err := &providers.TransportError{Stage: stage, Reason: reason, Written: written}
				got := s.canned(t, act, &cannedLine{err: err})
				if written {
					wantOutcome(t, err.Error(), got, lost(act))
				} else {
					wantUnsent(t, err.Error(), got)
				}
			}
		}
	}
	got := s.canned(t, act, &cannedLine{err: errors.New("a line that broke its promise")})
	wantOutcome(t, "an error of another type", got, lost(act))
}

func wantUnsent(t *testing.T, what string, got providers.Outcome) {
	t.Helper()
	if got.Class != providers.ClassRetryLater || got.Placed != providers.PlacedNo || !got.Unsent {
		t.Errorf("%s: %+v, want it unsent", what, got)
	}
}

// permits: without the right to send, not one byte leaves.
func (s *suite) permits(t *testing.T, act Act) {
	now := time.Now()
	for name, permit := range map[string]providers.Permit{
		"none":            {},
		"monotonic over":  {Until: now.Add(-time.Nanosecond), Wall: now.Add(time.Hour).UnixMilli()},
		"wall clock over": {Until: now.Add(time.Hour), Wall: now.UnixMilli() - 1},
		"no wall clock":   {Until: now.Add(time.Hour)},
		"no monotonic":    {Wall: now.Add(time.Hour).UnixMilli()},
	} {
		v := serve(t, answers(0, nil, act.Accepted))
		wantUnsent(t, name, s.over(t.Context(), t, act, v, s.adapter(t, s.settings(v.url())), permit))
		if n := v.bytes.Load(); n != 0 {
			t.Errorf("%s: %d bytes left", name, n)
		}
	}
}

// nobodyListens: what never connected is an error of Ready, fit to be shown.
func (s *suite) nobodyListens(t *testing.T, _ Act) {
	v := serve(t, func(*exchange) {})
	_ = v.listener.Close()
	acting, ok := s.adapter(t, s.settings(v.url())).(providers.Acting)
	if !ok {
		t.Fatal("the adapter makes no acting request")
	}
	line, err := acting.Ready(t.Context())
	var failed *providers.TransportError
	if line != nil || !errors.As(err, &failed) || failed.Written {
		t.Fatalf("Ready: %v, %v; want a transport error with nothing written", line, err)
	}
	fail(t, "Ready", s.leaks(err))
}
