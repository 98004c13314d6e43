package jumdata

import (
	"regexp"
	"slices"
	"strings"
	"testing"
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
	for _, name := range []string{"send_ok.json", "send_error.json", "result_ok.json"} {
		f.Add(200, []byte(providertest.Fixture(f, name)))
	}
	for _, tc := range sendTable {
		f.Add(tc.status, []byte(tc.body))
	}
	cfg, err := newConfig(testSettings())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		ans, ok := parseAnswer(body)
		if !ok {
			return
		}
		o := cfg.sendOutcome(status, ans)
		placed := map[providers.Class]providers.Placed{providers.ClassOK: providers.PlacedYes, providers.ClassUncertain: providers.PlacedMaybe,
			providers.ClassRetryLater: providers.PlacedNo, providers.ClassRateLimited: providers.PlacedNo,
			providers.ClassPermanent: providers.PlacedNo, providers.ClassHalted: providers.PlacedNo}
		if o.Placed == "" || placed[o.Class] != o.Placed {
			t.Errorf("class %q with placed %q", o.Class, o.Placed)
		}
		if (o.Class == providers.ClassOK) != (o.VendorID != "") || (o.Class == providers.ClassHalted) != (o.Halt != "") ||
			(o.Class == providers.ClassPermanent) != (o.Cause != "") || o.Unsent {
			t.Errorf("fields do not fit the class: %+v", o)
		}
		if len(o.VendorID) > vendorwire.MaxID || len(o.TaskNo) > vendorwire.MaxID {
			t.Errorf("ids too long: %+v", o)
		}
		checkWords(t, o.VendorCode, o.VendorText)
		q := providers.Query{To: testMobile, VendorID: "YYTZ1"}
		p := cfg.pollResult(ans, q)
		if p.Class == "" || (p.Class == providers.ClassOK) != (p.Report.VendorID == q.VendorID) {
			t.Errorf("poll: %+v", p)
		}
		checkWords(t, p.VendorCode, p.VendorText, p.Report.VendorCode, p.Report.VendorText)
	})
}

// FuzzPush: whatever is pushed, each report names its call and a known state.
func FuzzPush(f *testing.F) {
	for _, body := range []string{
		providertest.Fixture(f, "push_success.json"), providertest.Fixture(f, "push_failure.json"), "callId=A&callStatus=1&callDesc=487&callTime=0",
		`[{"callId":"A","callStatus":0},{}]`, `{"array":[{"callId":"A"}]}`, "{\"callId\":\"A\",\"callStatusText\":\"\x81\\\"}",
	} {
		f.Add("POST", "", "", []byte(body))
	}
	f.Add("GET", "", "callId=A&callStatus=0&callTime=9", []byte(nil))
	a, err := New(testSettings())
	if err != nil {
		f.Fatal(err)
	}
	states := []providers.State{"", providers.StateCompleted, providers.StateBusy, providers.StateNoAnswer, providers.StateRejected, providers.StateFailed}
	f.Fuzz(func(t *testing.T, method, contentType, query string, body []byte) {
		reports, err := a.ParsePush(providers.Push{Method: method, ContentType: contentType, RawQuery: query, Body: body})
		if err == nil && len(reports) == 0 {
			t.Error("neither a report nor an error")
		}
		for _, r := range reports {
			if r.VendorID == "" || len(r.VendorID) > vendorwire.MaxID || !slices.Contains(states, r.State) || (r.State == "") != (r.Cause == "") {
				t.Errorf("report %+v", r)
			}
			if (r.Duration != nil) != (r.Evidence == providers.EvidenceDuration) || (r.Duration != nil && *r.Duration < 0) {
				t.Errorf("evidence %d with duration %v", r.Evidence, r.Duration)
			}
			checkWords(t, r.VendorCode, r.VendorText)
		}
	})
}
