package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
)

const (
	dxA, dxB  = "13900000001", "13800000099"
	dxReturn  = "http://127.0.0.1:1/callbacks/dx/"
	dxKey     = "dxKey01"
	dxSecret  = "dxSecretAbC"
	dxJobPush = dxReturn + "dx.J1.1.k9f2"
)

func newDingxin(t *testing.T, opts DingxinOptions) *Dingxin {
	t.Helper()
	opts.AppKey, opts.AppSecret = dxKey, dxSecret
	d := NewDingxin(opts)
	t.Cleanup(d.Close)
	return d
}

// dxSigned are a request's fields, signed for the vendor as it wants them; a
// value "-" leaves a field out.
func dxSigned(d *Dingxin, pairs ...string) map[string]string {
	stamp := d.now().UnixMilli()
	if d.opts.Seconds {
		stamp = d.now().Unix()
	}
	fields := map[string]string{"appKey": dxKey, "appSecret": dxSecret, "timestamp": strconv.FormatInt(stamp, 10)}
	for i := 0; i < len(pairs); i += 2 {
		if fields[pairs[i]] = pairs[i+1]; pairs[i+1] == "-" {
			delete(fields, pairs[i])
		}
	}
	if _, given := fields["sign"]; !given {
		fields["sign"] = signDingxin(fields, d.opts.Sign, d.opts.UpperDigest)
	}
	return fields
}

func values(fields map[string]string) url.Values {
	v := url.Values{}
	for name, value := range fields {
		v.Set(name, value)
	}
	return v
}

func dxCallRequest(d *Dingxin, telA, telB, returnURL string, more ...string) *http.Request {
	fields := dxSigned(d, append([]string{"telA", telA, "telB", telB, d.opts.ReturnURLKey, returnURL}, more...)...)
	return postForm(DingxinCallPath, values(fields))
}

type dxGot struct {
	Code int
	Msg  string
	Data struct{ Subid, TelX string }
}

func dxDecode(t *testing.T, status int, body []byte) dxGot {
	t.Helper()
	var got dxGot
	if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK {
		t.Fatalf("HTTP status %d, %q: %v", status, body, err)
	}
	return got
}

func dxAsk(t *testing.T, d *Dingxin, r *http.Request) dxGot {
	t.Helper()
	rec := direct(t, d, r)
	return dxDecode(t, rec.Code, rec.Body.Bytes())
}

func dxCall(t *testing.T, d *Dingxin, telA, telB, returnURL string, more ...string) dxGot {
	t.Helper()
	return dxAsk(t, d, dxCallRequest(d, telA, telB, returnURL, more...))
}

func dxPlaced(t *testing.T, got dxGot) string {
	t.Helper()
	if got.Code != 200 || got.Msg != "请求成功" || len(got.Data.Subid) != 28 {
		t.Fatalf("not placed: %+v", got)
	}
	return got.Data.Subid
}

func dxRefused(t *testing.T, got dxGot, code int) {
	t.Helper()
	if got.Code != code || got.Msg != dingxinWords[code] || got.Data.Subid != "" {
		t.Errorf("answer %+v, want %d", got, code)
	}
}

func dxRecording(d *Dingxin, subid string, more ...string) *http.Request {
	fields := dxSigned(d, append([]string{"subid", subid}, more...)...)
	delete(fields, "subid")
	return httptest.NewRequest(http.MethodGet, DingxinRecordingPath+subid+"?"+values(fields).Encode(), nil)
}
