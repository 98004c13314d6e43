package sandbox

// Numbers is the table of the default Behave, for a help text: with it a person
// can try every case by choosing a number.
func Numbers() []NumberCase {
	return []NumberCase{
		{"11", NoAnswer, "rings, nobody answers (callDesc 487)"},
		{"12", Busy, "is busy (callDesc 486)"},
		{"13", Rejected, "the callee rejects the call (callDesc 603)"},
		{"14", Refused, "the vendor refuses the number (code 400), nothing is placed"},
		{"15", AnswerLost, "the call is placed and answered, the connection is cut before the vendor's answer"},
		{"16", CutOnce, "the connection is cut before anything is placed, once per number: such a job stays in doubt; the next one is answered"},
		{"17", Hang, "the call is placed and answered, the vendor's answer never comes"},
		{"18", Blacklisted, "is on the vendor's blacklist (code 999), nothing is placed"},
		{"19", BrokenGateway, "the call is placed and answered, the vendor answers HTTP 500 without JSON"},
		{"20", MaintenanceOnce, "the vendor is under maintenance (code 500), once per number; then answered"},
		{"21", LockedFromStart, "is locked when it is first called (code 999), as if other customers had used it up; each further call moves the lock"},
		{"", Answered, "rings, is answered and hung up"},
	}
}

// BehaviourOf is the default Behave: the table of Numbers.
func BehaviourOf(mobile string) Behaviour { return behaviourIn(Numbers(), mobile) }

// callDesc is the failure number of a call that ends without an answer, empty
// for one that is answered. The document's sample, 487, is a SIP code.
func (b Behaviour) callDesc() string {
	switch b {
	case NoAnswer:
		return "487"
	case Busy:
		return "486"
	case Rejected:
		return "603"
	default:
		return ""
	}
}

// behaviourFaultLocked is how a number's behaviour shows in the answer to its
// send request. It uses up the one-time failures.
func (j *Jumdata) behaviourFaultLocked(mobile string, b Behaviour) Fault {
	switch b {
	case Refused:
		return FaultAnswer(codeParameter, msgMobile)
	case Blacklisted:
		return FaultAnswer(codeOther, msgBlacklist)
	case AnswerLost:
		return FaultCut(true)
	case Hang:
		return FaultHang(true)
	case BrokenGateway:
		return FaultStatus(500, true)
	case CutOnce:
		return j.onceLocked(mobile, FaultCut(false))
	case MaintenanceOnce:
		return j.onceLocked(mobile, FaultAnswer(codeMaintenance, msgMaintenance))
	default:
		return Fault{}
	}
}
