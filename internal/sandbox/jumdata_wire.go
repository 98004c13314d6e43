package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The vendor's codes (Jumdata, code返回码说明 of both documents).
const (
	codeOK          = 200
	codeParameter   = 400
	codeNotFound    = 404
	codeMaintenance = 500
	codeTooOften    = 609
	codeNoStatus    = 701
	codeOther       = 999
)

const (
	msgOK          = "成功"
	msgParameter   = "参数错误"
	msgNotFound    = "接口地址不正确"
	msgMaintenance = "系统维护,请稍候再试"
	msgTooOften    = "请求过于频繁,请稍候再试"
	msgNoStatus    = "未查询语音通知状态"
	msgSignature   = "签名错误"
	msgTimestamp   = "时间戳已过期"
	msgMobile      = "手机号格式不正确"
	msgPlayTimes   = "播放次数超过限制,最大3次"
	msgWindow      = "当前时段不允许呼叫"
	msgLimit       = "该号码呼叫次数超过限制"
	msgBlacklist   = "黑名单号码"
	msgMismatch    = "手机号与呼叫号不匹配"
)

// maxRequestBody is far above anything the documented fields can hold.
const maxRequestBody = 64 << 10

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

func writeAnswer(w http.ResponseWriter, a jumdataAnswer) {
	writeBody(w, http.StatusOK, "application/json;charset=UTF-8", encode(a))
}

func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: encode an answer: " + err.Error()) // strings and ints only: a bug
	}
	return body
}

// signJumdata is the vendor's signature: sha256 over appId, appSecret and the
// timestamp as it was sent, in lower-case hex (Jumdata, 签名算法).
func signJumdata(appID, appSecret, timestamp string) string {
	sum := sha256.Sum256([]byte(appID + appSecret + timestamp))
	return hex.EncodeToString(sum[:])
}

// form reads a request's fields, each given exactly once: from the query of a
// GET, from the urlencoded body of a POST.
func form(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		if raw != "" {
			return nil, errors.New("fields in the query of a POST")
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, errors.New("the body is not x-www-form-urlencoded")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
		if err != nil {
			return nil, err
		}
		raw = string(body)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(values))
	for name, given := range values {
		if len(given) != 1 {
			return nil, errors.New("a field is given twice")
		}
		fields[name] = given[0]
	}
	return fields, nil
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

// unknownField says whether there is a field that the document does not have.
func unknownField(fields map[string]string, known ...string) bool {
	n := 0
	for _, name := range known {
		if _, given := fields[name]; given {
			n++
		}
	}
	return n != len(fields)
}
