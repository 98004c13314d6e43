package interline

import (
	"fmt"
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
		if utf8.RuneCountInString(w) > vendorwire.MaxText || !utf8.ValidString(w) || longDigits.MatchString(w) || strings.Contains(w, testKey) {
			t.Errorf("words not fit to be shown: %q", w)
		}
	}
}

var placedOf = map[providers.Class]providers.Placed{
	providers.ClassOK: providers.PlacedYes, providers.ClassUncertain: providers.PlacedMaybe, providers.ClassRetryLater: providers.PlacedNo,
	providers.ClassRateLimited: providers.PlacedNo, providers.ClassPermanent: providers.PlacedNo, providers.ClassHalted: providers.PlacedNo,
}

func checkOutcome(t *testing.T, o providers.Outcome) {
	t.Helper()
	if o.Placed == "" || placedOf[o.Class] != o.Placed {
		t.Errorf("class %q with placed %q", o.Class, o.Placed)
	}
	if (o.Class == providers.ClassHalted) != (o.Halt != "") || (o.Class == providers.ClassPermanent) != (o.Cause != "") ||
		o.Unsent || o.VendorID != "" && o.Class != providers.ClassOK || o.Repeatable && o.Class != providers.ClassUncertain {
		t.Errorf("fields do not fit the class: %+v", o)
	}
	if len(o.VendorID) > vendorwire.MaxID {
		t.Errorf("id too long: %+v", o)
	}
}

// FuzzAnswer: whatever a vendor answers, the outcome is a valid one.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		accepted, providertest.Fixture(f, "account.json"), `{"error":"0","subid":7}`, `{"error":1.0}`, `{"error":0,"balance":1e99}`, "\xef\xbb\xbf{\"error\":0,\"reason\":\"\xb3\xc9\"}",
		`{"status":502,"error":"Bad Gateway"}`, `{"error":0,"state":2,"balance":"-1.50","overdraft":1.0E7}`,
	} {
		f.Add([]byte(body), true)
	}
	for _, tc := range codeTable {
		f.Add(fmt.Appendf(nil, `{"error":%d,"reason":"号码13800138000","subid":"s"}`, tc.code), false)
	}
	cfg, err := newConfig(testSettings())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, earlier bool) {
		ans, ok := parseAnswer(body)
		if !ok {
			return
		}
		checkWords(t, cfg.words.Code(ans.raw), cfg.words.Text(ans.reason))
		if ans.code == codeAuth {
			return // read before these
		}
		o := bindOutcome(ans, earlier)
		checkOutcome(t, o)
		if o.Class == providers.ClassUncertain && o.Repeatable != documented(ans.code) {
			t.Errorf("code %d: %+v", ans.code, o)
		}
		for _, known := range []bool{false, true} {
			o = unbindOutcome(ans, providers.Unbinding{Known: known, Repeated: earlier})
			checkOutcome(t, o)
			if o.Class == providers.ClassUncertain && !o.Repeatable || o.Cause == providers.CauseBindingMissing && (known || earlier) {
				t.Errorf("code %d of an unbind: %+v", ans.code, o)
			}
		}
		p := probeResult(ans)
		if placedOf[p.Class] == "" || (p.Class == providers.ClassHalted) != (p.Halt != "") {
			t.Errorf("probe: %+v", p)
		}
		for _, money := range []string{p.Balance, p.Overdraft} {
			if len(money) > 150 || strings.ContainsAny(money, "eE ") || money == "" && p.Balance+p.Overdraft == "" && p.Currency != "" {
				t.Errorf("money: %+v", p)
			}
		}
	})
}

// FuzzPush: whatever is pushed, each report names its binding and a known state.
func FuzzPush(f *testing.F) {
	for _, name := range []string{"push_cdr.form", "push_cdr.json", "push_start.form", "push_sms.form"} {
		f.Add("POST", "", []byte(strings.TrimSpace(providertest.Fixture(f, name))))
	}
	for _, body := range []string{
		`[{"subid":"A","result":16},{}]`, `{"array":[{"subid":"A","beginTime":1}]}`, "{\"subid\":\"A\",\"result\":\"\x81\\\"}",
		"subid=s&result=31&answerTime=1700000000&releaseTime=1700000009", "userData=" + ours(jobRef, "u") + "&result=202",
	} {
		f.Add("POST", "", []byte(body))
	}
	f.Add("GET", "subid=s&result=16&duration=9", []byte(nil))
	a, err := New(testSettings())
	if err != nil {
		f.Fatal(err)
	}
	states := []providers.State{"", providers.StateRinging, providers.StateCompleted, providers.StateBusy, providers.StateNoAnswer,
		providers.StateRejected, providers.StateCanceled, providers.StateFailed}
	f.Fuzz(func(t *testing.T, method, query string, body []byte) {
		reports, err := a.ParsePush(providers.Push{Method: method, RawQuery: query, Body: body})
		if err == nil && len(reports) == 0 {
			t.Error("neither a report nor an error")
		}
		for _, r := range reports {
			if r.VendorID == "" && r.Ref == "" || len(r.VendorID) > vendorwire.MaxID || r.Ref != "" && !fitsID(r.Ref) {
				t.Errorf("names: %+v", r)
			}
			if r.Task == "" || len(r.Task) > vendorwire.MaxID || !slices.Contains(states, r.State) {
				t.Errorf("report %+v", r)
			}
			final := r.State != "" && r.State != providers.StateRinging
			if final != (r.Cause != "") || final && r.Kind != providers.ReportCall || (r.State == providers.StateRinging) != (r.Kind == providers.ReportStart) {
				t.Errorf("state %q and cause %q of kind %q", r.State, r.Cause, r.Kind)
			}
			if (r.Duration != nil) != (r.Evidence == providers.EvidenceDuration) || (r.Duration != nil && *r.Duration < 0) {
				t.Errorf("evidence %d with duration %v", r.Evidence, r.Duration)
			}
			if r.From != "" && !fitsNumber(r.From) || r.To != "" && !fitsNumber(r.To) {
				t.Errorf("parties: %+v", r)
			}
			for _, at := range []time.Time{r.Began, r.Answered, r.Released} {
				if !at.IsZero() && at.Unix() <= 0 {
					t.Errorf("a time that nobody told: %+v", r)
				}
			}
			if r.Q850 < 0 || r.Q850 > 127 || len(r.Recording) > maxRecording {
				t.Errorf("report %+v", r)
			}
			checkWords(t, r.VendorCode, r.VendorText)
		}
	})
}

// FuzzUserData: what we send comes back as it was, and what others sent too.
func FuzzUserData(f *testing.F) {
	f.Add(jobRef, "u")
	f.Add("", "\n>>>")
	f.Add("b3JkZXI=", "订单")
	f.Fuzz(func(t *testing.T, ref, data string) {
		if ref == "" || fitsID(ref) {
			sent := strings.TrimSpace(strings.ReplaceAll(joinUserData(ref, data), "+", " "))
			if gotRef, got := splitUserData(sent); gotRef != ref || got != data {
				t.Errorf("%q, %q came back as %q, %q", ref, data, gotRef, got)
			}
		}
		if gotRef, _ := splitUserData(data); gotRef != "" && !fitsID(gotRef) {
			t.Errorf("%q holds the reference %q", data, gotRef)
		}
	})
}
