package sandbox

import "time"

// Calls returns every placed call in the order of placing: its CallID is the
// voiceId, Mobile the callee with its country code, Ref calledInfo.
func (v *ITNIO) Calls() []Call {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	calls := make([]Call, len(v.calls))
	for i, placed := range v.calls {
		failure, _ := placed.behaviour.sipFailure()
		calls[i] = placed.asOf(now, placed.endsAt, failure == "")
	}
	return calls
}

// JobsCalledTwice returns, sorted, the jobs for which more than one request
// placed calls; a group's several callees are one request. A job's id is what
// stands before the last dot of calledInfo; calls without calledInfo belong to no
// job and are not judged here.
func (v *ITNIO) JobsCalledTwice() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var refs []string
	group := 0
	for _, c := range v.calls { // a group's calls stand together
		if c.group != group {
			refs = append(refs, c.Ref)
		}
		group = c.group
	}
	return jobsCalledTwice(refs)
}

// MaxPerNumberInDay returns the most calls that any number got within any
// rolling 24 hours.
func (v *ITNIO) MaxPerNumberInDay() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	times := map[string][]time.Time{}
	for _, c := range v.calls {
		times[c.Mobile] = append(times[c.Mobile], c.At)
	}
	return maxPerKeyInDay(times, 24*time.Hour)
}

// MaxUnderWay returns the most calls that were under way at one instant: from
// being placed to their ends, each callee of a group by itself.
func (v *ITNIO) MaxUnderWay() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	spans := make([]lasted, len(v.calls))
	for i, c := range v.calls {
		spans[i] = lasted{c.At, c.endsAt}
	}
	return mostAtOnce(spans)
}
