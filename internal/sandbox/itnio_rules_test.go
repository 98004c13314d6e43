package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestITNIONumbersThatAnswerStatuses(t *testing.T) {
	for suffix, c := range map[string]struct {
		status string
		placed int
		once   bool
	}{
		"14": {"-22", 0, false}, "21": {"-18", 1, false}, "22": {"-18", 0, false}, "23": {"-20", 0, false},
		"24": {"-10", 0, false}, "25": {"-26", 0, false}, "28": {"-16", 0, true},
	} {
		v := newITNIO(t, ITNIOOptions{})
		for try := range 2 {
			got := itSend(t, v, "86138000000"+suffix, "job.1")
			if c.once && try == 1 {
				itPlaced(t, got)
				continue
			}
			itRefused(t, got, c.status)
			if calls := len(v.Calls()); calls != c.placed*(try+1) {
				t.Errorf("%s: %d calls", suffix, calls)
			}
		}
	}
}

func TestITNIONumbersWhoseAnswerGoesAstray(t *testing.T) {
	for suffix, c := range map[string]struct {
		placed, second int
		leaves         bool
		right          func(seenAnswer) bool
	}{
		"15": {1, 2, false, func(a seenAnswer) bool { return isCut(a.err) }},
		"16": {0, 1, false, func(a seenAnswer) bool { return isCut(a.err) }},
		"17": {1, 2, true, func(a seenAnswer) bool { return errors.Is(a.err, context.Canceled) }},
		"19": {1, 2, false, func(a seenAnswer) bool { return a.status == 500 && a.body[0] == '<' }},
		"20": {0, 1, false, func(a seenAnswer) bool { return a.status == 429 && a.header.Get("Retry-After") == "1" }},
	} {
		t.Run(suffix, func(t *testing.T) {
			v := newITNIO(t, ITNIOOptions{})
			for i, calls := range []int{c.placed, c.second} {
				a := served(t, v, itSendRequest(t, v, "86138000000"+suffix, "job.1"), c.leaves)
				if i == 0 && !c.right(a) {
					t.Errorf("client sees status %d, error %v", a.status, a.err)
				}
				if got := len(v.Calls()); got != calls {
					t.Errorf("%d calls after request %d, want %d", got, i+1, calls)
				}
			}
		})
	}
}

func TestITNIOFaults(t *testing.T) {
	for _, c := range faultCases {
		t.Run(c.name, func(t *testing.T) {
			v := newITNIO(t, ITNIOOptions{})
			v.SetFault(func(SendAttempt) Fault { return c.fault })
			a := served(t, v, itSendRequest(t, v, itCallee, "job.1"), c.fault.kind == faultHang || c.fault.delay > time.Minute)
			if got := len(v.Calls()); got != c.placed {
				t.Errorf("%d calls, want %d", got, c.placed)
			}
			switch c.fault.kind {
			case faultOversize:
				if at := bytes.LastIndex(a.body, []byte("voiceId")); at < oversizeBytes {
					t.Errorf("the voiceId stands at %d", at)
				}
			case faultAnswer:
				if want := `{"status":"603","reason":"余额不足请充值","data":null}`; string(a.body) != want {
					t.Errorf("%s", a.body)
				}
			case faultTruncated:
				if !bytes.HasPrefix(a.body, []byte(`{"status":"0"`)) || bytes.HasSuffix(a.body, []byte("}")) {
					t.Errorf("truncated: %q", a.body)
				}
			case faultRedirect:
				if to := a.header.Get("Location"); c.fault.location == "" && to != ITNIOSendPath {
					t.Errorf("redirected to %q", to)
				}
			case faultNone, faultSlow:
			default:
				if !c.right(a) {
					t.Errorf("client sees status %d, error %v, %q", a.status, a.err, a.body)
				}
			}
		})
	}
}

