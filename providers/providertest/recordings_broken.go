package providertest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// audioCuts: what began as audio and is not all of it says so at its end.
func (s *suite) audioCuts(t *testing.T, d Download) {
	for media, whole := range audio() {
		half := whole[:len(whole)/2]
		said := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(whole))
		scripts := map[string]string{
			"cut":                       said + half,
			"cut in a chunk":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n", len(whole)) + half,
			"cut before the last chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", len(half), half),
		}
		if media == "audio/wav" { // it tells its own length
			scripts["measured anew"] = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(half), half)
			scripts["without a length"] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + half
		}
		for what, say := range scripts {
			got, v := s.download(t.Context(), t, d, func(x *exchange) {
				if x.request() {
					_, _ = io.WriteString(x, say)
				}
			}, 10*time.Second)
			s.wantCut(t, media+", "+what, got, "truncated")
			if n := v.requests.Load(); n != 1 {
				t.Errorf("%s, %s: %d requests", media, what, n)
			}
		}
	}
	got, _ := s.download(t.Context(), t, d, func(x *exchange) {
		if x.request() {
			whole := audio()["audio/mpeg"]
			_, _ = fmt.Fprintf(x, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(whole), whole[:len(whole)/2])
			x.reset()
		}
	}, 10*time.Second)
	// A reset may overtake what was sent before it, the head included.
	if got.Class == providers.ClassOK {
		s.wantCut(t, "reset", got, "")
	} else {
		refusedWith(t, "reset", got, providers.ClassRetryLater)
	}
}

// downloadCuts: without the beginning of audio there is none.
func (s *suite) downloadCuts(t *testing.T, d Download) {
	scripts := s.cuts(Act{Accepted: audio()["audio/wav"]})
	for _, begun := range []string{"cut in the answer's body", "cut in a chunk", "cut before the last chunk", "oversize body"} {
		delete(scripts, begun) // audioCuts and downloadCap have these
	}
	for name, script := range scripts {
		got, _ := s.download(t.Context(), t, d, script, 10*time.Second)
		// A header that is too large will be so the next time.
		refusedWith(t, name, got, providers.ClassRetryLater, providers.ClassPermanent)
	}
}

// downloadStatuses: a page of a gateway or file server ends no lane, and audio
// beside an error is not believed.
func (s *suite) downloadStatuses(t *testing.T, d Download) {
	for _, status := range []int{201, 204, 206, 400, 401, 403, 404, 405, 407, 410, 416, 500, 502, 503, 504} {
		for _, body := range []string{"<html>gateway</html>", "", audio()["audio/wav"]} {
			if status == 204 && body != "" {
				continue
			}
			got, v := s.download(t.Context(), t, d, answers(status, nil, body), 10*time.Second)
			refusedWith(t, fmt.Sprintf("HTTP %d", status), got, providers.ClassRetryLater, providers.ClassPending, providers.ClassPermanent)
			if status >= 500 && got.Class != providers.ClassRetryLater {
				t.Errorf("HTTP %d: %s", status, got.Class)
			}
			want := int32(1)
			if status == 401 && d.Retries401 {
				want = 2
			}
			if n := v.requests.Load(); n != want {
				t.Errorf("HTTP %d: %d requests, want %d", status, n, want)
			}
		}
	}
}

func (s *suite) downloadTooMany(t *testing.T, d Download) {
	for _, wait := range retryAfters {
		got, _ := s.download(t.Context(), t, d, answers(429, map[string]string{"Retry-After": wait.header}, ""), 10*time.Second)
		refusedWith(t, "HTTP 429", got, providers.ClassRateLimited)
		if got.RetryAfter < wait.least {
			t.Errorf("Retry-After %s: waits %v", wait.header, got.RetryAfter)
		}
	}
}

// downloadRedirects: whoever answers does not choose our next request.
func (s *suite) downloadRedirects(t *testing.T, d Download) {
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		elsewhere := serve(t, answers(0, nil, audio()["audio/wav"]))
		for _, body := range []string{"", audio()["audio/wav"]} {
			got, v := s.download(t.Context(), t, d, answers(status, map[string]string{"Location": elsewhere.url() + "/again"}, body), 10*time.Second)
			refusedWith(t, fmt.Sprintf("HTTP %d", status), got, providers.ClassRetryLater, providers.ClassPermanent)
			if v.requests.Load() != 1 || elsewhere.connections.Load() != 0 {
				t.Errorf("HTTP %d was followed", status)
			}
		}
	}
}

// downloadHang: a vendor that does not begin is left in time.
func (s *suite) downloadHang(t *testing.T, d Download) {
	for _, say := range []string{"", "HTTP/1.1 200 OK\r\nContent-"} {
		begin := time.Now()
		got, _ := s.download(t.Context(), t, d, hang(say), hangTimeout)
		refusedWith(t, "hang", got, providers.ClassRetryLater)
		if took := time.Since(begin); took > hangTimeout+5*time.Second {
			t.Errorf("took %v with a timeout of %v", took, hangTimeout)
		}
	}
}

// downloadCanceled: the body ends with the context, too.
func (s *suite) downloadCanceled(t *testing.T, d Download) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + audio()["audio/mpeg"]
	got, _ := s.download(ctx, t, d, hang(begun), 10*time.Second)
	if got.Audio == nil {
		t.Fatalf("%+v", got)
	}
	cancel()
	s.wantCut(t, "canceled", got, "canceled")
}

// downloadCap: a length that no recording has is not waited for, now or later.
func (s *suite) downloadCap(t *testing.T, d Download) {
	for _, say := range []string{"ID3\x04" + strings.Repeat("x", 1000), `{"code":1}`} {
		got, _ := s.download(t.Context(), t, d, func(x *exchange) {
			if x.request() {
				_, _ = io.WriteString(x, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"+say)
				x.hang()
			}
		}, 10*time.Second)
		refusedWith(t, "a body beyond the cap", got, providers.ClassPermanent)
	}
}
