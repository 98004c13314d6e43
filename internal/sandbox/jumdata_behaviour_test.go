package sandbox

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestNumbersDecideBySuffix(t *testing.T) {
	want := map[string]Behaviour{
		"11": NoAnswer, "12": Busy, "13": Rejected, "14": Refused, "15": AnswerLost, "16": CutOnce,
		"17": Hang, "18": Blacklisted, "19": BrokenGateway, "20": MaintenanceOnce, "21": LockedFromStart, "": Answered,
	}
	for _, c := range Numbers() {
		if w, ok := want[c.Suffix]; !ok || w != c.Behaviour || c.What == "" {
			t.Errorf("row %+v", c)
		}
		delete(want, c.Suffix)
		if c.Suffix != "" && BehaviourOf("138000000"+c.Suffix) != c.Behaviour {
			t.Errorf("a number in %s is another case", c.Suffix)
		}
	}
	if len(want) != 0 {
		t.Errorf("rows missing: %v", want)
	}
	for _, mobile := range []string{"13800001100", "13811121345", "", "1"} {
		if got := BehaviourOf(mobile); got != Answered {
			t.Errorf("%q: %d, want answered", mobile, got)
		}
	}
}

// wantEnd asks for a call's result while it is under way, and after.
func wantEnd(t *testing.T, j *Jumdata, clock *handClock, call Call, callDesc string) {
	t.Helper()
	if call.Status != CallUnderWay || !call.Ended.IsZero() {
		t.Errorf("a fresh call: %+v", call)
	}
	lasts := j.opts.RingFor
	want := jumdataData{CallID: call.CallID, CallStatus: "1", CallStatusMsg: "失败", CallDesc: callDesc}
	status := CallFailed
	if callDesc == "" {
		lasts += j.opts.TalkFor
		want.CallStatus, want.CallStatusMsg, status = "0", "成功", CallAnswered
	}
	clock.move(lasts - time.Millisecond)
	wantAnswer(t, query(t, j, call.Mobile, call.CallID), codeNoStatus, msgNoStatus)
	clock.move(time.Millisecond)
	wantPlaced(t, query(t, j, call.Mobile, call.CallID))
	if got := query(t, j, call.Mobile, call.CallID); *got.Data != want {
		t.Errorf("result %+v, want %+v", *got.Data, want)
	}
	if got := j.Calls()[0]; got.Status != status || !got.Ended.Equal(call.At.Add(lasts)) {
		t.Errorf("ended call: %+v", got)
	}
}

func TestWhatBecomesOfCalls(t *testing.T) {
	for mobile, callDesc := range map[string]string{
		"13800000011": "487", "13800000012": "486", "13800000013": "603", "13800000010": "", "13800000099": "",
	} {
		clock := newHandClock(t, "2026-03-02T10:00:00")
		j := newVendor(t, JumdataOptions{Now: clock.now, RingFor: 20 * time.Second, TalkFor: 10 * time.Second})
		wantPlaced(t, send(t, j, mobile, ""))
		wantEnd(t, j, clock, j.Calls()[0], callDesc)
	}
}

func TestRefusedNumbersAreNeverPlaced(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	for range 5 {
		wantAnswer(t, send(t, j, "13800000014", ""), codeParameter, msgMobile)
		wantAnswer(t, send(t, j, "13800000018", ""), codeOther, msgBlacklist)
	}
	if got := len(j.Calls()); got != 0 {
		t.Errorf("%d calls", got)
	}
	if got := j.Attempts()[1].Result; got != "refused: 999 "+msgBlacklist {
		t.Errorf("result %q", got)
	}
}

func TestMaintenanceOncePerNumber(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	for _, mobile := range []string{"13800000020", "13900000020"} {
		wantAnswer(t, send(t, j, mobile, ""), codeMaintenance, msgMaintenance)
		wantPlaced(t, send(t, j, mobile, ""))
	}
	if got := len(j.Calls()); got != 2 {
		t.Errorf("%d calls, want 2", got)
	}
}

func TestNumbersWhoseAnswerGoesAstray(t *testing.T) {
	for _, c := range []struct {
		mobile        string
		first, second int // calls placed after the first and the second request
		right         func(seenAnswer) bool
	}{
		{"13800000015", 1, 2, func(a seenAnswer) bool { return isCut(a.err) }},
		{"13800000016", 0, 1, func(a seenAnswer) bool { return isCut(a.err) }},
		{"13800000017", 1, 2, func(a seenAnswer) bool { return errors.Is(a.err, context.Canceled) }},
		{"13800000019", 1, 2, func(a seenAnswer) bool { return a.status == 500 && a.body[0] == '<' }},
	} {
		t.Run(c.mobile[9:], func(t *testing.T) {
			clock := newHandClock(t, "2026-03-02T10:00:00")
			j := newVendor(t, JumdataOptions{Now: clock.now})
			s := httptest.NewServer(j)
			defer s.Close()
			for i, calls := range []int{c.first, c.second} {
				a := visit(t, s, j, c.mobile, BehaviourOf(c.mobile) == Hang)
				if i == 0 && !c.right(a) {
					t.Errorf("client sees status %d, error %v", a.status, a.err)
				}
				if got := len(j.Calls()); got != calls {
					t.Fatalf("%d calls after request %d, want %d", got, i+1, calls)
				}
			}
			wantEnd(t, j, clock, j.Calls()[0], "")
		})
	}
}

func TestOwnBehaviour(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, Behave: func(string) Behaviour { return Busy }})
	wantPlaced(t, send(t, j, "13800000011", ""))
	wantEnd(t, j, clock, j.Calls()[0], "486")
}

func TestResultQuery(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, ResultDelay: time.Minute})
	id := wantPlaced(t, send(t, j, someMobile, ""))
	clock.move(j.opts.RingFor + j.opts.TalkFor + time.Minute - time.Millisecond)
	wantAnswer(t, query(t, j, someMobile, id), codeNoStatus, msgNoStatus)
	clock.move(time.Millisecond)
	wantPlaced(t, query(t, j, someMobile, id))
	wantAnswer(t, query(t, j, "13800000001", id), codeParameter, msgMismatch)
	wantAnswer(t, query(t, j, "x", id), codeParameter, msgMobile)
	wantAnswer(t, query(t, j, someMobile, ""), codeParameter, msgParameter)
	wantAnswer(t, query(t, j, someMobile, "YYTZ1"), codeNoStatus, msgNoStatus)
	for field, msg := range map[string]string{"sign": msgSignature, "taskNo": msgParameter} {
		fields := signed(j, "mobile", someMobile, "callId", id, field, "x")
		wantAnswer(t, ask(t, j, httptest.NewRequest(http.MethodGet, JumdataResultPath+"?"+fields.Encode(), nil)), codeParameter, msg)
	}
}

func TestQueryLimit(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, QueryLimit: 2})
	for range 3 { // three seconds
		for range 2 {
			wantAnswer(t, query(t, j, someMobile, "YYTZ1"), codeNoStatus, msgNoStatus)
		}
		clock.move(time.Second - time.Millisecond)
		wantAnswer(t, query(t, j, someMobile, "YYTZ1"), codeTooOften, msgTooOften)
		clock.move(time.Millisecond)
	}
}