func TestITNIORowsAreJudgedOneByOne(t *testing.T) {
	v := newITNIO(t, ITNIOOptions{Credit: new(2)})
	rows := itRows(t, itSend(t, v, "8613800000099,8613800000018", "job.1"))
	if len(rows) != 2 || rows[0].TerminationCode != "0" || rows[0].VoiceID == "" || rows[1].TerminationCode == "0" ||
		rows[1].VoiceID != "" || rows[1].Callee != "8613800000018" {
		t.Errorf("rows %+v", rows)
	}
	if calls := v.Calls(); len(calls) != 1 || calls[0].CallID != rows[0].VoiceID || calls[0].Mobile != itCallee {
		t.Errorf("calls %+v", calls)
	}
	rows = itRows(t, itSend(t, v, "8613800000018", "job.2"))
	if rows[0].TerminationCode == "0" || v.Attempts()[1].CallID != "" || v.Attempts()[1].Result != "refused: every callee" {
		t.Errorf("rows %+v, attempt %+v", rows, v.Attempts()[1])
	}
	itPlaced(t, itSend(t, v, itCallee, "job.3")) // a refused row cost nothing
}

func TestITNIOCreditAndBalance(t *testing.T) {
	v := newITNIO(t, ITNIOOptions{Credit: new(3)})
	balance := func() string {
		return direct(t, v, itRequest(v, http.MethodGet, ITNIOBalancePath, "")).Body.String()
	}
	if got, want := balance(), `{"status":"0","reason":"success","balance":"0.06","gift":"0.00"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	itPlaced(t, itSend(t, v, itCallee, "a.1"))
	itRefused(t, itSend(t, v, "8613800000001,8613800000002,8613800000003", "b.1"), itnioNoMoney)
	itRows(t, itSend(t, v, "8613800000001,8613800000002", "b.1"))
	itRefused(t, itSend(t, v, itCallee, "c.1"), itnioNoMoney)
	if len(v.Calls()) != 3 {
		t.Errorf("%d calls", len(v.Calls()))
	}
	if got, want := balance(), `{"status":"0","reason":"success","balance":"0.00","gift":"0.00"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	v.SetCredit(NoLimit)
	itPlaced(t, itSend(t, v, itCallee, "c.2"))
}

func TestITNIOEvidence(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newITNIO(t, ITNIOOptions{Now: clock.now})
	for _, c := range []struct{ callee, info string }{
		{itCallee, "g.A.1"}, {"8613800000011", "g.A.2"}, {"8613800000001,8613800000002", "g.B.1"},
		{itCallee, "g.C.1"}, {itCallee, "g.C.1"}, {"8613800000014", "g.B.2"}, {itCallee, ""}, {itCallee, ""},
	} {
		itSend(t, v, c.callee, c.info)
		clock.move(time.Hour)
	}
	if got, want := fmt.Sprint(v.JobsCalledTwice()), "[g.A g.C]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	calls := v.Calls()
	if len(calls) != 8 || len(v.Attempts()) != 8 || calls[0].Status != CallAnswered || calls[1].Status != CallFailed || calls[0].Ref != "g.A.1" {
		t.Errorf("calls %+v", calls)
	}
	if got := v.MaxPerNumberInDay(); got != 5 {
		t.Errorf("%d calls in a day, want 5", got)
	}
}

func TestITNIOFaultSeesTheRequest(t *testing.T) {
	v := newITNIO(t, ITNIOOptions{})
	var seen SendAttempt
	v.SetFault(func(a SendAttempt) Fault { seen = a; return Fault{} })
	itSend(t, v, itCallee, "job.1", "loopCount", 2)
	itSend(t, v, itCallee, "job.1", "loopCount", 2)
	if seen.Mobile != itCallee || seen.Ref != "job.1" || seen.TemplateID != "file1.mp3" || seen.PlayTimes != "2" || seen.Seq != 2 ||
		seen.SeenRef != 2 || seen.SeenMobile != 2 {
		t.Errorf("%+v", seen)
	}
}
