package sandbox

import (
	"slices"
	"time"
)

// Calls returns every placed call in the order of placing.
func (j *Jumdata) Calls() []Call {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.opts.Now()
	calls := make([]Call, len(j.calls))
	for i, placed := range j.calls {
		calls[i] = placed.asOf(now, placed.endsAt, placed.desc == "")
	}
	return calls
}

// AttemptsOnLocked returns all attempts that came while their number was locked,
// after the one whose refusal began the lock. AttemptTimes tells of that one too.
func (j *Jumdata) AttemptsOnLocked() []Attempt {
	return slices.DeleteFunc(j.Attempts(), func(a Attempt) bool { return !a.LockedNumber })
}

// JobsCalledTwice returns, sorted, the jobs for which more than one call was
// placed. A job's id is what stands before the last dot of notifyData; calls
// without notifyData belong to no job and are not judged here.
func (j *Jumdata) JobsCalledTwice() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	refs := make([]string, len(j.calls))
	for i, c := range j.calls {
		refs[i] = c.Ref
	}
	return jobsCalledTwice(refs)
}

// MaxPerNumberInDay returns the most calls that any number got within any
// rolling Day. It counts the placed calls themselves, not what the limit
// remembers.
func (j *Jumdata) MaxPerNumberInDay() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	times := map[string][]time.Time{}
	for _, c := range j.calls {
		times[c.Mobile] = append(times[c.Mobile], c.At)
	}
	return maxPerKeyInDay(times, j.opts.Day)
}

// MaxUnderWay returns the most calls that were under way at one instant: from
// being placed to their ends.
func (j *Jumdata) MaxUnderWay() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	spans := make([]lasted, len(j.calls))
	for i, c := range j.calls {
		spans[i] = lasted{c.At, c.endsAt}
	}
	return mostAtOnce(spans)
}
