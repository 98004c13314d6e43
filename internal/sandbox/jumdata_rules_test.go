package sandbox

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

const someMobile = "13800000000"

func TestLimitLocksAndEachAttemptMovesTheLock(t *testing.T) {
	for _, day := range []time.Duration{24 * time.Hour, 4 * time.Second} {
		t.Run(day.String(), func(t *testing.T) {
			clock := newHandClock(t, "2026-03-02T10:00:00")
			j := newVendor(t, JumdataOptions{Now: clock.now, Day: day})
			for i := range 3 {
				wantPlaced(t, send(t, j, someMobile, fmt.Sprintf("job%d.1", i)))
			}
			clock.move(day / 2)
			wantAnswer(t, send(t, j, someMobile, "job3.1"), codeOther, msgLimit) // locks until 3/2 day
			clock.move(day - time.Millisecond)                                   // the three calls are old by now
			wantAnswer(t, send(t, j, someMobile, "job3.2"), codeOther, msgLimit) // moves it on
			clock.move(day - time.Millisecond)
			wantAnswer(t, send(t, j, someMobile, "job3.3"), codeOther, msgLimit) // and on
			wantPlaced(t, send(t, j, "13800000001", "other.1"))                  // another number is free
			clock.move(day)
			wantPlaced(t, send(t, j, someMobile, "job3.4"))

			locked := j.AttemptsOnLocked()
			if len(locked) != 2 || locked[0].Ref != "job3.2" || locked[1].Ref != "job3.3" {
				t.Errorf("attempts on the locked number: %+v", locked)
			}
			if got := j.MaxPerNumberInDay(); got != 3 {
				t.Errorf("%d calls in a day, want 3", got)
			}
		})
	}
}

func TestLimitIsRolling(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T20:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now})
	for range 3 {
		wantPlaced(t, send(t, j, someMobile, ""))
		clock.move(time.Hour)
	}
	clock.move(21*time.Hour - time.Millisecond) // 19:59:59.999 of the next day
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, msgLimit)

	j = newVendor(t, JumdataOptions{Now: clock.now})
	for range 3 {
		wantPlaced(t, send(t, j, someMobile, ""))
	}
	clock.move(24 * time.Hour)
	wantPlaced(t, send(t, j, someMobile, ""))
}

func TestRefusedAttemptsAreNotCounted(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	for range 5 {
		wantAnswer(t, send(t, j, someMobile, "", "playTimes", "9"), codeParameter, msgPlayTimes)
	}
	j.SetFault(func(SendAttempt) Fault { return FaultAnswer(501, "官方数据源维护,请稍候再试") })
	for range 5 {
		wantAnswer(t, send(t, j, someMobile, ""), 501, "官方数据源维护,请稍候再试")
	}
	j.SetFault(nil)
	for range 3 {
		wantPlaced(t, send(t, j, someMobile, ""))
	}
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, msgLimit)
}

func TestNoLimit(t *testing.T) {
	j := newVendor(t, JumdataOptions{Limit: new(NoLimit)})
	for range 10 {
		wantPlaced(t, send(t, j, someMobile, ""))
	}
	if got := j.MaxPerNumberInDay(); got != 10 {
		t.Errorf("%d calls in a day, want 10: the evidence must not rest on the limit", got)
	}
}

func TestConcurrentSendsPlaceNoMoreThanTheLimit(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() { send(t, j, someMobile, fmt.Sprintf("job%d.1", i)) })
	}
	all.Wait()
	if calls, attempts := len(j.Calls()), len(j.Attempts()); calls != 3 || attempts != 50 {
		t.Errorf("%d calls of %d attempts, want 3 of 50", calls, attempts)
	}
	if locked := len(j.AttemptsOnLocked()); locked != 46 {
		t.Errorf("%d attempts on the locked number, want all after the one that locked it: 46", locked)
	}
}

func TestWindow(t *testing.T) {
	nine, night := &Window{9 * 60, 21 * 60}, &Window{22 * 60, 6 * 60}
	for _, c := range []struct {
		window *Window
		at     string
		open   bool
	}{
		{nine, "2026-03-02T08:59:59.999", false},
		{nine, "2026-03-02T09:00:00", true},
		{nine, "2026-03-02T20:59:59.999", true},
		{nine, "2026-03-02T21:00:00", false},
		{night, "2026-03-02T21:59:59.999", false},
		{night, "2026-03-02T22:00:00", true},
		{night, "2026-03-02T05:59:59.999", true},
		{night, "2026-03-02T06:00:00", false},
		{&Window{0, 24 * 60}, "2026-03-02T23:59:59.999", true},
		{nil, "2026-03-02T03:00:00", true},
	} {
		clock := newHandClock(t, c.at)
		clock.at = clock.at.UTC() // the vendor's zone counts, not the clock's
		j := newVendor(t, JumdataOptions{Now: clock.now, Window: c.window})
		got := send(t, j, someMobile, "")
		if c.open {
			wantPlaced(t, got)
			continue
		}
		wantAnswer(t, got, codeOther, msgWindow)
		if len(j.Calls()) != 0 {
			t.Errorf("%s: a call was placed outside the window", c.at)
		}
	}
}

func TestAttemptOutsideTheWindowMovesALock(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T20:30:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, Window: &Window{9 * 60, 21 * 60}, Limit: new(1)})
	wantPlaced(t, send(t, j, someMobile, ""))
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, msgLimit)
	clock.move(12 * time.Hour) // 08:30
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, msgLimit)
	clock.move(12 * time.Hour) // 20:30, a day after the first refusal
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, msgLimit)
}

func TestJobsCalledTwice(t *testing.T) {
	j := newVendor(t, JumdataOptions{Limit: new(NoLimit)})
	for i, ref := range []string{
		"jumdata.B.1", "jumdata.A.1", "jumdata.A.2", "jumdata.B.1", "jumdata.B.3", // twice: A, B
		"jumdata.C.1", "jumdata.D.1", // once
		"bare", "bare", // twice, without an attempt
		"", "", // nobody's
	} {
		wantPlaced(t, send(t, j, fmt.Sprintf("138000001%02d", i+50), ref))
	}
	wantAnswer(t, send(t, j, "13800000018", "jumdata.C.2"), codeOther, msgBlacklist) // an attempt is no call
	if got, want := fmt.Sprint(j.JobsCalledTwice()), "[bare jumdata.A jumdata.B]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestMaxPerNumberInDayIsOverAnyRollingDay(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T09:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, Limit: new(NoLimit)})
	if got := j.MaxPerNumberInDay(); got != 0 {
		t.Errorf("%d without a call", got)
	}
	for _, pause := range []time.Duration{0, 20 * time.Hour, 3 * time.Hour, time.Hour, 23 * time.Hour} {
		clock.move(pause)
		wantPlaced(t, send(t, j, someMobile, ""))
	}
	if got := j.MaxPerNumberInDay(); got != 3 {
		t.Errorf("%d, want 3: the call exactly a day later belongs to the next", got)
	}
}
