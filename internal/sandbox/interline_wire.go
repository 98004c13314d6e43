package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The platform's codes (云通信平台, 1 错误码定义).
const (
	interlineOK        = 0
	interlineNoURL     = 1001
	interlineParameter = 1002
	interlineRepeated  = 1004
	interlineNoAuth    = 1101
	interlineDisabled  = 1102
	interlineForbidden = 1103
	interlineTooOften  = 1105
	interlineNoBalance = 1110
	interlineNoTask    = 1200
	interlineDuplicate = 1201
	interlineNoNumber  = 1300
	interlineShortage  = 1301
	interlineConflict  = 1302
	interlineNotBegun  = 1400
	interlineTimedOut  = 1401
	interlineTrouble   = 1500
	interlineUpkeep    = 1501
	interlineFailed    = 1502
)

var interlineReasons = map[int]string{
	interlineOK: "成功", interlineNoURL: "URL 映射不匹配", interlineParameter: "访问参数错误",
	interlineRepeated: "重复提交", interlineNoAuth: "账号认证失败", interlineDisabled: "账号已停用",
	interlineForbidden: "账号权限未开通", interlineTooOften: "Rate 限制、流控", interlineNoBalance: "账号余额不足",
	interlineNoTask: "任务不存在", interlineDuplicate: "任务冲突或重复", interlineNoNumber: "资源不存在",
	interlineShortage: "资源不足", interlineConflict: "资源配置冲突", interlineNotBegun: "任务发起失败",
	interlineTimedOut: "任务发起超时", interlineTrouble: "系统临时故障", interlineUpkeep: "系统维护",
	interlineFailed: "系统操作失败",
}

// interlineAnswer is every JSON answer of the platform.
type interlineAnswer struct {
	Error  int    `json:"error"`
	Reason string `json:"reason,omitempty"`
	SubID  string `json:"subid,omitempty"`
	*interlineStatus
}

// interlineStatus is what an account's status adds (云通信平台, 3.1): money
// in yuan, times in epoch milliseconds.
type interlineStatus struct {
	State      int     `json:"state"`
	Role       string  `json:"role"`
	Balance    float64 `json:"balance"`
	Overdraft  float64 `json:"overdraft"`
	CreateTime int64   `json:"createTime"`
	UpdateTime int64   `json:"updateTime"`
}

func (a interlineAnswer) padded(bytes int) answer {
	a.Reason += strings.Repeat(" ", bytes)
	return a
}

func (interlineAnswer) refused(code int, msg string) answer {
	return interlineAnswer{Error: code, Reason: msg}
}

func interlineRefusal(code int) interlineAnswer {
	return interlineAnswer{Error: code, Reason: interlineReasons[code]}
}

// interlineTolerance is how far a signature's time may be off, either way
// (云通信平台, 2.1: "三分钟内").
const interlineTolerance = 3 * time.Minute

// The Authorization header, to the byte: one space, none after the commas.
var interlineKeytime = regexp.MustCompile(`^Keytime ([^, ]+),([0-9]+),([0-9a-f]{16})$`)

// signInterline is the platform's signature: characters 24 to 39 of the sha256
// of key and timestamp in lower-case hex (云通信平台, 2.1 keytime 签名认证).
func signInterline(authKey, millis string) string {
	sum := sha256.Sum256([]byte(authKey + millis))
	return hex.EncodeToString(sum[:])[24:40]
}

// authentic says whether a request's only Authorization header is the
// developer's, and of our time.
func (v *Interline) authentic(given []string) bool {
	if len(given) != 1 {
		return false
	}
	parts := interlineKeytime.FindStringSubmatch(given[0])
	if parts == nil || parts[1] != v.opts.DevID {
		return false
	}
	if !hmac.Equal([]byte(parts[3]), []byte(signInterline(v.opts.AuthKey, parts[2]))) {
		return false
	}
	millis, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return false
	}
	return v.opts.Now().Sub(time.UnixMilli(millis)).Abs() <= interlineTolerance
}

func (v *Interline) refuseSignature(w http.ResponseWriter) {
	v.mu.Lock()
	v.counts.Unauthorized++
	v.mu.Unlock()
	if !v.opts.Unauthorized401JSON {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	writeBody(w, http.StatusUnauthorized, answerJSON, encode(interlineRefusal(interlineNoAuth)))
}
