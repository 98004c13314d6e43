package sandbox

import "time"

// Calls returns every accepted call in the order of accepting: its CallID is the
// subid, From and Mobile are telA and telB, Ref is what return_url's last segment
// says before its last dot.
func (d *Dingxin) Calls() []Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	calls := make([]Call, len(d.calls))
	for i, accepted := range d.calls {
		c := accepted.Call
		status, _ := accepted.behaviour.outcome()
		switch {
		case accepted.dialled.IsZero():
			c.Status = CallAwaitingDial
		case now.Before(accepted.endsAt):
			c.Status = CallUnderWay
		case status == dingxinAnswered:
			c.Status, c.Ended = CallAnswered, accepted.endsAt
		default:
			c.Status, c.Ended = CallFailed, accepted.endsAt
		}
		calls[i] = c
	}
	return calls
}

// JobsCalledTwice returns, sorted, the jobs for which more than one call was
// accepted, dialled or not. A job's id is what stands before the last two dots of
// return_url's last segment; calls without return_url belong to no job and are
// not judged here.
func (d *Dingxin) JobsCalledTwice() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	refs := make([]string, len(d.calls))
	for i, c := range d.calls {
		refs[i] = c.Ref
	}
	return jobsCalledTwice(refs)
}

// MaxPerNumberInDay returns the most calls that any telB got within any rolling
// 24 hours: calls whose phones rang.
func (d *Dingxin) MaxPerNumberInDay() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	times := map[string][]time.Time{}
	for _, c := range d.calls {
		if !c.dialled.IsZero() {
			times[c.Mobile] = append(times[c.Mobile], c.dialled)
		}
	}
	return maxPerKeyInDay(times, 24*time.Hour)
}
