package callbackrx_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/tasks"
)

func TestPushesAreKeptAsTheyCame(t *testing.T) {
	for name, c := range map[string]struct{ method, query, contentType, body string }{
		"form":          {"POST", "", "application/x-www-form-urlencoded", "callId=1&callStatus=0&callStatusText=a+b%20c"},
		"JSON":          {"POST", "", "application/json;charset=UTF-8", `{"callId":"1","callStatus":0}`},
		"JSON array":    {"POST", "", "application/json", `[{"callId":"1"},{"callId":"2"}]`},
		"query":         {"GET", "callId=1&callStatus=0&x=a;b", "", ""},
		"query by POST": {"POST", "callId=1", "", ""},
		"GET with body": {"GET", "", "application/json", `{"callId":"1"}`},
		"GBK":           {"POST", "", "application/json;charset=GBK", "{\"callStatusText\":\"\xb3\xc9\xb9\xa6\"}"},
		"BOM":           {"POST", "", "application/json", "\xef\xbb\xbf {\"callId\":\"1\"}"},
		"zero bytes":    {"POST", "", "text/plain", "a\x00b\xff\xfe\r\n"},
		"empty":         {"POST", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			r, _ := newReceiver(m)
			target := pushURL
			if c.query != "" {
				target += "?" + c.query
			}
			w := push(r, c.method, target, c.contentType, c.body)
			wantStatus(t, w, 200)
			wantSteps(t, m, "store queue")
			p := m.pushes[0]
			if p.Account != "main" || p.Token != token || p.Method != c.method || p.ContentType != c.contentType ||
				p.RawQuery != c.query || string(p.Body) != c.body {
				t.Errorf("kept %+v", p)
			}
			e := m.entries[0]
			if e.Queue != "main:push" || e.Kind != tasks.KindPush || e.TaskID != e.ID || !strings.HasPrefix(e.ID, "jumdata.push-") || !e.At.IsZero() {
				t.Errorf("queued %+v", e)
			}
		})
	}
}

func TestAcknowledgements(t *testing.T) {
	for name, c := range map[string]struct {
		ack         callbackrx.Ack
		status      int
		contentType string
	}{
		"word":    {callbackrx.Ack{Status: 200, ContentType: "text/plain", Body: "success"}, 200, "text/plain"},
		"JSON":    {callbackrx.Ack{Status: 202, ContentType: "application/json", Body: `{"error":0}`}, 202, "application/json"},
		"nothing": {callbackrx.Ack{}, 200, ""},
		"no body": {callbackrx.Ack{Status: 204}, 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			r, _ := newReceiver(m)
			r.Accounts["main"] = callbackrx.Account{Name: "main", Group: "jumdata", Ack: c.ack}
			w := push(r, "POST", pushURL, "", "x")
			wantStatus(t, w, c.status)
			if got := w.Body.String(); got != c.ack.Body {
				t.Errorf("body %q, want %q", got, c.ack.Body)
			}
			if got := w.Header().Values("Content-Type"); strings.Join(got, "|") != c.contentType && c.contentType != "" {
				t.Errorf("content type %q, want %q", got, c.contentType)
			} else if c.contentType == "" && len(got) > 0 && got[0] == "" {
				t.Error("an empty content type was sent")
			}
		})
	}
}

// Whatever is wrong, the answer is the same and nothing is kept.
func TestStrangersAreAnsweredAlike(t *testing.T) {
	m := &memory{}
	r, log := newReceiver(m)
	r.Accounts["guarded"] = callbackrx.Account{
		Name: "guarded", Group: "jumdata", Ack: callbackrx.Ack{Status: 200, Body: "success"},
		Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
	}
	mac := token[strings.LastIndexByte(token, '.')+1:]
	for name, path := range map[string]string{
		"unknown account":   "nobody/" + token,
		"another account's": "other/" + token,
		"another attempt's": "main/" + job + ".2." + mac,
		"another job's":     "main/jumdata.01JZZZZZZZZZZZZZZZZZZZZZZY.1." + mac,
		"no token of ours":  "main/x",
		"dots":              "main/a.b.c",
		"foreign address":   "guarded/" + signer.Attempt("guarded", job, 1),
		"token of no one":   "nobody/" + signer.Attempt("", job, 1),
		"escaped slash":     "main/" + token + "%2f..",
		"zero byte":         "main/" + token + "%00",
		"longest":           "main/" + strings.Repeat("a", 10_000) + ".1." + mac,
	} {
		w := push(r, "POST", callbackrx.Path+path, "", `{"mobile":"13800000001"}`)
		if w.Code != 404 || w.Body.String() != "not found\n" {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
	}
	wantSteps(t, m, "")
	for _, secret := range []string{mac, "13800000001"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %s: %s", secret, log)
		}
	}
	if n := strings.Count(log.String(), "203.0.113.9"); n != 11 {
		t.Errorf("%d refusals name the client, want 11: %s", n, log)
	}
}

