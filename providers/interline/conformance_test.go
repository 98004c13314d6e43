package interline

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// noSubid is the success of everything but an AXB bind.
const noSubid = `{"error":0,"reason":"成功"}`

func TestConformance(t *testing.T) {
	pair := providers.Binding{Mode: providers.ModeAXB, X: testX, A: providertest.Caller, B: providertest.Callee, TTL: time.Hour,
		Record: true, Display: "0,0", UserData: "客户 7", Ref: jobRef, RequestID: "req-1"}
	again, transfer := pair, providers.Binding{Mode: providers.ModeXA, X: testX, A: providertest.Caller, Ref: jobRef, RequestID: "req-1"}
	again.Repeated = true
	transferAgain := transfer
	transferAgain.Repeated = true
	known := providers.Unbinding{Mode: providers.ModeAXB, VendorID: testSub, Known: true}
	bound := codes(func(c codeRow) providers.Outcome { return c.bind })
	repeated := codes(func(c codeRow) providers.Outcome { return c.repeated })
	released := codes(func(c codeRow) providers.Outcome { return c.known })
	unknown := codes(func(c codeRow) providers.Outcome { return c.forgotten })
	gone := codes(func(c codeRow) providers.Outcome { return c.released })
	providertest.Run(t, providertest.Vendor{
		New: func(s providers.Settings) (any, error) {
			a, err := New(s)
			if err != nil {
				return nil, err
			}
			return a, nil
		},
		Credentials: testCredentials,
		Acts: []providertest.Act{
			binds("bind axb", pair, accepted, testSub, append(bound, subids()...)),
			binds("bind axb again", again, accepted, testSub, append(repeated, subids()...)),
			binds("bind xa", transfer, noSubid, "", bound),
			binds("bind xa again", transferAgain, noSubid, "", repeated),
			unbinds("unbind axb", known, released),
			unbinds("unbind axb of others", providers.Unbinding{Mode: providers.ModeAXB, VendorID: testSub}, unknown),
			unbinds("unbind xa", providers.Unbinding{Mode: providers.ModeXA, X: testX, Known: true}, released),
			unbinds("unbind xa of others", providers.Unbinding{Mode: providers.ModeXA, X: testX}, unknown),
			unbinds("unbind axb again", providers.Unbinding{Mode: providers.ModeAXB, VendorID: testSub, Known: true, Repeated: true}, gone),
			unbinds("unbind xa of others again", providers.Unbinding{Mode: providers.ModeXA, X: testX, Repeated: true}, gone),
		},
		Reads:  []providertest.Read{{Name: "account", Do: probe, Codes: accountCodes(t)}},
		Pushes: pushCases(t),
		Downloads: []providertest.Download{{Name: "recording", Query: providers.RecordingQuery{VendorID: testSub, Path: testPath},
			Codes: recordingCodes(), Retries401: true}},
	})
}

func binds(name string, b providers.Binding, accepted, id string, codes []providertest.Code) providertest.Act {
	return providertest.Act{
		Name: name, Accepted: accepted, VendorID: id, Repeatable: true, Retries401: true, Codes: codes,
		Do: func(ctx context.Context, adapter any, line providers.Line, permit providers.Permit) providers.Outcome {
			return adapter.(providers.Binder).Bind(ctx, line, permit, b)
		},
	}
}

func unbinds(name string, u providers.Unbinding, codes []providertest.Code) providertest.Act {
	return providertest.Act{
		Name: name, Accepted: noSubid, Repeatable: true, Retries401: true, Codes: codes,
		Do: func(ctx context.Context, adapter any, line providers.Line, permit providers.Permit) providers.Outcome {
			return adapter.(providers.Binder).Unbind(ctx, line, permit, u)
		},
	}
}

// codes are the table of codes in the suite's form.
func codes(want func(codeRow) providers.Outcome) []providertest.Code {
	var list []providertest.Code
	for _, row := range codeTable {
		list = append(list, providertest.Code{Name: fmt.Sprint(row.code), Body: fmt.Sprintf(`{"error":%d,"reason":"说明"}`, row.code), Want: want(row)})
	}
	return list
}

// subids are the ways in which an answer names a binding, or none.
func subids() []providertest.Code {
	var list []providertest.Code
	for subid, want := range map[string]string{
		`"s-1"`: "s-1", `9007199254740993001`: "9007199254740993001", `""`: "", `null`: "", `[]`: "", `{}`: "", `true`: "",
	} {
		list = append(list, providertest.Code{Name: "subid " + subid, Body: `{"error":0,"reason":"成功","subid":` + subid + `}`, Want: done(want)})
	}
	return append(list,
		providertest.Code{Name: "1004 with subid", Body: `{"error":1004,"reason":"重复提交","subid":"s-1"}`, Want: done("s-1")},
		providertest.Code{Name: "401 with 1101", Status: 401, Body: `{"error":1101,"reason":"账号认证失败"}`, Want: later(time.Second, 0)},
		providertest.Code{Name: "401 with 1102", Status: 401, Body: `{"error":1102}`, Want: halted(providers.HaltAccount)},
	)
}

