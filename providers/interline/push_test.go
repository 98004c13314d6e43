package interline

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func parse(t *testing.T, p providers.Push) []providers.Report {
	t.Helper()
	reports, err := newAdapter(t, testSettings()).ParsePush(p)
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

// one parses a form that holds one report.
func one(t *testing.T, form string) providers.Report {
	t.Helper()
	reports := parse(t, providers.Push{Method: http.MethodPost, Body: []byte(form)})
	if len(reports) != 1 {
		t.Fatalf("%d reports, want 1", len(reports))
	}
	return reports[0]
}

func seconds(n int) *time.Duration {
	d := time.Duration(n) * time.Second
	return &d
}

// L20, X3, X5, X12: a form or JSON, whatever the content type says, alone or in
// a batch, is the same CDR.
func TestL20PushEncodings(t *testing.T) {
	js, form := strings.TrimSpace(providertest.Fixture(t, "push_cdr.json")), strings.TrimSpace(providertest.Fixture(t, "push_cdr.form"))
	const asForm, asJSON = "application/x-www-form-urlencoded; charset=UTF-8", "application/json"
	want := providers.Report{VendorID: "s-1", Ref: jobRef, Task: "t-77", State: providers.StateCompleted, Cause: providers.CauseAnswered,
		Evidence: providers.EvidenceDuration, VendorCode: "answered", Duration: seconds(42), HangupBy: "callee",
		Recording: "/rec/2023/11/t-77.wav", UserData: "客户 7", From: testA, To: testB,
		Began: time.Unix(1700000000, 0), Answered: time.Unix(1700000010, 0), Released: time.Unix(1700000052, 0)}
	for name, p := range map[string]providers.Push{
		"form":                    {Method: "POST", ContentType: asForm, Body: []byte(form)},
		"X12 form without type":   {Method: "POST", Body: []byte(form)},
		"form said to be JSON":    {Method: "POST", ContentType: asJSON, Body: []byte(form)},
		"JSON":                    {Method: "POST", ContentType: asJSON, Body: []byte(js)},
		"X12 JSON without type":   {Method: "POST", Body: []byte(js)},
		"JSON said to be form":    {Method: "POST", ContentType: asForm, Body: []byte(js)},
		"numbers as strings":      {Method: "POST", Body: []byte(strings.ReplaceAll(js, ":42,", `:"42",`))},
		"releasedir as a number":  {Method: "POST", Body: []byte(strings.ReplaceAll(js, `"2","area`, `2,"area`))},
		"X5 BOM and space":        {Method: "POST", Body: []byte("\xef\xbb\xbf\n " + js + " ")},
		"X3 array":                {Method: "POST", Body: []byte("[" + js + "]")},
		"X3 named array":          {Method: "POST", Body: []byte(`{"array":[` + js + "]}")},
		"X4 GBK beside":           {Method: "POST", Body: []byte(strings.ReplaceAll(form, "areaCode=0571", "areaCode=%BA%BC%D6%DD"))},
		"X6 spaces, not escaped":  {Method: "POST", Body: []byte(strings.NewReplacer("%2B", "+", "%2F", "/", "%3D", "=").Replace(form))},
		"query string, no body":   {Method: "GET", RawQuery: form},
		"query string, posted":    {Method: "POST", RawQuery: form},
		"fields of others around": {Method: "POST", Body: []byte("a=1&" + form + "&z=%zz")},
	} {
		t.Run(name, func(t *testing.T) {
			reports := parse(t, p)
			if len(reports) != 1 || !reflect.DeepEqual(reports[0], want) {
				t.Errorf("got %+v, want %+v", reports, want)
			}
		})
	}
}

// A call start has neither result nor beginning, and ends nothing.
func TestCallStart(t *testing.T) {
	want := providers.Report{VendorID: "s-1", Ref: jobRef, Task: "t-77", Kind: providers.ReportStart, State: providers.StateRinging,
		Evidence: providers.EvidencePush, UserData: "客户 7", From: testA, To: testB, Began: time.Unix(1700000000, 0)}
	if got := one(t, providertest.Fixture(t, "push_start.form")); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := one(t, strings.TrimSpace(providertest.Fixture(t, "push_start.form"))+"&smsContent=&result="); !reflect.DeepEqual(got, want) {
		t.Errorf("with empty fields: %+v", got)
	}
	if got := one(t, "subid=s-1&beginTime=1700000000"); got.Kind != providers.ReportCall || got.State != "" {
		t.Errorf("a CDR without result: %+v", got)
	}
}

// L17: a message is kept apart from calls, and its content is dropped.
func TestL17SMS(t *testing.T) {
	form := strings.TrimSpace(providertest.Fixture(t, "push_sms.form"))
	want := providers.Report{VendorID: "s-1", Ref: jobRef, Task: "t-78", Kind: providers.ReportSMS, Evidence: providers.EvidencePush,
		UserData: "客户 7", From: testA, To: testB, Began: time.Unix(1700000000, 0)}
	for _, body := range []string{form, form + "&result=answered&beginTime=1700000000&duration=3"} {
		got := one(t, body)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if strings.Contains(fmt.Sprintf("%+v", got), "见") {
			t.Error("the message is kept")
		}
	}
}

// L18: who called whom, in clear, as far as the fields hold numbers.
func TestL18Parties(t *testing.T) {
	for number, want := range map[string]string{
		testA: testA, "%2B8613800138000": "+8613800138000", "02188887777": "02188887777", "10086": "10086",
		strings.Repeat("1", 24): strings.Repeat("1", 24), strings.Repeat("1", 25): "",
		"": "", "anonymous": "", "139****9000": "", "139-0013-9000": "", "%2B": "", "null": "",
	} {
		caller, callee := one(t, "subid=s&result=16&callee="+testB+"&caller="+number), one(t, "subid=s&result=16&caller="+testA+"&callee="+number)
		if caller.From != want || caller.To != testB || callee.To != want || callee.From != testA {
			t.Errorf("%q: from %q to %q, and from %q to %q; want %q", number, caller.From, caller.To, callee.From, callee.To, want)
		}
	}
	reports := parse(t, providers.Push{Method: http.MethodPost, Body: []byte(`{"subid":"s","result":16,"caller":13900139000,"callee":null}`)})
	if len(reports) != 1 || reports[0].From != testA || reports[0].To != "" {
		t.Errorf("a number and null: %+v", reports)
	}
}

// L3: when a call began, was answered and released; what is not told is zero.
func TestL3Moments(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	for form, want := range map[string][3]time.Time{
		"beginTime=1700000000&answerTime=1700000010&releaseTime=1700000052":          {at(1700000000), at(1700000010), at(1700000052)},
		"beginTime=1700000000000&answerTime=1700000010000&releaseTime=1700000052000": {at(1700000000), at(1700000010), at(1700000052)},
		"beginTime=1700000000&answerTime=0&releaseTime=1700000009":                   {at(1700000000), {}, at(1700000009)},
		"beginTime=1700000000&answerTime=0000000000&releaseTime=soon":                {at(1700000000), {}, {}},
		"callTime=1700000003":                      {at(1700000003), {}, {}},
		"beginTime=1700000000&callTime=1700000003": {at(1700000000), {}, {}},
		"beginTime=0&callTime=1700000003":          {at(1700000003), {}, {}},
		"beginTime=2023-11-15+06:13:20":            {at(1700000000), {}, {}},
		"ringTime=1700000003":                      {},
	} {
		got := one(t, "subid=s&result=17&"+form)
		if !got.Began.Equal(want[0]) || !got.Answered.Equal(want[1]) || !got.Released.Equal(want[2]) {
			t.Errorf("%s: %v, %v, %v; want %v", form, got.Began, got.Answered, got.Released, want)
		}
		if answered := !want[1].IsZero(); answered != (got.State == providers.StateCompleted) {
			t.Errorf("%s: %s", form, got.State)
		}
	}
}

// L8, X1: a CDR without subid finds its binding by the reference that it echoes.
func TestL8ReportWithoutSubid(t *testing.T) {
	body := "caller=1&callee=2&result=16&beginTime=1700000000&userData="
	got := one(t, body+ours(jobRef, ""))
	if got.VendorID != "" || got.Ref != jobRef || got.State != providers.StateCanceled || got.UserData != "" {
		t.Errorf("got %+v", got)
	}
	foreign := one(t, "subid=s-9&result=16&userData=order-7")
	if foreign.Ref != "" || foreign.UserData != "order-7" || foreign.VendorID != "s-9" {
		t.Errorf("foreign: %+v", foreign)
	}
	reports, err := newAdapter(t, testSettings()).ParsePush(providers.Push{Method: "POST", Body: []byte(body + "order-7")})
	if err == nil || len(reports) != 0 || strings.Contains(err.Error(), "order") {
		t.Errorf("that names nothing: %+v, %v", reports, err)
	}
}

// Task tells the calls over one binding apart, a repeated push does not.
func TestTasks(t *testing.T) {
	const call = "subid=s&caller=1&callee=2&result=16&beginTime=1700000000"
	first := one(t, call)
	// printf 's|1|2|1700000000|16' | sha256sum
	if first.Task != "43ed7dbbf6930b247579b7cbc18f4c74b92e1e04903c6bd8d060a2fc39628e72" {
		t.Errorf("task %q", first.Task)
	}
	if again := one(t, call+"&releasedir=1&taskid="); again.Task != first.Task {
		t.Errorf("the same call: %q and %q", again.Task, first.Task)
	}
	for _, change := range []string{"subid=s", "caller=1", "callee=2", "result=16", "beginTime=1700000000"} {
		if other := one(t, strings.Replace(call, change, change+"0", 1)); other.Task == first.Task {
			t.Errorf("another %s is the same task", change)
		}
	}
	if got := one(t, "taskid=9007199254740993001&"+call); got.Task != "9007199254740993001" {
		t.Errorf("X7: task %q", got.Task)
	}
	start, cdr := one(t, "taskid=t-1&subid=s&caller=1&callee=2&callTime=1700000000"), one(t, "taskid=t-1&"+call)
	if start.Task != "t-1" || cdr.Task != start.Task || start.Kind != providers.ReportStart || cdr.Kind != providers.ReportCall {
		t.Errorf("a call's start %+v and its CDR %+v", start, cdr)
	}
	if got := one(t, "taskid="+strings.Repeat("t", 65)+"&"+call); got.Task != first.Task {
		t.Errorf("a taskid too long to be one: %q", got.Task)
	}
}

func TestX3OneBadElementCostsOnlyItself(t *testing.T) {
	body := `[{"subid":"A","result":16},{"result":17,"caller":"13800138000"},7,{"subid":9007199254740993001,"callTime":1700000000}]`
	reports, err := newAdapter(t, testSettings()).ParsePush(providers.Push{Method: "POST", Body: []byte(body)})
	if len(reports) != 2 || reports[0].VendorID != "A" || reports[1].VendorID != "9007199254740993001" || reports[1].Kind != providers.ReportStart {
		t.Errorf("got %+v", reports)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "interline: ") || !strings.Contains(err.Error(), "[1 2]") || strings.Contains(err.Error(), "13800138000") {
		t.Errorf("got %v, want an error that names elements 1 and 2 and quotes nothing", err)
	}
}

// X11: what cannot be read, or is too large, is an error and nothing else.
func TestX11UnreadablePushes(t *testing.T) {
	a := newAdapter(t, testSettings())
	for name, p := range map[string]providers.Push{
		"nothing":       {Method: "POST"},
		"other method":  {Method: "PUT", Body: []byte("subid=s")},
		"cut":           {Method: "POST", Body: []byte(`{"subid":"13800138000"`)},
		"empty array":   {Method: "POST", Body: []byte(`[]`)},
		"no names":      {Method: "POST", Body: []byte("result=16")},
		"subid of 65":   {Method: "POST", Body: []byte("subid=" + strings.Repeat("s", 65))},
		"X11 too large": {Method: "POST", Body: []byte("subid=s&x=" + strings.Repeat("x", 1<<20))},
	} {
		reports, err := a.ParsePush(p)
		if err == nil || len(reports) != 0 || strings.Contains(err.Error(), "13800138000") {
			t.Errorf("%s: %+v, %v", name, reports, err)
		}
	}
}
