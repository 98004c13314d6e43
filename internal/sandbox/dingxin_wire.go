package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// The vendor's codes and words for them (Dingxin, 接口文档, 拨打电话).
const (
	dingxinOK        = 200
	dingxinMethod    = 1002
	dingxinParameter = 1003
	dingxinSignature = 1004
	dingxinAccount   = 1005
	dingxinTimestamp = 1006
	dingxinOverload  = 2000
	dingxinUnknown   = 2001
	dingxinNoData    = 2003
	dingxinCrash     = 3001
	dingxinInCall    = 7001
	dingxinBound     = 7002
	dingxinNoMoney   = 9001
)

var dingxinWords = map[int]string{
	dingxinOK: "请求成功", dingxinMethod: "非法请求", dingxinParameter: "参数错误", dingxinSignature: "签名无效",
	dingxinAccount: "认证错误", dingxinTimestamp: "请求无效", dingxinOverload: "服务器繁忙", dingxinUnknown: "未知错误",
	dingxinNoData: "暂无数据", dingxinCrash: "服务器处理异常", dingxinInCall: "正在呼叫中", dingxinBound: "绑定关系已存在",
	dingxinNoMoney: "费用不足，请联系平台充值！",
}

// dingxinAnswer is every JSON answer of the vendor.
type dingxinAnswer struct {
	Code  int    `json:"code"`
	Msg   string `json:"msg"`
	Data  any    `json:"data,omitempty"`
	Subid string `json:"subid,omitempty"`
	TelX  string `json:"telX,omitempty"`
}

type dingxinIDs struct {
	Subid string `json:"subid"`
	TelX  string `json:"telX,omitempty"`
}

func (a dingxinAnswer) padded(bytes int) answer {
	a.Msg += strings.Repeat(" ", bytes)
	return a
}

func (dingxinAnswer) refused(code int, msg string) answer { return dingxinAnswer{Code: code, Msg: msg} }

func dingxinRefusal(code int) dingxinAnswer {
	return dingxinAnswer{Code: code, Msg: dingxinWords[code]}
}

// accepted is the answer to a call that was accepted.
func (o *DingxinOptions) accepted(subid string) dingxinAnswer {
	ids := dingxinIDs{Subid: subid, TelX: o.TelX}
	a := dingxinAnswer{Code: dingxinOK, Msg: dingxinWords[dingxinOK]}
	switch o.Shape {
	case DingxinString:
		a.Data = string(encode(ids))
	case DingxinSiblings:
		a.Subid, a.TelX = ids.Subid, ids.TelX
	default:
		a.Data = ids
	}
	return a
}

// bodyFields reads a call's parameters from the body of the POST, in the one
// encoding the vendor takes. All are strings.
func (d *Dingxin) bodyFields(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	if !d.opts.JSON {
		return form(w, r, http.MethodPost)
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || r.URL.RawQuery != "" {
		return nil, errors.New("not a JSON body alone")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		return nil, err
	}
	var fields map[string]string
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	return fields, nil
}
