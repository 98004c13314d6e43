package interline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// results is the document's list, and some that it does not have.
var results = map[string]struct {
	state providers.State
	cause providers.Cause
}{
	"answered": {"completed", "answered"}, "1": {"failed", "invalid_number"}, "2": {"failed", "no_route"}, "3": {"failed", "no_route"},
	"4": {"failed", "unreachable"}, "16": {"canceled", "caller_hangup"}, "17": {"busy", "busy"}, "18": {"no_answer", "unreachable"},
	"19": {"no_answer", "no_answer"}, "20": {"failed", "unreachable"}, "21": {"rejected", "rejected"}, "22": {"failed", "number_changed"},
	"27": {"failed", "unreachable"}, "28": {"failed", "invalid_number"}, "29": {"failed", "incompatible"}, "31": {"no_answer", "unknown"},
	"34": {"failed", "congestion"}, "42": {"failed", "congestion"}, "50": {"failed", "incompatible"}, "53": {"failed", "barred"},
	"55": {"failed", "barred"}, "57": {"failed", "barred"}, "58": {"failed", "incompatible"}, "65": {"failed", "incompatible"},
	"69": {"failed", "incompatible"}, "87": {"failed", "barred"}, "88": {"failed", "incompatible"}, "90": {"failed", "barred"},
	"91": {"failed", "no_route"}, "95": {"failed", "protocol_error"}, "97": {"failed", "protocol_error"}, "99": {"failed", "protocol_error"},
	"102": {"failed", "ring_timeout"}, "103": {"failed", "protocol_error"}, "110": {"failed", "protocol_error"},
	"111": {"failed", "protocol_error"}, "127": {"failed", "network_failure"}, "202": {"busy", "busy"}, "203": {"failed", "unreachable"},
	"204": {"failed", "power_off"}, "205": {"failed", "invalid_number"}, "206": {"failed", "barred"}, "207": {"failed", "self_call"},
	"209": {"failed", "barred"}, "38": {"failed", "congestion"}, "41": {"failed", "congestion"}, "47": {"failed", "congestion"},
}

func TestResults(t *testing.T) {
	for result, want := range results {
		for _, rest := range []string{"", "&duration=0&answerTime=0", "&answerTime=&releaseTime=1700000050"} {
			got := one(t, "subid=s&beginTime=1700000000&result="+result+rest)
			if got.State != want.state || got.Cause != want.cause || got.VendorCode != result || got.Conflict {
				t.Errorf("%s%s: %+v, want %s, %s", result, rest, got, want.state, want.cause)
			}
			var code int
			if n, _ := fmt.Sscan(result, &code); n == 0 || code > 127 {
				code = 0
			}
			if got.Q850 != code {
				t.Errorf("%s: Q.850 cause %d", result, got.Q850)
			}
			if (got.Duration != nil) != (got.Evidence == providers.EvidenceDuration) || got.Duration != nil && *got.Duration != 0 {
				t.Errorf("%s%s: evidence %d, duration %v", result, rest, got.Evidence, got.Duration)
			}
		}
	}
}

// L14: 16 is how a call was cleared, not that there was one: the answer's time or
// a duration tells. They also outweigh a result that says otherwise.
func TestL14AnsweredByEvidence(t *testing.T) {
	for result := range results {
		for evidence, duration := range map[string]*time.Duration{
			"&duration=42": seconds(42), "&answerTime=1700000010&releaseTime=1700000052": seconds(42), "&answerTime=1700000010": nil,
			"&answerTime=1700000010&duration=0": seconds(0), "&answerTime=1700000010&releaseTime=1700000000": nil,
		} {
			got := one(t, "subid=s&beginTime=1700000000&result="+result+evidence)
			if got.State != providers.StateCompleted || got.Cause != providers.CauseAnswered {
				t.Errorf("%s%s: %+v", result, evidence, got)
			}
			if agrees := slices.Contains([]string{"answered", "16", "31"}, result); got.Conflict == agrees {
				t.Errorf("%s%s: conflict %v", result, evidence, got.Conflict)
			}
			if (got.Duration == nil) != (duration == nil) || duration != nil && *got.Duration != *duration {
				t.Errorf("%s%s: duration %v, want %v", result, evidence, got.Duration, duration)
			}
		}
	}
}

// L15: what the carrier makes up is a failure of unknown cause, and kept.
func TestL15UnknownResults(t *testing.T) {
	for _, result := range []string{"208", "0", "-1", "128", "999", "5", "Answered", "用户忙", "16.0"} {
		got := one(t, "subid=s&beginTime=1700000000&result="+result)
		if got.State != providers.StateFailed || got.Cause != providers.CauseUnknown || got.VendorCode != result {
			t.Errorf("%s: %+v", result, got)
		}
	}
	got := one(t, "subid=s&beginTime=1700000000&result=busy:13800138000")
	if strings.Contains(got.VendorCode, "13800138000") || got.VendorCode == "" {
		t.Errorf("code %q", got.VendorCode)
	}
}

// L3: times of pushes are seconds; milliseconds are understood, too.
func TestL3TimesByMagnitude(t *testing.T) {
	for _, times := range []string{
		"&answerTime=1700000010&releaseTime=1700000052", "&answerTime=1700000010000&releaseTime=1700000052999",
		"&answerTime=2023-11-15+06:13:30&releaseTime=20231115061412",
	} {
		got := one(t, "subid=s&beginTime=1700000000&result=16"+times)
		if got.State != providers.StateCompleted || got.Duration == nil || *got.Duration != 42*time.Second {
			t.Errorf("%s: %+v", times, got)
		}
	}
	for _, times := range []string{"&answerTime=0", "&answerTime=0000000000", "&answerTime=soon", "&duration=-5", "&duration=1700000010", "&duration=x"} {
		if got := one(t, "subid=s&beginTime=1700000000&result=16"+times); got.State != providers.StateCanceled || got.Duration != nil {
			t.Errorf("%s: %+v", times, got)
		}
	}
}

func TestHangupBy(t *testing.T) {
	for dir, want := range map[string]string{"0": "platform", "1": "caller", "2": "callee", "3": "", "": "", "caller": ""} {
		if got := one(t, "subid=s&result=16&releasedir="+dir); got.HangupBy != want {
			t.Errorf("%q: %q, want %q", dir, got.HangupBy, want)
		}
	}
}

// L16: a recording is where the vendor says, a path or a URL; who fetches it
// decides what may be fetched.
func TestL16Recording(t *testing.T) {
	for _, where := range []string{"", "/rec/1.wav", "https://rec.test/1.wav?k=1", strings.Repeat("r", 2048)} {
		if got := one(t, "subid=s&result=answered&recording="+strings.ReplaceAll(where, "?", "%3F")); got.Recording != where {
			t.Errorf("%q: %q", where, got.Recording)
		}
	}
	if got := one(t, "subid=s&result=answered&recording="+strings.Repeat("r", 2049)); got.Recording != "" {
		t.Error("a path beyond all measure is kept")
	}
}
