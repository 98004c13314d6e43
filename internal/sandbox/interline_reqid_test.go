package sandbox

import (
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestInterlineRepeatedReqid(t *testing.T) {
	for _, c := range []struct {
		replay InterlineReplay
		code   int
		subid  bool
		made   int
	}{
		{"", 0, true, 1},
		{InterlineFirstAnswer, 0, true, 1},
		{ReplayAnswer1004, 1004, false, 1},
		{ReplayAnswer1004Subid, 1004, true, 1},
		{InterlineForgetsReqids, 1201, false, 1},
	} {
		clock := newHandClock(t, "2026-03-02T10:00:00")
		v := newInterline(t, InterlineOptions{Replay: c.replay, Now: clock.now})
		subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
		clock.move(time.Minute)
		want := interlineAnswer{Error: c.code, Reason: interlineReasons[c.code]}
		if c.subid {
			want.SubID = subid
		}
		if got := bindAXB(t, v, someX, axb("r1")); got != want {
			t.Errorf("%q: %+v, want %+v", c.replay, got, want)
		}
		wantBindings(t, v, 1, c.made)
		if got := v.Made()[0]; !got.Until.Equal(got.Since.Add(time.Hour)) {
			t.Errorf("%q: the repetition moved the end", c.replay)
		}
		if got := v.Counts().Replayed; (got == 1) != (c.replay != InterlineForgetsReqids) {
			t.Errorf("%q: %d replayed", c.replay, got)
		}
		wantError(t, bindXA(t, v, someX, xa("x1")), 0)
		if a := bindXA(t, v, someX, xa("x1")); a.Error != c.code || a.SubID != "" {
			t.Errorf("%q, xa: %+v", c.replay, a)
		}
		if got := v.ChangedReqids(); got != nil {
			t.Errorf("changed: %v", got)
		}
	}
}

func TestInterlineReqidOutlivesItsBinding(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
	wantError(t, unbindAXB(t, v, subid), 0)
	v.SetAccount(InterlineAccount{State: 1}) // a repetition costs nothing
	if got := wantBound(t, bindAXB(t, v, someX, axb("r1"))); got != subid {
		t.Errorf("another subid")
	}
	wantBindings(t, v, 0, 1)
}

func TestInterlineReqidWithOtherContent(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	wantBound(t, bindAXB(t, v, someX, axb("r1")))
	for _, c := range [][]string{
		{"ttl", "3601"}, {"anum", "13800000099"}, {"bnum", "13800000099"}, {"display", "0,1"}, {"record", "1"}, {"userData", "x"}, {"record", ""},
	} {
		wantError(t, bindAXB(t, v, someX, axb("r1", c...)), interlineRepeated)
	}
	wantError(t, bindAXB(t, v, otherX, axb("r1")), interlineRepeated)
	wantError(t, bindXA(t, v, someX, xa("r1")), interlineRepeated)
	wantBindings(t, v, 1, 1)
	wantBound(t, bindAXB(t, v, otherX, axb("r0")))
	wantError(t, bindXA(t, v, otherX, xa("r0")), interlineRepeated)
	wantError(t, bindXA(t, v, otherX, xa("r2")), 0)
	wantError(t, bindXA(t, v, otherX, xa("-")), interlineDuplicate)
	wantError(t, unbindAXB(t, v, "1"), interlineNoTask) // no reqid is none to judge
	wantError(t, unbindAXB(t, v, "2"), interlineNoTask)
	if got := v.ChangedReqids(); !slices.Equal(got, []string{"r0", "r1"}) {
		t.Errorf("changed: %v", got)
	}
	if got := v.RequestsOf("r0"); len(got) != 2 || got[0].Op != InterlineBindAXB || got[1].Op != InterlineBindXA {
		t.Errorf("requests of r0: %+v", got)
	}
}

func TestInterlineRefusedReqid(t *testing.T) {
	for keep, code := range map[bool]int{false: 0, true: interlineRepeated} {
		v := newInterline(t, InterlineOptions{FailuresKeepReqid: keep, Numbers: []string{someX}})
		v.SetAccount(InterlineAccount{State: 1})
		wantError(t, bindAXB(t, v, someX, axb("r1")), interlineNoBalance)
		v.SetAccount(InterlineAccount{State: 1, Balance: 1})
		wantError(t, bindAXB(t, v, someX, axb("r1", "ttl", "1")), interlineRepeated) // other content, all the same
		if a := bindAXB(t, v, someX, axb("r1")); a.Error != code {
			t.Errorf("keep %v: %+v", keep, a)
		}
		// A request that is not in order is not remembered.
		wantError(t, bindXA(t, v, someX, xa("x1", "ttl", "x")), interlineParameter)
		wantError(t, bindXA(t, v, someX, xa("x1")), 0)
		// One that a code of the number's own refuses is.
		wantError(t, bindAXB(t, v, someX, axb("r15", "anum", "13700000015", "bnum", "13700000099")), interlineTrouble)
		if a := bindAXB(t, v, someX, axb("r15", "anum", "13700000015", "bnum", "13700000099")); a.Error != code {
			t.Errorf("keep %v: %+v", keep, a)
		}
		// A gateway's refusal is not the platform's.
		busy := axb("r18", "anum", "13700000018", "bnum", "13700000098")
		v.ServeHTTP(httptest.NewRecorder(), ilRequest(v, "PUT", InterlinePath+"/"+someX, busy))
		wantBound(t, bindAXB(t, v, someX, busy))
	}
}

// TestInterlineReqidAtWork: while a bind is at work the same reqid answers 1004,
// and the binding is made though its client has left.
func TestInterlineReqidAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newInterline(t, InterlineOptions{BindDelay: 10 * time.Second})
		start := time.Now()
		first := make(chan interlineAnswer, 1)
		go func() { first <- bindAXB(t, v, someX, axb("r1")) }()
		synctest.Wait()
		wantError(t, bindAXB(t, v, someX, axb("r1")), interlineRepeated)
		time.Sleep(10*time.Second - time.Nanosecond)
		wantError(t, bindAXB(t, v, someX, axb("r1")), interlineRepeated)
		wantBindings(t, v, 0, 0)
		subid := wantBound(t, <-first)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("bound after %v", took)
		}
		if got := wantBound(t, bindAXB(t, v, someX, axb("r1"))); got != subid || time.Since(start) != 10*time.Second {
			t.Errorf("the repetition is another, or took its time")
		}

		// Two at once for one pair: the second at work is refused at its end.
		both := make(chan interlineAnswer, 2)
		for _, reqid := range []string{"r2", "r3"} {
			go func() { both <- bindAXB(t, v, otherX, axb(reqid)) }()
		}
		if a, b := <-both, <-both; a.Error+b.Error != interlineDuplicate {
			t.Errorf("%+v, %+v", a, b)
		}
	})
}

func TestInterlineCloseEndsADelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newInterline(t, InterlineOptions{BindDelay: time.Hour})
		gone := make(chan any)
		go func() {
			defer func() { gone <- recover() }()
			v.ServeHTTP(httptest.NewRecorder(), ilRequest(v, "PUT", InterlinePath+"/"+someX, axb("r1")))
		}()
		synctest.Wait()
		start := time.Now()
		v.Close()
		if got := <-gone; got == nil || time.Since(start) != 0 {
			t.Errorf("answered, or waited: %v", got)
		}
		wantBindings(t, v, 0, 0)
	})
}

// TestInterlineBoundTwice has a platform that keeps no rule make bindings twice,
// so that the evidence is seen to tell of it.
func TestInterlineBoundTwice(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now, Replay: InterlineForgetsReqids, AllowConflicts: true})
	check := func(want ...string) {
		t.Helper()
		if got := v.BoundTwice(); !slices.Equal(got, want) {
			t.Errorf("bound twice: %q, want %q", got, want)
		}
	}
	first := wantBound(t, bindAXB(t, v, someX, axb("r1", "ttl", "100")))
	wantBound(t, bindAXB(t, v, otherX, axb("r2")))
	wantBound(t, bindAXB(t, v, someX, axb("r3", "bnum", "13700000099")))
	wantError(t, bindXA(t, v, someX, xa("r4", "ttl", "100")), 0)
	check()
	wantError(t, unbindAXB(t, v, first), 0)
	clock.move(time.Second)
	wantBound(t, bindAXB(t, v, someX, axb("r5", "ttl", "100")))
	check() // the one before was released
	clock.move(100 * time.Second)
	wantBound(t, bindAXB(t, v, someX, axb("r6", "anum", someB, "bnum", someA)))
	wantError(t, bindXA(t, v, someX, xa("r7")), 0)
	check() // they had run out
	const pair, transfer, same = "reqids r6 and r8 bound one pair at once", "reqids r7 and r9 bound one pair at once", "reqid r2 bound more than once"
	wantBound(t, bindAXB(t, v, someX, axb("r8")))
	check(pair)
	wantError(t, bindXA(t, v, someX, xa("r9")), 0)
	check(pair, transfer)
	clock.move(2 * time.Hour)
	wantBound(t, bindAXB(t, v, otherX, axb("r2")))
	check(same, pair, transfer)
}
