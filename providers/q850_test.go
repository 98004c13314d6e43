package providers

import "testing"

func TestQ850(t *testing.T) {
	type end struct {
		State
		Cause
	}
	want := map[int]end{
		16: {StateCanceled, CauseCallerHangup}, 17: {StateBusy, CauseBusy}, 18: {StateNoAnswer, CauseUnreachable},
		19: {StateNoAnswer, CauseNoAnswer}, 21: {StateRejected, CauseRejected}, 22: {StateFailed, CauseNumberChanged},
		31: {StateNoAnswer, CauseUnknown}, 102: {StateFailed, CauseRingTimeout}, 127: {StateFailed, CauseNetworkFailure},
	}
	for cause, codes := range map[Cause][]int{
		CauseInvalidNumber: {1, 28}, CauseNoRoute: {2, 3, 91}, CauseUnreachable: {4, 20, 27},
		CauseCongestion: {34, 38, 41, 42, 47}, CauseIncompatible: {29, 50, 58, 65, 69, 88},
		CauseBarred: {53, 55, 57, 87, 90}, CauseProtocolError: {95, 97, 99, 103, 110, 111},
	} {
		for _, code := range codes {
			want[code] = end{StateFailed, cause}
		}
	}
	for code := -1; code <= 700; code++ {
		w, listed := want[code]
		if !listed {
			w = end{StateFailed, CauseUnknown}
		}
		if s, c := Q850(code); s != w.State || c != w.Cause {
			t.Errorf("%d: %s/%s, want %s/%s", code, s, c, w.State, w.Cause)
		}
	}
}
