package main

import (
	"slices"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// causeConflict is how a bind ends whose numbers another binding has on its X.
const causeConflict = "binding_conflict"

// judgeSwitchboard asks the platform what it saw, and compares with that what each
// job said at its end.
func (f *fleet) judgeSwitchboard(t *testing.T, s *switchboard, sum tally) {
	t.Helper()
	for _, wrong := range slices.Concat(s.vendor.SharedX(), s.vendor.BoundTwice()) {
		t.Error("the platform saw:", wrong)
	}
	if changed := s.vendor.ChangedReqids(); len(changed) > 0 {
		t.Errorf("the platform saw %d request ids come again with other content", len(changed))
	}
	v := f.verdictOn(t, s)
	for _, j := range v.jobs {
		v.judgeMade(j)
		v.judgeReleased(j)
		v.judgeEnd(j)
		v.judgeConflict(j)
	}
	v.judgeUnbinds()
	v.count(sum)
}

// judgeMade: what was bound is what the job asked for, on a number of the account.
func (v *verdict) judgeMade(j *boundJob) {
	v.t.Helper()
	if j.made == nil {
		return
	}
	switch {
	case j.job.X == tasks.AutoX && !slices.Contains(v.board.pool, j.made.X):
		v.wrong(j, "was given a number outside the pool")
	case j.job.X != tasks.AutoX && j.made.X != j.job.X, j.made.A != j.job.A, j.made.B != j.job.B:
		v.wrong(j, "was bound with other numbers")
	}
}

// judgeReleased: the binding was released only for a job that named it, between when
// that was enqueued and its end. The time of one that was released by its X may have
// ended before the answer came.
func (v *verdict) judgeReleased(j *boundJob) {
	v.t.Helper()
	if j.made == nil || j.made.Released.IsZero() {
		return
	}
	named := slices.ContainsFunc(v.board.unbinds, func(u *unbindWish) bool {
		byX := u.of == nil && u.x == j.made.X && j.job.Mode == tasks.ModeXA
		says := j.rec.State == record.Released || j.rec.State == record.Expired || v.untold(u)
		end, released := v.ends[u].EndedAt, j.made.Released.Truncate(time.Millisecond) // as ends are told; zero: it waits
		return (u.of == j.bindWish || byX && says) && !j.made.Released.Before(u.sent) && (end.IsZero() || !released.After(end))
	})
	if !named {
		v.wrong(j, "was released for a job that did not name it")
	}
}

// judgeEnd: a binding is in force where its job says so, and nowhere else.
func (v *verdict) judgeEnd(j *boundJob) {
	v.t.Helper()
	stands := j.stands()
	switch j.rec.State {
	case record.Active:
		switch {
		case !stands && !v.releaseUntold(j):
			v.wrong(j, "is active, and nothing is in force")
		case j.job.Mode == tasks.ModeAXB && j.rec.VendorID != j.made.SubID:
			v.wrong(j, "is active under another name than the binding has")
		}
	case record.Unknown, record.Released, record.Expired, record.Failed, record.Canceled:
		if stands {
			v.wrong(j, "is in force, and its record does not say so")
		}
	default:
		v.wrong(j, "has come to no end")
	}
	if never := j.rec.State == record.Failed || j.rec.State == record.Canceled; never && j.made != nil {
		v.wrong(j, "was made all the same")
	}
	if j.rec.State == record.Released && j.made == nil && j.job.Mode == tasks.ModeAXB {
		v.wrong(j, "says that it is released, and there never was one")
	}
}

// untold says that nothing answered an unbind in the short time that it is in doubt.
func (v *verdict) untold(u *unbindWish) bool {
	return v.board.brief && v.ends[u].State == record.Unknown
}

// releaseUntold says that the binding may have been released by an unbind that ended so.
func (v *verdict) releaseUntold(j *boundJob) bool {
	return slices.ContainsFunc(v.board.unbinds, func(u *unbindWish) bool {
		return v.untold(u) && (u.of == j.bindWish || u.of == nil && j.job.Mode == tasks.ModeXA && u.x == j.x())
	})
}

// judgeConflict: a job that ended for a conflict had one, at the platform or in what
// was known of another job.
func (v *verdict) judgeConflict(j *boundJob) {
	v.t.Helper()
	if j.rec.State != record.Failed {
		return
	}
	if j.rec.Cause != causeConflict {
		v.wrong(j, "failed")
		return
	}
	had := slices.ContainsFunc(v.jobs, func(other *boundJob) bool {
		return other != j && other.clashes(j) && other.mayStand(j.rec.EndedAt.Add(-2*time.Second), j.rec.EndedAt)
	})
	if !had {
		v.wrong(j, "ended for a conflict with nothing")
	}
}
