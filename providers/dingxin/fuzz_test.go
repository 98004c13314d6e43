package dingxin

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

var longDigits = regexp.MustCompile(`[0-9]{7,}`)

func checkWords(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if utf8.RuneCountInString(w) > vendorwire.MaxText || !utf8.ValidString(w) || longDigits.MatchString(w) || strings.Contains(w, testSecret) {
			t.Errorf("words not fit to be shown: %q", w)
		}
	}
}

// FuzzAnswer: whatever a vendor answers, the outcome is a valid one.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(providertest.Fixture(f, "call_ok.json")), false)
	f.Add([]byte(acceptedBody), true)
	for _, tc := range callTable {
		f.Add([]byte(tc.body), true)
	}
	for _, tc := range recordingTable {
		f.Add([]byte(tc.body), false)
	}
	cfg, err := newConfig(testSettings())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, wrongSignature bool) {
		ans, ok := parseAnswer(body)
		if !ok {
			return
		}
		o := cfg.callOutcome(ans, wrongSignature)
		placed := map[providers.Class]providers.Placed{providers.ClassOK: providers.PlacedYes, providers.ClassUncertain: providers.PlacedMaybe,
			providers.ClassRetryLater: providers.PlacedNo, providers.ClassPermanent: providers.PlacedNo, providers.ClassHalted: providers.PlacedNo}
		if ans.code > codeBound && ans.code <= lastLineFailure {
			placed[providers.ClassPermanent] = providers.PlacedMaybe
		}
		if o.Placed == "" || placed[o.Class] != o.Placed {
			t.Errorf("class %q with placed %q", o.Class, o.Placed)
		}
		if (o.Class == providers.ClassOK) != (o.VendorID != "") || (o.Class == providers.ClassHalted) != (o.Halt != "") ||
			(o.Class == providers.ClassPermanent) != (o.Cause != "") || (o.AwaitDial && o.Class != providers.ClassOK) || o.Unsent || o.Repeatable {
			t.Errorf("fields do not fit the class: %+v", o)
		}
		if len(o.VendorID) > vendorwire.MaxID || len(o.X) > maxX {
			t.Errorf("ids too long: %+v", o)
		}
		r := cfg.recordingRefusal(ans, wrongSignature)
		if r.Class == "" || r.Class == providers.ClassOK || r.Audio != nil || (r.Class == providers.ClassHalted) != (r.Halt != "") {
			t.Errorf("recording: %+v", r)
		}
		checkWords(t, o.VendorCode, o.VendorText, r.VendorCode, r.VendorText)
	})
}

// FuzzPush: whatever is pushed, each report names its call and a known state.
func FuzzPush(f *testing.F) {
	for _, body := range []string{
		providertest.Fixture(f, "push_answered.json"), providertest.Fixture(f, "push_unanswered.json"), "subid=A&status=2&unaswRsn=%B9%D8%BB%FA&duration=0",
		`[{"subid":"A","status":0},{}]`, `{"array":[{"subid":"A","status":3}]}`, "{\"subid\":\"A\",\"unaswRsn\":\"\x81\\\"}",
		`{"subid":"A","status":0,"endTime":"20231115061320","duration":"9"}`, `{"subid":"A","status":1,"startTime":"1700000000","endTime":"1700000000123"}`,
	} {
		f.Add("POST", "", "", []byte(body))
	}
	f.Add("GET", "", "subid=A&status=1&duration=9", []byte(nil))
	a := newAdapter(f, testSettings())
	final := []providers.State{providers.StateCompleted, providers.StateBusy, providers.StateNoAnswer, providers.StateRejected,
		providers.StateCanceled, providers.StateFailed}
	f.Fuzz(func(t *testing.T, method, contentType, query string, body []byte) {
		reports, err := a.ParsePush(providers.Push{Method: method, ContentType: contentType, RawQuery: query, Body: body})
		if err == nil && len(reports) == 0 {
			t.Error("neither a report nor an error")
		}
		for _, r := range reports {
			ended := slices.Contains(final, r.State)
			if r.VendorID == "" || len(r.VendorID) > vendorwire.MaxID || len(r.Task) > vendorwire.MaxID ||
				(!ended && r.State != "" && r.State != providers.StateRinging) || ended != (r.Cause != "") || (r.Task != "" && r.State == "") {
				t.Errorf("report %+v", r)
			}
			if (r.Duration != nil) != (r.Evidence == providers.EvidenceDuration) || (r.Duration != nil && (*r.Duration < 0 || !ended)) ||
				(r.Billed != nil && (*r.Billed < 0 || r.Billable == nil)) {
				t.Errorf("evidence %d with duration %v, billed %v", r.Evidence, r.Duration, r.Billed)
			}
			if (r.State == providers.StateCompleted && r.Cause != providers.CauseAnswered) || len(r.Recording) > maxRecordingURL {
				t.Errorf("report %+v", r)
			}
			checkWords(t, r.VendorCode, r.VendorText)
		}
	})
}

// The patience with a download lies in its limits.
func TestRecordingLimits(t *testing.T) {
	if recordingLimits.MaxBody != 256<<20 || recordingLimits.Idle != 30*time.Second || recordingLimits.Whole != 15*time.Minute {
		t.Errorf("%+v", recordingLimits)
	}
}
