package sandbox

import "time"

// OutageMode is how acting requests fare while a vendor is down. Nothing is
// placed or bound meanwhile.
type OutageMode string

// The ways to be down.
const (
	OutageNone OutageMode = ""
	Outage502  OutageMode = "502"  // a gateway answers HTTP 502 without the vendor's JSON
	OutageCut  OutageMode = "cut"  // the connection is reset instead of an answer
	OutageHang OutageMode = "hang" // no answer until the client leaves or the vendor is closed
)

func (m OutageMode) fault() Fault {
	switch m {
	case OutageCut:
		return FaultCut(false)
	case OutageHang:
		return FaultHang(false)
	default:
		return FaultStatus(502, false)
	}
}

// HaltCause is why a vendor takes no acting request from the account any more.
type HaltCause string

// The causes.
const (
	HaltNone    HaltCause = ""
	HaltBalance HaltCause = "balance" // the balance is used up
	HaltAuth    HaltCause = "auth"    // the account may not do it, or is not known any more
)

// switches are what a test or a person may turn while requests run.
type switches struct {
	outage        OutageMode
	halted        HaltCause
	windowRefused bool
	latency       time.Duration
	limiter       limiter
}

// SetOutage has the vendor go down, or come back with OutageNone: acting requests
// that arrive from now on fail as the mode says, whatever SetFault's function
// would have done with them; an unbind fails with them. Queries are answered as
// always. It panics on a mode that is none.
func (v *vendor) SetOutage(mode OutageMode) {
	if mode != OutageNone {
		oneOf(&mode, "the outage", Outage502, OutageCut, OutageHang)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.outage = mode
}

// SetHalted has the vendor refuse every acting request with its code for the
// cause, until HaltNone. Balance and account queries tell the same. It panics on
// a cause that is none.
func (v *vendor) SetHalted(cause HaltCause) {
	if cause != HaltNone {
		oneOf(&cause, "the halt", HaltBalance, HaltAuth)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.halted = cause
}

// SetLatency has the answers to logged requests that arrive from now on held back
// for d. The vendor acts on them at once.
func (v *vendor) SetLatency(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.latency = d
}

// SetLimiter changes the limiter, whose burst is full again; the zero Limiter is none.
func (v *vendor) SetLimiter(l Limiter) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.limiter.set(l)
}

// shut is why a vendor as a whole takes no acting request just now.
type shut int

const (
	notShut shut = iota
	shutBalance
	shutAuth
	shutTooOften
	shutWindow
)

// shutLocked says whether an acting request is taken, and counts one that is
// against the limiter.
func (v *vendor) shutLocked(now time.Time) shut {
	switch {
	case v.halted == HaltBalance:
		return shutBalance
	case v.halted == HaltAuth:
		return shutAuth
	case v.windowRefused:
		return shutWindow
	case !v.limiter.takes(now):
		return shutTooOften
	default:
		return notShut
	}
}
