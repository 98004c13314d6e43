package main

import (
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// channels adds accounts of the two vendors that answer polls: one that tells by
// pushes only, one by polls only, one by both. delay is the time from a call's end
// to its push.
func (l *life) channels(delay time.Duration) {
	jumdata := func(name string, o sandbox.JumdataOptions, pushes, polls bool) {
		o.PushDelay = delay
		l.add(l.jumdata(name, o, lifeRules), l.notices(name, pushes), badPushes(1), pushes, polls)
	}
	jumdata("jumdata-pushes", sandbox.JumdataOptions{ResultDelay: never}, true, false)
	jumdata("jumdata-polls", sandbox.JumdataOptions{PushMode: sandbox.PushNone}, false, true)
	jumdata("jumdata-both", sandbox.JumdataOptions{PushMode: sandbox.PushJSON}, true, true)
	itnio := func(name string, o sandbox.ITNIOOptions, pushes, polls bool) {
		o.PushDelay = delay
		l.add(l.itnio(name, o, lifeRules), l.notices(name, pushes), badPushes(2), pushes, polls)
	}
	itnio("itnio-pushes", sandbox.ITNIOOptions{RecordDelay: never}, true, false)
	itnio("itnio-polls", sandbox.ITNIOOptions{Push: sandbox.ITNIOPushNone}, false, true)
	itnio("itnio-both", sandbox.ITNIOOptions{Push: sandbox.ITNIOPushBatch}, true, true)
}

// pushers adds accounts of the two vendors that answer no polls: lines that repeat
// a push until it is taken, lines whose pushes come once, and bindings.
func (l *life) pushers(delay time.Duration) {
	o := sandbox.DingxinOptions{PushDelay: delay}
	l.add(l.dingxin("dingxin", o, lifeRules), l.connections("dingxin"), badPushes(3), true, false)
	o.PushMode = sandbox.PushJSON
	l.add(l.dingxin("dingxin-once", o, lifeRules), l.connections("dingxin-once"), pushesOnce(4), true, false)
	b := &bound{vendor: l.interline("interline", sandbox.InterlineOptions{
		PushDelay: delay, Behave: func(string) sandbox.InterlineBehaviour { return sandbox.InterlineBinds },
	}, lifeRules, 30*time.Second)}
	b.vendor.SetPushFaults(badPushes(5))
	for i := range l.n {
		b.jobs = append(b.jobs, tasks.Job{
			Kind: tasks.KindBind, Account: "interline", Mode: tasks.ModeAXB, TTL: time.Hour, X: fmt.Sprintf("170%08d", i),
			A: numberOfA(i), B: fmt.Sprintf("139%08d", i), IdempotencyKey: fmt.Sprintf("bind-%d", i),
		})
	}
	l.polls(false)
	l.bindings = b
}

// late adds lines whose pushes come after their calls were given up.
func (l *life) late() *toldJobs {
	v := l.dingxin("dingxin-late", sandbox.DingxinOptions{PushDelay: l.giveUp + 8*time.Second}, lifeRules)
	l.add(v, l.connections("dingxin-late"), badPushes(6), true, false)
	return l.calls[len(l.calls)-1]
}

// bound is an account of bindings, and the calls over them.
type bound struct {
	vendor *sandbox.Interline
	jobs   []tasks.Job
	ids    []string
	calls  map[string]string // the record of each call, by the vendor's id
}

// call has somebody call over every binding that stands, twice over.
func (l *life) call() {
	l.t.Helper()
	b := l.bindings
	l.each(30*time.Second, "every number is bound", b.ids, func(r *record.Record) bool { return r.State == record.Active })
	b.calls = map[string]string{}
	for i, id := range b.ids {
		for range 2 {
			task, err := b.vendor.Call(b.jobs[i].X, b.jobs[i].A)
			if err != nil {
				l.t.Fatalf("call over binding %s: %v", id, err)
			}
			b.calls[task] = record.ChildID(id, task)
		}
	}
}

// tellers are the vendors that push.
func (l *life) tellers() map[string]telling {
	all := map[string]telling{}
	for _, b := range l.calls {
		all[b.account] = b.vendor
	}
	if l.bindings != nil {
		all["interline"] = l.bindings.vendor
	}
	return all
}
