package jumdata

import (
	"context"
	"net/http"
	"testing"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Vendor{
		New: func(s providers.Settings) (any, error) {
			a, err := New(s)
			if err != nil {
				return nil, err
			}
			return a, nil
		},
		Credentials: map[string]string{"app_id": testID, "app_secret": testSecret},
		Acts: []providertest.Act{{
			Name: "notify",
			Do: func(ctx context.Context, adapter any, line providers.Line, permit providers.Permit) providers.Outcome {
				return adapter.(providers.Notifier).Notify(ctx, line, permit, providers.Notification{
					To: providertest.Callee, Template: "JM01", Params: []string{"张三", providertest.Caller},
					PushURL: "https://calls.example.com/callbacks/a/t", Ref: "jumdata.01K5.1"})
			},
			Accepted: providertest.Fixture(t, "send_ok.json"),
			VendorID: "12121212121212",
			Codes:    sendCodes(),
		}},
		Reads: []providertest.Read{{
			Name: "poll",
			Do: func(ctx context.Context, adapter any) providers.PollResult {
				return adapter.(providers.Poller).Poll(ctx, providers.Query{To: providertest.Callee, VendorID: "YYTZ1"})
			},
			Codes: pollCodes(),
		}},
		Pushes: pushCases(t),
	})
}

// sendCodes are the table of sends in the suite's form.
func sendCodes() []providertest.Code {
	var codes []providertest.Code
	for name, tc := range sendTable {
		codes = append(codes, providertest.Code{Name: name, Status: tc.status, Body: tc.body, Want: tc.want})
	}
	return codes
}

func pollCodes() []providertest.ReadCode {
	var codes []providertest.ReadCode
	add := func(body string, class providers.Class, halt providers.Halt, state providers.State) {
		codes = append(codes, providertest.ReadCode{Name: body, Body: body, WantClass: class, WantHalt: halt, WantState: state})
	}
	add(`{"code":200,"msg":"成功","data":{"callId":"YYTZ1","callStatus":"0","callStatusMsg":"成功","callDesc":"487"}}`, providers.ClassOK, "", providers.StateCompleted)
	add(`{"code":200,"data":{"callId":"YYTZ1","callStatus":1,"callDesc":"486"}}`, providers.ClassOK, "", providers.StateBusy)
	add(`{"code":200,"data":{"callStatus":"9"}}`, providers.ClassOK, "", "")
	for _, nothing := range []string{`null`, `[]`, `""`, `"none"`, `{}`} {
		add(`{"code":200,"msg":"成功","data":`+nothing+`}`, providers.ClassPending, "", "")
	}
	add(`{"code":400,"msg":"参数错误"}`, providers.ClassPermanent, "", "")
	add(`{"code":404,"msg":"接口地址不正确"}`, providers.ClassHalted, providers.HaltConfig, "")
	add(`{"code":500,"msg":"系统维护,请稍候再试"}`, providers.ClassRetryLater, "", "")
	add(`{"code":501,"msg":"官方数据源维护"}`, providers.ClassRetryLater, "", "")
	add(`{"code":601,"msg":"接口未开通"}`, providers.ClassHalted, providers.HaltAccount, "")
	add(`{"code":602,"msg":"账号停用"}`, providers.ClassHalted, providers.HaltAccount, "")
	add(`{"code":603,"msg":"余额不足请充值"}`, providers.ClassHalted, providers.HaltBalance, "")
	add(`{"code":604,"msg":"接口停用"}`, providers.ClassHalted, providers.HaltAccount, "")
	add(`{"code":609,"msg":"请求过于频繁"}`, providers.ClassRateLimited, "", "")
	add(`{"code":701,"msg":"未查询语音通知状态"}`, providers.ClassPending, "", "")
	add(`{"code":999,"msg":"其他"}`, providers.ClassRetryLater, "", "")
	add(`{"code":777,"msg":"?"}`, providers.ClassRetryLater, "", "")
	return codes
}

func pushCases(t *testing.T) []providertest.PushCase {
	post := func(body string) providers.Push {
		return providers.Push{Method: http.MethodPost, ContentType: "application/json", Body: []byte(body)}
	}
	seen := providers.Report{VendorID: "YYTZ902243075585650689"}
	success, failure, late := seen, seen, seen
	success.Ref, success.State, success.Cause, success.Evidence = "jumdata.01K5.1", providers.StateCompleted, providers.CauseAnswered, providers.EvidenceDuration
	failure.State, failure.Cause, failure.Evidence = providers.StateFailed, providers.CauseUnknown, providers.EvidencePush
	late.State, late.Cause, late.Evidence = providers.StateNoAnswer, providers.CauseRingTimeout, providers.EvidencePush
	return []providertest.PushCase{
		{Name: "success", Push: post(providertest.Fixture(t, "push_success.json")), Want: []providers.Report{success}},
		{Name: "failure", Push: post(providertest.Fixture(t, "push_failure.json")), Want: []providers.Report{failure}},
		{Name: "form", Push: post("callId=YYTZ902243075585650689&callStatus=1&callDesc=487"), Want: []providers.Report{late}},
		{Name: "unknown status", Push: post(`{"callId":"YYTZ902243075585650689","callStatus":7}`),
			Want: []providers.Report{{VendorID: seen.VendorID, Evidence: providers.EvidencePush}}},
	}
}
