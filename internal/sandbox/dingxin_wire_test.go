package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestDingxinSignatureGoldenVectors(t *testing.T) {
	one := map[string]string{"appKey": dxKey, "appSecret": dxSecret, "telA": "13800000001", "telB": "13900000002", "timestamp": "1700000000123"}
	with := func(pairs ...string) map[string]string {
		fields := maps.Clone(one)
		for i := 0; i < len(pairs); i += 2 {
			fields[pairs[i]] = pairs[i+1]
		}
		return fields
	}
	two := with("return_url", "https://cb.example.com/cb/dingxin/J1.k9f2")
	recording := map[string]string{"appKey": dxKey, "appSecret": dxSecret, "subid": "04202107251831296890045359", "timestamp": "1700000000123"}
	for _, c := range []struct {
		name   string
		fields map[string]string
		as     DingxinSign
		upper  bool
		want   string
	}{
		{"the document's sample", map[string]string{"d": "5", "b": "2", "a": "1", "c": "3"}, DingxinV1, false, "140c29b367617eb76735bc25b21bc8f3"},
		{"D1 V1", one, DingxinV1, false, "47afd38188288b38d23212d17be39c9d"},
		{"D1 V1 upper", one, DingxinV1, true, "47AFD38188288B38D23212D17BE39C9D"},
		{"D1 V1 with sign and an empty field", with("return_url", "", "sign", "x"), DingxinV1, false, "47afd38188288b38d23212d17be39c9d"},
		{"D1 V2", one, DingxinV2, false, "4ca5e41b7effcb2b456ab0e6340edc06"},
		{"D1 V3", one, DingxinV3, false, "f88849db1ffaaac26b49fa7769f1384a"},
		{"D1 V4 has nothing to encode", one, DingxinV4, false, "47afd38188288b38d23212d17be39c9d"},
		{"D1 seconds", with("timestamp", "1700000000"), DingxinV1, false, "0fe1ab4fbfb478ae85ab85aa98516f08"},
		{"D2 V1", two, DingxinV1, false, "d2aa1bd6ead9f36fe46dbd2e285ca715"},
		{"D2 V3", two, DingxinV3, false, "145c3b8909378df3d2ec4a71eeea099b"},
		{"D2 V4", two, DingxinV4, false, "f78c6cd09b4ae1b28412d1eac2174bce"},
		{"D3 V1", recording, DingxinV1, false, "cca3612558983d94df7e748ddde73040"},
		{"D3 V3", recording, DingxinV3, false, "bf8e3caf498b254e7d1c40355bd33cd3"},
	} {
		if got := signDingxin(c.fields, c.as, c.upper); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestDingxinTakesOneReadingOnly signs in every way for a vendor of every reading.
func TestDingxinTakesOneReadingOnly(t *testing.T) {
	readings := []DingxinSign{DingxinV1, DingxinV2, DingxinV3, DingxinV4}
	for _, wants := range readings {
		for _, upper := range []bool{false, true} {
			for _, sends := range readings {
				for _, sendsUpper := range []bool{false, true} {
					d := newDingxin(t, DingxinOptions{Sign: wants, UpperDigest: upper, PushMode: PushNone})
					fields := dxSigned(d, "telA", dxA, "telB", dxB, "return_url", dxJobPush)
					fields["sign"] = signDingxin(fields, sends, sendsUpper)
					got := dxAsk(t, d, postForm(DingxinCallPath, values(fields)))
					if sends == wants && sendsUpper == upper {
						dxPlaced(t, got)
					} else {
						dxRefused(t, got, dingxinSignature)
					}
				}
			}
		}
	}
}

func TestDingxinChecksEveryField(t *testing.T) {
	for _, c := range []struct {
		name        string
		field, with string // with "-" the field is left out
		code        int
	}{
		{"all right", "return_url", dxJobPush, dingxinOK},
		{"no push address", "return_url", "-", dingxinOK},
		{"an empty push address", "return_url", "", dingxinOK},
		{"another appKey", "appKey", "x", dingxinAccount},
		{"another appSecret", "appSecret", "x", dingxinAccount},
		{"no appKey", "appKey", "-", dingxinParameter},
		{"no appSecret", "appSecret", "-", dingxinParameter},
		{"no timestamp", "timestamp", "-", dingxinParameter},
		{"an empty sign", "sign", "", dingxinParameter},
		{"another sign", "sign", strings.Repeat("0", 32), dingxinSignature},
		{"a timestamp in words", "timestamp", "now", dingxinTimestamp},
		{"no telA", "telA", "-", dingxinParameter},
		{"no telB", "telB", "-", dingxinParameter},
		{"telA is no number", "telA", "Zhang", dingxinParameter},
		{"telB is two numbers", "telB", "13800000001,13800000002", dingxinParameter},
		{"a call to itself", "telB", dxA, dingxinParameter},
		{"push address with a query", "return_url", dxJobPush + "?a=b", dingxinParameter},
		{"push address without a host", "return_url", "/x", dingxinParameter},
		{"the other spelling", "retrun_url", dxJobPush, dingxinParameter},
		{"a field nobody knows", "telC", "1", dingxinParameter},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDingxin(t, DingxinOptions{PushMode: PushNone})
			got := dxCall(t, d, dxA, dxB, "", c.field, c.with)
			calls := 0
			if c.code == dingxinOK {
				dxPlaced(t, got)
				calls = 1
			} else {
				dxRefused(t, got, c.code)
			}
			if len(d.Calls()) != calls {
				t.Errorf("%d calls, want %d", len(d.Calls()), calls)
			}
		})
	}
}

