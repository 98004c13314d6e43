package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// platform is an account of interline with its jobs.
type platform struct {
	account string
	number  int // of the account: its middle numbers are its own
	vendor  *sandbox.Interline
	// replay is what the vendor answers to a request that has bound before.
	replay  sandbox.InterlineReplay
	binds   []string
	unbinds map[int]string // by the bind that each releases
	calls   map[int]string // the record of a call over the binding
}

// platforms are the accounts of interline: one for each way in which it may
// answer a repeated request. Where that tells nothing, a request is in doubt for
// this long: nothing is gained by more.
func (f *fleet) platforms(silentDoubt time.Duration) []*platform {
	replays := []sandbox.InterlineReplay{sandbox.InterlineFirstAnswer, sandbox.ReplayAnswer1004Subid, sandbox.ReplayAnswer1004}
	platforms := make([]*platform, len(replays))
	for i, replay := range replays {
		p := &platform{account: fmt.Sprintf("interline-%d", i), number: i, replay: replay, unbinds: map[int]string{}, calls: map[int]string{}}
		inDoubt := 3 * time.Minute
		if p.silent() {
			inDoubt = silentDoubt
		}
		o := sandbox.InterlineOptions{Replay: replay, Behave: oddBindings, PushCopies: 2}
		p.vendor = f.interline(p.account, o, slowRules, inDoubt)
		platforms[i] = p
	}
	return platforms
}

const bindsEach = 80

// oddBindings is what becomes of requests by the number of A, besides what goes
// wrong with every so many of them.
func oddBindings(a string) sandbox.InterlineBehaviour {
	odd := []sandbox.InterlineBehaviour{
		sandbox.InterlineAnswerLost, sandbox.InterlineHangs, sandbox.InterlineStartTimesOut, sandbox.InterlineBroken500,
		sandbox.InterlineBroken502, sandbox.InterlineCutOnce, sandbox.InterlineTroubleOnce,
	}
	var i int
	if _, err := fmt.Sscanf(a[3:], "%d", &i); err != nil || i%16 >= len(odd) {
		return sandbox.InterlineBinds
	}
	return odd[i%16]
}

// What the i-th bind of an account is.
func brief(i int) bool       { return i%10 == 3 } // its time is over soon
func sharesX(i int) bool     { return i%10 == 1 || i%10 == 5 }
func takenAtOnce(i int) bool { return i%10 == 2 }              // its unbind is enqueued beside it
func takenLater(i int) bool  { return i%10 == 4 || i%20 == 6 } // in the middle of the troubles

// transfer is a bind of mode xa. There is none where a repeat is answered with
// the subid, which no answer of that mode has.
func (p *platform) transfer(i int) bool {
	return i%10 == 6 && p.replay != sandbox.ReplayAnswer1004Subid
}

// silent: a repeat is answered with nothing that tells whether there is a binding.
func (p *platform) silent() bool { return p.replay == sandbox.ReplayAnswer1004 }

func (p *platform) bind(i int) tasks.Job {
	j := tasks.Job{
		Kind: tasks.KindBind, Account: p.account, Mode: tasks.ModeAXB, TTL: time.Hour,
		X: p.x(i), A: numberOfA(i), B: fmt.Sprintf("139%08d", i), IdempotencyKey: fmt.Sprintf("bind-%d", i),
	}
	switch {
	case brief(i):
		j.TTL = 4 * time.Second
	case p.transfer(i):
		j.Mode, j.B = tasks.ModeXA, ""
	}
	return j
}

func (p *platform) x(i int) string {
	if sharesX(i) {
		i = 9000 + i/20
	}
	return fmt.Sprintf("17%d%08d", p.number, i)
}

func numberOfA(i int) string { return fmt.Sprintf("138%08d", i) }

// start enqueues the binds, and beside them some unbinds.
func (p *platform) start(f *fleet) {
	f.t.Helper()
	jobs := make([]tasks.Job, bindsEach)
	for i := range jobs {
		jobs[i] = p.bind(i)
	}
	p.binds = f.enqueue(jobs)
	p.release(f, takenAtOnce)
}

// release enqueues an unbind for each of the binds.
func (p *platform) release(f *fleet, these func(int) bool) {
	f.t.Helper()
	var jobs []tasks.Job
	var of []int
	for i, id := range p.binds {
		if these(i) {
			jobs = append(jobs, tasks.Job{Kind: tasks.KindUnbind, Account: p.account, Binding: id})
			of = append(of, i)
		}
	}
	for n, id := range f.enqueue(jobs) {
		p.unbinds[of[n]] = id
	}
}

// settle waits until each bind is told and each unbind has ended, and has the
// bindings that stand called: a call is what tells a binding that no answer told.
func (p *platform) settle(f *fleet) {
	f.t.Helper()
	f.each(4*time.Minute, "every binding of "+p.account+" is told", p.binds, func(r *record.Record) bool {
		return r.State == record.Active || r.State.Final()
	})
	var ends []string
	for i, id := range p.binds {
		if brief(i) {
			ends = append(ends, id)
		}
	}
	f.ended(3*time.Minute, ends)
	unbinds := slices.Collect(maps.Values(p.unbinds))
	f.each(3*time.Minute, "every unbind has ended, or waits for the name of its binding", unbinds, func(r *record.Record) bool {
		return r.State.Final() || r.State == record.Held && r.HoldReason == record.HoldBinding
	})
	p.callAll(f)
	f.ended(time.Minute, unbinds)
}

// callAll has somebody call every middle number that is bound, and waits until
// the calls are told.
func (p *platform) callAll(f *fleet) {
	f.t.Helper()
	standing := map[string]bool{}
	for _, b := range p.vendor.Bindings() {
		standing[b.ReqID] = true
	}
	for i, id := range p.binds {
		caller := numberOfA(i)
		if p.transfer(i) {
			caller = "13700000000"
		}
		if brief(i) || !standing[f.record(id).RequestID] {
			continue
		}
		task, err := p.vendor.Call(p.x(i), caller)
		if err != nil {
			f.t.Fatalf("call over binding %s: %v", id, err)
		}
		p.calls[i] = record.ChildID(id, task)
	}
	for i, id := range p.calls {
		f.until(30*time.Second, "call "+id+" is told", func() bool {
			r, err := f.store.Get(f.t.Context(), id)
			if err != nil {
				f.t.Fatalf("record of %s: %v", id, err)
			}
			return r != nil && r.State == record.Completed && r.Parent == p.binds[i]
		})
	}
}
