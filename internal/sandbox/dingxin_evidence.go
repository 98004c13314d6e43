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
		if accepted.dialled.IsZero() {
			calls[i] = accepted.Call
			calls[i].Status = CallAwaitingDial
			continue
		}
		status, _ := accepted.behaviour.outcome()
		calls[i] = accepted.asOf(now, accepted.endsAt, status == dingxinAnswered)
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

// MaxUnderWay returns the most calls that were under way at one instant: from
// being accepted to their ends. A call whose X nobody
// has dialled has not ended.
func (d *Dingxin) MaxUnderWay() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	spans := make([]lasted, len(d.calls))
	for i, c := range d.calls {
		spans[i] = lasted{c.At, c.endsAt}
	}
	return mostAtOnce(spans)
}