func TestOtherMethodsPushNothing(t *testing.T) {
	m := &memory{}
	r, _ := newReceiver(m)
	for _, method := range []string{"HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		w := push(r, method, pushURL, "", "x")
		wantStatus(t, w, http.StatusMethodNotAllowed)
		if allow := w.Header().Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
			t.Errorf("%s: Allow %q", method, allow)
		}
	}
	for _, path := range []string{"/", "/callbacks", "/callbacks/", "/callbacks/main", "/callbacks/main/", pushURL + "/", pushURL + "/x", "/metrics"} {
		if w := push(r, "POST", path, "", "x"); w.Code == 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	wantSteps(t, m, "")
}

func TestClientAddress(t *testing.T) {
	const lb, lb2, home, evil = "10.0.0.1", "10.0.0.2", "198.51.100.7", "203.0.113.66"
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		ok        bool
	}{
		"the vendor itself":          {home + ":1", nil, true},
		"a stranger":                 {evil + ":1", nil, false},
		"a stranger who claims":      {evil + ":1", []string{home}, false},
		"the vendor behind a proxy":  {lb + ":1", []string{home}, true},
		"a stranger behind a proxy":  {lb + ":1", []string{evil}, false},
		"a claim before the proxy":   {lb + ":1", []string{home + ", " + evil}, false},
		"a claim in its own line":    {lb + ":1", []string{home, evil}, false},
		"behind two proxies":         {lb + ":1", []string{home + "," + lb2}, true},
		"a claim behind two proxies": {lb + ":1", []string{home + "," + evil + "," + lb2}, false},
		"a claimed proxy":            {lb + ":1", []string{home + "," + lb2 + "," + evil}, false},
		"a proxy that names nobody":  {lb + ":1", []string{""}, false},
		"a proxy that says unknown":  {lb + ":1", []string{home + ",unknown"}, false},
		"a proxy alone":              {lb + ":1", nil, false},
		"proxies all the way":        {lb + ":1", []string{lb + "," + lb2}, false},
		"the vendor, mapped to v6":   {"[::ffff:" + home + "]:1", nil, true},
		"a proxy, mapped to v6":      {"[::ffff:" + lb + "]:1", []string{"::ffff:" + home}, true},
		"spaces":                     {lb + ":1", []string{"  " + home + "  "}, true},
		"v6 vendor":                  {"[2001:db8::1]:1", nil, true},
		"v6 stranger":                {"[2001:db9::1]:1", nil, false},
		"no address":                 {"@", nil, false},
		"no address, a claim":        {"@", []string{home}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			r, _ := newReceiver(m)
			r.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
			r.Accounts["main"] = callbackrx.Account{
				Name: "main", Group: "jumdata", Ack: callbackrx.Ack{Status: 200, Body: "success"},
				Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")},
			}
			w := push(r, "POST", pushURL, "", "x", func(req *http.Request) {
				req.RemoteAddr = c.peer
				req.Header["X-Forwarded-For"] = c.forwarded
			})
			want := map[bool]int{true: 200, false: 404}[c.ok]
			wantStatus(t, w, want)
		})
	}
}

// A proxy that names nobody is not the client, even where its own address may push.
func TestUnnamedClientIsNotItsProxy(t *testing.T) {
	m := &memory{}
	r, _ := newReceiver(m)
	r.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	a := r.Accounts["main"]
	a.Allow = r.TrustedProxies
	r.Accounts["main"] = a
	w := push(r, "POST", pushURL, "", "x", func(req *http.Request) {
		req.RemoteAddr = "10.0.0.1:1"
		req.Header.Set("X-Forwarded-For", "unknown")
	})
	wantStatus(t, w, 404)
	w = push(r, "POST", pushURL, "", "x", func(req *http.Request) { req.RemoteAddr = "10.0.0.1:1" })
	wantStatus(t, w, 200)
}
