package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// TestLifeThroughFaults: the worker that takes the pushes is killed in the middle and
// started again, and Redis is away for 30 s, in which most calls end and are told of:
// what any vendor has an acknowledgement of is known in the end, and nobody is called
// twice.
func TestLifeThroughFaults(t *testing.T) {
	t.Parallel()
	l := newLife(realFleet(t), 20*time.Second, 24)
	l.channels(6 * time.Second)
	l.pushers(6 * time.Second)
	l.app.SetTrouble(sandbox.ApplicationTrouble{FailEvery: 3, FailMost: 1})
	l.crew(2)
	begin := time.Now()
	l.start()
	l.call()
	for _, b := range l.calls {
		l.each(20*time.Second, "every call of "+b.account+" is placed", b.ids, func(r *record.Record) bool {
			return r.State.UnderWay() || r.State == record.InDoubt || r.State.Final()
		})
	}
	l.killed = true
	l.holder().restart()
	l.server.Freeze()
	frozen := time.Now()
	// What it acknowledged since lies on this machine's disk.
	l.until(14*time.Second, "pushes are acknowledged without Redis", func() bool { return l.acknowledged(frozen) > 20 })
	holder := l.holder()
	holder.kill()
	wait(time.Until(frozen.Add(15 * time.Second)))
	l.server.Kill()
	wait(15 * time.Second)
	away := l.acknowledged(frozen)
	l.server.Restart()
	holder.start()
	t.Logf("%d pushes were acknowledged while Redis was away", away)
	l.settled(90 * time.Second)
	t.Logf("settled after %s", time.Since(begin).Round(time.Second))
	l.judge(t, true)
}

// holder is the worker that took the last push.
func (l *life) holder() *worker {
	l.t.Helper()
	first := l.door.all()[0]
	for _, w := range l.workers {
		if w.public == first {
			return w
		}
	}
	l.t.Fatal("no worker is at the door")
	return nil
}

// acknowledged counts the pushes that were acknowledged after a time.
func (l *life) acknowledged(after time.Time) (n int) {
	for _, v := range l.tellers() {
		for _, push := range v.PushLog() {
			if push.AckedAt.After(after) {
				n++
			}
		}
	}
	return n
}
