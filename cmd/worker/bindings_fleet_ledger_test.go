package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// judgeUnbinds: what an unbind says that it released is not in force.
func (v *verdict) judgeUnbinds() {
	v.t.Helper()
	for u, r := range v.ends {
		missing := r.State == record.Failed && r.Cause == string(providers.CauseBindingMissing)
		waits := r.State == record.Held && r.HoldReason == record.HoldBinding
		if r.State != record.Completed && (!missing || u.of != nil) && !waits && !v.untold(u) {
			v.t.Errorf("unbind %s (of a job: %v) ended %s: %s", u.id, u.of != nil, stateAndCause(r), told(r))
		}
		for _, j := range v.jobs {
			byX := u.of == nil && j.job.Mode == tasks.ModeXA && j.x() == u.x && j.made != nil && j.made.Since.Before(u.sent)
			switch {
			case !j.stands() || u.of != j.bindWish && !byX:
			case r.State == record.Completed:
				v.wrong(j, "is in force, and "+u.id+" says that it is released: "+told(r))
			case waits:
				v.wrong(j, "is known to stand, and "+u.id+" waits: "+told(r))
			}
		}
	}
}

// judgeLedger: what the ledger lists stands at a platform, or may for all that anybody
// knows; and it lists everything that stands.
func (f *fleet) judgeLedger(t *testing.T, boards []*switchboard) {
	t.Helper()
	listed := map[string]record.Holding{}
	for h, err := range f.store.Holdings(t.Context(), "interline", record.HoldingFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := listed[h.Job]; twice {
			t.Errorf("the ledger lists %s twice", h.Job)
		}
		listed[h.Job] = h
	}
	unknown, total := 0, len(listed)
	for _, s := range boards {
		v := f.verdictOn(t, s)
		for _, j := range v.jobs {
			h, is := listed[j.id]
			delete(listed, j.id)
			doubtful := j.rec.State == record.Unknown && (h.Until.IsZero() || h.Until.After(time.Now().Add(-time.Minute)))
			switch {
			case j.stands() && !is:
				v.wrong(j, "is in force, and the ledger does not list it")
			case is && !j.stands() && !doubtful && !v.releaseUntold(j):
				v.wrong(j, "is in the ledger as "+h.State+", and not in force")
			case is && j.job.X == tasks.AutoX && j.made != nil && h.X != j.made.X:
				v.wrong(j, "is in the ledger on another number")
			case is && doubtful:
				unknown++
			}
		}
	}
	for id, h := range listed {
		t.Errorf("the ledger lists %s as %s, which is no bind of this test", id, h.State)
	}
	if t.Logf("the ledger lists %d bindings, %d of them unknown", total, unknown); total == 0 {
		t.Error("nothing stands: there was nothing to judge")
	}
}

// tally is how often what the test is about happened, at all accounts.
type tally map[string]int

func (v *verdict) count(sum tally) {
	v.t.Helper()
	counts := v.board.vendor.Counts()
	here := tally{"requests": counts.Requests, "bound": counts.Bound, "repeats": counts.Replayed}
	for _, j := range v.jobs {
		if j.made != nil && !j.made.Released.IsZero() {
			here["released"]++
		}
		if j.made != nil && j.job.X == tasks.AutoX {
			here["on a number that was chosen"]++
		}
		if j.rec.Cause == causeConflict {
			here["conflicts"]++
		}
	}
	for what, n := range here {
		sum[what] += n
	}
	v.t.Logf("%v\n%v\ncodes %v", here, v.states, counts.Codes)
}

// enough says whether the jobs met what they were to meet.
func (s tally) enough(t *testing.T, jobs int) {
	t.Helper()
	leasts := tally{
		"bound": jobs / 6, "repeats": jobs / 50, "released": jobs / 20, "on a number that was chosen": jobs / 20, "conflicts": jobs / 100,
	}
	for what, least := range leasts {
		if s[what] < least {
			t.Errorf("%d of %d jobs: %s; less than %d are too few to judge", s[what], jobs, what, least)
		}
	}
}
