package interline

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func halted(h providers.Halt) providers.Outcome {
	return providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: h}
}

func later(after time.Duration, tries int) providers.Outcome {
	return providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, RetryAfter: after, MaxTries: tries}
}

func permanent(c providers.Cause) providers.Outcome {
	return providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: c}
}

func again(after time.Duration, tries int) providers.Outcome {
	return providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Repeatable: true, RetryAfter: after, MaxTries: tries}
}

func done(id string) providers.Outcome {
	return providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: id}
}

// otherX is o, where another middle number may be bound.
func otherX(o providers.Outcome) providers.Outcome {
	o.OtherX = true
	return o
}

var (
	uncertain = providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	often     = providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo,
		Signal: providers.SignalTooFrequent, RetryAfter: 5 * time.Second}
	platform = permanent(providers.CausePlatform)
	missing  = permanent(providers.CauseBindingMissing)
)

type codeRow struct {
	code                                       int
	bind, repeated, known, forgotten, released providers.Outcome
}

// codeTable is what each documented code, and one of no table, does to a bind
// request, to its repetition, to the unbinding of a binding that is known or not,
// and to the repetition of an unbinding, known or not.
var codeTable = []codeRow{
	{0, done(""), done(""), done(""), done(""), done("")},
	{1000, again(0, 0), again(0, 0), again(0, 0), again(0, 0), again(0, 0)},
	{1001, halted("config"), halted("config"), halted("config"), halted("config"), halted("config")},
	{1002, platform, platform, platform, platform, platform},
	{1003, platform, platform, platform, platform, platform},
	{1004, again(2*time.Second, 3), again(2*time.Second, 3), again(2*time.Second, 3), again(2*time.Second, 3), done("")},
	{1100, halted("account"), halted("account"), halted("account"), halted("account"), halted("account")},
	{1101, later(time.Second, 0), later(time.Second, 0), later(time.Second, 0), later(time.Second, 0), later(time.Second, 0)},
	{1102, halted("account"), halted("account"), halted("account"), halted("account"), halted("account")},
	{1103, halted("account"), halted("account"), halted("account"), halted("account"), halted("account")},
	{1104, halted("account"), halted("account"), halted("account"), halted("account"), halted("account")},
	{1105, often, often, often, often, often},
	{1110, halted("balance"), halted("balance"), later(0, 0), later(0, 0), later(0, 0)},
	{1200, platform, platform, done(""), missing, done("")},
	{1201, later(0, 3), again(2*time.Second, 3), later(0, 0), later(0, 0), later(0, 0)},
	{1300, otherX(platform), otherX(platform), done(""), missing, done("")},
	{1301, later(0, 0), later(0, 0), later(0, 0), later(0, 0), later(0, 0)},
	{1302, otherX(permanent(providers.CauseBindingConflict)), again(2*time.Second, 3), platform, platform, platform},
	{1400, later(0, 0), later(0, 0), later(0, 0), later(0, 0), later(0, 0)},
	{1401, again(0, 0), again(0, 0), again(0, 0), again(0, 0), again(0, 0)},
	{1500, again(0, 0), again(0, 0), again(0, 0), again(0, 0), again(0, 0)},
	{1501, again(5*time.Minute, 0), again(5*time.Minute, 0), again(5*time.Minute, 0), again(5*time.Minute, 0), again(5*time.Minute, 0)},
	{1502, again(0, 3), again(0, 3), again(0, 3), again(0, 3), again(0, 3)},
	{7777, uncertain, uncertain, again(0, 0), again(0, 0), again(0, 0)},
	{-1, uncertain, uncertain, again(0, 0), again(0, 0), again(0, 0)},
}

// L10: every code, as a number and as a string, whatever the HTTP status.
func TestL10Codes(t *testing.T) {
	for _, tc := range codeTable {
		for _, answer := range []providertest.Answer{
			{Body: fmt.Sprintf(`{"error":%d,"reason":"说明"}`, tc.code)},
			{Body: fmt.Sprintf(`{"error":" %d ","reason":"说明","subid":null}`, tc.code), Status: 500},
		} {
			t.Run(fmt.Sprintf("%d on %d", tc.code, max(answer.Status, 200)), func(t *testing.T) {
				v := vendor(answer)
				for _, mode := range []providers.Binding{axb(), xa()} {
					check(t, "bind", bind(t, v.adapter(t), mode), tc.code, tc.bind)
					mode.Repeated = true
					check(t, "repeated", bind(t, v.adapter(t), mode), tc.code, tc.repeated)
				}
				for _, u := range []providers.Unbinding{{Mode: providers.ModeAXB, VendorID: testSub}, {Mode: providers.ModeXA, X: testX}} {
					check(t, "forgotten", unbind(t, v.adapter(t), u), tc.code, tc.forgotten)
					u.Repeated = true
					check(t, "forgotten, repeated", unbind(t, v.adapter(t), u), tc.code, tc.released)
					u.Known = true
					check(t, "known, repeated", unbind(t, v.adapter(t), u), tc.code, tc.released)
					u.Repeated = false
					check(t, "known", unbind(t, v.adapter(t), u), tc.code, tc.known)
				}
				if n := len(v.asked()); n != 12 {
					t.Errorf("%d requests, want 12", n)
				}
			})
		}
	}
}

