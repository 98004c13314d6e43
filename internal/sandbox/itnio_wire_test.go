package sandbox

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestITNIOSignatureGoldenVectors(t *testing.T) {
	if got := signITNIO("bDqJFiq9", "7bz1lzh9", "1630468800"); got != "05d7a50893e22a5c4bb3216ae3396c7c" {
		t.Errorf("the document's sample: %s", got)
	}
	if got := signITNIO("itKey001", "itSecretABC", "1700000000"); got != "6dc4d435f7d1494217bd7e73a4c0c52b" {
		t.Errorf("I1: %s", got)
	}
}

func TestITNIOChecksHowAndByWhom(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name   string
		spoil  func(*http.Request)
		status string
	}{
		{"all right", func(*http.Request) {}, itnioOK},
		{"no charset", header("Content-Type", "application/json"), itnioOK},
		{"another method", func(r *http.Request) { r.Method = http.MethodPut }, itnioParameter},
		{"no content type", header("Content-Type", ""), itnioParameter},
		{"a form", header("Content-Type", "application/x-www-form-urlencoded"), itnioParameter},
		{"GBK", header("Content-Type", "application/json;charset=GBK"), itnioParameter},
		{"fields in the query", func(r *http.Request) { r.URL.RawQuery = "a=b" }, itnioParameter},
		{"no key", func(r *http.Request) { r.Header.Del("Api-Key") }, itnioAccount},
		{"another key", header("Api-Key", "x"), itnioAccount},
		{"no sign", func(r *http.Request) { r.Header.Del("Sign") }, itnioAccount},
		{"another sign", header("Sign", strings.Repeat("0", 32)), itnioAccount},
		{"an upper-case sign", func(r *http.Request) { r.Header.Set("Sign", strings.ToUpper(r.Header.Get("Sign"))) }, itnioAccount},
		{"a timestamp that is not signed", header("Timestamp", "1700000000"), itnioAccount},
		{"a stale timestamp", func(r *http.Request) {
			r.Header.Set("Timestamp", "1700000000")
			r.Header.Set("Sign", "6dc4d435f7d1494217bd7e73a4c0c52b")
		}, itnioTimestamp},
		{"a timestamp in words", func(r *http.Request) {
			r.Header.Set("Timestamp", "now")
			r.Header.Set("Sign", signITNIO("itKey001", "itSecretABC", "now"))
		}, itnioTimestamp},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newITNIO(t, ITNIOOptions{Missing: ITNIONullData})
			for i, r := range []*http.Request{
				itSendRequest(t, v, itCallee, "job.1"),
				itRequest(v, http.MethodGet, ITNIORecordPath+"1", ""),
				itRequest(v, http.MethodGet, ITNIOBalancePath, ""),
			} {
				c.spoil(r)
				if got := itAsk(t, v, r); got.Status != c.status {
					t.Errorf("request %d: %s, want %s", i, got.Status, c.status)
				}
			}
			if placed := len(v.Calls()) == 1; placed != (c.status == itnioOK) {
				t.Errorf("%d calls", len(v.Calls()))
			}
			if got := v.Requests(); got[ITNIOSendPath] != 1 || got[ITNIORecordPath] != 1 || got[ITNIOBalancePath] != 1 {
				t.Errorf("requests %v", got)
			}
		})
	}
}

func TestITNIOTimestampTolerance(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newITNIO(t, ITNIOOptions{Now: clock.now, TimestampTolerance: time.Minute})
	for stamp, status := range map[int64]string{
		clock.now().Unix() - 60: itnioOK, clock.now().Unix() + 60: itnioOK,
		clock.now().Unix() - 61: itnioTimestamp, clock.now().Unix() + 61: itnioTimestamp,
		clock.now().UnixMilli(): itnioTimestamp,
	} {
		r := itRequest(v, http.MethodGet, ITNIOBalancePath, "")
		r.Header.Set("Timestamp", strconv.FormatInt(stamp, 10))
		r.Header.Set("Sign", signITNIO("itKey001", "itSecretABC", strconv.FormatInt(stamp, 10)))
		if got := itAsk(t, v, r).Status; got != status {
			t.Errorf("%d: %s, want %s", stamp-clock.now().Unix(), got, status)
		}
	}
}

