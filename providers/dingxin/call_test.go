package dingxin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

var accepted = providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: testSubid,
	VendorCode: "200", VendorText: "请求成功"}

const acceptedBody = `{"code":200,"msg":"请求成功","data":{"subid":"` + testSubid + `"}}`

func TestConnectSendsOnlyWhatIsThere(t *testing.T) {
	if got := call(t, testSettings(), 200, acceptedBody); got != accepted {
		t.Errorf("got %+v", got)
	}
}

// D1, D2, D6: the switches change what is signed and nothing else.
func TestD1SignVariantSwitches(t *testing.T) {
	for name, tc := range map[string]struct {
		settings providers.Settings
		signed   string
		stamp    int64
	}{
		"v2": {with("sign_variant", "v2"), "appkey=dxkey01&appsecret=dxsecretabc&tela=" + testCaller + "&telb=" + testCallee + "&timestamp=%d", 0},
		"v3": {with("sign_variant", "v3"), "appKey=dxKey01&appSecret=dxSecretAbC&telA=" + testCaller + "&telB=" + testCallee + "&timestamp=%d", 0},
		"D6": {with("timestamp_unit", "s"), "appkey=dxKey01&appsecret=dxSecretAbC&tela=" + testCaller + "&telb=" + testCallee + "&timestamp=%d", testNow.Unix()},
	} {
		t.Run(name, func(t *testing.T) {
			v := callVendor(200, acceptedBody)
			v.signed, v.stamp = tc.signed, tc.stamp
			if got := connect(t, v.adapter(t, tc.settings), minimal()); got != accepted {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestD2UpperCaseDigest(t *testing.T) {
	fields := newAdapter(t, with("sign_case", "upper")).cfg.signed(map[string]string{"telA": testCaller}, nil, testNow)
	lower := newAdapter(t, testSettings()).cfg.signed(map[string]string{"telA": testCaller}, nil, testNow)
	if fields["sign"] != strings.ToUpper(lower["sign"]) || fields["sign"] == lower["sign"] {
		t.Errorf("%s beside %s", fields["sign"], lower["sign"])
	}
}

// D3, D4: what the pre-image could read in two ways is not sent at all.
func TestD4PushURLMustBeSignable(t *testing.T) {
	v := callVendor(200, acceptedBody)
	a := v.adapter(t, testSettings())
	for _, bad := range []string{"?token=1", "&a=b", "=", "%2F", "+", "#x", " ", "é", "\n"} {
		c := minimal()
		c.PushURL = testPushURL + bad
		got := connect(t, a, c)
		if got.Class != providers.ClassPermanent || got.Placed != providers.PlacedNo || !got.Unsent || got.Cause != providers.CausePlatform {
			t.Errorf("%q: %+v", bad, got)
		}
	}
	if v.Requests() != 0 {
		t.Errorf("%d requests", v.Requests())
	}
}

func TestD3PushURLIsSignedRaw(t *testing.T) {
	v := callVendor(200, acceptedBody)
	v.want["return_url"] = testPushURL
	v.signed = "appkey=" + testKey + "&appsecret=" + testSecret + "&return_url=" + testPushURL +
		"&tela=" + testCaller + "&telb=" + testCallee + "&timestamp=%d"
	c := minimal()
	c.PushURL = testPushURL
	if got := connect(t, v.adapter(t, testSettings()), c); got != accepted {
		t.Errorf("got %+v", got)
	}
}

// One of the two spellings, never both; without a push URL, neither.
func TestD5ReturnURLKey(t *testing.T) {
	for _, key := range []string{"return_url", "retrun_url"} {
		v := callVendor(200, acceptedBody)
		v.want[key] = testPushURL
		v.signed = "appkey=" + testKey + "&appsecret=" + testSecret + "&" + key + "=" + testPushURL +
			"&tela=" + testCaller + "&telb=" + testCallee + "&timestamp=%d"
		c := minimal()
		c.PushURL = testPushURL
		if got := connect(t, v.adapter(t, with("return_url_key", key)), c); got != accepted {
			t.Errorf("%s: %+v", key, got)
		}
	}
}

func TestD12Encoding(t *testing.T) {
	for encoding, contentType := range map[string]string{"form": formType, "json": jsonType} {
		v := callVendor(200, acceptedBody)
		v.contentType = contentType
		if got := connect(t, v.adapter(t, with("encoding", encoding)), minimal()); got != accepted {
			t.Errorf("%s: %+v", encoding, got)
		}
	}
}

func TestNumbersThatCanBeDialled(t *testing.T) {
	v := callVendor(200, acceptedBody)
	a := v.adapter(t, testSettings())
	for _, bad := range []string{"", "1380013800", "138001380000", "23800138000", "+8613800138000", "8613800138000", "021-88888888",
		"012345678", "0123456789012", "1380013800a", "１３８００１３８０００", "13800138000\n"} {
		for _, c := range []providers.Connection{{From: bad, To: testCallee}, {From: testCaller, To: bad}} {
			got := connect(t, a, c)
			if got.Class != providers.ClassPermanent || got.Cause != providers.CauseInvalidNumber || !got.Unsent || got.Placed != providers.PlacedNo {
				t.Errorf("%q: %+v", bad, got)
			}
			if strings.Contains(got.VendorText, "8001") {
				t.Errorf("%q: the refusal quotes the number", bad)
			}
		}
	}
	if got := connect(t, a, providers.Connection{From: testCallee, To: testCallee}); got.Cause != providers.CauseSelfCall || !got.Unsent {
		t.Errorf("to oneself: %+v", got)
	}
	if v.Requests() != 0 {
		t.Fatalf("%d requests", v.Requests())
	}
	for _, landline := range []string{"0218888888", "02188888888", "075588888888"} {
		v := callVendor(200, acceptedBody)
		v.want["telB"] = landline
		v.signed = "appkey=" + testKey + "&appsecret=" + testSecret + "&tela=" + testCaller + "&telb=" + landline + "&timestamp=%d"
		if got := connect(t, v.adapter(t, testSettings()), providers.Connection{From: testCaller, To: landline}); got != accepted {
			t.Errorf("landline of %d digits: %+v", len(landline), got)
		}
	}
}

// spyLine keeps the request that it is asked to send.
type spyLine struct {
	providers.Line
	req *http.Request
}

func (l *spyLine) Do(_ context.Context, req *http.Request, _ providers.Permit) (providers.Reply, error) {
	l.req = req
	return providers.Reply{}, errors.New("not sent")
}

// A transport that finds GetBody may send a request a second time.
func TestCallCannotBeReplayed(t *testing.T) {
	for _, encoding := range []string{"form", "json"} {
		l := &spyLine{}
		got := newAdapter(t, with("encoding", encoding)).Connect(t.Context(), l, providers.Permit{}, minimal())
		if l.req == nil || l.req.GetBody != nil || l.req.Method != http.MethodPost {
			t.Errorf("%s: %+v", encoding, l.req)
		}
		// An error that proves nothing leaves the call in doubt.
		if got.Class != providers.ClassUncertain || got.Placed != providers.PlacedMaybe {
			t.Errorf("%s: %+v", encoding, got)
		}
	}
}

// D11: the table calls data a string and lists its content as siblings, the
// example nests it.
func TestD11WhereSubidStands(t *testing.T) {
	for name, body := range map[string]string{
		"nested":            `{"code":200,"msg":"请求成功","data":{"subid":"` + testSubid + `","telX":"17000000000"}}`,
		"JSON in a string":  `{"code":200,"msg":"请求成功","data":"{\"subid\":\"` + testSubid + `\",\"telX\":\"17000000000\"}"}`,
		"siblings":          `{"code":200,"msg":"请求成功","data":"","subid":"` + testSubid + `","telX":"17000000000"}`,
		"siblings and null": `{"code":200,"msg":"请求成功","data":null,"subid":"` + testSubid + `","telX":"17000000000"}`,
		"siblings and []":   `{"code":"200","msg":"请求成功","data":[],"subid":"` + testSubid + `","telX":17000000000}`,
		"half and half":     `{"code":200,"msg":"请求成功","data":{"subid":"` + testSubid + `"},"telX":"17000000000"}`,
		"words in data":     `{"code":200,"msg":"请求成功","data":"ok","subid":"` + testSubid + `","telX":"17000000000"}`,
		"X7 id as a number": `{"code":200,"msg":"请求成功","data":{"subid":4202107251831296890045359,"telX":"17000000000"}}`,
		"X5 with BOM":       "\xef\xbb\xbf " + `{"code":200,"msg":"请求成功","data":{"subid":"` + testSubid + `","telX":"17000000000"}}`,
		"X4 in GBK":         "{\"code\":200,\"msg\":\"\xc7\xeb\xc7\xf3\xb3\xc9\xb9\xa6\",\"data\":{\"subid\":\"" + testSubid + "\",\"telX\":\"17000000000\"}}",
	} {
		want := accepted
		want.AwaitDial, want.X = true, "17000000000"
		if strings.HasPrefix(name, "X7") {
			want.VendorID = "4202107251831296890045359"
		}
		for _, status := range []int{200, 500} { // the body's word counts
			if got := call(t, testSettings(), status, body); got != want {
				t.Errorf("%s with HTTP %d: %+v", name, status, got)
			}
		}
	}
}

// Without a subid nobody can say which call exists.
func TestOKWithoutSubidIsUncertain(t *testing.T) {
	for _, body := range []string{`{"code":200}`, `{"code":200,"data":null}`, `{"code":200,"data":[]}`, `{"code":200,"data":{"telX":"17000000000"}}`,
		`{"code":200,"data":{"subid":""}}`, `{"code":200,"data":"` + testSubid + `"}`,
		`{"code":200,"data":{"subid":"` + strings.Repeat("1", 65) + `"}}`} {
		got := call(t, testSettings(), 200, body)
		if got.Class != providers.ClassUncertain || got.Placed != providers.PlacedMaybe || got.AwaitDial || got.VendorID != "" {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestD13TelX(t *testing.T) {
	with13 := func(telX string) string {
		return `{"code":200,"msg":"请求成功","data":{"subid":"` + testSubid + `","telX":` + telX + `}}`
	}
	for name, tc := range map[string]struct {
		settings providers.Settings
		telX     string
		await    bool
		x        string
	}{
		"by default":     {testSettings(), `"17000000000"`, true, "17000000000"},
		"dial":           {with("telx_means", "dial"), `"17000000000"`, true, "17000000000"},
		"placed":         {with("telx_means", "placed"), `"17000000000"`, false, "17000000000"},
		"dial, none":     {with("telx_means", "dial"), `""`, false, ""},
		"dial, null":     {with("telx_means", "dial"), `null`, false, ""},
		"dial, too long": {with("telx_means", "dial"), `"` + strings.Repeat("1", 25) + `"`, true, ""},
	} {
		want := accepted
		want.AwaitDial, want.X = tc.await, tc.x
		if got := call(t, tc.settings, 200, with13(tc.telX)); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	want := accepted
	want.AwaitDial, want.X = true, "135xxxxxxxx"
	if got := call(t, testSettings(), 200, providertest.Fixture(t, "call_ok.json")); got != want {
		t.Errorf("the document's example: %+v", got)
	}
}

// Each attempt is signed afresh, and a refused time is answered with the
// vendor's clock once.
func TestD6ClockIsLearnedOnce(t *testing.T) {
	v := callVendor(200, `{"code":1006,"msg":"请求无效"}`)
	vendorTime := testNow.Add(90 * time.Second).Truncate(time.Second)
	v.Header = map[string]string{"Date": vendorTime.UTC().Format(http.TimeFormat)}
	a := v.adapter(t, testSettings())
	first := connect(t, a, minimal())
	if first.Class != providers.ClassRetryLater || first.Placed != providers.PlacedNo || first.Halt != "" {
		t.Fatalf("first refusal: %+v", first)
	}
	v.stamp = vendorTime.UnixMilli()
	second := connect(t, a, minimal())
	if second.Class != providers.ClassHalted || second.Halt != providers.HaltClockSkew || second.Placed != providers.PlacedNo {
		t.Fatalf("second refusal: %+v", second)
	}
	v.Body = acceptedBody
	if got := connect(t, a, minimal()); got != accepted {
		t.Errorf("with the learned clock: %+v", got)
	}
}

func TestD6ClockWithoutUsableDateHalts(t *testing.T) {
	for name, date := range map[string]string{"none": "", "garbage": "yesterday",
		"our time": testNow.Add(time.Second).UTC().Format(http.TimeFormat)} {
		v := callVendor(200, `{"code":1006,"msg":"请求无效"}`)
		v.Header = map[string]string{"Date": date}
		if got := connect(t, v.adapter(t, testSettings()), minimal()); got.Halt != providers.HaltClockSkew || got.Class != providers.ClassHalted {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// D22: the secret travels with every request; a vendor that repeats it, or a
// transport that fails, shows none of it.
func TestD22SecretsStayInside(t *testing.T) {
	hidden := []string{testSecret, testKey, testCaller, testCallee, "https://"}
	body := `{"code":"1003 ` + testSecret + `","msg":"appSecret=` + testSecret + `&appKey=` + testKey + ` ` + testCallee + ` https://x.test/` + testCaller + `"}`
	wantHidden(t, call(t, testSettings(), 200, body), hidden)
	v := callVendor(200, acceptedBody)
	v.Header = map[string]string{"Content-Length": "9999"}
	got := connect(t, v.adapter(t, testSettings()), minimal())
	if got.Class != providers.ClassUncertain || got.VendorText != "truncated" {
		t.Errorf("lost answer: %+v", got)
	}
	wantHidden(t, got, hidden)
}