func check(t *testing.T, what string, got providers.Outcome, code int, want providers.Outcome) {
	t.Helper()
	want.VendorCode, want.VendorText = fmt.Sprint(code), "说明"
	if got != want {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

// L10: what may have been released already is asked for again, and no answer to
// the repeat says that it never was there. A newer binding of X is safe the while:
// whatever is in doubt keeps its number.
func TestL10UnbindWhoseAnswerWasLost(t *testing.T) {
	for _, u := range []providers.Unbinding{{Mode: providers.ModeAXB, VendorID: testSub}, {Mode: providers.ModeXA, X: testX}} {
		for _, doubt := range []int{1000, 1401, 1500, 1501, 1502} {
			for _, gone := range []int{1004, 1200, 1300} {
				v := vendor(providertest.Answer{Body: fmt.Sprintf(`{"error":%d}`, doubt)}, providertest.Answer{Body: fmt.Sprintf(`{"error":%d}`, gone)})
				a, again := v.adapter(t), u
				if got := unbind(t, a, again); got.Class != providers.ClassUncertain || got.Placed != providers.PlacedMaybe || !got.Repeatable {
					t.Errorf("%d: %+v", doubt, got)
				}
				again.Repeated = true
				if got := unbind(t, a, again); got.Class != providers.ClassOK || got.Placed != providers.PlacedYes {
					t.Errorf("%d after %d: %+v", gone, doubt, got)
				}
				if r := v.asked(); len(r) != 2 || r[0].uri != r[1].uri || r[0].method != r[1].method || r[1].length > 0 {
					t.Errorf("the repeat is another request: %+v", r)
				}
			}
		}
	}
}

// L22: an account without money still releases what is bound.
func TestL22UnbindWithoutBalance(t *testing.T) {
	v := says(`{"error":1110}`)
	if got := bind(t, v.adapter(t), axb()); got.Halt != providers.HaltBalance {
		t.Errorf("bind: %+v", got)
	}
	got := unbind(t, v.adapter(t), providers.Unbinding{Mode: providers.ModeAXB, VendorID: testSub, Known: true})
	if got.Class != providers.ClassRetryLater || got.Halt != providers.HaltNone {
		t.Errorf("unbind: %+v", got)
	}
}

// L10: 1004 with the subid is the first answer again. Beside a conflict it may
// be another's.
func TestL10SubidOfARefusal(t *testing.T) {
	for code, want := range map[int]string{1004: testSub, 1201: "", 1302: "", 1500: ""} {
		b := axb()
		b.Repeated = true
		v := says(fmt.Sprintf(`{"error":%d,"subid":%q}`, code, testSub))
		got := bind(t, v.adapter(t), b)
		if got.VendorID != want || (got.Class == providers.ClassOK) != (want != "") || got.Placed == providers.PlacedNo {
			t.Errorf("%d: %+v", code, got)
		}
	}
}

// L8, X7: the subid as it may come, or not at all.
func TestL8Subids(t *testing.T) {
	for body, want := range map[string]string{
		accepted: testSub,
		`{"error":0,"subid":9007199254740993001}`: "9007199254740993001",
		`{"error":"0","subid":"s-1"}`:             "s-1",
		`{"error":0}`:                             "",
		`{"error":0,"subid":null}`:                "",
		`{"error":0,"subid":[]}`:                  "",
		"\xef\xbb\xbf {\"error\":0,\"subid\":\"s\",\"reason\":\"\xb3\xc9\xb9\xa6\"}": "s",
	} {
		if got := bind(t, says(body).adapter(t), axb()); got.Class != providers.ClassOK || got.Placed != providers.PlacedYes || got.VendorID != want {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

// Answers that are not the vendor's: only the HTTP status can be judged.
func TestAnswersWithoutTheVendorsJSON(t *testing.T) {
	repeat := again(0, 0)
	for _, tc := range []struct {
		status int
		body   string
		want   providers.Outcome
	}{
		{200, "", repeat}, {200, "<html>", repeat}, {200, `{"error":0`, repeat}, {200, `{"reason":"成功"}`, repeat},
		{200, `{"error":0.0,"subid":"s"}`, repeat}, {200, `{"error":null}`, repeat}, {200, `[{"error":0}]`, repeat},
		{200, `{"error":18014398509481984}`, repeat},
		{500, "oops", repeat}, {502, "", repeat}, {503, "", repeat}, {504, `{"status":504,"error":"Gateway Timeout"}`, repeat},
		{404, `{"status":404,"error":"Not Found"}`, halted("config")}, {405, "", halted("config")},
		{403, "", halted("auth")}, {400, "", platform}, {429, "", often},
		{302, "", providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedMaybe, Halt: providers.HaltConfig}},
	} {
		want := tc.want
		want.VendorCode = fmt.Sprintf("http_%d", tc.status)
		if tc.status == 429 {
			want.RetryAfter = 7 * time.Second
		}
		v := vendor(providertest.Answer{Status: tc.status, Body: tc.body, Header: map[string]string{"Retry-After": "7"}})
		a := v.adapter(t)
		if got := bind(t, a, xa()); got != want {
			t.Errorf("bind, %d %s: %+v, want %+v", tc.status, tc.body, got, want)
		}
		if got := unbind(t, a, providers.Unbinding{Mode: providers.ModeXA, X: testX, Known: true}); got != want {
			t.Errorf("unbind, %d %s: %+v, want %+v", tc.status, tc.body, got, want)
		}
	}
}
