package sandbox

import (
	"strings"
	"time"
)

// InterlineBehaviour is what becomes of a bind request for an A.
type InterlineBehaviour int

// The behaviours; InterlineNumbers tells them in words. Those that happen once
// do so once per reqid. Those whose answer goes astray do so when the binding is
// made: the same reqid again gets the platform's usual answer to a repetition.
const (
	InterlineBinds InterlineBehaviour = iota
	InterlineTooOftenOnce
	InterlineNoResource
	InterlineStartFails
	InterlineStartTimesOut
	InterlineTroubleOnce
	InterlineUpkeepOnce
	InterlineOperationFails
	InterlineBusyOnce
	InterlineBroken500
	InterlineBroken502
	InterlineCutOnce
	InterlineAnswerLost
	InterlineHangs
)

// InterlineNumber is one row of the table by which the last two digits of A
// decide what happens to a bind request.
type InterlineNumber struct {
	// Suffix is the last two digits, empty for every number not named otherwise.
	Suffix    string
	Behaviour InterlineBehaviour
	// What happens, in words for a help text.
	What string
}

// InterlineNumbers is the table of the default Behave, for a help text: with it
// a person can try every case by choosing an A.
func InterlineNumbers() []InterlineNumber {
	return []InterlineNumber{
		{"11", InterlineTooOftenOnce, "too many requests (error 1105), once; then bound"},
		{"12", InterlineNoResource, "the platform is short of resources (error 1301), nothing is bound"},
		{"13", InterlineStartFails, "the task cannot be started (error 1400), nothing is bound"},
		{"14", InterlineStartTimesOut, "bound, but the answer says that the start timed out (error 1401)"},
		{"15", InterlineTroubleOnce, "a passing trouble (error 1500), once; then bound"},
		{"16", InterlineUpkeepOnce, "the platform is under maintenance (error 1501), once; then bound"},
		{"17", InterlineOperationFails, "the operation fails (error 1502), nothing is bound"},
		{"18", InterlineBusyOnce, "HTTP 429 with Retry-After of 2 s, once; then bound"},
		{"19", InterlineBroken500, "bound, but the answer is HTTP 500 without JSON"},
		{"20", InterlineBroken502, "bound, but the answer is HTTP 502 without JSON"},
		{"21", InterlineCutOnce, "the connection is cut before anything is bound, once; then bound"},
		{"22", InterlineAnswerLost, "bound, but the connection is cut before the answer"},
		{"23", InterlineHangs, "bound, but the answer never comes"},
		{"", InterlineBinds, "bound"},
	}
}

// InterlineBehaviourOf is the default Behave: the table of InterlineNumbers.
func InterlineBehaviourOf(a string) InterlineBehaviour {
	for _, n := range InterlineNumbers() {
		if n.Suffix != "" && strings.HasSuffix(a, n.Suffix) {
			return n.Behaviour
		}
	}
	return InterlineBinds
}

// interlineRetryAfter is the wait that HTTP 429 tells.
const interlineRetryAfter = 2 * time.Second

// behaviourFaultLocked is how the behaviour of an A shows in the answer to its
// bind request. It uses up the one-time failures.
func (v *Interline) behaviourFaultLocked(b InterlineBehaviour, reqid string) Fault {
	once := func(f Fault) Fault { return v.onceLocked(reqid, f) }
	switch b {
	case InterlineTooOftenOnce:
		return once(interlineFaultCode(interlineTooOften))
	case InterlineNoResource:
		return interlineFaultCode(interlineShortage)
	case InterlineStartFails:
		return interlineFaultCode(interlineNotBegun)
	case InterlineStartTimesOut:
		return faultAnswerPlaced(interlineTimedOut, interlineReasons[interlineTimedOut])
	case InterlineTroubleOnce:
		return once(interlineFaultCode(interlineTrouble))
	case InterlineUpkeepOnce:
		return once(interlineFaultCode(interlineUpkeep))
	case InterlineOperationFails:
		return interlineFaultCode(interlineFailed)
	case InterlineBusyOnce:
		return once(FaultTooMany(interlineRetryAfter))
	case InterlineBroken500:
		return FaultStatus(500, true)
	case InterlineBroken502:
		return FaultStatus(502, true)
	case InterlineCutOnce:
		return once(FaultCut(false))
	case InterlineAnswerLost:
		return FaultCut(true)
	case InterlineHangs:
		return FaultHang(true)
	default:
		return Fault{}
	}
}

func interlineFaultCode(code int) Fault { return FaultAnswer(code, interlineReasons[code]) }
