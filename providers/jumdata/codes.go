package jumdata

import (
	"regexp"
	"strings"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// The vendor's codes. Its two documents list different ones; this is the union.
//
// Jumdata, 语音通知-随机主叫 and 查询通话状态, code返回码说明.
const (
	codeOK              = 200 // 成功
	codeBadParameter    = 400 // 参数错误
	codeBadAddress      = 404 // 接口地址不正确
	codeMaintenance     = 500 // 系统维护,请稍候再试
	codeDataMaintenance = 501 // 官方数据源维护,请稍候再试 (send only)
	codeNotOpened       = 601 // 接口未开通
	codeAccountDisabled = 602 // 账号停用
	codeNoBalance       = 603 // 余额不足请充值 (send only)
	codeAPIDisabled     = 604 // 接口停用
	codeTooFrequent     = 609 // 请求过于频繁,请稍候再试 (result only)
	codeNotQueried      = 701 // 未查询语音通知状态 (result only)
	codeOther           = 999 // 其他,以实际返回为准
)

// How long to leave the vendor alone after each kind of refusal.
const (
	waitMaintenance     = time.Minute
	waitDataMaintenance = 5 * time.Minute
	waitTooFrequent     = 30 * time.Second
	waitWindow          = 10 * time.Minute
)

var (
	saysMaintenance = regexp.MustCompile(`维护|稍候`)
	namesNumber     = regexp.MustCompile(`手机号|号码`)
)

// refusesWithText says that a code alone says too little: its message decides.
func refusesWithText(code int) bool {
	return code == codeBadParameter || code == codeTooFrequent || code == codeOther
}

// sendOutcome classifies an answer to a send. The body's code decides, whatever
// the HTTP status. A code that is not in the send table is uncertain.
func (c config) sendOutcome(status int, a answer) providers.Outcome {
	o := providers.Outcome{Placed: providers.PlacedNo}
	switch a.code {
	case codeOK:
		o.Class, o.Placed, o.VendorID = providers.ClassOK, providers.PlacedYes, a.data.ID("callId")
		if o.VendorID == "" {
			o.Class, o.Placed = providers.ClassUncertain, providers.PlacedMaybe
		}
	case codeBadParameter, codeTooFrequent, codeOther:
		o = c.sendRefusal(a)
	case codeMaintenance:
		o = c.sendMaintenance(status, a.msg)
	case codeDataMaintenance:
		o.Class, o.RetryAfter = providers.ClassRetryLater, waitDataMaintenance
	case codeBadAddress, codeNotOpened, codeAccountDisabled, codeNoBalance, codeAPIDisabled:
		o.Class, o.Halt = providers.ClassHalted, haltOf(a.code)
	default:
		o.Class, o.Placed = providers.ClassUncertain, providers.PlacedMaybe
		if c.patterns.find(a.msg) == "number_lock" {
			// The code of this refusal is not documented; its words are believed as
			// far as they keep us from dialling the number.
			o.Signal = providers.SignalNumberLock
		}
	}
	o.TaskNo, o.VendorCode, o.VendorText = a.taskNo, c.words.Code(a.raw), c.words.Text(a.msg)
	return o
}

// sendRefusal reads the message of a code that says too little.
func (c config) sendRefusal(a answer) providers.Outcome {
	o := providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo}
	switch c.patterns.find(a.msg) {
	case "auth":
		o.Class, o.Halt = providers.ClassHalted, providers.HaltAuth
	case "clock":
		o.Class, o.Halt = providers.ClassHalted, providers.HaltClockSkew
	case "number_lock":
		o.Signal = providers.SignalNumberLock
	case "window":
		o.Signal, o.RetryAfter = providers.SignalWindow, waitWindow
	case "too_frequent":
		o.Signal, o.RetryAfter = providers.SignalTooFrequent, waitTooFrequent
	case "blacklist":
		o.Class, o.Signal, o.Cause = providers.ClassPermanent, providers.SignalSuppressed, providers.CauseSuppressed
	default:
		return plainRefusal(a)
	}
	return o
}

// plainRefusal is a refusal whose message matches no pattern.
func plainRefusal(a answer) providers.Outcome {
	o := providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform}
	switch {
	case a.code == codeTooFrequent:
		o = providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo,
			Signal: providers.SignalTooFrequent, RetryAfter: waitTooFrequent}
	case a.code == codeOther:
		o = providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	case namesNumber.MatchString(a.msg) && strings.Contains(a.msg, "格式"):
		o.Cause = providers.CauseInvalidNumber
	}
	return o
}

// sendMaintenance reads code 500. It is documented as maintenance, but is also
// the usual catch-all of such back ends, behind which a call may exist: only
// an answer that looks like the documented one is taken at its word.
func (c config) sendMaintenance(status int, msg string) providers.Outcome {
	retry := c.code500 == code500Retry
	if c.code500 == code500ByText {
		retry = status == 200 && saysMaintenance.MatchString(msg)
	}
	if retry {
		return providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, RetryAfter: waitMaintenance}
	}
	return providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
}

func haltOf(code int) providers.Halt {
	switch code {
	case codeBadAddress:
		return providers.HaltConfig
	case codeNoBalance:
		return providers.HaltBalance
	}
	return providers.HaltAccount
}
