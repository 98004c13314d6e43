package interline

import (
	"time"

	"github.com/callpacer/callpacer/providers"
)

// The vendor's codes.
//
// 云通信平台, 1 错误码定义.
const (
	codeOK           = 0
	codeUnavailable  = 1000 // 访问服务异常
	codeNoURL        = 1001 // URL 映射不匹配
	codeParameter    = 1002 // 访问参数错误
	codeVerification = 1003 // 验证码不正确
	codeRepeated     = 1004 // 重复提交
	codeNoAccount    = 1100 // 账号不存在
	codeAuth         = 1101 // 账号认证失败
	codeDisabled     = 1102 // 账号已停用
	codeNotPermitted = 1103 // 账号权限未开通
	codeACL          = 1104 // ACL 限制
	codeRate         = 1105 // Rate 限制、流控
	codeNoBalance    = 1110 // 账号余额不足
	codeNoTask       = 1200 // 任务不存在
	codeTaskConflict = 1201 // 任务冲突或重复
	codeNoResource   = 1300 // 资源不存在
	codeShortage     = 1301 // 资源不足
	codeConflict     = 1302 // 资源配置冲突
	codeNotStarted   = 1400 // 任务发起失败
	codeStartTimeout = 1401 // 任务发起超时
	codeTrouble      = 1500 // 系统临时故障
	codeMaintenance  = 1501 // 系统维护
	codeFailed       = 1502 // 系统操作失败
)

// How long to leave the vendor alone, and how often to ask the same again.
const (
	waitSignAgain   = time.Second
	waitRepeated    = 2 * time.Second
	waitTooFrequent = 5 * time.Second
	waitMaintenance = 5 * time.Minute
	triesUnclear    = 3
)

func documented(code int) bool {
	switch code {
	case codeOK, codeUnavailable, codeNoURL, codeParameter, codeVerification, codeRepeated,
		codeNoAccount, codeAuth, codeDisabled, codeNotPermitted, codeACL, codeRate, codeNoBalance,
		codeNoTask, codeTaskConflict, codeNoResource, codeShortage, codeConflict,
		codeNotStarted, codeStartTimeout, codeTrouble, codeMaintenance, codeFailed:
		return true
	}
	return false
}

// accountHalt is what a code says of the whole account, HaltNone for one that
// speaks of a request only.
func accountHalt(code int) providers.Halt {
	switch code {
	case codeNoURL:
		return providers.HaltConfig
	case codeNoAccount, codeDisabled, codeNotPermitted, codeACL:
		return providers.HaltAccount
	case codeNoBalance:
		return providers.HaltBalance
	}
	return providers.HaltNone
}
