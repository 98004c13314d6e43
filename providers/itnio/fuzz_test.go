package itnio

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

var placedBy = map[providers.Class]providers.Placed{
	providers.ClassOK: providers.PlacedYes, providers.ClassUncertain: providers.PlacedMaybe,
	providers.ClassPermanent: providers.PlacedNo, providers.ClassHalted: providers.PlacedNo,
}

func checkReport(t *testing.T, r providers.Report) {
	t.Helper()
	final := []providers.State{completed, failed, providers.StateBusy, providers.StateNoAnswer, providers.StateRejected}
	others := []providers.State{"", providers.StateRinging, providers.StateInProgress}
	if slices.Contains(final, r.State) != (r.Cause != "") || (r.Cause == "" && !slices.Contains(others, r.State)) {
		t.Errorf("state %q with cause %q", r.State, r.Cause)
	}
	if (r.Duration != nil) != (r.Evidence == providers.EvidenceDuration) && !r.Conflict {
		t.Errorf("evidence %d with duration %v", r.Evidence, r.Duration)
	}
	if (r.Duration != nil && *r.Duration < 0) || (r.Billed != nil && *r.Billed < 0) || (r.Cost == "") != (r.Currency == "") {
		t.Errorf("amounts of %+v", r)
	}
	if !callID.MatchString(r.VendorID) || len(r.Ref) > vendorwire.MaxID || strings.HasPrefix(r.DTMF, "-") {
		t.Errorf("ids of %+v", r)
	}
	checkWords(t, r.VendorCode, r.VendorText)
}

// FuzzAnswer: whatever the vendor answers to a send, a query or a probe, what
// comes of it is valid.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"send_ok.json", "record_ok.json", "balance_ok.json"} {
		f.Add(200, []byte(providertest.Fixture(f, name)))
	}
	for _, c := range sendCodes {
		f.Add(max(c.Status, 200), []byte(c.Body))
	}
	for _, c := range recordCodes {
		f.Add(max(c.Status, 200), []byte(c.Body))
	}
	cfg, err := newConfig(testSettings())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		ans, ok := parseAnswer(providers.Reply{Status: status, Body: body})
		if !ok {
			return
		}
		o := cfg.sendOutcome(ans, testCallee)
		if o.Placed == "" || placedBy[o.Class] != o.Placed {
			t.Errorf("class %q with placed %q", o.Class, o.Placed)
		}
		if o.Class == providers.ClassOK && o.VendorID == "" || o.VendorID != "" && o.Placed == providers.PlacedNo || (o.Class == providers.ClassHalted) != (o.Halt != "") ||
			(o.Class == providers.ClassPermanent) != (o.Cause != "") || o.Unsent || len(o.VendorID) > vendorwire.MaxID {
			t.Errorf("fields do not fit the class: %+v", o)
		}
		checkWords(t, o.VendorCode, o.VendorText)
		p := cfg.pollResult(ans, query(), testNow)
		switch {
		case p.Class == providers.ClassOK:
			if p.Report.VendorID != testVoice || p.Report.State == "" {
				t.Errorf("poll: %+v", p)
			}
			checkReport(t, p.Report)
		case p.Report != (providers.Report{}) || p.Class == "" || (p.Class == providers.ClassHalted) != (p.Halt != ""):
			t.Errorf("poll: %+v", p)
		}
		checkWords(t, p.VendorCode, p.VendorText)
		b := cfg.probeResult(ans)
		if b.Halt != "" || (b.Class == providers.ClassOK) != (b.Balance != "") || (b.Balance == "" && b.Overdraft != "") {
			t.Errorf("probe: %+v", b)
		}
		checkWords(t, b.VendorCode, b.VendorText)
	})
}

// FuzzPush: whatever is pushed, each report names its call and a known state.
func FuzzPush(f *testing.F) {
	for _, body := range []string{
		providertest.Fixture(f, "push.json"), providertest.Fixture(f, "push_batch.json"), "voiceId=A&terminationCode=486&callDuration=0",
		`[{"voiceId":"A","terminationCode":0},{}]`, "{\"voiceId\":\"A\",\"terminationReason\":\"\x81\\\"}",
		`{"voiceId":"A","ringingTime":1670939570000}`, `{"voiceId":"A","answerTime":"20220118144250","sipCode":180}`,
	} {
		f.Add("POST", "", "", []byte(body))
	}
	f.Add("GET", "", "voiceId=A&hangupTime=1670939593000&sipCode=200", []byte(nil))
	a, err := New(testSettings())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, contentType, query string, body []byte) {
		reports, err := a.ParsePush(providers.Push{Method: method, ContentType: contentType, RawQuery: query, Body: body})
		if err == nil && len(reports) == 0 {
			t.Error("neither a report nor an error")
		}
		for _, r := range reports {
			checkReport(t, r)
		}
	})
}