func TestITNIOAllowedAddresses(t *testing.T) {
	v := newITNIO(t, ITNIOOptions{AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	r := itSendRequest(t, v, itCallee, "job.1") // from 192.0.2.1
	itPlaced(t, itAsk(t, v, r))
	for _, from := range []string{"198.51.100.1:1", "nowhere"} {
		r = itSendRequest(t, v, itCallee, "job.2")
		r.RemoteAddr = from
		itRefused(t, itAsk(t, v, r), itnioAddress)
	}
	none := newITNIO(t, ITNIOOptions{AllowedIPs: []netip.Prefix{}})
	itRefused(t, itSend(t, none, itCallee, "job.1"), itnioAddress)
}

func TestITNIOChecksEveryField(t *testing.T) {
	for _, c := range []struct {
		name   string
		body   func(t *testing.T) string
		placed int
	}{
		{"all right", group(), 1},
		{"every field", group("displayNum", "1008122211", "maxDuration", 120, "maxRingingTime", 20, "loopCount", 3), 1},
		{"a null displayNum", func(*testing.T) string {
			return `{"callee":"8613800000099","displayNum":null,"fileId":"f","appId":"app1","maxDuration":null}`
		}, 1},
		{"1000 characters of calledInfo", group("calledInfo", strings.Repeat("张", 1000)), 1},
		{"two callees", group("callee", "8613800000099,8613800000098"), 2},
		{"7 digits", group("callee", "8613800"), 1},
		{"no callee", group("callee", nil), 0},
		{"6 digits", group("callee", "861380"), 0},
		{"16 digits", group("callee", "8613800000099000"), 0},
		{"a plus", group("callee", "+8613800000099"), 0},
		{"a callee twice", group("callee", "8613800000099,8613800000099"), 0},
		{"a callee too many", group("callee", "8613800000001,8613800000002,8613800000003,8613800000004"), 0},
		{"a blank after the comma", group("callee", "8613800000099, 8613800000098"), 0},
		{"callee as a number", group("callee", 8613800000099), 0},
		{"no file", group("fileId", nil), 0},
		{"no app", group("appId", nil), 0},
		{"another app", group("appId", "app2"), 0},
		{"a displayNum of letters", group("displayNum", "callpacer"), 0},
		{"duration 0", group("maxDuration", 0), 0},
		{"duration 121", group("maxDuration", 121), 0},
		{"ringing 19", group("maxRingingTime", 19), 0},
		{"ringing 121", group("maxRingingTime", 121), 0},
		{"no loop", group("loopCount", 0), 0},
		{"4 loops", group("loopCount", 4), 0},
		{"loops as a string", group("loopCount", "2"), 0},
		{"1001 characters of calledInfo", group("calledInfo", strings.Repeat("张", 1001)), 0},
		{"a field nobody knows", group("to", "x"), 0},
		{"a field in another case", group("calleE", "8613800000098"), 0},
		{"no JSON", func(*testing.T) string { return "callee=8613800000099" }, 0},
		{"nothing", func(*testing.T) string { return "" }, 0},
		{"two groups", func(t *testing.T) string { return itBody(t, itCallee, "a.1") + itBody(t, itCallee, "a.2") }, 0},
		{"an endless body", group("fileId", strings.Repeat("x", maxRequestBody)), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newITNIO(t, ITNIOOptions{MaxCallees: 3})
			got := itAsk(t, v, itRequest(v, http.MethodPost, ITNIOSendPath, c.body(t)))
			if c.placed == 0 {
				itRefused(t, got, itnioParameter)
			} else if rows := itRows(t, got); len(rows) != c.placed {
				t.Errorf("%d rows", len(rows))
			}
			if len(v.Calls()) != c.placed {
				t.Errorf("%d calls, want %d", len(v.Calls()), c.placed)
			}
		})
	}
}

func group(more ...any) func(*testing.T) string {
	return func(t *testing.T) string { t.Helper(); return itBody(t, itCallee, "job.1", more...) }
}

func TestITNIOAnswerShapes(t *testing.T) {
	v := newITNIO(t, ITNIOOptions{})
	got := direct(t, v, itSendRequest(t, v, itCallee, "job.1")).Body.String()
	want := `{"status":"0","reason":"success","data":[{"voiceId":"` + v.Calls()[0].CallID +
		`","callee":"8613800000099","terminationCode":"0","terminationReason":"success"}]}`
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if rec := direct(t, v, itRequest(v, http.MethodPost, "/voice/sendCode", "")); rec.Code != http.StatusNotFound {
		t.Errorf("another path: HTTP status %d", rec.Code)
	}
}

func TestITNIOOptionsThatAreMistakes(t *testing.T) {
	for name, spoil := range map[string]func(*ITNIOOptions){
		"no credentials":    func(o *ITNIOOptions) { o.APISecret = "" },
		"no app":            func(o *ITNIOOptions) { o.AppID = "" },
		"an odd push":       func(o *ITNIOOptions) { o.Push = "xml" },
		"an odd status":     func(o *ITNIOOptions) { o.Missing = "-3" },
		"an odd success":    func(o *ITNIOOptions) { o.Success = "1" },
		"a negative credit": func(o *ITNIOOptions) { o.Credit = new(-2) },
	} {
		opts := ITNIOOptions{APIKey: "a", APISecret: "b", AppID: "c"}
		spoil(&opts)
		wantPanic(t, name, func() { NewITNIO(opts).Close() })
	}
}
