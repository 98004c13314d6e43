package record

// State is where a job stands.
type State string

// The states; docs/states.md draws them.
const (
	Accepted   State = "accepted"   // recorded, not yet known to be on its queue
	Queued     State = "queued"     // on its queue
	Held       State = "held"       // waits for a time, with a reason
	Reserved   State = "reserved"   // nothing stands in its way; waits for its slot
	Submitting State = "submitting" // intent written, permit running
	Submitted  State = "submitted"  // the vendor accepted it
	InDoubt    State = "in_doubt"   // may have taken effect; sent again only where the vendor knows the request by its id
	// AwaitingDial: the vendor connects when the caller dials the middle number.
	AwaitingDial State = "awaiting_dial"
	Ringing      State = "ringing"
	InProgress   State = "in_progress"
	Active       State = "active"   // a binding that stands
	Released     State = "released" // a binding that was taken back
	Unknown      State = "unknown"  // no evidence in time; later evidence upgrades it
	Completed    State = "completed"
	Busy         State = "busy"
	NoAnswer     State = "no_answer"
	Rejected     State = "rejected"
	Failed       State = "failed"
	Canceled     State = "canceled"
	// Expired: not sent in time; of a binding, its time ended; after awaiting_dial,
	// a soft end.
	Expired State = "expired"
)

// Waiting says that the job has not been sent and may still be.
func (s State) Waiting() bool {
	return s == Accepted || s == Queued || s == Held || s == Reserved
}

// Final says that the job has ended. Unknown is a soft end: evidence that
// comes later still changes it.
func (s State) Final() bool {
	switch s {
	case Unknown, Completed, Busy, NoAnswer, Rejected, Failed, Canceled, Expired, Released:
		return true
	case Accepted, Queued, Held, Reserved, Submitting, Submitted, InDoubt, AwaitingDial, Ringing, InProgress, Active:
	}
	return false
}

// UnderWay says that the vendor accepted the call and its end is not known.
func (s State) UnderWay() bool { return s == Submitted || s == Ringing || s == InProgress }

// Reasons of a hold that are not rules of ratelimit.
const (
	HoldRetry           = "retry"            // the vendor refused for now; backing off
	HoldHalted          = "halted"           // the account cannot send
	HoldVendorWindow    = "vendor_window"    // the vendor says: not at this time of day
	HoldVendorFrequency = "vendor_frequency" // the vendor says: too frequent
	HoldLockout         = "lockout"          // the vendor locked the number
	HoldLineBusy        = "line_busy"        // one of the phones is in a call
	HoldBinding         = "binding"          // an unbind waits until its bind is told
	HoldNoNumber        = "no_number"        // none of the pool's middle numbers is free
	HoldRedial          = "redial"           // whoever could not be reached is called again then
	HoldConflict        = "binding_conflict" // another binding leaves it no room on its X
)
