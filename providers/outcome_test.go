package providers

import (
	"testing"
	"time"
)

func TestSIP(t *testing.T) {
	for code, want := range map[int]struct {
		State
		Cause
	}{
		200: {StateCompleted, CauseAnswered}, 402: {StateFailed, CauseAccount}, 403: {StateFailed, CauseBarred},
		404: {StateFailed, CauseInvalidNumber}, 410: {StateFailed, CauseInvalidNumber}, 484: {StateFailed, CauseInvalidNumber},
		485: {StateFailed, CauseInvalidNumber}, 604: {StateFailed, CauseInvalidNumber},
		408: {StateFailed, CauseRingTimeout}, 504: {StateFailed, CauseRingTimeout}, 480: {StateFailed, CauseUnreachable},
		486: {StateBusy, CauseBusy}, 600: {StateBusy, CauseBusy}, 487: {StateNoAnswer, CauseRingTimeout},
		488: {StateFailed, CauseIncompatible}, 606: {StateFailed, CauseIncompatible},
		500: {StateFailed, CauseNetworkFailure}, 502: {StateFailed, CauseNetworkFailure}, 503: {StateFailed, CauseCongestion},
		603: {StateRejected, CauseRejected}, 608: {StateRejected, CauseRejected},
		0: {StateFailed, CauseUnknown}, 110: {StateFailed, CauseUnknown}, 499: {StateFailed, CauseUnknown},
	} {
		if s, c := SIP(code); s != want.State || c != want.Cause {
			t.Errorf("%d: %s/%s, want %s/%s", code, s, c, want.State, want.Cause)
		}
	}
}

func TestActingTransport(t *testing.T) {
	sent := ActingTransport(&TransportError{Stage: StageRead, Written: true, Reason: "timeout"})
	if sent.Class != ClassUncertain || sent.Placed != PlacedMaybe || sent.Unsent || sent.VendorText != "timeout" {
		t.Errorf("written: %+v", sent)
	}
	unsent := ActingTransport(&TransportError{Stage: StageRefused, Reason: "permit_over"})
	if unsent.Class != ClassRetryLater || unsent.Placed != PlacedNo || !unsent.Unsent {
		t.Errorf("not written: %+v", unsent)
	}
}

func TestActingStatus(t *testing.T) {
	for status, want := range map[int]Outcome{
		200: {Class: ClassUncertain, Placed: PlacedMaybe, VendorCode: "http_200"},
		101: {Class: ClassUncertain, Placed: PlacedMaybe, VendorCode: "http_101"},
		302: {Class: ClassHalted, Placed: PlacedMaybe, Halt: HaltConfig, VendorCode: "http_302"},
		400: {Class: ClassPermanent, Placed: PlacedNo, Cause: CausePlatform, VendorCode: "http_400"},
		401: {Class: ClassHalted, Placed: PlacedNo, Halt: HaltAuth, VendorCode: "http_401"},
		403: {Class: ClassHalted, Placed: PlacedNo, Halt: HaltAuth, VendorCode: "http_403"},
		407: {Class: ClassHalted, Placed: PlacedNo, Halt: HaltAuth, VendorCode: "http_407"},
		404: {Class: ClassHalted, Placed: PlacedNo, Halt: HaltConfig, VendorCode: "http_404"},
		405: {Class: ClassHalted, Placed: PlacedNo, Halt: HaltConfig, VendorCode: "http_405"},
		429: {Class: ClassRateLimited, Placed: PlacedNo, Signal: SignalTooFrequent, VendorCode: "http_429"},
		500: {Class: ClassUncertain, Placed: PlacedMaybe, VendorCode: "http_500"},
		502: {Class: ClassUncertain, Placed: PlacedMaybe, VendorCode: "http_502"},
		504: {Class: ClassUncertain, Placed: PlacedMaybe, VendorCode: "http_504"},
		-1:  {Class: ClassUncertain, Placed: PlacedMaybe, VendorCode: "http_other"},
	} {
		if got := ActingStatus(status); got != want {
			t.Errorf("%d: %+v, want %+v", status, got, want)
		}
	}
}

func TestQueryStatusNeverHalts(t *testing.T) {
	for status := 100; status < 600; status++ {
		want := ClassRetryLater
		if status == 429 {
			want = ClassRateLimited
		}
		for _, asked := range []time.Duration{0, time.Second, time.Hour} {
			wait := asked
			if status == 429 && asked == 0 {
				wait = 30 * time.Second
			}
			if got := QueryStatus(status, asked); got.Class != want || got.Halt != HaltNone || got.RetryAfter != wait {
				t.Errorf("%d asking for %v: %+v", status, asked, got)
			}
		}
	}
}
