package sandbox

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSignatureGoldenVectors(t *testing.T) {
	for _, c := range []struct{ name, appID, secret, timestamp, want string }{
		{"the document's sample", "xyzxy2121zxyz", "efcefcef1121cefcefc1212121", "1555378976238",
			"6ddcdc405743c576cb6d34b17b47ed56e2b9b6670fae1fe85ed01244fd31558b"},
		{"J1", "jmAppId0001", "jmSecretXYZ0002", "1700000000123",
			"f561559556edbdaec2fee176a3e865b67970452e073064f31a9f37a4d14155c0"},
		{"J2", "testAppId", "testAppSecret", "1704067200000",
			"8b8f668531bb0794435bbf4e5a669959fdd0604b1902fa4c7d245a5319448303"},
	} {
		if got := signJumdata(c.appID, c.secret, c.timestamp); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSendChecksEveryField(t *testing.T) {
	long := "https://a.example/" + strings.Repeat("x", 255)
	for _, c := range []struct {
		name        string
		field, with string // with "-" the field is left out
		code        int
		msg         string
	}{
		{"all right", "param", "张三,8点", codeOK, msgOK},
		{"empty optional fields", "param", "", codeOK, msgOK},
		{"three times", "playTimes", "3", codeOK, msgOK},
		{"a push address of 255", "notifyUrl", long[:255], codeOK, msgOK},
		{"other appId", "appId", "x", codeParameter, msgSignature},
		{"other sign", "sign", strings.Repeat("0", 64), codeParameter, msgSignature},
		{"no sign", "sign", "-", codeParameter, msgSignature},
		{"timestamp not signed", "timestamp", "1", codeParameter, msgSignature},
		{"no mobile", "mobile", "-", codeParameter, msgMobile},
		{"10 digits", "mobile", "1380000000", codeParameter, msgMobile},
		{"a landline", "mobile", "02512345678", codeParameter, msgMobile},
		{"with +86", "mobile", "+8613800000000", codeParameter, msgMobile},
		{"two mobiles", "mobile", "13800000000,13800000001", codeParameter, msgMobile},
		{"no template", "templateId", "-", codeParameter, msgParameter},
		{"four times", "playTimes", "4", codeParameter, msgPlayTimes},
		{"no times", "playTimes", "0", codeParameter, msgPlayTimes},
		{"times in words", "playTimes", "two", codeParameter, msgPlayTimes},
		{"push address too long", "notifyUrl", long[:256], codeParameter, msgParameter},
		{"push address with a query", "notifyUrl", "https://a.example/x?y", codeParameter, msgParameter},
		{"push address with a fragment", "notifyUrl", "https://a.example/x#y", codeParameter, msgParameter},
		{"push address without host", "notifyUrl", "/x", codeParameter, msgParameter},
		{"a field nobody knows", "to", "x", codeParameter, msgParameter},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newVendor(t, JumdataOptions{PushMode: PushNone})
			fields := notice(j, "13800000000", "job.1")
			fields.Set(c.field, c.with)
			if c.with == "-" {
				fields.Del(c.field)
			}
			wantAnswer(t, ask(t, j, postForm(JumdataSendPath, fields)), c.code, c.msg)
			wantCalls := 0
			if c.code == codeOK {
				wantCalls = 1
			}
			if got := len(j.Calls()); got != wantCalls {
				t.Errorf("%d calls placed, want %d", got, wantCalls)
			}
		})
	}
}

