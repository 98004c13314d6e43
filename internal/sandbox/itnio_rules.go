package sandbox

import (
	"regexp"
	"slices"
	"unicode/utf8"
)

// ITNIO, sendGroup, callee and displayNum: 7 to 15 digits, a callee's with the
// country code and no plus.
var itnioNumber = regexp.MustCompile(`^[0-9]{7,15}$`)

const maxCalledInfo = 1000

// refusesLocked is the status with which a send request is refused as a whole,
// itnioOK for none.
func (v *ITNIO) refusesLocked(why shut, g itnioGroup, callees []string) string {
	switch {
	case why == shutAuth:
		return itnioAccount
	case v.badGroup(g, callees):
		return itnioParameter
	case why == shutBalance, v.credit != NoLimit && v.credit < len(callees):
		return itnioNoMoney
	default:
		return itnioOK
	}
}

// badGroup checks every documented field of a send request. Optional fields may
// be null.
func (v *ITNIO) badGroup(g itnioGroup, callees []string) bool {
	outside := func(given *int, low, high int) bool { return given != nil && (*given < low || *given > high) }
	for i, callee := range callees {
		if !itnioNumber.MatchString(callee) || slices.Contains(callees[:i], callee) {
			return true
		}
	}
	switch {
	case len(callees) > v.opts.MaxCallees,
		g.FileID == "", g.AppID != v.opts.AppID,
		g.DisplayNum != nil && !itnioNumber.MatchString(*g.DisplayNum),
		outside(g.MaxDuration, 1, 120), outside(g.MaxRingingTime, 20, 120), outside(g.LoopCount, 1, v.opts.MaxLoops),
		utf8.RuneCountInString(g.CalledInfo) > maxCalledInfo:
		return true
	default:
		return false
	}
}
