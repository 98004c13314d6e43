package explain

import (
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// summary is the whole in a sentence.
func (s sight) summary() string {
	switch {
	case !s.why.State.Waiting():
		return s.sent()
	case s.why.Binding == "":
		return s.free()
	case s.why.Earliest.IsZero():
		return s.endless()
	}
	words := "Not before " + s.clock(s.why.Earliest) + ", because of " + join(" ", nameOf(s.why.Binding), bracketed(s.because()))
	if !s.why.Expires.After(s.why.Earliest) {
		return words + "; it ends expired before that, at " + s.clock(s.why.Expires) + "."
	}
	return words + "."
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// because is what the binding rule found.
func (s sight) because() string {
	r := s.binding()
	switch r.Rule {
	case "per_number":
		span := "in a calendar day"
		if r.Quota != nil && !r.Quota.Calendar {
			span = "in " + short(r.Quota.Width+r.Quota.Margin)
		}
		return join(", ", fmt.Sprintf("%d of %g %s", r.Count, r.Limit, span), s.of(r))
	case "daily_cap":
		return fmt.Sprintf("%d of %g in a calendar day", r.Count, r.Limit)
	case "one_at_a_time":
		return "a call to its number is in flight"
	}
	return s.detail(r)
}

// free is what nothing stands in the way of.
func (s sight) free() string {
	switch {
	case s.why.State == record.Held && s.why.HeldUntil.After(s.why.Now):
		return fmt.Sprintf("Nothing stands in its way any more; it was held (%s), and its task comes back at %s.",
			nameOf(s.why.HeldFor), s.clock(s.why.HeldUntil))
	case s.why.State == record.Reserved:
		return "Nothing stands in its way; it waits for its slot."
	}
	words, turn := "Nothing stands in its way", "; it waits for its turn in queue "+s.queue()+"."
	if s.chooses() { // which no rule knows
		words = "A number of its account's pool is to be chosen for it"
		if s.why.State == record.Held && s.why.HeldFor == record.HoldNoNumber {
			words += ", and there was none when a worker looked last"
		}
	}
	return words + turn
}

// endless is what stands in the way without a known end.
func (s sight) endless() string {
	r := s.binding()
	resume := fmt.Sprintf(" until somebody resumes it (worker resume %s).", s.rec.Account)
	switch nameOf(s.why.Binding) {
	case "suppression":
		return join(" ", "It is not to go out: a number of it is on the suppression list", bracketed(s.detail(r))) + "."
	case "expires":
		return "Its time ended at " + s.clock(s.why.Expires) + "; it ends expired."
	case "max_in_flight":
		return fmt.Sprintf("It waits for a line: max_in_flight (%d of %g in use).", r.Count, r.Limit)
	case "breaker":
		return "It waits until the breaker's trial call, which is under way, has ended."
	case "halt", ratelimit.GateOperator, "vendor_window", "vendor_frequency":
		return join(" ", "Its lane is shut by", nameOf(s.why.Binding), bracketed(s.detail(r))) + resume
	}
	return join(" ", "Nobody knows when, because of", nameOf(s.why.Binding), bracketed(s.detail(r))) + "."
}

// sent is what a job waits for that is not waiting to be sent.
func (s sight) sent() string {
	by := func(t time.Time) string {
		if t.IsZero() {
			return "at a time that is not known"
		}
		return s.clock(t)
	}
	w := s.why
	switch w.State {
	case record.Submitting:
		return "It is being sent; its worker has until " + by(w.Last) + " to tell how that ended, then it is in doubt."
	case record.InDoubt:
		if w.Repeats {
			return "It may have taken effect; the same request, which the vendor knows by its id, goes out again at " + by(w.Due) + "."
		}
		return "It may have been placed, so it is not sent again; a push, a query or an operator (worker resolve " + s.rec.ID +
			") may tell until " + by(w.Last) + ", then it ends unknown."
	case record.AwaitingDial:
		return "The vendor waits for the caller to dial the middle number, until " + by(w.Last) + "."
	case record.Submitted, record.Ringing, record.InProgress:
		if w.Due.Before(w.Last) {
			return "The vendor has it; the next poll is at " + by(w.Due) + " unless a push tells its end before, and it ends unknown at " + by(w.Last) + "."
		}
		return "The vendor has it; a push tells its end, and else it ends unknown at " + by(w.Last) + "."
	case record.Active:
		if w.Last.IsZero() {
			return "The binding stands, without end."
		}
		return "The binding stands until " + by(w.Last) + "."
	case record.Accepted, record.Queued, record.Held, record.Reserved, record.Released, record.Unknown, record.Completed, record.Busy,
		record.NoAnswer, record.Rejected, record.Failed, record.Canceled, record.Expired:
	}
	words := join(" ", "It has ended:", string(w.State), bracketed(s.rec.Cause))
	if s.rec.Redial != "" {
		words += "; " + s.rec.Redial + " calls again after it"
	}
	return words + "."
}
