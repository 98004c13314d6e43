package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// boundJob is a bind job with what its record says and what the platform made of it.
type boundJob struct {
	*bindWish
	rec     *record.Record
	made    *sandbox.InterlineBinding // nil: none
	unbinds []*unbindWish             // those that name the job
}

// verdict holds the platform's account of one switchboard against its jobs.
type verdict struct {
	t      *testing.T
	board  *switchboard
	jobs   []*boundJob
	of     map[string]*boundJob // by request id
	ends   map[*unbindWish]*record.Record
	states map[string]int
}

func (f *fleet) verdictOn(t *testing.T, s *switchboard) *verdict {
	t.Helper()
	v := &verdict{t: t, board: s, of: map[string]*boundJob{}, ends: map[*unbindWish]*record.Record{}, states: map[string]int{}}
	byWish := map[*bindWish]*boundJob{}
	for _, b := range s.binds {
		j := &boundJob{bindWish: b, rec: f.record(b.id)}
		v.jobs, v.of[j.rec.RequestID], byWish[b] = append(v.jobs, j), j, j
		v.states["bind "+stateAndCause(j.rec)]++
	}
	for _, u := range s.unbinds {
		v.ends[u] = f.record(u.id)
		v.states["unbind "+stateAndCause(v.ends[u])]++
		if u.of != nil {
			byWish[u.of].unbinds = append(byWish[u.of].unbinds, u)
		}
	}
	for _, made := range s.vendor.Made() {
		if j := v.of[made.ReqID]; j != nil {
			j.made = &made
		} else {
			t.Errorf("the platform bound request %s of no job", made.ReqID)
		}
	}
	return v
}

func stateAndCause(r *record.Record) string {
	return strings.Join(strings.Fields(string(r.State)+" "+r.Cause+" "+r.HoldReason), " ")
}

func (v *verdict) wrong(j *boundJob, what string) {
	v.t.Helper()
	var also strings.Builder
	for _, u := range j.unbinds {
		also.WriteString("\n  unbind " + u.id + ", sent " + u.sent.Format("05.000") + ": " + told(v.ends[u]))
	}
	if j.made != nil {
		also.WriteString("\n  at the platform from " + lasted(*j.made))
	}
	if j.job.Mode == tasks.ModeXA {
		also.WriteString(v.traffic(j.x()))
	}
	v.t.Errorf("bind %s (%s, %s) %s\n  %s%s", j.id, j.job.Mode, j.job.TTL, what, told(j.rec), also.String())
}

// traffic is what led to X, and what was asked to end that.
func (v *verdict) traffic(x string) string {
	var lines strings.Builder
	for _, r := range v.board.vendor.Requests() {
		if r.X == x && (r.Op == sandbox.InterlineBindXA || r.Op == sandbox.InterlineUnbindXA) {
			fmt.Fprintf(&lines, "\n  asked at %s: %s %s: %s", r.At.Format("05.000"), r.Op, r.ReqID, r.Result)
		}
	}
	for _, u := range v.board.unbinds {
		if u.of == nil && u.x == x {
			lines.WriteString("\n  unbind by X " + u.id + ", sent " + u.sent.Format("05.000") + ": " + told(v.ends[u]))
		}
	}
	return lines.String()
}

func lasted(b sandbox.InterlineBinding) string {
	text := b.Since.Format("05.000")
	if !b.Until.IsZero() {
		text += " until " + b.Until.Format("15:04:05.000")
	}
	if !b.Released.IsZero() {
		text += ", released " + b.Released.Format("05.000")
	}
	return text
}

// stands says whether the job's binding is in force.
func (j *boundJob) stands() bool {
	return j.made != nil && j.made.Released.IsZero() && (j.made.Until.IsZero() || j.made.Until.After(time.Now()))
}

// x is where the job's binding is, or would have been; empty: on no number yet.
func (j *boundJob) x() string {
	switch {
	case j.made != nil:
		return j.made.X
	case j.job.X != tasks.AutoX:
		return j.job.X
	}
	return j.rec.X // chosen: in clear
}

func (j *boundJob) clashes(other *boundJob) bool {
	if j.x() != other.x() || j.x() == "" {
		return false
	}
	has := func(number string) bool { return number == other.job.A || number == other.job.B }
	bothLead := j.job.Mode == tasks.ModeXA && other.job.Mode == tasks.ModeXA
	return bothLead || has(j.job.A) || j.job.B != "" && has(j.job.B)
}

// mayStand says whether the binding was in force for some of the time, or nobody knew
// that it was not.
func (j *boundJob) mayStand(from, to time.Time) bool {
	begun, over := time.Time{}, time.Time{}
	if j.rec.Chosen {
		begun = j.rec.CreatedAt // its number is kept for it while it waits
	}
	for _, e := range j.rec.Timeline {
		switch {
		case begun.IsZero() && e.State == record.Submitting:
			begun = e.At
		case e.State.Final() && e.State != record.Unknown:
			over = e.At
		}
	}
	return !begun.IsZero() && begun.Before(to) && (over.IsZero() || over.After(from))
}
