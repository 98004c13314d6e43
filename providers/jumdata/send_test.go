package jumdata

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestNotifySendsEveryField(t *testing.T) {
	v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
	v.want = url.Values{"mobile": {testMobile}, "templateId": {"JM01"}, "param": {"张三,8点 半&=+"}, "playTimes": {"2"},
		"notifyUrl": {"https://calls.example.com/callbacks/a/t"}, "notifyData": {"jumdata.01K5.1"}}
	n := providers.Notification{To: testMobile, Template: "JM01", Params: []string{"张三", "8点 半&=+"}, Times: 2,
		PushURL: "https://calls.example.com/callbacks/a/t", Ref: "jumdata.01K5.1"}
	want := providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: "12121212121212",
		TaskNo: "69564903663951243279", VendorCode: "200", VendorText: "成功"}
	a := v.adapter(t, testSettings())
	if got := notify(t, a, n); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNotifyOmitsWhatIsEmpty(t *testing.T) {
	if got := send(t, testSettings(), 200, providertest.Fixture(t, "send_ok.json")); got.Class != providers.ClassOK {
		t.Errorf("got %+v", got)
	}
}

func TestSwitchSendNotifyDataOff(t *testing.T) {
	for value, sent := range map[string]bool{"off": false, "false": false, "on": true, "true": true} {
		v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
		if sent {
			v.want.Set("notifyData", "job.1")
		}
		s := testSettings()
		s.Switches = map[string]string{"send_notify_data": value}
		n := minimal()
		n.Ref = "job.1"
		if got := notify(t, v.adapter(t, s), n); got.Class != providers.ClassOK {
			t.Errorf("%s: %+v", value, got)
		}
	}
}

func TestUnfitNotificationsAreNotSent(t *testing.T) {
	for name, change := range map[string]func(*providers.Notification){
		"J18 landline":             func(n *providers.Notification) { n.To = "02112345678" },
		"country code":             func(n *providers.Notification) { n.To = "+8613800138000" },
		"J16 comma":                func(n *providers.Notification) { n.Params = []string{"a", "b,c"} },
		"control character":        func(n *providers.Notification) { n.Params = []string{"a\nb"} },
		"no template":              func(n *providers.Notification) { n.Template = "" },
		"four times":               func(n *providers.Notification) { n.Times = 4 },
		"minus one time":           func(n *providers.Notification) { n.Times = -1 },
		"push URL of 256":          func(n *providers.Notification) { n.PushURL = "https://x/" + strings.Repeat("a", 246) },
		"push URL with a query":    func(n *providers.Notification) { n.PushURL = "https://x/?a" },
		"push URL with a fragment": func(n *providers.Notification) { n.PushURL = "https://x/#a" },
		"reference of 65":          func(n *providers.Notification) { n.Ref = strings.Repeat("a", 65) },
		"reference not ASCII":      func(n *providers.Notification) { n.Ref = "张" },
	} {
		v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
		n := minimal()
		change(&n)
		got := notify(t, v.adapter(t, testSettings()), n)
		if got.Class != providers.ClassPermanent || got.Placed != providers.PlacedNo || !got.Unsent || got.Cause == "" || got.VendorText == "" {
			t.Errorf("%s: %+v", name, got)
		}
		if v.Requests() != 0 {
			t.Errorf("%s: sent", name)
		}
	}
	v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
	n := minimal()
	n.PushURL = "https://x/" + strings.Repeat("a", 245)
	v.want.Set("notifyUrl", n.PushURL)
	if got := notify(t, v.adapter(t, testSettings()), n); got.Class != providers.ClassOK {
		t.Errorf("push URL of 255: %+v", got)
	}
}

func halted(h providers.Halt) providers.Outcome {
	return providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: h}
}

func limited(s providers.Signal, after time.Duration) providers.Outcome {
	return providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo, Signal: s, RetryAfter: after}
}

