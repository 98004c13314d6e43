package interline

import "github.com/callpacer/callpacer/providers"

// bindOutcome classifies the answer to a bind request. Codes that leave open
// whether the binding was made allow the very same request again: the vendor
// knows it by its reqid. A code of no table does not, since nobody knows what
// it means to repeat it.
func bindOutcome(ans answer, repeated bool) providers.Outcome {
	o := providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Halt: accountHalt(ans.code)}
	switch ans.code {
	case codeOK:
		// The answer of XA names no binding, and that of AXB may forget to.
		o.Class, o.Placed, o.VendorID = providers.ClassOK, providers.PlacedYes, ans.subID
	case codeUnavailable, codeStartTimeout, codeTrouble, codeMaintenance, codeFailed:
		o = unclear()
		switch ans.code {
		case codeMaintenance:
			o.RetryAfter = waitMaintenance
		case codeFailed:
			o.MaxTries = triesUnclear
		}
	case codeRepeated:
		o = earlierRequest(ans.subID)
	case codeTaskConflict, codeConflict:
		o = bindConflict(ans.code, repeated)
	case codeNoURL, codeNoAccount, codeDisabled, codeNotPermitted, codeACL, codeNoBalance:
		o.Class = providers.ClassHalted
	case codeRate:
		o = tooFrequent()
	case codeShortage, codeNotStarted:
		o.Class = providers.ClassRetryLater
	case codeNoResource:
		o.Cause, o.OtherX = providers.CausePlatform, true // the number is not ours
	case codeParameter, codeVerification, codeNoTask:
		o.Cause = providers.CausePlatform
	default:
		o.Class, o.Placed = providers.ClassUncertain, providers.PlacedMaybe
	}
	return o
}

// bindConflict reads a conflict. In the answer to a repeated request it may be
// with our own first binding. A subid beside it is not believed: it may name the
// binding of somebody else.
func bindConflict(code int, repeated bool) providers.Outcome {
	switch {
	case repeated:
		return earlierRequest("")
	case code == codeTaskConflict:
		return providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, MaxTries: triesUnclear}
	}
	return providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CauseBindingConflict, OtherX: true}
}

// earlierRequest is the outcome where the vendor knows the request already: the
// earlier one may have succeeded, have failed or be under way, unless the answer
// names its binding.
func earlierRequest(subID string) providers.Outcome {
	if subID != "" {
		return providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: subID}
	}
	o := unclear()
	o.RetryAfter, o.MaxTries = waitRepeated, triesUnclear
	return o
}

// unbindOutcome classifies the answer to an unbind request. Releasing twice is
// the same as releasing once, and that there is nothing to release (any more)
// is what was wanted where the binding is known to have been there, or where an
// earlier request may have released it.
func unbindOutcome(ans answer, u providers.Unbinding) providers.Outcome {
	o := providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo}
	switch ans.code {
	case codeOK:
		o.Class, o.Placed = providers.ClassOK, providers.PlacedYes
	case codeNoTask, codeNoResource:
		o.Class, o.Cause = providers.ClassPermanent, providers.CauseBindingMissing
		if u.Known || u.Repeated {
			o = providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes}
		}
	case codeTaskConflict, codeShortage, codeNotStarted:
	case codeUnavailable, codeStartTimeout, codeTrouble:
		// It may be released all the same, and its number bound anew by the next one.
		o = unclear()
	case codeNoBalance:
		// Not a halt: what is bound must be released, with or without money.
	case codeMaintenance:
		o = unclear()
		o.RetryAfter = waitMaintenance
	case codeFailed:
		o = unclear()
		o.MaxTries = triesUnclear
	case codeRepeated:
		// The answer to the next request tells how the earlier one ended.
		o = earlierRequest("")
		if u.Repeated {
			o = providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes}
		}
	case codeNoURL, codeNoAccount, codeDisabled, codeNotPermitted, codeACL:
		o.Class, o.Halt = providers.ClassHalted, accountHalt(ans.code)
	case codeRate:
		o = tooFrequent()
	case codeParameter, codeVerification, codeConflict:
		o.Class, o.Cause = providers.ClassPermanent, providers.CausePlatform
	default:
		o = unclear()
	}
	return o
}

// unclear is the outcome of a request that may have taken effect and that may
// be sent again as it is.
func unclear() providers.Outcome {
	return providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Repeatable: true}
}

func tooFrequent() providers.Outcome {
	return providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo,
		Signal: providers.SignalTooFrequent, RetryAfter: waitTooFrequent}
}
