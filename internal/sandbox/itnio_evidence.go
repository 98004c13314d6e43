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
		c := placed.Call
		failure, _ := placed.behaviour.sipFailure()
		switch {
		case now.Before(placed.endsAt):
			c.Status = CallUnderWay
		case failure == "":
			c.Status, c.Ended = CallAnswered, placed.endsAt
		default:
			c.Status, c.Ended = CallFailed, placed.endsAt
		}
		calls[i] = c
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