func TestTimestampTolerance(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	j := newVendor(t, JumdataOptions{Now: clock.now, TimestampTolerance: time.Minute, Limit: new(NoLimit)})
	for off, msg := range map[time.Duration]string{
		-time.Minute: msgOK, time.Minute: msgOK,
		-time.Minute - time.Millisecond: msgTimestamp, time.Minute + time.Millisecond: msgTimestamp,
	} {
		stamp := strconv.FormatInt(clock.now().Add(off).UnixMilli(), 10)
		fields := notice(j, "13800000000", "")
		fields.Set("timestamp", stamp)
		fields.Set("sign", signJumdata(testAppID, testAppSecret, stamp))
		if got := ask(t, j, postForm(JumdataSendPath, fields)); got.Msg != msg {
			t.Errorf("%v off: %q, want %q", off, got.Msg, msg)
		}
	}
	// Seconds instead of milliseconds, rightly signed, are decades ago.
	stamp := strconv.FormatInt(clock.now().Unix(), 10)
	fields := signed(j, "timestamp", stamp, "sign", signJumdata(testAppID, testAppSecret, stamp), "mobile", "13800000000", "templateId", "1")
	wantAnswer(t, ask(t, j, postForm(JumdataSendPath, fields)), codeParameter, msgTimestamp)
	if got := len(j.Attempts()); got != 2 {
		t.Errorf("%d attempts, want the 2 authenticated ones", got)
	}
}

func TestMethodsPathsAndEncodings(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	get := httptest.NewRequest(http.MethodGet, JumdataSendPath+"?"+notice(j, "13800000000", "a.1").Encode(), nil)
	id := wantPlaced(t, ask(t, j, get))
	wantPlaced(t, send(t, j, "13800000001", "b.1"))
	if a := j.Attempts(); a[0].Method != http.MethodGet || a[1].Method != http.MethodPost {
		t.Errorf("methods %s, %s", a[0].Method, a[1].Method)
	}
	fields := notice(j, "13800000002", "c.1")
	asJSON := postForm(JumdataSendPath, fields)
	asJSON.Header.Set("Content-Type", "application/json")
	twice := url.Values{"mobile": {"13800000003", "13800000004"}}
	for _, c := range []struct {
		name string
		r    *http.Request
		code int
		msg  string
	}{
		{"other path", postForm("/voice-notify/sent", fields), codeNotFound, msgNotFound},
		{"PUT", httptest.NewRequest(http.MethodPut, JumdataSendPath, nil), codeNotFound, msgNotFound},
		{"POST of a query", postForm(JumdataResultPath, signed(j, "mobile", "13800000000", "callId", id)), codeNotFound, msgNotFound},
		{"JSON", asJSON, codeParameter, msgParameter},
		{"fields in the query of a POST", postForm(JumdataSendPath+"?a=b", fields), codeParameter, msgParameter},
		{"a field twice", postForm(JumdataSendPath, twice), codeParameter, msgParameter},
		{"an endless body", postForm(JumdataSendPath, url.Values{"param": {strings.Repeat("x", maxRequestBody)}}), codeParameter, msgParameter},
	} {
		t.Run(c.name, func(t *testing.T) { wantAnswer(t, ask(t, j, c.r), c.code, c.msg) })
	}
	if got := len(j.Calls()); got != 2 {
		t.Errorf("%d calls, want 2", got)
	}
}

func TestErrorAnswersHaveTheDocumentedShape(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	rec := httptest.NewRecorder()
	j.ServeHTTP(rec, postForm(JumdataSendPath, notice(j, "123", "a.1")))
	if got, want := rec.Body.String(), `{"code":400,"msg":"手机号格式不正确"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestOptionsThatAreMistakes(t *testing.T) {
	ok := JumdataOptions{AppID: "a", AppSecret: "b"}
	for name, spoil := range map[string]func(*JumdataOptions){
		"no credentials":  func(o *JumdataOptions) { o.AppSecret = "" },
		"a limit of 0":    func(o *JumdataOptions) { o.Limit = new(0) },
		"a limit of -2":   func(o *JumdataOptions) { o.Limit = new(-2) },
		"an empty window": func(o *JumdataOptions) { o.Window = &Window{540, 540} },
		"a long window":   func(o *JumdataOptions) { o.Window = &Window{0, 1441} },
		"an odd push":     func(o *JumdataOptions) { o.PushMode = "xml" },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("taken")
				}
			}()
			opts := ok
			spoil(&opts)
			NewJumdata(opts).Close()
		})
	}
}
