package dingxin

import (
	"regexp"
	"strconv"

	"github.com/callpacer/callpacer/providers"
)

// ending is what a reason is taken for; an empty state leaves that to the
// record's status.
type ending struct {
	state     providers.State
	cause     providers.Cause
	sip, q850 int // 0: none
}

// The vocabulary of unaswRsn (未接通原因) is not documented. Its name is that of
// a field of Huawei's, which holds Q.850 numbers, or numbers of its own from
// 7501 to 8057 that are kept as they are.
var reasonWords = []struct {
	words *regexp.Regexp
	end   ending
}{
	{regexp.MustCompile(`空号|不存在`), ending{state: providers.StateFailed, cause: providers.CauseInvalidNumber}},
	{regexp.MustCompile(`停机|欠费`), ending{state: providers.StateFailed, cause: providers.CauseOutOfService}},
	{regexp.MustCompile(`关机`), ending{state: providers.StateFailed, cause: providers.CausePowerOff}},
	{regexp.MustCompile(`忙|通话中`), ending{state: providers.StateBusy, cause: providers.CauseBusy}},
	{regexp.MustCompile(`拒`), ending{state: providers.StateRejected, cause: providers.CauseRejected}},
	{regexp.MustCompile(`不在服务区|无法接通`), ending{state: providers.StateNoAnswer, cause: providers.CauseUnreachable}},
	{regexp.MustCompile(`无应答|无人接听`), ending{state: providers.StateNoAnswer, cause: providers.CauseNoAnswer}},
	{regexp.MustCompile(`限制`), ending{state: providers.StateFailed, cause: providers.CauseBarred}},
}

var digitsOnly = regexp.MustCompile(`^[0-9]{1,9}$`)

// wholeReason says that a reason is a number.
func wholeReason(reason string) bool { return digitsOnly.MatchString(reason) }

// readReason reads why a call was not answered. What is not understood has an
// unknown cause and no state of its own.
func readReason(reason string) ending {
	if wholeReason(reason) {
		n, err := strconv.Atoi(reason)
		if err != nil {
			return ending{cause: providers.CauseUnknown}
		}
		return numbered(n)
	}
	for _, known := range reasonWords {
		if known.words.MatchString(reason) {
			return known.end
		}
	}
	return ending{cause: providers.CauseUnknown}
}

func numbered(n int) ending {
	end := ending{cause: providers.CauseUnknown}
	switch {
	case n >= 1 && n <= 127:
		end.q850 = n
		end.state, end.cause = providers.Q850(n)
	case n >= 300 && n <= 699:
		end.sip = n
		end.state, end.cause = providers.SIP(n)
	}
	if end.cause == providers.CauseUnknown {
		end.state = "" // the tables' word for what they do not know
	}
	return end
}
