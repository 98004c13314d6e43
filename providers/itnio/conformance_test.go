package itnio

import (
	"context"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// TestConformance is the contract, told in the vendor's own words.
func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Vendor{
		New: func(s providers.Settings) (any, error) {
			a, err := New(s)
			if err != nil {
				return nil, err
			}
			return a, nil
		},
		Credentials: testCredentials(),
		Switches:    map[string]string{"display_num": "1008122211"},
		Acts: []providertest.Act{{
			Name: "notify",
			Do: func(ctx context.Context, adapter any, line providers.Line, permit providers.Permit) providers.Outcome {
				return adapter.(providers.Notifier).Notify(ctx, line, permit, providers.Notification{
					To: providertest.Callee, Template: "file1.mp3", Times: 2, Ref: "itnio.01K5.1"})
			},
			Accepted: providertest.Fixture(t, "send_ok.json"), VendorID: testVoice, Codes: sendCodes,
		}},
		Reads: []providertest.Read{
			{Name: "poll", Codes: recordCodes, Do: func(ctx context.Context, adapter any) providers.PollResult {
				return adapter.(providers.Poller).Poll(ctx, providers.Query{
					To: providertest.Callee, VendorID: testVoice, Submitted: providertest.Now().Add(-time.Hour)})
			}},
			{Name: "poll of a fresh call", Codes: freshCodes, Do: func(ctx context.Context, adapter any) providers.PollResult {
				return adapter.(providers.Poller).Poll(ctx, providers.Query{VendorID: testVoice, Submitted: providertest.Now()})
			}},
			{Name: "probe", Codes: balanceCodes, Do: func(ctx context.Context, adapter any) providers.PollResult {
				r := adapter.(providers.AccountProber).Probe(ctx)
				return providers.PollResult{Class: r.Class, Halt: r.Halt, RetryAfter: r.RetryAfter, VendorCode: r.VendorCode, VendorText: r.VendorText}
			}},
		},
		Pushes: pushCases(t),
	})
}

// date is a Date header two minutes ahead of the suite's clock.
var date = map[string]string{"Date": "Tue, 14 Nov 2023 22:15:20 GMT"}

// sendCodes are each documented status and row, and what stands beside them.
var sendCodes = []providertest.Code{
	{Name: "0 成功", Body: row(`"0"`), Want: accepted("V1")},
	{Name: "0 as a number", Body: `{"status":0,"data":[{"voiceId":2203,"terminationCode":0}]}`, Want: accepted("2203")},
	{Name: "0, row refused", Body: row(`"-22"`), Want: permanent(providers.CausePlatform)},
	{Name: "0, row refused, as a number", Body: row(`-10`), Want: halted(providers.HaltBalance)},
	{Name: "0, row of another success", Body: row(`"1000"`), Want: doubtful("V1")},
	{Name: "0, row of a call's end", Body: row(`"486"`), Want: doubtful("V1")},
	{Name: "0, row of an unknown code", Body: row(`"1"`), Want: doubtful("V1")},
	{Name: "0, row of an unknown code, as a number", Body: row(`1`), Want: doubtful("V1")},
	{Name: "0, row of an unknown code without voiceId", Body: rows(`[{"terminationCode":"-99"}]`), Want: uncertain},
	{Name: "0, row without voiceId", Body: rows(`[{"terminationCode":"0"}]`), Want: uncertain},
	{Name: "0, data null", Body: rows(`null`), Want: uncertain},
	{Name: "0, data []", Body: rows(`[]`), Want: uncertain},
	{Name: "0, data a text", Body: rows(`"ok"`), Want: uncertain},
	{Name: "-1 账号认证异常", Body: `{"status":"-1","reason":"Authentication error"}`, Want: halted(providers.HaltAuth)},
	{Name: "-1 as a number", Body: `{"status":-1,"data":null}`, Want: halted(providers.HaltAuth)},
	{Name: "-2 ip限制", Body: `{"status":"-2","data":[]}`, Want: halted(providers.HaltAccount)},
	{Name: "-10 余额不足", Body: `{"status":"-10","data":"","reason":"余额不足"}`, Want: halted(providers.HaltBalance)},
	{Name: "-16 时间戳过期", Body: `{"status":"-16"}`, Want: halted(providers.HaltClockSkew)},
	{Name: "-16 with the vendor's time", Body: `{"status":"-16"}`, Header: date,
		Want: providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo}},
	{Name: "-18 系统异常", Body: `{"status":"-18","reason":"系统异常"}`, Want: uncertain},
	{Name: "-20 data existing", Body: `{"status":"-20"}`, Want: permanent(providers.CausePlatform)},
	{Name: "-22 参数异常", Body: `{"status":"-22","reason":"参数异常"}`, Want: permanent(providers.CausePlatform)},
	{Name: "-24 is a query's", Body: `{"status":"-24"}`, Want: uncertain},
	{Name: "-26 获取费率失败", Body: `{"status":"-26"}`, Want: permanent(providers.CauseNoRoute)},
	{Name: "unknown", Body: `{"status":"-99"}`, Want: uncertain},
	{Name: "unknown, positive", Body: `{"status":997}`, Want: uncertain},
	{Name: "a code beats HTTP 500", Status: 500, Body: `{"status":"-10"}`, Want: halted(providers.HaltBalance)},
	{Name: "a framework's 404", Status: 404, Body: `{"status":404,"error":"Not Found"}`, Want: halted(providers.HaltConfig)},
}

