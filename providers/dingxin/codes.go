package dingxin

import (
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// The vendor's codes.
//
// Dingxin, 2.拨打电话, 响应值.
const (
	codeOK           = 200  // 请求成功
	codeBadRequest   = 1002 // 非法请求 (post & get 请求不正确)
	codeBadParameter = 1003 // 参数错误 (msg says which)
	codeBadSignature = 1004 // 签名无效
	codeBadToken     = 1005 // 认证错误 (token 无效)
	codeBadTime      = 1006 // 请求无效 (时间校验失败): also what a wrong unit looks like
	codeBusy         = 2000 // 服务器繁忙
	codeUnknownError = 2001 // 未知错误
	codeNoMoreData   = 2002 // 没有更多数据了
	codeNoData       = 2003 // 暂无数据
	codeServerError  = 3001 // 服务器处理异常; to 4000 is reserved for the like
	codeCalling      = 7001 // 正在呼叫中
	codeBound        = 7002 // 绑定关系已存在
	lastLineFailure  = 8001 // 7001 - 8001 线路拨打失败
	codeNoBalance    = 9001 // 费用不足
)

const (
	waitCalling = time.Minute     // a conversation of the pair is under way
	waitBound   = 5 * time.Minute // the pair's binding runs out
	maxBound    = 3

	// A signature is wrong for all requests or for none; a single refusal of one
	// is the vendor's own disorder.
	maxBadSignatures = 3
)

var namesNumber = regexp.MustCompile(`号码|(?i:tel[ab])`)

// refusals counts signatures refused in a row. It is safe for concurrent use.
type refusals struct{ inRow atomic.Int32 }

// count takes in a code and says whether the signature must be wrong: it was
// refused three times and nothing else was answered in between.
func (r *refusals) count(code int) (wrong bool) {
	if code != codeBadSignature {
		r.inRow.Store(0)
		return false
	}
	return r.inRow.Add(1) >= maxBadSignatures
}

// callOutcome classifies an answer to a call. The body's code decides, whatever
// the HTTP status; a code that is not in the vendor's table is uncertain.
func (c config) callOutcome(a answer, wrongSignature bool) providers.Outcome {
	o := providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	switch {
	case a.code == codeOK:
		o = c.accepted(a)
	case a.code == codeBadParameter:
		o = providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform}
		if namesNumber.MatchString(a.msg) && strings.Contains(a.msg, "格式") {
			o.Cause = providers.CauseInvalidNumber
		}
	case a.code == codeBadSignature && !wrongSignature, a.code == codeBusy:
		o = providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo}
	case haltOf(a.code) != providers.HaltNone:
		o = providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: haltOf(a.code)}
	case a.code == codeCalling:
		o = providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, Signal: providers.SignalLineBusy, RetryAfter: waitCalling}
	case a.code == codeBound:
		o = providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, RetryAfter: waitBound, MaxTries: maxBound}
	case a.code > codeBound && a.code <= lastLineFailure:
		// The line was dialled: A's phone may have rung, so it is not dialled again.
		o = providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedMaybe, Cause: providers.CauseNetworkFailure}
	}
	o.VendorCode, o.VendorText = c.words.Code(a.raw), c.words.Text(a.msg)
	return o
}

// accepted reads code 200. telX is documented as "中间号、直拨线路将返回": on
// such a line A may have to dial X before any phone rings.
func (c config) accepted(a answer) providers.Outcome {
	if a.subid == "" {
		return providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	}
	return providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: a.subid, X: a.x(),
		AwaitDial: a.telX != "" && c.telXMeans == telXDial}
}

// haltOf is what a code says of the whole account.
func haltOf(code int) providers.Halt {
	switch code {
	case codeBadRequest:
		return providers.HaltConfig
	case codeBadSignature, codeBadToken:
		return providers.HaltAuth
	case codeBadTime:
		return providers.HaltClockSkew
	case codeNoBalance:
		return providers.HaltBalance
	}
	return providers.HaltNone
}
