package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// actingVendor is what tests ask of every vendor, whether it calls or binds.
type actingVendor interface {
	http.Handler
	Attempts() []Attempt
	AcceptedTimes() []time.Time
	RequestTimes() []time.Time
	AttemptTimes(number string) []time.Time
	OutsideWindow(isOpen func(time.Time) bool) []Attempt
	MaxRequestsAtOnce() int
	SetFault(f func(SendAttempt) Fault)
	SetOutage(mode OutageMode)
	SetHalted(cause HaltCause)
	SetLatency(d time.Duration)
	SetLimiter(l Limiter)
	Close()
}

// actingCase is a vendor with acting requests, all of other numbers.
type actingCase struct {
	actingVendor
	accepted, balance, auth, tooOften string // what it answers, see answered
	// request is acting request n; numbers are those that it names.
	request func(n int) *http.Request
	numbers func(n int) []string
}

// eachActing runs a test against every vendor.
func eachActing(t *testing.T, now func() time.Time, l Limiter, run func(t *testing.T, c actingCase)) {
	t.Helper()
	for name, open := range actingCases(now, l, 0) {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

// eachActingInBubble runs a test against every vendor in virtual time, a bubble each.
func eachActingInBubble(t *testing.T, latency time.Duration, run func(t *testing.T, c actingCase)) {
	t.Helper()
	for name, open := range actingCases(nil, Limiter{}, latency) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { run(t, open(t)) })
		})
	}
}

func actingCases(now func() time.Time, l Limiter, latency time.Duration) map[string]func(t *testing.T) actingCase {
	from := func(n int) string { return fmt.Sprintf("137%06d01", n) }
	to := func(n int) string { return fmt.Sprintf("138%06d00", n) }
	return map[string]func(t *testing.T) actingCase{
		"jumdata": func(t *testing.T) actingCase {
			j := newVendor(t, JumdataOptions{Now: now, Limiter: l, Latency: latency})
			return actingCase{
				j, "200", "603", "601", "609",
				func(n int) *http.Request { return postForm(JumdataSendPath, notice(j, to(n), "")) },
				func(n int) []string { return []string{to(n)} },
			}
		},
		"itnio": func(t *testing.T) actingCase {
			v := newITNIO(t, ITNIOOptions{Now: now, Limiter: l, Latency: latency})
			return actingCase{
				v, "0", "-10", "-1", "HTTP 429",
				func(n int) *http.Request { return itSendRequest(t, v, to(n)+","+from(n), "") },
				func(n int) []string { return []string{to(n), from(n)} },
			}
		},
		"dingxin": func(t *testing.T) actingCase {
			d := newDingxin(t, DingxinOptions{Now: now, Limiter: l, Latency: latency})
			return actingCase{
				d, "200", "9001", "1005", "HTTP 429",
				func(n int) *http.Request { return dxCallRequest(d, from(n), to(n), "") },
				func(n int) []string { return []string{to(n), from(n)} },
			}
		},
		"interline": func(t *testing.T) actingCase {
			v := newInterline(t, InterlineOptions{Now: now, Limiter: l, Latency: latency})
			return actingCase{
				v, "0", "1110", "1101", "1105",
				func(n int) *http.Request {
					return ilRequest(v, http.MethodPut, InterlinePath+"/"+someX,
						axb(fmt.Sprint(n), "anum", from(n), "bnum", to(n)))
				},
				func(n int) []string { return []string{to(n), from(n)} },
			}
		},
	}
}

// answered asks a vendor without a network. It answers the code of its JSON,
// "HTTP" and the status where there is none, or "cut".
func answered(t *testing.T, v http.Handler, r *http.Request) (got string) {
	t.Helper()
	defer func() {
		switch caught := recover(); caught {
		case nil:
		case http.ErrAbortHandler:
			got = "cut"
		default:
			t.Errorf("panic: %v", caught)
		}
	}()
	rec := httptest.NewRecorder()
	v.ServeHTTP(rec, r)
	var a struct{ Code, Status, Error json.RawMessage }
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil || rec.Code != http.StatusOK {
		return fmt.Sprintf("HTTP %d", rec.Code)
	}
	for _, code := range []json.RawMessage{a.Code, a.Status, a.Error} {
		if len(code) > 0 {
			var text string
			if json.Unmarshal(code, &text) == nil {
				return text
			}
			return string(code)
		}
	}
	return "no code"
}

func (c actingCase) want(t *testing.T, n int, want string) {
	t.Helper()
	if got := answered(t, c, c.request(n)); got != want {
		t.Errorf("request %d is answered %q, want %q", n, got, want)
	}
}
