package sandbox

// ITNIONumbers is the table of the default Behave by the last two digits of a
// callee, for a help text.
func ITNIONumbers() []NumberCase {
	return []NumberCase{
		{"11", NoAnswer, "rings, nobody answers (terminationCode 487)"},
		{"12", Busy, "is busy (terminationCode 486)"},
		{"13", Rejected, "the callee rejects the call (terminationCode 603)"},
		{"14", Refused, "the vendor refuses the request (status -22), nothing is placed"},
		{"15", AnswerLost, "the call is placed and answered, the connection is cut before the vendor's answer"},
		{"16", CutOnce, "the connection is cut before anything is placed, once per number; the next call is answered"},
		{"17", Hang, "the call is placed and answered, the vendor's answer never comes"},
		{"18", RowRefused, "the request is accepted, this callee is not (its row has terminationCode -22), nothing is placed"},
		{"19", BrokenGateway, "the call is placed and answered, the vendor answers HTTP 500 without JSON"},
		{"20", TooManyOnce, "HTTP 429 with Retry-After 1, once per number; then answered"},
		{"21", ErrorPlaced, "the call is placed and answered, the vendor says system error (status -18)"},
		{"22", ErrorNotPlaced, "the vendor says system error (status -18), and nothing is placed"},
		{"23", Existing, "the data is said to exist already (status -20), nothing is placed"},
		{"24", NoMoney, "the balance is said to be used up (status -10), nothing is placed"},
		{"25", NoRate, "the destination has no price (status -26), nothing is placed"},
		{"26", PoweredOff, "the phone cannot be reached (terminationCode 480)"},
		{"27", NoSuchNumber, "nobody has the number (terminationCode 404)"},
		{"28", ClockOnce, "the timestamp is said to be stale (status -16), once per number; then answered"},
		{"29", KeyPressed, "is answered, and the callee presses 1 (feedbackValue 1)"},
		{"", Answered, "rings, is answered and hung up (feedbackValue -1)"},
	}
}

// ITNIOBehaviourOf is the default Behave: the table of ITNIONumbers.
func ITNIOBehaviourOf(callee string) Behaviour { return behaviourIn(ITNIONumbers(), callee) }

// sipFailure is the code and word of a call that ends without an answer, empty
// for one that is answered.
func (b Behaviour) sipFailure() (code, reason string) {
	switch b {
	case NoAnswer:
		return "487", "Request Terminated"
	case Busy:
		return "486", "Busy Here"
	case Rejected:
		return "603", "Decline"
	case PoweredOff:
		return "480", "Temporarily Unavailable"
	case NoSuchNumber:
		return "404", "Not Found"
	default:
		return "", ""
	}
}

// feedback is the key that the callee of an answered call presses.
func (b Behaviour) feedback() string {
	if b == KeyPressed {
		return "1"
	}
	return "-1"
}

// behaviourFaultLocked is how a callee's behaviour shows in the answer to the
// request that names it. It uses up the one-time failures.
func (v *ITNIO) behaviourFaultLocked(callee string, b Behaviour) Fault {
	switch b {
	case Refused:
		return itnioFault(itnioParameter, false)
	case AnswerLost:
		return FaultCut(true)
	case CutOnce:
		return v.onceLocked(callee, FaultCut(false))
	case Hang:
		return FaultHang(true)
	case BrokenGateway:
		return FaultStatus(500, true)
	case TooManyOnce:
		return v.onceLocked(callee, FaultTooMany(tooManyFor))
	case ErrorPlaced:
		return itnioFault(itnioCrash, true)
	case ErrorNotPlaced:
		return itnioFault(itnioCrash, false)
	case Existing:
		return itnioFault(itnioExisting, false)
	case NoMoney:
		return itnioFault(itnioNoMoney, false)
	case NoRate:
		return itnioFault(itnioNoRate, false)
	case ClockOnce:
		return v.onceLocked(callee, itnioFault(itnioTimestamp, false))
	default:
		return Fault{}
	}
}
