package sandbox

// DingxinNumbers is the table of the default Behave by the last two digits of
// telB, for a help text.
func DingxinNumbers() []NumberCase {
	return []NumberCase{
		{"11", NoAnswer, "rings, nobody answers (status 2, unaswRsn 19, a Q.850 number)"},
		{"12", Busy, "is busy (status 2, unaswRsn 486, a SIP number)"},
		{"13", Rejected, "the callee rejects the call (status 2, unaswRsn in words)"},
		{"14", Refused, "the vendor refuses the number (code 1003), nothing is placed"},
		{"15", AnswerLost, "the call is placed and answered, the connection is cut before the vendor's answer"},
		{"16", CutOnce, "the connection is cut before anything is placed, once per number; the next call is answered"},
		{"17", Hang, "the call is placed and answered, the vendor's answer never comes"},
		{"18", LineBusy, "the line is said to be in a call (code 7001), nothing is placed"},
		{"19", BrokenGateway, "the call is placed and answered, the vendor answers HTTP 500 without JSON"},
		{"20", MaintenanceOnce, "the vendor is overloaded (code 2000), once per number; then answered"},
		{"21", ErrorPlaced, "the call is placed and answered, the vendor says unknown error (code 2001)"},
		{"22", CrashPlaced, "the call is placed and answered, the vendor says server error (code 3001)"},
		{"23", Existing, "the pair is said to be bound already (code 7002), nothing is placed"},
		{"24", NoMoney, "the balance is said to be used up (code 9001), nothing is placed"},
		{"25", TooManyOnce, "HTTP 429 with Retry-After 1, once per number; then answered"},
		{"26", PoweredOff, "the phone is off (status 2, unaswRsn in words)"},
		{"27", NoSuchNumber, "nobody has the number (status 2, unaswRsn 1, a Q.850 number)"},
		{"28", LineFailed, "the line fails while it dials (status 3)"},
		{"29", ErrorNotPlaced, "the vendor says unknown error (code 2001), and nothing is placed"},
		{"30", CrashNotPlaced, "the vendor says server error (code 3001), and nothing is placed"},
		{"31", CallsBack, "is answered and hung up, then the callee calls back: a second CDR"},
		{"32", OnlyDialled, "is answered, but the vendor pushes only that it dialled (status 0)"},
		{"", Answered, "rings, is answered and hung up; a recording follows"},
	}
}

// DingxinBehaviourOf is the default Behave: the table of DingxinNumbers.
func DingxinBehaviourOf(telB string) Behaviour { return behaviourIn(DingxinNumbers(), telB) }

// behaviourFaultLocked is how a number's behaviour shows in the answer to its
// call request. It uses up the one-time failures.
func (d *Dingxin) behaviourFaultLocked(telB string, b Behaviour) Fault {
	refuse := func(code int) Fault { return FaultAnswer(code, dingxinWords[code]) }
	switch b {
	case Refused:
		return refuse(dingxinParameter)
	case AnswerLost:
		return FaultCut(true)
	case CutOnce:
		return d.onceLocked(telB, FaultCut(false))
	case Hang:
		return FaultHang(true)
	case LineBusy:
		return refuse(dingxinInCall)
	case BrokenGateway:
		return FaultStatus(500, true)
	case MaintenanceOnce:
		return d.onceLocked(telB, refuse(dingxinOverload))
	case ErrorPlaced:
		return faultAnswerPlaced(dingxinUnknown, dingxinWords[dingxinUnknown])
	case CrashPlaced:
		return faultAnswerPlaced(dingxinCrash, dingxinWords[dingxinCrash])
	case ErrorNotPlaced:
		return refuse(dingxinUnknown)
	case CrashNotPlaced:
		return refuse(dingxinCrash)
	case Existing:
		return refuse(dingxinBound)
	case NoMoney:
		return refuse(dingxinNoMoney)
	case TooManyOnce:
		return d.onceLocked(telB, FaultTooMany(tooManyFor))
	default:
		return Fault{}
	}
}
