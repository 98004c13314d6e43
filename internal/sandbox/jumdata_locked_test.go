package sandbox

import (
	"testing"
	"time"
)

const lockedMobile = "13800000021"

// TestNumberLockedFromStart: its first call is refused without a reason that the
// caller can know; each further one meanwhile moves the lock, and is evidence.
func TestNumberLockedFromStart(t *testing.T) {
	for _, limit := range []int{3, NoLimit} {
		clock := newHandClock(t, "2026-03-02T22:00:00")
		const day = 10 * time.Second
		j := newVendor(t, JumdataOptions{Now: clock.now, Day: day, Limit: &limit})
		begin := clock.now()
		wantAnswer(t, send(t, j, lockedMobile, "a.1"), codeOther, msgLimit)
		if got := j.AttemptsOnLocked(); len(got) != 0 {
			t.Errorf("nobody could know, and yet: %+v", got)
		}
		wantPlaced(t, send(t, j, someMobile, "other.1"))
		clock.move(day - 1)
		wantAnswer(t, send(t, j, lockedMobile, "a.2"), codeOther, msgLimit)
		clock.move(day - 1)
		wantAnswer(t, send(t, j, lockedMobile, "a.3"), codeOther, msgLimit)
		if got := j.AttemptsOnLocked(); len(got) != 2 || got[0].Ref != "a.2" || got[1].Ref != "a.3" {
			t.Errorf("attempts on the locked number: %+v", got)
		}
		clock.move(day)
		wantPlaced(t, send(t, j, lockedMobile, "a.4")) // once is enough
		wantPlaced(t, send(t, j, lockedMobile, "b.1"))
		if got := j.AttemptsOnLocked(); len(got) != 2 {
			t.Errorf("%d attempts on the locked number, want 2", len(got))
		}
		times := j.AttemptTimes(lockedMobile)
		if len(times) != 5 || !times[0].Equal(begin) || times[2].Sub(begin) != 2*(day-1) || !times[4].Equal(clock.now()) {
			t.Errorf("attempts at %v", times)
		}
	}
}

// TestLockedFromStartOutsideTheWindow: the lock is what the vendor tells first.
func TestLockedFromStartOutsideTheWindow(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T22:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, Window: &Window{9 * 60, 21 * 60}})
	wantAnswer(t, send(t, j, lockedMobile, ""), codeOther, msgLimit)
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, msgWindow)
	clock.move(12 * time.Hour)
	wantAnswer(t, send(t, j, lockedMobile, ""), codeOther, msgLimit)
}

// TestWhatDoesNotReachTheLockLeavesIt: a vendor that is down or takes nothing
// looks at no number, but whoever asks for a locked one is seen.
func TestWhatDoesNotReachTheLockLeavesIt(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now})
	wantAnswer(t, send(t, j, lockedMobile, ""), codeOther, msgLimit)
	clock.move(12 * time.Hour)
	j.SetOutage(Outage502)
	if got := answered(t, j, postForm(JumdataSendPath, notice(j, lockedMobile, ""))); got != "HTTP 502" {
		t.Errorf("answered %q", got)
	}
	j.SetOutage(OutageNone)
	j.SetHalted(HaltBalance)
	wantAnswer(t, send(t, j, lockedMobile, ""), codeNoMoney, msgNoMoney)
	j.SetHalted(HaltNone)
	j.SetWindowRefusal(true)
	wantAnswer(t, send(t, j, lockedMobile, ""), codeOther, msgWindowSpan)
	j.SetWindowRefusal(false)
	if got := len(j.AttemptsOnLocked()); got != 3 {
		t.Errorf("%d attempts on the locked number, want 3", got)
	}
	clock.move(12 * time.Hour)
	wantPlaced(t, send(t, j, lockedMobile, ""))
}

func TestWindowRefusal(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	j.SetWindowRefusal(true)
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, "不在允许呼叫的时间段内")
	if got := len(j.Calls()); got != 0 {
		t.Errorf("%d calls", got)
	}
	j.SetWindowRefusal(false)
	wantPlaced(t, send(t, j, someMobile, ""))
}