func data(fields string) string {
	return `{"status":"0","reason":"success","data":{"voiceId":"` + testVoice + `",` + fields + `}}`
}

// everyQuery is how each query reads the statuses that speak of the account.
var everyQuery = []providertest.ReadCode{
	{Name: "-1", Body: `{"status":"-1"}`, WantClass: providers.ClassHalted, WantHalt: providers.HaltAuth},
	{Name: "-2", Body: `{"status":-2,"data":[]}`, WantClass: providers.ClassHalted, WantHalt: providers.HaltAccount},
	{Name: "-10 is a send's", Body: `{"status":"-10"}`, WantClass: providers.ClassRetryLater},
	{Name: "-16", Body: `{"status":"-16"}`, WantClass: providers.ClassHalted, WantHalt: providers.HaltClockSkew},
	{Name: "-16 with the vendor's time", Body: `{"status":"-16"}`, Header: date, WantClass: providers.ClassRetryLater},
	{Name: "-18", Body: `{"status":"-18"}`, WantClass: providers.ClassRetryLater},
	{Name: "-24", Body: `{"status":"-24","data":null}`, WantClass: providers.ClassPending},
	{Name: "unknown", Body: `{"status":"-99"}`, WantClass: providers.ClassRetryLater},
	{Name: "0, data null", Body: `{"status":"0","data":null}`, WantClass: providers.ClassPending},
	{Name: "0, data []", Body: `{"status":0,"data":[]}`, WantClass: providers.ClassPending},
	{Name: "0, data a text", Body: `{"status":"0","data":"none"}`, WantClass: providers.ClassPending},
	{Name: "0, another call", Body: `{"status":"0","data":{"voiceId":"9","terminationCode":"0"}}`, WantClass: providers.ClassRetryLater},
}

var recordCodes = append([]providertest.ReadCode{
	{Name: "-22", Body: `{"status":"-22"}`, WantClass: providers.ClassPermanent},
	{Name: "answered", Body: data(picked + hungUp + `"callDuration":5,"terminationCode":"1000"`), WantClass: providers.ClassOK, WantState: completed},
	{Name: "success, unanswered", Body: data(hungUp + `"terminationCode":"0"`), WantClass: providers.ClassOK, WantState: completed},
	{Name: "busy", Body: data(hungUp + `"callDuration":"0","terminationCode":486`), WantClass: providers.ClassOK, WantState: providers.StateBusy},
	{Name: "another failure", Body: data(`"terminationCode":"1"`), WantClass: providers.ClassOK, WantState: failed},
	{Name: "in progress", Body: data(picked + `"hangupTime":""`), WantClass: providers.ClassOK, WantState: providers.StateInProgress},
	{Name: "ringing", Body: data(rang + `"answerTime":null`), WantClass: providers.ClassOK, WantState: providers.StateRinging},
	{Name: "called", Body: data(`"callTime":"2022-01-18T14:42:45+08:00"`), WantClass: providers.ClassPending},
}, everyQuery...)

