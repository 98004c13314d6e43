package providers

// Q850 reads an ITU-T Q.850 cause (1 to 127) as the end of a call that brought
// no conversation; with proof of an answer 16 and 31 are an ordinary end, which
// the caller has to see first. What says nothing usable, and any number outside
// the range, is failed with an unknown cause.
func Q850(code int) (State, Cause) {
	switch code {
	case 1, 28:
		return StateFailed, CauseInvalidNumber
	case 2, 3, 91:
		return StateFailed, CauseNoRoute
	case 4, 20, 27:
		return StateFailed, CauseUnreachable
	case 16:
		// A normal clearing without an answer: the caller gave up.
		return StateCanceled, CauseCallerHangup
	case 17:
		return StateBusy, CauseBusy
	case 18:
		return StateNoAnswer, CauseUnreachable
	case 19:
		return StateNoAnswer, CauseNoAnswer
	case 21:
		return StateRejected, CauseRejected
	case 22:
		return StateFailed, CauseNumberChanged
	case 31:
		return StateNoAnswer, CauseUnknown
	case 34, 38, 41, 42, 47:
		return StateFailed, CauseCongestion
	case 29, 50, 58, 65, 69, 88:
		return StateFailed, CauseIncompatible
	case 53, 55, 57, 87, 90:
		return StateFailed, CauseBarred
	case 95, 97, 99, 103, 110, 111:
		return StateFailed, CauseProtocolError
	case 102:
		return StateFailed, CauseRingTimeout
	case 127:
		return StateFailed, CauseNetworkFailure
	}
	return StateFailed, CauseUnknown
}