func later(after time.Duration) providers.Outcome {
	return providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, RetryAfter: after}
}

func permanent(c providers.Cause) providers.Outcome {
	return providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: c}
}

var (
	uncertain  = providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	suppressed = providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo,
		Signal: providers.SignalSuppressed, Cause: providers.CauseSuppressed}
)

// Each documented code, each pattern, and what stands beside them.
var sendTable = map[string]struct {
	status int
	body   string
	want   providers.Outcome
}{
	"200 with callId":            {200, `{"code":200,"msg":"成功","data":{"callId":"YYTZ1"}}`, providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: "YYTZ1"}},
	"200 without callId":         {200, `{"code":200,"msg":"成功","data":{"callId":""}}`, uncertain},
	"200 with null data":         {200, `{"code":200,"msg":"成功","data":null}`, uncertain},
	"200 with empty string data": {200, `{"code":200,"msg":"成功","data":""}`, uncertain},
	"200 with a list as data":    {200, `{"code":200,"msg":"成功","data":[]}`, uncertain},
	"200 with empty object data": {200, `{"code":200,"msg":"成功","data":{}}`, uncertain},
	"200 with a word as data":    {200, `{"code":200,"msg":"成功","data":"YYTZ1"}`, uncertain},
	"200 without data":           {200, `{"code":200,"msg":"成功"}`, uncertain},
	"J17 callId of 64":           {200, `{"code":200,"data":{"callId":"` + strings.Repeat("Y", 64) + `"}}`, providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: strings.Repeat("Y", 64)}},
	"J17 callId of 65":           {200, `{"code":200,"data":{"callId":"` + strings.Repeat("Y", 65) + `"}}`, uncertain},
	"X7 callId beyond 2^53":      {200, `{"code":200,"data":{"callId":9007199254740993001}}`, providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: "9007199254740993001"}},
	"code as a string":           {200, `{"code":" 200 ","data":{"callId":"Y"}}`, providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: "Y"}},
	"J14 lock words under a code of no table": {200, `{"code":605,"msg":"该号码今日呼叫次数超限,请24小时后再试"}`,
		providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Signal: providers.SignalNumberLock}},
	"code 200.0 is none":          {200, `{"code":200.0,"data":{"callId":"Y"}}`, uncertain},
	"unreadable code on 400":      {400, `{"code":true}`, uncertain},
	"J20 code before HTTP status": {500, `{"code":603,"msg":"余额不足请充值"}`, halted(providers.HaltBalance)},
	"J20 success on HTTP 502":     {502, `{"code":200,"data":{"callId":"Y"}}`, providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: "Y"}},
	"X4 GBK message":              {200, "{\"code\":400,\"msg\":\"\xb2\xce\xca\xfd\x81\\\"}", permanent(providers.CausePlatform)},
	"400":                         {200, `{"code":400,"msg":"参数错误"}`, permanent(providers.CausePlatform)},
	"400 number format":           {200, `{"code":400,"msg":"手机号格式不正确"}`, permanent(providers.CauseInvalidNumber)},
	"400 number format (号码)":      {200, `{"code":400,"msg":"号码格式错误"}`, permanent(providers.CauseInvalidNumber)},
	"400 other format":            {200, `{"code":400,"msg":"模版格式不正确"}`, permanent(providers.CausePlatform)},
	"400 too many plays":          {200, `{"code":400,"msg":"播放次数超过限制"}`, permanent(providers.CausePlatform)},
	"404":                         {404, `{"code":404,"msg":"接口地址不正确"}`, halted(providers.HaltConfig)},
	"500 as documented":           {200, `{"code":500,"msg":"系统维护,请稍候再试"}`, later(time.Minute)},
	"500 said briefly":            {200, `{"code":500,"msg":"请稍候"}`, later(time.Minute)},
	"500 on HTTP 500":             {500, `{"code":500,"msg":"系统维护,请稍候再试"}`, uncertain},
	"500 catch-all":               {200, `{"code":500,"msg":"系统异常"}`, uncertain},
	"501":                         {200, `{"code":501,"msg":"官方数据源维护,请稍候再试"}`, later(5 * time.Minute)},
	"601":                         {200, `{"code":601,"msg":"接口未开通"}`, halted(providers.HaltAccount)},
	"602":                         {200, `{"code":602,"msg":"账号停用"}`, halted(providers.HaltAccount)},
	"603":                         {200, `{"code":603,"msg":"余额不足请充值"}`, halted(providers.HaltBalance)},
	"604":                         {200, `{"code":604,"msg":"接口停用"}`, halted(providers.HaltAccount)},
	"J10 609":                     {200, `{"code":609,"msg":"请求过于频繁,请稍候再试"}`, limited(providers.SignalTooFrequent, 30*time.Second)},
	"J10 609 without words":       {200, `{"code":609}`, limited(providers.SignalTooFrequent, 30*time.Second)},
	"J10 701 means nothing here":  {200, `{"code":701,"msg":"未查询语音通知状态"}`, uncertain},
	"999":                         {200, `{"code":999,"msg":"未知"}`, uncertain},
	"unknown code":                {200, `{"code":777,"msg":"签名错误"}`, uncertain},
	"auth by 400":                 {200, `{"code":400,"msg":"签名错误"}`, halted(providers.HaltAuth)},
	"auth by 999":                 {200, `{"code":999,"msg":"invalid sign"}`, halted(providers.HaltAuth)},
	"auth before clock":           {200, `{"code":400,"msg":"时间戳或签名错误"}`, halted(providers.HaltAuth)},
	"J14 lock of the number":      {200, `{"code":999,"msg":"该号码今日已达上限"}`, limited(providers.SignalNumberLock, 0)},
	"J14 lock, restricted":        {200, `{"code":400,"msg":"号码被限制"}`, limited(providers.SignalNumberLock, 0)},
	"J14 lock by count of calls":  {200, `{"code":999,"msg":"呼叫次数超过3次"}`, limited(providers.SignalNumberLock, 0)},
	"J14 lock by count of sends":  {200, `{"code":609,"msg":"发送次数受限"}`, limited(providers.SignalNumberLock, 0)},
	"J14 lock before window":      {200, `{"code":999,"msg":"该时段号码超限"}`, limited(providers.SignalNumberLock, 0)},
	"window":                      {200, `{"code":999,"msg":"不在允许的时间段"}`, limited(providers.SignalWindow, 10*time.Minute)},
	"window by 400":               {200, `{"code":400,"msg":"该时段禁止"}`, limited(providers.SignalWindow, 10*time.Minute)},
	"too frequent by 999":         {200, `{"code":999,"msg":"请求过于频繁"}`, limited(providers.SignalTooFrequent, 30*time.Second)},
	"blacklist":                   {200, `{"code":999,"msg":"黑名单用户"}`, suppressed},
	"JSON without code":           {200, `{"msg":"成功","data":{"callId":"Y"}}`, uncertain},
	"JSON with null code":         {200, `{"code":null}`, uncertain},
	"a list":                      {200, `[{"code":601}]`, uncertain},
}

