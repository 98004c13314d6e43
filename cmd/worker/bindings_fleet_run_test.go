package main

import (
	"slices"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// send enqueues what is due so long after the start.
func (s *switchboard) send(f *fleet, after time.Duration) {
	f.t.Helper()
	var jobs []tasks.Job
	var binds []*bindWish
	for _, b := range s.binds {
		if b.id == "" && b.after <= after {
			jobs, binds = append(jobs, b.job), append(binds, b)
		}
	}
	for i, id := range f.enqueue(jobs) {
		binds[i].id = id
	}
	var unbinds []*unbindWish
	jobs = nil
	for _, u := range s.unbinds {
		if u.id != "" || u.after > after {
			continue
		}
		j := tasks.Job{Kind: tasks.KindUnbind, Account: s.account}
		if u.of != nil {
			j.Binding = u.of.id
		} else {
			j.Mode, j.X = tasks.ModeXA, u.x
		}
		u.sent = time.Now()
		jobs, unbinds = append(jobs, j), append(unbinds, u)
	}
	for i, id := range f.enqueue(jobs) {
		unbinds[i].id = id
	}
}

// settle waits until every job is at its end, or its binding stands for long. What
// stands and is not known to is called, which is what tells of it.
func (s *switchboard) settle(f *fleet, patience time.Duration) {
	f.t.Helper()
	var binds, unbinds []string
	for _, b := range s.binds {
		binds = append(binds, b.id)
	}
	of := map[string]*bindWish{}
	for _, u := range s.unbinds {
		unbinds, of[u.id] = append(unbinds, u.id), u.of
	}
	f.each(patience, "every binding of "+s.account+" is told", binds, func(r *record.Record) bool {
		return r.State.Final() || r.State == record.Active && time.Until(r.EndsAt) > 10*time.Minute
	})
	s.callUnknown(f)
	f.each(patience, "every unbind of "+s.account+" has ended", unbinds, func(r *record.Record) bool {
		// It waits for the name of a binding that nobody told of: there may be none.
		waits := r.State == record.Held && r.HoldReason == record.HoldBinding && of[r.ID] != nil
		return r.State.Final() || waits && f.record(of[r.ID].id).State == record.Unknown
	})
}

// callUnknown has somebody call over every binding that stands and is told to nobody.
func (s *switchboard) callUnknown(f *fleet) {
	f.t.Helper()
	byRequest := map[string]*record.Record{}
	for _, b := range s.binds {
		r := f.record(b.id)
		byRequest[r.RequestID] = r
	}
	var called []string
	for _, b := range s.vendor.Bindings() {
		r := byRequest[b.ReqID]
		if r == nil || r.State != record.Unknown {
			continue
		}
		caller := b.A
		if b.Op == sandbox.InterlineBindXA {
			caller = stranger
		}
		if _, err := s.vendor.Call(b.X, caller); err != nil {
			f.t.Fatalf("call over binding %s: %v", r.ID, err)
		}
		called = append(called, r.ID)
	}
	f.each(20*time.Second, "the calls over "+s.account+" are told", called, func(r *record.Record) bool {
		return r.State == record.Active || r.State == record.Released
	})
	f.t.Logf("%s: %d bindings were told by a call over them", s.account, len(called))
}

// mishap is what befalls the fleet so long after the start.
type mishap struct {
	after time.Duration
	do    func()
}

// waves enqueues everything in its time, and lets the mishaps happen.
func (f *fleet) waves(boards []*switchboard, span time.Duration, mishaps []mishap) {
	f.t.Helper()
	begin := time.Now()
	for time.Since(begin) <= span || len(mishaps) > 0 {
		i := slices.IndexFunc(mishaps, func(m mishap) bool { return time.Since(begin) >= m.after })
		if i >= 0 {
			mishaps[i].do()
			mishaps = slices.Delete(mishaps, i, i+1)
		}
		for _, s := range boards {
			s.send(f, time.Since(begin))
		}
		wait(200 * time.Millisecond)
	}
	for _, s := range boards {
		s.send(f, span)
	}
}
