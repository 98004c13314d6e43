package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// overNetwork sends one notice to a server and returns what a client sees.
func overNetwork(ctx context.Context, t *testing.T, s *httptest.Server, j *Jumdata, mobile, ref string) (int, http.Header, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+JumdataSendPath, strings.NewReader(notice(j, mobile, ref).Encode()))
	if err != nil {
		return 0, nil, nil, err // not Fatal: it runs beside the test too
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() {
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}

type seenAnswer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

var faultCases = []struct {
	name   string
	fault  Fault
	placed int
	right  func(seenAnswer) bool
}{
	{"none", Fault{}, 1, func(a seenAnswer) bool { return a.status == 200 && bytes.Contains(a.body, []byte("YYTZ")) }},
	{"cut before", FaultCut(false), 0, func(a seenAnswer) bool { return isCut(a.err) }},
	{"cut after", FaultCut(true), 1, func(a seenAnswer) bool { return isCut(a.err) }},
	{"hang before", FaultHang(false), 0, func(a seenAnswer) bool { return errors.Is(a.err, context.Canceled) }},
	{"hang after", FaultHang(true), 1, func(a seenAnswer) bool { return errors.Is(a.err, context.Canceled) }},
	{"slow", FaultSlow(20 * time.Millisecond), 1, func(a seenAnswer) bool { return a.status == 200 && json.Valid(a.body) }},
	{"too slow", FaultSlow(time.Hour), 1, func(a seenAnswer) bool { return errors.Is(a.err, context.Canceled) }},
	{"answer", FaultAnswer(603, "余额不足请充值"), 0, func(a seenAnswer) bool {
		return a.status == 200 && string(a.body) == `{"code":603,"msg":"余额不足请充值"}`
	}},
	{"status", FaultStatus(502, false), 0, func(a seenAnswer) bool { return a.status == 502 && !json.Valid(a.body) }},
	{"status after", FaultStatus(504, true), 1, func(a seenAnswer) bool { return a.status == 504 && !json.Valid(a.body) }},
	{"garbage", FaultGarbage(false), 0, func(a seenAnswer) bool { return a.status == 200 && !json.Valid(a.body) }},
	{"garbage after", FaultGarbage(true), 1, func(a seenAnswer) bool { return a.status == 200 && !json.Valid(a.body) }},
	{"truncated", FaultTruncated(), 1, func(a seenAnswer) bool {
		return a.status == 200 && bytes.HasPrefix(a.body, []byte(`{"code":200`)) && !json.Valid(a.body)
	}},
	{"oversize", FaultOversize(), 1, func(a seenAnswer) bool {
		return a.status == 200 && len(a.body) > 2<<20 && json.Valid(a.body) && bytes.LastIndex(a.body, []byte("YYTZ")) > 2<<20
	}},
	{"redirect", FaultRedirect("", false), 0, func(a seenAnswer) bool {
		return a.status == 307 && a.header.Get("Location") == JumdataSendPath
	}},
	{"redirect after", FaultRedirect("/elsewhere", true), 1, func(a seenAnswer) bool {
		return a.status == 307 && a.header.Get("Location") == "/elsewhere"
	}},
}

// visit sends one notice over the network. A client that leaves does so as soon
// as the vendor has done all it will do.
func visit(t *testing.T, s *httptest.Server, j *Jumdata, mobile string, leaves bool) seenAnswer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	before := len(j.Attempts())
	done := make(chan seenAnswer, 1)
	go func() {
		var a seenAnswer
		a.status, a.header, a.body, a.err = overNetwork(ctx, t, s, j, mobile, "job.1")
		done <- a
	}()
	if leaves {
		waitFor(t, "the vendor to act", func() bool {
			attempts := j.Attempts()
			return len(attempts) > before && attempts[before].Result != "under way"
		})
		cancel()
	}
	return <-done
}

func isCut(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func TestEveryFaultKind(t *testing.T) {
	servers := map[string]func(http.Handler) *httptest.Server{
		"plain": httptest.NewServer, "TLS": httptest.NewTLSServer,
	}
	for kind, start := range servers {
		for _, c := range faultCases {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				j := newVendor(t, JumdataOptions{})
				s := start(j)
				defer s.Close()
				defer j.Close()
				j.SetFault(func(SendAttempt) Fault { return c.fault })
				leaves := c.fault.kind == faultHang || c.fault.delay > time.Minute
				a := visit(t, s, j, "13800000055", leaves)
				if !c.right(a) {
					t.Errorf("client sees status %d, %d bytes, error %v", a.status, len(a.body), a.err)
				}
				if got := len(j.Calls()); got != c.placed {
					t.Errorf("%d calls placed, want %d", got, c.placed)
				}
				attempts := j.Attempts()
				if len(attempts) != 1 || (attempts[0].CallID != "") != (c.placed == 1) || attempts[0].Result == "under way" {
					t.Errorf("attempts: %+v", attempts)
				}
			})
		}
	}
}

