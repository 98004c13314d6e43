package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// TestLife: at all four vendors together, told by pushes, by polls and by both, with
// pushes that are lost, come again and come late, at an application that fails every
// third request and one that hangs: every job ends as its vendor knows and told it,
// and each change is told once.
func TestLife(t *testing.T) {
	t.Parallel()
	l := newLife(realFleet(t), 10*time.Second, 32)
	l.channels(0)
	l.pushers(0)
	late := l.late()
	l.app.SetTrouble(sandbox.ApplicationTrouble{FailEvery: 3, FailMost: 1})
	l.other.SetTrouble(sandbox.ApplicationTrouble{Hang: 20 * time.Second})
	l.crew(2)
	begin := time.Now()
	l.start()
	l.call()
	wait(time.Until(begin.Add(14 * time.Second)))
	l.other.SetTrouble(sandbox.ApplicationTrouble{}) // those that hang go on with it
	l.settled(60 * time.Second)
	t.Logf("settled after %s", time.Since(begin).Round(time.Second))
	l.judge(t, false)
	prompt(t, l.app)
	l.corrected(t, late)
}

func (l *life) judge(t *testing.T, again bool) {
	t.Helper()
	for _, b := range l.calls {
		t.Run(b.account, func(t *testing.T) { l.judgeCalls(t, b) })
	}
	t.Run("interline", l.judgeBound)
	t.Run("left", l.judgeLeft)
	t.Run("told", func(t *testing.T) { l.judgeTold(t, again) })
}

// corrected: what was given up too early was told as unknown, and then put right.
func (l *life) corrected(t *testing.T, b *toldJobs) {
	t.Helper()
	told := map[string]map[string]int{} // by job and type, how often
	for _, e := range append(l.app.Events(), l.other.Events()...) {
		if told[e.Job] == nil {
			told[e.Job] = map[string]int{}
		}
		told[e.Job][e.Type]++
	}
	n := 0
	for _, id := range b.ids {
		want := 0
		if l.record(id).State != record.Unknown {
			want = 1
			n++
		}
		if types := told[id]; types["call.unknown"] != 1 || types["call.corrected"] != want {
			t.Errorf("%s was told by %v, want call.unknown and %d call.corrected", id, types, want)
		}
	}
	if n < len(b.ids)/2 {
		t.Errorf("only %d of %d late pushes put their job right", n, len(b.ids))
	}
}

// prompt: an endpoint that hangs holds the other one up not at all.
func prompt(t *testing.T, a *sandbox.Application) {
	t.Helper()
	late := 0
	for _, e := range a.Events() {
		if e.First.Sub(e.At) > 10*time.Second {
			late++
		}
	}
	if late > 0 {
		t.Errorf("%d of %d events were first told more than 10 s after the change", late, len(a.Events()))
	}
}
