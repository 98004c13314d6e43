package interline

import (
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const (
	resultAnswered = "answered"
	causeNormal    = 16 // 正常的呼叫拆线: how a call was cleared, not that it was one
	causeOther     = 31 // 正常—未指定
	maxQ850        = 127
)

// platformResults are the vendor's own additions to Q.850.
//
// 云通信平台, 5.2 呼叫结果 (result) 取值.
var platformResults = map[int]struct {
	state providers.State
	cause providers.Cause
}{
	202: {providers.StateBusy, providers.CauseBusy},
	203: {providers.StateFailed, providers.CauseUnreachable},
	204: {providers.StateFailed, providers.CausePowerOff},
	205: {providers.StateFailed, providers.CauseInvalidNumber},
	206: {providers.StateFailed, providers.CauseBarred},
	207: {providers.StateFailed, providers.CauseSelfCall},
	209: {providers.StateFailed, providers.CauseBarred},
}

// readResult reads the result of a CDR; answered says that its other fields
// prove a conversation, which no result can undo. Results of no table are
// failures of unknown cause ("因后端运营商而变动"), and none changes nothing.
func readResult(r *providers.Report, result string, answered bool) {
	n, err := strconv.Atoi(result)
	numbered := err == nil && n > 0
	if numbered && n <= maxQ850 {
		r.Q850 = n
	}
	switch {
	case result == resultAnswered:
		r.State, r.Cause = providers.StateCompleted, providers.CauseAnswered
	case answered:
		r.State, r.Cause = providers.StateCompleted, providers.CauseAnswered
		r.Conflict = result != "" && r.Q850 != causeNormal && r.Q850 != causeOther
	case result == "":
	case r.Q850 != 0:
		r.State, r.Cause = providers.Q850(n)
	default:
		r.State, r.Cause = providers.StateFailed, providers.CauseUnknown
		if own, ok := platformResults[n]; numbered && ok {
			r.State, r.Cause = own.state, own.cause
		}
	}
}

// talked is how long the two sides talked: as told, else from the answer to the
// end.
func talked(o vendorwire.Object) (time.Duration, bool) {
	if d, ok := vendorwire.Seconds(o.Text("duration")); ok {
		return d, true
	}
	from, ok := moment(o, "answerTime")
	until, ended := moment(o, "releaseTime")
	if !ok || !ended || until.Before(from) {
		return 0, false
	}
	return until.Sub(from).Truncate(time.Second), true
}

// moment is a time that is told, else the zero time: back ends write 0 for none.
func moment(o vendorwire.Object, name string) (time.Time, bool) {
	at, ok := vendorwire.Instant(o.Text(name))
	if !ok || at.Unix() <= 0 {
		return time.Time{}, false
	}
	return at, true
}
