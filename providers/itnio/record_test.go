package itnio

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// I4, I5: the document's own example. Its callee is Indian and its region Afghan.
func TestI4DocumentedRecord(t *testing.T) {
	got := poll(t, 200, providertest.Fixture(t, "record_ok.json"))
	r := got.Report
	if got.Class != providers.ClassOK || r.VendorID != testVoice || r.Ref != "" || r.State != providers.StateCompleted ||
		r.Cause != providers.CauseAnswered || r.Evidence != providers.EvidenceDuration || r.Conflict ||
		r.VendorCode != "1000" || r.VendorText != "success" || r.SIP != 0 || r.DTMF != "1" || r.Cost != "2" || r.Currency != "EUR" {
		t.Errorf("got %+v", got)
	}
	if r.Duration == nil || *r.Duration != 5*time.Second || r.Billed == nil || *r.Billed != 5*time.Second || r.Billable == nil || !*r.Billable {
		t.Errorf("durations of %+v", r)
	}
	for _, unread := range []string{"Afghanistan", "91856321412", "1008122211"} {
		if strings.Contains(fmt.Sprintf("%+v", got), unread) {
			t.Errorf("tells %s", unread)
		}
	}
}

type end struct {
	state    providers.State
	cause    providers.Cause
	sip      int
	code     string
	duration time.Duration // -1: not told
	conflict bool
	strong   bool // evidence of a duration
}

func endOf(r providers.Report, base providers.Evidence) end {
	e := end{r.State, r.Cause, r.SIP, r.VendorCode, -1, r.Conflict, r.Evidence == providers.EvidenceDuration}
	if r.Duration != nil {
		e.duration = *r.Duration
	}
	if !e.strong && r.Evidence != base {
		e.code += fmt.Sprintf(" with evidence %d", r.Evidence)
	}
	return e
}

const (
	completed = providers.StateCompleted
	answered  = providers.CauseAnswered
	failed    = providers.StateFailed
	noCause   = providers.CauseUnknown
)

const (
	rang   = `"ringingTime":"2022-01-18T14:42:47+08:00",`
	picked = rang + `"answerTime":"2022-01-18T14:42:50+08:00",`
	hungUp = `"hangupTime":"2022-01-18T14:42:55+08:00",`
)

var recordEnds = map[string]struct {
	fields string
	want   end
}{
	"answered, 0":                  {picked + hungUp + `"callDuration":5,"terminationCode":"0"`, end{completed, answered, 0, "0", 5 * time.Second, false, true}},
	"answered, 1000":               {picked + hungUp + `"callDuration":"5","terminationCode":1000`, end{completed, answered, 0, "1000", 5 * time.Second, false, true}},
	"answered, 200":                {picked + hungUp + `"terminationCode":"200"`, end{completed, answered, 0, "200", -1, false, false}},
	"answered by duration alone":   {`"callDuration":1,"terminationCode":"0"`, end{completed, answered, 0, "0", time.Second, false, true}},
	"answered by time alone":       {picked + hungUp + `"callDuration":0`, end{completed, answered, 0, "", 0, false, true}},
	"answered with an unknown 7":   {picked + hungUp + `"terminationCode":"7"`, end{completed, answered, 0, "7", -1, false, false}},
	"answered with a SIP failure":  {picked + hungUp + `"callDuration":5,"terminationCode":"486"`, end{completed, answered, 0, "486", 5 * time.Second, true, true}},
	"success 0 unanswered":         {hungUp + `"callDuration":0,"terminationCode":"0"`, end{completed, noCause, 0, "0", 0, true, false}},
	"success 200 unanswered":       {rang + hungUp + `"terminationCode":200`, end{completed, noCause, 0, "200", 0, true, false}},
	"success 1000 unanswered":      {`"terminationCode":"1000","terminationReason":"success"`, end{completed, noCause, 0, "1000", 0, true, false}},
	"success in words, unanswered": {hungUp + `"terminationCode":"7","terminationReason":"Success"`, end{completed, noCause, 0, "7", 0, true, false}},
	"SIP busy":                     {rang + hungUp + `"callDuration":0,"terminationCode":"486"`, end{providers.StateBusy, providers.CauseBusy, 486, "486", 0, false, true}},
	"SIP ring timeout":             {hungUp + `"terminationCode":487`, end{providers.StateNoAnswer, providers.CauseRingTimeout, 487, "487", -1, false, false}},
	"SIP declined":                 {`"terminationCode":" 603 "`, end{providers.StateRejected, providers.CauseRejected, 603, "603", -1, false, false}},
	"SIP not found":                {`"terminationCode":"404"`, end{failed, providers.CauseInvalidNumber, 404, "404", -1, false, false}},
	"lowest SIP":                   {`"terminationCode":"300"`, end{failed, noCause, 300, "300", -1, false, false}},
	"below SIP":                    {`"terminationCode":"299"`, end{failed, noCause, 0, "299", -1, false, false}},
	"highest SIP":                  {`"terminationCode":"699"`, end{failed, noCause, 699, "699", -1, false, false}},
	"above SIP":                    {`"terminationCode":"700"`, end{failed, noCause, 0, "700", -1, false, false}},
	"SIP failure and success":      {hungUp + `"terminationCode":"0","sipCode":"486"`, end{providers.StateBusy, providers.CauseBusy, 486, "486", -1, true, false}},
	"sipCode alone":                {`"sipCode":480`, end{failed, providers.CauseUnreachable, 480, "480", -1, false, false}},
	"another failure":              {`"terminationCode":"1"`, end{failed, noCause, 0, "1", -1, false, false}},
	"a failure in words":           {`"terminationCode":"空号"`, end{failed, noCause, 0, "空号", -1, false, false}},
	"hung up without a word":       {rang + hungUp + `"terminationCode":null`, end{failed, noCause, 0, "", -1, false, false}},
	"in progress":                  {picked + `"hangupTime":null,"terminationCode":""`, end{providers.StateInProgress, "", 0, "", -1, false, false}},
	"in progress, null in words":   {picked + `"hangupTime":"null","terminationCode":"null"`, end{providers.StateInProgress, "", 0, "", -1, false, false}},
	"in progress with 200":         {picked + `"hangupTime":"","sipCode":"200"`, end{providers.StateInProgress, "", 0, "", -1, false, false}},
	"in progress, counting":        {picked + `"callDuration":3,"chargedDuration":3,"cost":"1"`, end{providers.StateInProgress, "", 0, "", -1, false, false}},
	"ringing":                      {rang + `"answerTime":null,"hangupTime":[]`, end{providers.StateRinging, "", 0, "", -1, false, false}},
	"ringing with 180":             {rang + `"sipCode":180`, end{providers.StateRinging, "", 0, "", -1, false, false}},
}