func TestSendOutcomes(t *testing.T) {
	for name, tc := range sendTable {
		t.Run(name, func(t *testing.T) {
			got := send(t, testSettings(), tc.status, tc.body)
			if got.VendorCode == "" {
				t.Error("the vendor's code is not told")
			}
			got.VendorCode, got.VendorText = "", ""
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestSwitchCode500(t *testing.T) {
	documented, catchAll := `{"code":500,"msg":"系统维护,请稍候再试"}`, `{"code":500,"msg":"系统异常"}`
	for value, want := range map[string]providers.Class{"retry": providers.ClassRetryLater, "uncertain": providers.ClassUncertain} {
		s := testSettings()
		s.Switches = map[string]string{"code_500": value}
		for _, body := range []string{documented, catchAll} {
			if got := send(t, s, 200, body); got.Class != want {
				t.Errorf("%s, %s: %+v", value, body, got)
			}
		}
	}
}

func TestLimitPatternsReplaceTheirList(t *testing.T) {
	s := testSettings()
	s.LimitPatterns = map[string][]string{"blacklist": {`拒收名单`}, "window": {}}
	for msg, want := range map[string]providers.Class{
		"拒收名单": providers.ClassPermanent, "黑名单": providers.ClassUncertain,
		"时间段": providers.ClassUncertain, "过于频繁": providers.ClassRateLimited,
	} {
		if got := send(t, s, 200, `{"code":999,"msg":"`+msg+`"}`); got.Class != want {
			t.Errorf("%s: %+v", msg, got)
		}
	}
}

// J9: each attempt is signed afresh, and a refused timestamp is answered with a
// corrected clock once.
func TestJ9ClockIsLearnedOnce(t *testing.T) {
	refusal := `{"code":400,"msg":"timestamp过期"}`
	v := sendVendor(200, refusal)
	vendorTime := testNow.Add(90 * time.Second).Truncate(time.Second)
	v.Header = map[string]string{"Date": vendorTime.UTC().Format(http.TimeFormat)}
	a := v.adapter(t, testSettings())
	first := notify(t, a, minimal())
	if want := later(0); first.Class != want.Class || first.Placed != want.Placed || first.RetryAfter != 0 || first.Halt != "" || first.VendorText == "" {
		t.Fatalf("first refusal: %+v", first)
	}
	v.stamp = vendorTime.UnixMilli()
	second := notify(t, a, minimal())
	if second.Class != providers.ClassHalted || second.Halt != providers.HaltClockSkew || second.Placed != providers.PlacedNo {
		t.Fatalf("second refusal: %+v", second)
	}
	v.Body = providertest.Fixture(t, "send_ok.json")
	if got := notify(t, a, minimal()); got.Class != providers.ClassOK {
		t.Errorf("with the learned clock: %+v", got)
	}
}

func TestJ9ClockWithoutUsableDateHalts(t *testing.T) {
	for name, date := range map[string]string{
		"none":     "",
		"garbage":  "yesterday",
		"our time": testNow.Add(time.Second).UTC().Format(http.TimeFormat),
	} {
		v := sendVendor(200, `{"code":400,"msg":"时间戳错误"}`)
		v.Header = map[string]string{"Date": date}
		a := v.adapter(t, testSettings())
		for range 2 {
			if got := notify(t, a, minimal()); got.Class != providers.ClassHalted || got.Halt != providers.HaltClockSkew {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}

// X4, J14: a lock is one in GBK, too, declared or not, under either code that
// says too little.
func TestX4RefusalInGBK(t *testing.T) {
	for msg, signal := range map[string]providers.Signal{
		"\xb8\xc3\xba\xc5\xc2\xeb\xbd\xf1\xc8\xd5\xd2\xd1\xb4\xef\xc9\xcf\xcf\xde": providers.SignalNumberLock,  // 该号码今日已达上限
		"\xba\xc5\xc2\xeb\xca\xdc\xcf\xde\xd6\xc6":                                 providers.SignalNumberLock,  // 号码受限制
		"\xc7\xeb\xc7\xf3\xb9\xfd\xd3\xda\xc6\xb5\xb7\xb1":                         providers.SignalTooFrequent, // 请求过于频繁
	} {
		for _, code := range []string{"400", `"400"`, "999", `"999"`} {
			got := send(t, testSettings(), 200, `{"code":`+code+`,"msg":"`+msg+`"}`)
			if got.Class != providers.ClassRateLimited || got.Placed != providers.PlacedNo || got.Signal != signal {
				t.Errorf("%s %q: %+v", code, msg, got)
			}
		}
	}
}
