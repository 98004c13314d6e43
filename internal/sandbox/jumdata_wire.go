package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The vendor's codes (Jumdata, code返回码说明 of both documents).
const (
	codeOK          = 200
	codeParameter   = 400
	codeNotFound    = 404
	codeMaintenance = 500
	codeNotOpened   = 601
	codeNoMoney     = 603
	codeTooOften    = 609
	codeNoStatus    = 701
	codeOther       = 999
)

const (
	msgOK          = "成功"
	msgParameter   = "参数错误"
	msgNotFound    = "接口地址不正确"
	msgMaintenance = "系统维护,请稍候再试"
	msgNotOpened   = "接口未开通"
	msgNoMoney     = "余额不足请充值"
	msgTooOften    = "请求过于频繁,请稍候再试"
	msgNoStatus    = "未查询语音通知状态"
	msgSignature   = "签名错误"
	msgTimestamp   = "时间戳已过期"
	msgMobile      = "手机号格式不正确"
	msgPlayTimes   = "播放次数超过限制,最大3次"
	msgWindow      = "当前时段不允许呼叫"
	msgWindowSpan  = "不在允许呼叫的时间段内"
	msgLimit       = "该号码呼叫次数超过限制"
	msgBlacklist   = "黑名单号码"
	msgMismatch    = "手机号与呼叫号不匹配"
)

// jumdataAnswer is every JSON answer of the vendor: an error has only msg and code.
type jumdataAnswer struct {
	Code   int          `json:"code"`
	Msg    string       `json:"msg"`
	TaskNo string       `json:"taskNo,omitempty"`
	Data   *jumdataData `json:"data,omitempty"`
}

type jumdataData struct {
	CallID        string `json:"callId"`
	CallStatus    string `json:"callStatus,omitempty"`
	CallStatusMsg string `json:"callStatusMsg,omitempty"`
	CallDesc      string `json:"callDesc,omitempty"`
}

func refusal(code int, msg string) jumdataAnswer {
	return jumdataAnswer{Code: code, Msg: msg}
}

// padded and refused are what a fault asks for.
func (a jumdataAnswer) padded(bytes int) answer {
	a.Msg += strings.Repeat(" ", bytes)
	return a
}

func (jumdataAnswer) refused(code int, msg string) answer { return refusal(code, msg) }

func writeAnswer(w http.ResponseWriter, a jumdataAnswer) { writeJSON(w, a) }

// signJumdata is the vendor's signature: sha256 over appId, appSecret and the
// timestamp as it was sent, in lower-case hex (Jumdata, 签名算法).
func signJumdata(appID, appSecret, timestamp string) string {
	sum := sha256.Sum256([]byte(appID + appSecret + timestamp))
	return hex.EncodeToString(sum[:])
}

// authenticate checks who asks and when; an empty message is a yes. A wrong
// appId is a wrong signature: there is no secret to check it with.
func (j *Jumdata) authenticate(fields map[string]string) string {
	stamp := fields["timestamp"]
	want := signJumdata(j.opts.AppID, j.opts.AppSecret, stamp)
	if fields["appId"] != j.opts.AppID || !hmac.Equal([]byte(fields["sign"]), []byte(want)) {
		return msgSignature
	}
	millis, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return msgTimestamp
	}
	if off := j.opts.Now().Sub(time.UnixMilli(millis)).Abs(); off > j.opts.TimestampTolerance {
		return msgTimestamp
	}
	return ""
}
