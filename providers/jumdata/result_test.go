package jumdata

import (
	"net/http"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestPollClasses(t *testing.T) {
	type want struct {
		class providers.Class
		halt  providers.Halt
		after time.Duration
	}
	for name, tc := range map[string]struct {
		status int
		body   string
		want
	}{
		"200":                    {200, `{"code":200,"data":{"callStatus":"0"}}`, want{class: providers.ClassOK}},
		"200 without data":       {200, `{"code":200,"data":[]}`, want{class: providers.ClassPending}},
		"200 about another call": {200, `{"code":200,"data":{"callId":"other","callStatus":"0"}}`, want{class: providers.ClassRetryLater}},
		"400":                    {200, `{"code":400,"msg":"参数错误"}`, want{class: providers.ClassPermanent}},
		"400 signature":          {200, `{"code":400,"msg":"签名错误"}`, want{class: providers.ClassRetryLater}},
		"400 clock":              {200, `{"code":400,"msg":"时间戳错误"}`, want{class: providers.ClassRetryLater}},
		"404":                    {200, `{"code":404}`, want{class: providers.ClassHalted, halt: providers.HaltConfig}},
		"500":                    {500, `{"code":500}`, want{class: providers.ClassRetryLater, after: time.Minute}},
		"J10 501":                {200, `{"code":501}`, want{class: providers.ClassRetryLater, after: 5 * time.Minute}},
		"601":                    {200, `{"code":601}`, want{class: providers.ClassHalted, halt: providers.HaltAccount}},
		"602":                    {200, `{"code":"602"}`, want{class: providers.ClassHalted, halt: providers.HaltAccount}},
		"J10 603":                {200, `{"code":603}`, want{class: providers.ClassHalted, halt: providers.HaltBalance}},
		"604":                    {200, `{"code":604}`, want{class: providers.ClassHalted, halt: providers.HaltAccount}},
		"609":                    {200, `{"code":609}`, want{class: providers.ClassRateLimited, after: 30 * time.Second}},
		"J11 701":                {200, `{"code":701,"msg":"未查询语音通知状态"}`, want{class: providers.ClassPending}},
		"400 window":             {200, `{"code":400,"msg":"当前时间段不可查询"}`, want{class: providers.ClassRetryLater, after: 10 * time.Minute}},
		"400 too frequent":       {200, `{"code":400,"msg":"请求过于频繁"}`, want{class: providers.ClassRateLimited, after: 30 * time.Second}},
		"999 too frequent":       {200, `{"code":"999","msg":"查询过于频繁,请稍候再试"}`, want{class: providers.ClassRateLimited, after: 30 * time.Second}},
		"999 too frequent, GBK":  {200, "{\"code\":999,\"msg\":\"\xb9\xfd\xd3\xda\xc6\xb5\xb7\xb1\"}", want{class: providers.ClassRateLimited, after: 30 * time.Second}},
		"999 signature":          {200, `{"code":999,"msg":"签名错误"}`, want{class: providers.ClassRetryLater}},
		"999 without a word":     {200, `{"code":999}`, want{class: providers.ClassRetryLater}},
		"HTTP 429":               {429, ``, want{class: providers.ClassRateLimited, after: 30 * time.Second}},
		"HTTP 404":               {404, `<html>`, want{class: providers.ClassRetryLater}},
		"HTTP 401":               {401, `denied`, want{class: providers.ClassRetryLater}},
		"HTTP 502":               {502, `<html>`, want{class: providers.ClassRetryLater}},
		"200 in HTML":            {200, `<html>`, want{class: providers.ClassRetryLater}},
		"701 under HTTP 500":     {500, `{"code":"701"}`, want{class: providers.ClassPending}},
		"999":                    {200, `{"code":999,"msg":"黑名单"}`, want{class: providers.ClassRetryLater}},
		"unknown":                {200, `{"code":1}`, want{class: providers.ClassRetryLater}},
	} {
		t.Run(name, func(t *testing.T) {
			got := poll(t, tc.status, tc.body)
			if (want{got.Class, got.Halt, got.RetryAfter}) != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if got.Class != providers.ClassOK && got.Report != (providers.Report{}) {
				t.Errorf("a report without an answer: %+v", got.Report)
			}
		})
	}
}

// J19: the vendor wants the number back.
func TestJ19PollNeedsNumberAndCallID(t *testing.T) {
	v := resultVendor(200, "")
	a := v.adapter(t, testSettings())
	for _, q := range []providers.Query{{To: testMobile}, {VendorID: "YYTZ1"}} {
		if got := a.Poll(t.Context(), q); got.Class != providers.ClassPermanent || v.Requests() != 0 {
			t.Errorf("%+v after %d requests", got, v.Requests())
		}
	}
}

func TestPollClockIsLearned(t *testing.T) {
	v := resultVendor(200, `{"code":400,"msg":"时间戳错误"}`)
	v.Header = map[string]string{"Date": testNow.Add(time.Hour).UTC().Format(http.TimeFormat)}
	a := v.adapter(t, testSettings())
	q := providers.Query{To: testMobile, VendorID: "YYTZ1"}
	a.Poll(t.Context(), q)
	v.stamp = testNow.Add(time.Hour).Truncate(time.Second).UnixMilli()
	v.Body = `{"code":200,"data":{"callStatus":1}}`
	if got := a.Poll(t.Context(), q); got.Class != providers.ClassOK {
		t.Errorf("got %+v", got)
	}
}

func TestDocumentedResult(t *testing.T) {
	v := resultVendor(200, providertest.Fixture(t, "result_ok.json"))
	v.want.Set("callId", "12121212121212")
	got := v.adapter(t, testSettings()).Poll(t.Context(), providers.Query{To: testMobile, VendorID: "12121212121212"})
	r := got.Report
	// J3: the example of a success carries callDesc 487.
	if got.Class != providers.ClassOK || r.State != providers.StateCompleted || r.Cause != providers.CauseAnswered || r.SIP != 0 ||
		r.Evidence != providers.EvidenceQuery || r.VendorID != "12121212121212" || r.VendorText != "成功" {
		t.Errorf("got %+v", got)
	}
	// J21: success is billed.
	if r.Billable == nil || !*r.Billable {
		t.Error("a success is not billable")
	}
}

type end struct {
	state    providers.State
	cause    providers.Cause
	sip      int
	code     string
	billable string
}

func endOf(r providers.Report) end {
	e := end{r.State, r.Cause, r.SIP, r.VendorCode, "unknown"}
	if r.Billable != nil {
		e.billable = map[bool]string{true: "yes", false: "no"}[*r.Billable]
	}
	return e
}

// The same data, polled and pushed, says the same.
func TestCallEnds(t *testing.T) {
	busy := end{providers.StateBusy, providers.CauseBusy, 486, "486", "no"}
	for name, tc := range map[string]struct {
		fields string
		want   end
	}{
		"J2 string success":       {`"callStatus":"0","callStatusMsg":"成功"`, end{providers.StateCompleted, providers.CauseAnswered, 0, "0", "yes"}},
		"J2 int success":          {`"callStatus":0,"callStatusText":"成功"`, end{providers.StateCompleted, providers.CauseAnswered, 0, "0", "yes"}},
		"J2 padded":               {`"callStatus":" 1 ","callDesc":" 486 "`, busy},
		"J3 desc of a success":    {`"callStatus":0,"callDesc":"487"`, end{providers.StateCompleted, providers.CauseAnswered, 0, "0", "yes"}},
		"J4 SIP":                  {`"callStatus":1,"callDesc":487`, end{providers.StateNoAnswer, providers.CauseRingTimeout, 487, "487", "no"}},
		"J4 lowest SIP":           {`"callStatus":1,"callDesc":"300"`, end{providers.StateFailed, providers.CauseUnknown, 300, "300", "no"}},
		"J4 highest SIP":          {`"callStatus":1,"callDesc":"699"`, end{providers.StateFailed, providers.CauseUnknown, 699, "699", "no"}},
		"J4 below SIP":            {`"callStatus":1,"callDesc":"299"`, end{providers.StateFailed, providers.CauseUnknown, 0, "299", "no"}},
		"J4 above SIP":            {`"callStatus":1,"callDesc":"700"`, end{providers.StateFailed, providers.CauseUnknown, 0, "700", "no"}},
		"J4 success code":         {`"callStatus":1,"callDesc":"200"`, end{providers.StateFailed, providers.CauseUnknown, 0, "200", "no"}},
		"J4 seen in the wild":     {`"callStatus":"1","callDesc":"110"`, end{providers.StateFailed, providers.CauseUnknown, 0, "110", "no"}},
		"J4 words":                {`"callStatus":1,"callDesc":"空号"`, end{providers.StateFailed, providers.CauseUnknown, 0, "空号", "no"}},
		"J4 an object":            {`"callStatus":1,"callDesc":{"a":1}`, end{providers.StateFailed, providers.CauseUnknown, 0, "1", "no"}},
		"J5 failure alone":        {`"callStatus":1`, end{providers.StateFailed, providers.CauseUnknown, 0, "1", "no"}},
		"unknown status":          {`"callStatus":2,"callDesc":"486"`, end{code: "2", billable: "unknown"}},
		"unknown status in words": {`"callStatus":"success"`, end{code: "success", billable: "unknown"}},
		"status 0.0":              {`"callStatus":0.0`, end{code: "0.0", billable: "unknown"}},
		"status true":             {`"callStatus":true`, end{billable: "unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := poll(t, 200, `{"code":200,"data":{"callId":"YYTZ1",`+tc.fields+`}}`)
			if got.Class != providers.ClassOK || endOf(got.Report) != tc.want || got.Report.VendorID != "YYTZ1" {
				t.Errorf("polled: %s %+v, want %+v", got.Class, endOf(got.Report), tc.want)
			}
			pushed, err := newAdapter(t, testSettings()).ParsePush(providers.Push{Method: "POST", Body: []byte(`{"callId":"YYTZ1",` + tc.fields + `}`)})
			if err != nil || len(pushed) != 1 || endOf(pushed[0]) != tc.want {
				t.Errorf("pushed: %+v, %v, want %+v", pushed, err, tc.want)
			}
		})
	}
}