var freshCodes = append([]providertest.ReadCode{
	{Name: "-22", Body: `{"status":"-22"}`, WantClass: providers.ClassPending},
}, everyQuery...)

var balanceCodes = []providertest.ReadCode{
	{Name: "0", Body: `{"status":"0","reason":"success","balance":"99.99","gift":"50"}`, WantClass: providers.ClassOK},
	{Name: "0 and numbers", Body: `{"status":0,"balance":99.99,"credit":0}`, WantClass: providers.ClassOK},
	{Name: "0 without a balance", Body: `{"status":"0","data":null}`, WantClass: providers.ClassRetryLater},
	{Name: "-1", Body: `{"status":"-1"}`, WantClass: providers.ClassRetryLater},
	{Name: "-2", Body: `{"status":"-2"}`, WantClass: providers.ClassRetryLater},
	{Name: "-13 user locked", Body: `{"status":"-13"}`, WantClass: providers.ClassRetryLater},
	{Name: "-16", Body: `{"status":"-16"}`, WantClass: providers.ClassRetryLater},
	{Name: "-18", Body: `{"status":"-18"}`, WantClass: providers.ClassRetryLater},
	{Name: "unknown", Body: `{"status":"-99"}`, WantClass: providers.ClassRetryLater},
}

func pushCases(t *testing.T) []providertest.PushCase {
	single := func(name, body string, want providers.Report) providertest.PushCase {
		return providertest.PushCase{Name: name, Want: []providers.Report{want},
			Push: providers.Push{Method: "POST", ContentType: "application/json;charset=UTF-8", Body: []byte(body)}}
	}
	told := func(id, ref string, state providers.State, cause providers.Cause, e providers.Evidence) providers.Report {
		return providers.Report{VendorID: id, Ref: ref, State: state, Cause: cause, Evidence: e}
	}
	whole := told("22121121451211349002", "itnio.01K5.1", completed, answered, providers.EvidenceDuration)
	busy := told("22121121451211349003", "itnio.01K6.2", providers.StateBusy, providers.CauseBusy, providers.EvidenceDuration)
	batch := single("batch", providertest.Fixture(t, "push_batch.json"), whole)
	batch.Want = append(batch.Want, busy)
	return []providertest.PushCase{
		single("single", providertest.Fixture(t, "push.json"), whole), batch,
		single("success, unanswered", `{"voiceId":"A","answerTime":0,"hangupTime":1670939593000,"terminationCode":"200"}`,
			told("A", "", completed, noCause, providers.EvidencePush)),
		single("sipCode", `{"voiceId":"B","hangupTime":1670939593000,"sipCode":"603"}`,
			told("B", "", providers.StateRejected, providers.CauseRejected, providers.EvidencePush)),
		single("another failure", `{"voiceId":"C","terminationCode":"1"}`, told("C", "", failed, noCause, providers.EvidencePush)),
		single("in progress", `{"voiceId":"D","answerTime":"20220118144250"}`, told("D", "", providers.StateInProgress, "", providers.EvidencePush)),
		single("ringing", `{"voiceId":"E","ringingTime":1670939570000,"calledInfo":"itnio.01K7.3"}`,
			told("E", "itnio.01K7.3", providers.StateRinging, "", providers.EvidencePush)),
		single("nothing yet", `{"voiceId":"F","callTime":1670939568000}`, told("F", "", "", "", providers.EvidencePush)),
	}
}