func TestFaultSeesTheAttempt(t *testing.T) {
	j := newVendor(t, JumdataOptions{Limit: new(1)})
	var seen []SendAttempt
	j.SetFault(func(a SendAttempt) Fault {
		seen = append(seen, a)
		if len(j.Attempts()) != a.Seq {
			t.Error("the attempt is not in the log yet, or the log cannot be asked")
		}
		return Fault{}
	})
	send(t, j, someMobile, "job.1", "playTimes", "2", "param", "a,b", "notifyUrl", "http://127.0.0.1:1/x")
	send(t, j, someMobile, "job.1")
	send(t, j, someMobile, "job.2")
	send(t, j, "13800000001", "")
	bad := notice(j, someMobile, "job.3")
	bad.Set("sign", "x")
	ask(t, j, postForm(JumdataSendPath, bad)) // not authenticated: not an attempt
	if len(seen) != 4 {
		t.Fatalf("asked %d times, want 4", len(seen))
	}
	a := seen[0]
	if a.Mobile != someMobile || a.Ref != "job.1" || a.TemplateID != "JM1" || a.PlayTimes != "2" || a.Param != "a,b" ||
		a.NotifyURL != "http://127.0.0.1:1/x" || a.Method != http.MethodPost || a.At.IsZero() {
		t.Errorf("fields %+v", a)
	}
	for i, want := range []struct {
		seq, ref, mobile int
		locked           bool
	}{{1, 1, 1, false}, {2, 2, 2, false}, {3, 1, 3, true}, {4, 0, 1, false}} {
		if a := seen[i]; a.Seq != want.seq || a.SeenRef != want.ref || a.SeenMobile != want.mobile || a.LockedNumber != want.locked {
			t.Errorf("request %d: %+v", i+1, a)
		}
	}
}

func TestPlacedFaultKeepsTheRules(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, Limit: new(1)})
	j.SetFault(func(SendAttempt) Fault { return FaultGarbage(true) })
	for range 2 {
		j.ServeHTTP(httptest.NewRecorder(), postForm(JumdataSendPath, notice(j, someMobile, "")))
	}
	if got := len(j.Calls()); got != 1 {
		t.Errorf("%d calls, want 1", got)
	}
	// An unplaced fault never reached the part of the vendor that moves locks.
	j.SetFault(func(SendAttempt) Fault { return FaultGarbage(false) })
	clock.move(23 * time.Hour)
	j.ServeHTTP(httptest.NewRecorder(), postForm(JumdataSendPath, notice(j, someMobile, "")))
	if got := len(j.AttemptsOnLocked()); got != 1 {
		t.Errorf("%d attempts on the locked number, want 1", got)
	}
	j.SetFault(nil)
	clock.move(time.Hour)
	wantPlaced(t, send(t, j, someMobile, ""))
}

// TestFollowedRedirectCallsTwice shows that the evidence catches a client that
// follows redirects.
func TestFollowedRedirectCallsTwice(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	s := httptest.NewServer(j)
	defer s.Close()
	j.SetFault(func(a SendAttempt) Fault {
		if a.SeenRef == 1 {
			return FaultRedirect("", true)
		}
		return Fault{}
	})
	resp, err := s.Client().PostForm(s.URL+JumdataSendPath, notice(j, someMobile, "job.1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if got := j.JobsCalledTwice(); len(got) != 1 || got[0] != "job" {
		t.Errorf("called twice: %v", got)
	}
}

func TestCloseReleasesHangingRequests(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	s := httptest.NewServer(j)
	defer s.Close()
	hanging := make(chan struct{})
	j.SetFault(func(SendAttempt) Fault { close(hanging); return FaultHang(true) })
	done := make(chan error, 1)
	go func() {
		_, _, _, err := overNetwork(context.Background(), t, s, j, someMobile, "job.1")
		done <- err
	}()
	<-hanging
	j.Close()
	if err := <-done; !isCut(err) {
		t.Errorf("the client sees %v, want its connection cut", err)
	}
	j.SetFault(nil)
	_, _, _, err := overNetwork(t.Context(), t, s, j, someMobile, "job.2")
	if calls := len(j.Calls()); !isCut(err) || calls != 1 {
		t.Errorf("a closed vendor answers: %v, %d calls", err, calls)
	}
}

func TestSlowTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newVendor(t, JumdataOptions{})
		j.SetFault(func(SendAttempt) Fault { return FaultSlow(7 * time.Second) })
		start := time.Now()
		wantPlaced(t, send(t, j, someMobile, ""))
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("answered after %v, want 7s", took)
		}
		if at := j.Calls()[0].At; !at.Equal(start) {
			t.Errorf("placed at %v, want at once", at)
		}
	})
}
