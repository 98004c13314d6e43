package ratelimit_test

import (
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func (h *history) evidence(n int) record.Evidence {
	e := record.Evidence{
		Attempt: n, Source: "push", Strength: 1 + h.tape.pick(4), VendorID: choose(h.tape, "", "v1", "v1", "v2"),
		State: choose(h.tape, "", record.Ringing, record.InProgress, record.Completed, record.Busy, record.Failed, record.NoAnswer, record.Rejected),
		Task:  choose(h.tape, "", "call1", "call2"), Code: choose(h.tape, "", "487"), Text: choose(h.tape, "", "失败"), Cause: "c",
		PollIn: choose(h.tape, 0, time.Minute, 30*time.Hour), GiveUpIn: choose(h.tape, time.Hour, 24*time.Hour),
		Facts: record.Facts{SIP: choose(h.tape, 0, 487), DTMF: choose(h.tape, "", "1")},
	}
	if h.tape.pick(2) == 0 {
		d, b := choose(h.tape, 0, 7*time.Second), h.tape.pick(2) == 0
		e.Facts.Duration, e.Facts.Billable = &d, &b
	}
	return e
}

func (h *history) opAdvance() {
	underWay := h.tape.pick(2) == 0
	id := h.jobIn(func(j *mJob) bool {
		return underWay && j.rank() > 1 && j.rank() < 5 || !underWay && (j.attempt > 0 || j.id[2] == 'g')
	})
	n, _ := h.attempt(id)
	if h.tape.pick(8) == 0 {
		n++ // the job may be an earlier attempt's again
	}
	if n < 0 || n == 0 && id[2] != 'g' {
		h.idle = true
		return // no token names such an attempt
	}
	h.advance(id, h.evidence(n))
	if h.stateOf(id) == record.Submitting && h.tape.pick(2) == 0 {
		h.opSettleOf(id) // the answer comes after the push
	}
}

// opEarlier is evidence of an attempt that was followed by another.
func (h *history) opEarlier() {
	rank := choose(h.tape, 0, 0, 2)
	id := h.jobIn(func(j *mJob) bool { return j.attempt > 1 && j.rank() <= rank })
	j := h.model.jobs[id]
	if j == nil || j.attempt < 2 {
		h.idle = true
		return
	}
	e := h.evidence(1 + h.tape.pick(j.attempt-1))
	e.State = choose(h.tape, e.State, record.Ringing, record.Completed)
	h.advance(id, e)
}

func (h *history) advance(id string, e record.Evidence) {
	n := e.Attempt
	was, earlier := h.stateOf(id), h.model.jobs[id] != nil && h.model.jobs[id].attempt > n
	got, state, err := h.store.Advance(h.ctx, id, numbersOf(id), e)
	verdict, want := h.model.advance(id, e)
	h.same(fmt.Sprintf("advance %s.%d %s %d", id, n, e.State, e.Strength), []any{got, state}, []any{verdict, want}, err)
	h.counts["advance: "+string(got)]++
	h.counts["advance: "+string(was)+" "+string(e.State)+" "+string(state)]++
	if earlier && e.State != "" {
		h.counts["earlier attempt: "+string(was)+" "+string(state)]++
	}
	if got != record.Foreign {
		h.ledger.seen(id, e)
	}
	h.ledger.proves(was, e, got)
	if got == record.Advanced {
		h.ledger.resolved(id)
	}
}

// opCall is evidence of a call over a binding.
func (h *history) opCall() {
	id := h.jobIn(func(j *mJob) bool { return bind(j.id) })
	if !bind(id) {
		h.idle = true
		return
	}
	e := h.evidence(0)
	e.Task = choose(h.tape, "call1", "call2")
	name := record.ChildID(id, e.Task)
	if h.model.jobs[name] == nil {
		h.calls = append(h.calls, name)
	}
	was := h.stateOf(name)
	got, state, err := h.store.AdvanceChild(h.ctx, record.Child{
		Parent: &record.Record{ID: id, Account: "acct", Priority: "normal"}, Retain: time.Hour,
	}, e)
	verdict, want := h.model.advanceChild(name, e)
	h.same(fmt.Sprintf("call %s %s %d", name, e.State, e.Strength), []any{got, state}, []any{verdict, want}, err)
	h.counts["call: "+string(state)]++
	h.ledger.proves(was, e, got)
}

func (h *history) opBound() {
	id := h.jobIn(func(j *mJob) bool { return bind(j.id) && j.attempt > 0 })
	if !bind(id) {
		h.idle = true
		return
	}
	names, was := record.Names{VendorID: choose(h.tape, "", "v1", "v2")}, h.stateOf(id)
	call := choose(h.tape, "", "call1", "call2")
	got, state, err := h.store.Bound(h.ctx, id, numbersOf(id), names, call)
	verdict, want := h.model.bound(id, names, call)
	h.same("bound "+id+" "+names.VendorID, []any{got, state}, []any{verdict, want}, err)
	h.counts["bound: "+string(was)+" "+string(got)]++
	if got == record.Advanced {
		h.ledger.resolved(id)
	}
	if got == record.Advanced || got == record.Same && state == record.Submitting {
		h.ledger.tookEffect(id)
	}
}