// I1: what 0, 1000 and 200 mean. The same record, polled and pushed, says the same.
func TestI1RecordEnds(t *testing.T) {
	for name, tc := range recordEnds {
		t.Run(name, func(t *testing.T) {
			got := record(t, tc.fields)
			if got.Class != providers.ClassOK || endOf(got.Report, providers.EvidenceQuery) != tc.want || got.Report.VendorID != testVoice {
				t.Errorf("polled: %s %+v, want %+v", got.Class, endOf(got.Report, providers.EvidenceQuery), tc.want)
			}
			if r := pushed(t, tc.fields); endOf(r, providers.EvidencePush) != tc.want || r.VendorID != testVoice {
				t.Errorf("pushed: %+v, want %+v", endOf(r, providers.EvidencePush), tc.want)
			}
			final := tc.want.cause != ""
			if charged := got.Report.Cost != "" || got.Report.Billed != nil; charged && !final {
				t.Errorf("charged before the end: %+v", got.Report)
			}
		})
	}
}

// I7: the ways in which the vendor writes a time, and those in which it writes none.
func TestI7Times(t *testing.T) {
	for value, want := range map[string]providers.State{
		`"2022-01-18T14:42:50+08:00"`: completed, `"2022-01-18T14:42:50.123+08:00"`: completed, `"2022-01-18 14:42:50"`: completed,
		`1670939575000`: completed, `"1670939575000"`: completed, `1670939575`: completed, `"20220118144250"`: completed,
		`"18/01/2022 14:42"`: completed,
		`null`:               failed, `""`: failed, `0`: failed, `"0"`: failed, `-1`: failed, `[]`: failed, `"null"`: failed, `"-"`: failed,
		`"0000-00-00 00:00:00"`: failed, `"1970-01-01T08:00:00+08:00"`: failed, `"0001-01-01T00:00:00Z"`: failed,
	} {
		fields := `"answerTime":` + value + `,"terminationCode":"1"`
		if got := record(t, fields).Report.State; got != want {
			t.Errorf("polled %s: %s, want %s", value, got, want)
		}
		if got := pushed(t, fields).State; got != want {
			t.Errorf("pushed %s: %s, want %s", value, got, want)
		}
	}
}

// I9: "-1" is no key.
func TestI9FeedbackValue(t *testing.T) {
	for value, want := range map[string]string{
		`"-1"`: "", `-1`: "", `""`: "", `null`: "", `"none"`: "", `"1"`: "1", `0`: "0", `"12#*"`: "12#*", `"` + strings.Repeat("1", 33) + `"`: "",
	} {
		if got := record(t, picked+hungUp+`"feedbackValue":`+value).Report.DTMF; got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

// I5, I6: amounts are decimal strings, in US dollars unless a currency is told;
// older pages have costEur.
func TestI5Money(t *testing.T) {
	for fields, want := range map[string]string{
		`"cost":"2"`: "2 USD", `"cost":0.0200`: "0.0200 USD", `"cost":"1.5","currency":"eur"`: "1.5 EUR", `"cost":"1.5","currency":null`: "1.5 USD",
		`"cost":"1.5","currency":"null"`: "1.5 USD", `"cost":"1","currency":"CNY","settlePay":"7"`: "1 CNY",
		`"cost":"abc"`: " ", `"cost":1e-5`: " ", `"cost":""`: " ", `"cost":"1","currency":"dollars"`: " ", `"currency":"EUR"`: " ",
	} {
		r := record(t, hungUp+fields).Report
		if got := r.Cost + " " + r.Currency; got != want {
			t.Errorf("%s: %q, want %q", fields, got, want)
		}
	}
}

func TestI6CostEur(t *testing.T) {
	for fields, want := range map[string]string{
		`"costEur":"0.5"`: "0.5 EUR", `"costEur":0.5,"currency":"USD"`: "0.5 EUR", `"cost":"2","costEur":"0.5"`: "2 USD", `"cost":"2","currency":"€"`: "2 EUR",
	} {
		r := pushed(t, hungUp+fields)
		if got := r.Cost + " " + r.Currency; got != want {
			t.Errorf("%s: %q, want %q", fields, got, want)
		}
	}
}

func TestBilled(t *testing.T) {
	for value, want := range map[string]string{`20`: "20s true", `"20"`: "20s true", `0`: "0s false", `null`: "", `-1`: "", `"20s"`: ""} {
		r, got := record(t, hungUp+`"chargedDuration":`+value).Report, ""
		if r.Billed != nil && r.Billable != nil {
			got = fmt.Sprint(*r.Billed, *r.Billable)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}
