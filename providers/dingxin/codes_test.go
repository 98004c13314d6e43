package dingxin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

func wantHidden(t *testing.T, shown any, hidden []string) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", shown, shown, shown)
	for _, h := range hidden {
		if strings.Contains(text, h) {
			t.Errorf("shows %q: %s", h, text)
		}
	}
}

func halted(h providers.Halt) providers.Outcome {
	return providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: h}
}

var (
	uncertain  = providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	later      = providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo}
	badRequest = providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform}
	lineFailed = providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedMaybe, Cause: providers.CauseNetworkFailure}
)

// callTable is every documented code of a call, and what lies around them.
var callTable = []struct {
	name, body string
	want       providers.Outcome
}{
	{"1002", `{"code":1002,"msg":"非法请求"}`, halted(providers.HaltConfig)},
	{"1003", `{"code":1003,"msg":"参数错误"}`, badRequest},
	{"1003 number", `{"code":1003,"msg":"被叫号码格式错误"}`, providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CauseInvalidNumber}},
	{"1004", `{"code":1004,"msg":"签名无效"}`, later},
	{"1005", `{"code":1005,"msg":"认证错误"}`, halted(providers.HaltAuth)},
	{"2000", `{"code":2000,"msg":"服务器繁忙"}`, later},
	{"2001", `{"code":2001,"msg":"未知错误"}`, uncertain},
	{"2002", `{"code":2002,"msg":"没有更多数据了"}`, uncertain},
	{"2003", `{"code":2003,"msg":"暂无数据"}`, uncertain},
	{"3001", `{"code":3001,"msg":"服务器处理异常"}`, uncertain},
	{"3500", `{"code":3500,"msg":"x"}`, uncertain},
	{"7001", `{"code":7001,"msg":"正在呼叫中"}`, providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, Signal: providers.SignalLineBusy, RetryAfter: time.Minute}},
	{"7002", `{"code":7002,"msg":"绑定关系已存在"}`, providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, RetryAfter: 5 * time.Minute, MaxTries: 3}},
	{"7003", `{"code":7003,"msg":"线路拨打失败"}`, lineFailed},
	{"8001", `{"code":8001,"msg":"线路拨打失败"}`, lineFailed},
	{"8002", `{"code":8002,"msg":"x"}`, uncertain},
	{"7000", `{"code":7000,"msg":"x"}`, uncertain},
	{"9001", `{"code":9001,"msg":"费用不足，请联系平台充值！"}`, halted(providers.HaltBalance)},
	{"unknown", `{"code":4242,"msg":"x"}`, uncertain},
	{"no number", `{"code":"soon","msg":"x"}`, uncertain},
	{"fraction", `{"code":"200.0","data":{"subid":"1"}}`, uncertain},
	{"as a string", `{"code":"9001","msg":""}`, halted(providers.HaltBalance)},
	{"data null", `{"code":9001,"data":null}`, halted(providers.HaltBalance)},
	{"data []", `{"code":9001,"data":[]}`, halted(providers.HaltBalance)},
	{"data text", `{"code":9001,"data":"余额"}`, halted(providers.HaltBalance)},
	{"2000 with a subid", `{"code":2000,"data":{"subid":"1"}}`, later},
}

func TestCallCodes(t *testing.T) {
	for _, tc := range callTable {
		for _, status := range []int{200, 400, 502} {
			got := call(t, testSettings(), status, tc.body)
			got.VendorCode, got.VendorText = "", ""
			if got != tc.want {
				t.Errorf("%s with HTTP %d: %+v, want %+v", tc.name, status, got, tc.want)
			}
		}
	}
}

func TestAnswersWithoutAnyCode(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   providers.Class
	}{
		{200, "", providers.ClassUncertain}, {200, "<html>", providers.ClassUncertain}, {200, `{"code":200,"data":{"sub`, providers.ClassUncertain},
		{200, `{"code":null}`, providers.ClassUncertain}, {200, `{"status":404,"error":"Not Found"}`, providers.ClassUncertain},
		{404, `{"status":404,"error":"Not Found"}`, providers.ClassHalted}, {502, "<html>", providers.ClassUncertain},
		{429, "", providers.ClassRateLimited}, {302, "", providers.ClassHalted}, {401, "", providers.ClassHalted},
	} {
		v := callVendor(tc.status, tc.body)
		v.Header = map[string]string{"Retry-After": "7"}
		got := connect(t, v.adapter(t, testSettings()), minimal())
		if got.Class != tc.want || (got.RetryAfter == 7*time.Second) != (tc.status == 429) {
			t.Errorf("%d %q: %+v", tc.status, tc.body, got)
		}
	}
}

// D1: a wrong variant shows as 1004, with nothing placed: two may be the
// vendor's disorder, the third halts, and any other answer begins anew.
func TestD1ThreeRefusedSignaturesHalt(t *testing.T) {
	const refused = `{"code":1004,"msg":"签名无效"}`
	v := callVendor(200, "")
	a := v.adapter(t, testSettings())
	for i, step := range []struct {
		body string
		want providers.Class
	}{
		{refused, providers.ClassRetryLater}, {refused, providers.ClassRetryLater}, {acceptedBody, providers.ClassOK},
		{refused, providers.ClassRetryLater}, {refused, providers.ClassRetryLater}, {refused, providers.ClassHalted},
		{refused, providers.ClassHalted}, {`{"code":2000}`, providers.ClassRetryLater}, {refused, providers.ClassRetryLater},
	} {
		v.Body = step.body
		got := connect(t, a, minimal())
		if got.Class != step.want || (got.Halt == providers.HaltAuth) != (step.want == providers.ClassHalted) ||
			(step.want != providers.ClassOK && got.Placed != providers.PlacedNo) {
			t.Errorf("answer %d: %+v", i+1, got)
		}
	}
}

// D21: the vendor's own locks on a pair. Nothing was placed by this request, and
// it is not soon asked again. A call of theirs that is up is no failed try of this
// one; a binding that nobody can see is, for it may never go.
func TestD21PairIsBusy(t *testing.T) {
	for code, want := range map[string]struct {
		wait   time.Duration
		signal providers.Signal
		tries  int
	}{"7001": {time.Minute, providers.SignalLineBusy, 0}, "7002": {5 * time.Minute, providers.SignalNone, 3}} {
		got := call(t, testSettings(), 200, `{"code":`+code+`}`)
		if got.Class != providers.ClassRetryLater || got.Placed != providers.PlacedNo || got.VendorCode != code ||
			got.RetryAfter != want.wait || got.Signal != want.signal || got.MaxTries != want.tries {
			t.Errorf("%s: %+v", code, got)
		}
	}
}
