package providers

// SIP reads a SIP final response code, as several vendors report one, as the
// end of a call that the vendor placed. Codes that say nothing usable are
// failed with an unknown cause.
func SIP(code int) (State, Cause) {
	switch code {
	case 200:
		return StateCompleted, CauseAnswered
	case 402:
		return StateFailed, CauseAccount
	case 403:
		return StateFailed, CauseBarred
	case 404, 410, 484, 485, 604:
		return StateFailed, CauseInvalidNumber
	case 408, 504:
		return StateFailed, CauseRingTimeout
	case 480:
		return StateFailed, CauseUnreachable
	case 486, 600:
		return StateBusy, CauseBusy
	case 487:
		// The vendor is the caller: it cancels when its ring timer ends. We never
		// cancel a call, so nobody else did.
		return StateNoAnswer, CauseRingTimeout
	case 488, 606:
		return StateFailed, CauseIncompatible
	case 500, 502:
		return StateFailed, CauseNetworkFailure
	case 503:
		return StateFailed, CauseCongestion
	case 603, 608:
		return StateRejected, CauseRejected
	}
	return StateFailed, CauseUnknown
}