func probe(ctx context.Context, adapter any) providers.PollResult {
	p := adapter.(providers.AccountProber).Probe(ctx)
	return providers.PollResult{Class: p.Class, Halt: p.Halt, RetryAfter: p.RetryAfter, VendorCode: p.VendorCode, VendorText: p.VendorText}
}

func accountCodes(t *testing.T) []providertest.ReadCode {
	list := []providertest.ReadCode{
		{Name: "active", Body: strings.TrimSpace(providertest.Fixture(t, "account.json")), WantClass: providers.ClassOK},
		{Name: "nothing told", Body: `{"error":0,"state":null,"balance":[],"overdraft":""}`, WantClass: providers.ClassOK},
		{Name: "suspended", Body: `{"error":0,"state":2}`, WantClass: providers.ClassHalted, WantHalt: providers.HaltAccount},
		{Name: "used up", Body: `{"error":0,"state":1,"balance":"-5.00","overdraft":5}`, WantClass: providers.ClassOK},
		{Name: "401", Status: 401, Body: `{"error":1101}`, WantClass: providers.ClassRetryLater},
	}
	for code, want := range probeTable {
		list = append(list, providertest.ReadCode{Name: fmt.Sprint(code), Body: fmt.Sprintf(`{"error":%d,"reason":"说明"}`, code), WantClass: want.Class, WantHalt: want.Halt})
	}
	return list
}

func pushCases(t *testing.T) []providertest.PushCase {
	post := func(name string) providers.Push {
		return providers.Push{Method: http.MethodPost, Body: []byte(strings.TrimSpace(providertest.Fixture(t, name)))}
	}
	cdr := []providers.Report{{VendorID: "s-1", Ref: jobRef, Task: "t-77", State: providers.StateCompleted,
		Cause: providers.CauseAnswered, Evidence: providers.EvidenceDuration}}
	cases := []providertest.PushCase{
		{Name: "CDR as a form", Push: post("push_cdr.form"), Want: cdr},
		{Name: "CDR as JSON", Push: post("push_cdr.json"), Want: cdr},
		{Name: "call start", Push: post("push_start.form"), Want: []providers.Report{{VendorID: "s-1", Ref: jobRef, Task: "t-77",
			Kind: providers.ReportStart, State: providers.StateRinging, Evidence: providers.EvidencePush}}},
		{Name: "message", Push: post("push_sms.form"), Want: []providers.Report{{VendorID: "s-1", Ref: jobRef, Task: "t-78",
			Kind: providers.ReportSMS, Evidence: providers.EvidencePush}}},
		{Name: "no subid", Push: providers.Push{Method: http.MethodPost, Body: []byte("taskid=t&result=busy&beginTime=1700000000&userData=" + ours(jobRef, ""))},
			Want: []providers.Report{{Ref: jobRef, Task: "t", State: providers.StateFailed, Cause: providers.CauseUnknown, Evidence: providers.EvidencePush}}},
	}
	for result, want := range results {
		cases = append(cases, providertest.PushCase{Name: "result " + result,
			Push: providers.Push{Method: http.MethodPost, Body: []byte("subid=s&taskid=t&beginTime=1700000000&result=" + result)},
			Want: []providers.Report{{VendorID: "s", Task: "t", State: want.state, Cause: want.cause, Evidence: providers.EvidencePush}}})
	}
	return cases
}

func recordingCodes() []providertest.DownloadCode {
	list := []providertest.DownloadCode{
		{Name: "1300 soon", Age: time.Minute, Body: `{"error":1300,"reason":"资源不存在"}`, WantClass: providers.ClassPending},
		{Name: "1300 later", Age: time.Hour, Body: `{"error":1300,"reason":"资源不存在"}`, WantClass: providers.ClassRetryLater},
		{Name: "1300 after a day", Age: 24 * time.Hour, Body: `{"error":1300,"reason":"资源不存在"}`, WantClass: providers.ClassPermanent},
		{Name: "404 with 1300", Status: 404, Body: `{"error":1300,"reason":"资源不存在"}`, WantClass: providers.ClassPending},
		{Name: "401 with 1101", Status: 401, Body: `{"error":1101,"reason":"账号认证失败"}`, WantClass: providers.ClassHalted, WantHalt: providers.HaltAuth},
	}
	for code, want := range recordingTable {
		list = append(list, providertest.DownloadCode{Name: fmt.Sprint(code), Body: fmt.Sprintf(`{"error":%d,"reason":"说明"}`, code), WantClass: want.Class, WantHalt: want.Halt})
	}
	return list
}