func TestDingxinReturnURLKey(t *testing.T) {
	d := newDingxin(t, DingxinOptions{ReturnURLKey: "retrun_url", PushMode: PushNone})
	dxPlaced(t, dxCall(t, d, dxA, dxB, dxJobPush))
	dxRefused(t, dxCall(t, d, "13900000002", "13800000098", "", "return_url", dxJobPush), dingxinParameter)
	if got := d.Calls()[0].Ref; got != "dx.J1.1" {
		t.Errorf("ref %q", got)
	}
}

func TestDingxinTimestamps(t *testing.T) {
	for _, seconds := range []bool{false, true} {
		clock := newHandClock(t, "2026-03-02T10:00:00")
		d := newDingxin(t, DingxinOptions{Now: clock.now, Seconds: seconds, TimestampTolerance: time.Minute})
		stamp := func(at time.Time, asSeconds bool) string {
			if asSeconds {
				return strconv.FormatInt(at.Unix(), 10)
			}
			return strconv.FormatInt(at.UnixMilli(), 10)
		}
		i := 0
		ask := func(off time.Duration, asSeconds bool) dxGot {
			i++
			return dxCall(t, d, "1390000010"+strconv.Itoa(i), "1380000010"+strconv.Itoa(i), "", "timestamp", stamp(clock.now().Add(off), asSeconds))
		}
		dxPlaced(t, ask(time.Minute, seconds))
		dxPlaced(t, ask(-time.Minute, seconds))
		dxRefused(t, ask(time.Minute+time.Second, seconds), dingxinTimestamp)
		dxRefused(t, ask(-time.Minute-time.Second, seconds), dingxinTimestamp)
		dxRefused(t, ask(0, !seconds), dingxinTimestamp)
	}
}

func TestDingxinMethodsAndEncodings(t *testing.T) {
	d := newDingxin(t, DingxinOptions{})
	inJSON := newDingxin(t, DingxinOptions{JSON: true})
	asJSON := func(body any, kind string) *http.Request {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, DingxinCallPath, strings.NewReader(string(text)))
		r.Header.Set("Content-Type", kind)
		return r
	}
	fields := dxSigned(d, "telA", dxA, "telB", dxB)
	number := map[string]any{"telA": 13900000001}
	for name, value := range dxSigned(inJSON, "telB", dxB) {
		number[name] = value
	}
	dxRefused(t, dxAsk(t, d, httptest.NewRequest(http.MethodGet, DingxinCallPath+"?"+values(fields).Encode(), nil)), dingxinMethod)
	dxRefused(t, dxAsk(t, d, httptest.NewRequest(http.MethodPut, DingxinCallPath, nil)), dingxinMethod)
	dxRefused(t, dxAsk(t, d, postForm(DingxinCallPath+"?a=b", values(fields))), dingxinParameter)
	dxRefused(t, dxAsk(t, d, asJSON(fields, "application/json")), dingxinParameter)
	dxRefused(t, dxAsk(t, inJSON, postForm(DingxinCallPath, values(fields))), dingxinParameter)
	dxRefused(t, dxAsk(t, inJSON, asJSON(number, "application/json")), dingxinParameter)
	dxPlaced(t, dxAsk(t, inJSON, asJSON(dxSigned(inJSON, "telA", dxA, "telB", dxB), "application/json; charset=utf-8")))
	if rec := direct(t, d, postForm("/prod-api/axb/call", values(fields))); rec.Code != http.StatusNotFound {
		t.Errorf("another path: HTTP status %d", rec.Code)
	}
	if len(d.Calls()) != 0 || len(d.Attempts()) != 0 {
		t.Error("a call was placed")
	}
	if got := d.Requests(); got[DingxinCallPath] != 4 || got["/prod-api/axb/call"] != 1 {
		t.Errorf("requests %v", got)
	}
}

func TestDingxinAnswerShapes(t *testing.T) {
	for shape, want := range map[DingxinShape]string{
		"":              `{"code":200,"msg":"请求成功","data":{"subid":"%s","telX":"13500000000"}}`,
		DingxinString:   `{"code":200,"msg":"请求成功","data":"{\"subid\":\"%s\",\"telX\":\"13500000000\"}"}`,
		DingxinSiblings: `{"code":200,"msg":"请求成功","subid":"%s","telX":"13500000000"}`,
	} {
		d := newDingxin(t, DingxinOptions{Shape: shape, TelX: "13500000000"})
		got := direct(t, d, dxCallRequest(d, dxA, dxB, "")).Body.String()
		if want := strings.Replace(want, "%s", d.Calls()[0].CallID, 1); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		got = direct(t, d, dxCallRequest(d, dxA, dxB, "", "sign", "x")).Body.String()
		if want := `{"code":1004,"msg":"签名无效"}`; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestDingxinOptionsThatAreMistakes(t *testing.T) {
	for name, spoil := range map[string]func(*DingxinOptions){
		"no credentials":    func(o *DingxinOptions) { o.AppSecret = "" },
		"another reading":   func(o *DingxinOptions) { o.Sign = "V5" },
		"another key":       func(o *DingxinOptions) { o.ReturnURLKey = "url" },
		"an odd push":       func(o *DingxinOptions) { o.PushMode = "xml" },
		"odd times":         func(o *DingxinOptions) { o.Times = "days" },
		"an odd shape":      func(o *DingxinOptions) { o.Shape = "list" },
		"a negative credit": func(o *DingxinOptions) { o.Credit = new(-2) },
	} {
		opts := DingxinOptions{AppKey: "a", AppSecret: "b"}
		spoil(&opts)
		wantPanic(t, name, func() { NewDingxin(opts).Close() })
	}
}
