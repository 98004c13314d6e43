package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestCallsUnderWay places a call every 10 s, each of 30 s.
func TestCallsUnderWay(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	const ring, talk = 20 * time.Second, 10 * time.Second
	j := newVendor(t, JumdataOptions{Now: clock.now, RingFor: ring, TalkFor: talk})
	v := newITNIO(t, ITNIOOptions{Now: clock.now, RingFor: ring, TalkFor: talk})
	d := newDingxin(t, DingxinOptions{Now: clock.now, RingFor: ring, TalkFor: talk})
	x := newDingxin(t, DingxinOptions{Now: clock.now, RingFor: ring, TalkFor: talk, TelX: someX})
	wantMost := func(calls, undialled int) {
		t.Helper()
		if a, b, c := j.MaxUnderWay(), v.MaxUnderWay(), d.MaxUnderWay(); a != calls || b != 2*calls || c != calls {
			t.Errorf("most under way: %d, in groups of two %d, pairs %d; want %d", a, b, c, calls)
		}
		if got := x.MaxUnderWay(); got != undialled {
			t.Errorf("most under way on the direct-dial line: %d, want %d", got, undialled)
		}
	}
	wantMost(0, 0)
	for i := range 6 {
		a, b := fmt.Sprintf("13700000%d01", i), fmt.Sprintf("13800000%d00", i)
		wantPlaced(t, send(t, j, a, ""))
		itRows(t, itSend(t, v, a+","+b, ""))
		dxPlaced(t, dxCall(t, d, a, b, ""))
		subid := dxPlaced(t, dxCall(t, x, a, b, ""))
		if i%2 == 1 && !x.DialX(subid) {
			t.Error("cannot dial")
		}
		wantMost(min(i+1, 3), []int{1, 2, 3, 4, 4, 5}[i])
		clock.move(10 * time.Second)
	}
	clock.move(time.Hour)
	wantMost(3, 5) // the evidence outlives the calls
	wantAnswer(t, send(t, j, "13700000014", ""), codeParameter, msgMobile)
	if got := j.MaxUnderWay(); got != 3 {
		t.Errorf("%d with a refused one", got)
	}
}

// TestReadsAndUnbindsAreNoActingRequests: only binds are counted.
func TestReadsAndUnbindsAreNoActingRequests(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
	wantError(t, bindXA(t, v, otherX, xa("r2")), interlineOK)
	wantBound(t, bindAXB(t, v, someX, axb("r1"))) // a repetition binds nothing new
	wantError(t, unbindAXB(t, v, subid), interlineOK)
	wantError(t, unbindXA(t, v, otherX), interlineOK)
	if got := answered(t, v, ilRequest(v, http.MethodGet, InterlineStatusPath, nil)); got != "0" {
		t.Errorf("status is answered %q", got)
	}
	closed := v.OutsideWindow(func(time.Time) bool { return false })
	if a, r := len(v.AcceptedTimes()), len(v.RequestTimes()); a != 2 || r != 3 || len(closed) != 3 {
		t.Errorf("%d accepted of %d, %d outside the window; want 2 of 3, 3", a, r, len(closed))
	}
	if got := fmt.Sprint(v.Attempts()[3].Kind, v.Attempts()[4].Kind, v.Attempts()[5].Kind); got != fmt.Sprint(Releases, Releases, Reads) {
		t.Errorf("kinds %s", got)
	}
}

// TestOneClientIsNeverTwoAtOnce, however it is answered: it asks again as soon as
// it has its answer, or has lost it.
func TestOneClientIsNeverTwoAtOnce(t *testing.T) {
	j := newVendor(t, JumdataOptions{Limit: new(NoLimit)})
	s := httptest.NewServer(j)
	defer s.Close()
	for i := range 24 {
		fault := []Fault{{}, FaultCut(true), FaultOversize(), FaultStatus(502, false)}[i%4]
		j.SetFault(func(SendAttempt) Fault { return fault })
		visit(t, s, j, someMobile, false)
	}
	if got := j.MaxRequestsAtOnce(); got != 1 || len(j.RequestTimes()) != 24 {
		t.Errorf("%d at once of %d requests", got, len(j.RequestTimes()))
	}
}
