package event

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/netguard/netguardtest"
)

func TestAJobsOwnURL(t *testing.T) {
	o := Options{
		URL:             "https://app.example.com/hooks/calls?k=v",
		AllowedPrefixes: []string{"https://app.example.com/hooks/", "https://b.example.com:8443/", "https://noslash.example.com"},
	}
	for own, endpoint := range map[string]string{
		"": "https://app.example.com:443",
		"https://app.example.com/hooks/calls?k=v":          "https://app.example.com:443",
		"https://app.example.com/hooks/x?y=1":              "https://app.example.com:443",
		"https://app.example.com/hooks/":                   "https://app.example.com:443",
		"https://b.example.com:8443/":                      "https://b.example.com:8443",
		"https://noslash.example.com/x":                    "https://noslash.example.com:443",
		"https://app.example.com/hook":                     "",
		"https://app.example.com/hooks/../admin":           "",
		"https://app.example.com/hooks/%2e%2e/a":           "",
		"https://app.example.com/hooks/..%2fa":             "",
		"https://app.example.com/hooks/..%5ca":             "",
		"https://app.example.com.evil.com/hooks/":          "",
		"https://noslash.example.com.evil.com/":            "",
		"https://noslash.example.com@evil.com/":            "",
		"https://noslash.example.com:99/":                  "",
		"https://b.example.com:84433/":                     "",
		"https://b.example.com/":                           "",
		"http://app.example.com/hooks/x":                   "",
		"HTTPS://app.example.com/hooks/x":                  "https://app.example.com:443",
		"https://evil.com/?https://app.example.com/hooks/": "",
		"ftp://app.example.com/hooks/":                     "",
		"https://app.example.com/hooks/\x7f":               "",
		"::":                                               "",
	} {
		to, err := o.targetOf(own)
		switch {
		case endpoint == "" && err == nil:
			t.Errorf("%q is allowed", own)
		case endpoint != "" && (err != nil || to.endpoint != endpoint):
			t.Errorf("%q: %+v, %v", own, to, err)
		case err != nil && strings.Contains(err.Error(), "evil"):
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func tryOnce(t *testing.T, o Options, own string) verdict {
	t.Helper()
	e := mustEndpoints(t, o)
	to, err := e.opts.targetOf(own)
	if err != nil {
		t.Fatal(err)
	}
	return e.post(t.Context(), to, change("jumdata.01ABC", 1), time.Now())
}

func counting(t *testing.T) (server *httptest.Server, hits *atomic.Int32) {
	hits = &atomic.Int32{}
	server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(server.Close)
	return server, hits
}

func portOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// A name that leads to another address each time is judged each time, by the address
// that is dialled.
func TestANameThatLeadsInsideIsRefused(t *testing.T) {
	server, hits := counting(t)
	resolver := netguardtest.Resolver(t, "203.0.113.9", "127.0.0.1", "10.0.0.8", "169.254.169.254")
	o := testOptions()
	o.URL, o.Resolver = "http://rebind.example.com:"+portOf(t, server)+"/", resolver
	e := mustEndpoints(t, o)
	to, err := e.opts.targetOf("")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"documentation", "loopback", "private", "link-local"} {
		v := e.post(t.Context(), to, change("jumdata.01ABC", 1), time.Now())
		if v.told || v.outcome != failed || !strings.Contains(v.why, "("+rule+")") {
			t.Errorf("%s: %+v", rule, v)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests went inside", n)
	}
	o.AllowPrivate = true
	o.Resolver = netguardtest.Resolver(t, "127.0.0.1")
	if v := tryOnce(t, o, ""); !v.told || hits.Load() != 1 {
		t.Errorf("with allow_private: %+v, %d requests", v, hits.Load())
	}
}

func TestLoopbackIsForHostsThatTheOperatorWroteSo(t *testing.T) {
	server, hits := counting(t)
	port := portOf(t, server)
	o := testOptions()
	o.URL = "http://127.0.0.1:" + port
	if v := tryOnce(t, o, ""); !v.told {
		t.Errorf("events.url with a loopback address: %+v", v)
	}
	o.URL, o.AllowedPrefixes = hooks, []string{"http://localhost:" + port + "/"}
	if v := tryOnce(t, o, "http://localhost:"+port+"/x"); !v.told {
		t.Errorf("a prefix with localhost: %+v", v)
	}
	if n := hits.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
	// Another name for the same place is not what the operator wrote.
	o.AllowedPrefixes = append(o.AllowedPrefixes, "http://other.example.com:"+port+"/")
	o.Resolver = netguardtest.Resolver(t, "127.0.0.1")
	if v := tryOnce(t, o, "http://other.example.com:"+port+"/x"); v.told || !strings.Contains(v.why, "(loopback)") {
		t.Errorf("another name: %+v", v)
	}
	if n := hits.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestNoProxyStandsBetween(t *testing.T) {
	o := testOptions()
	if o.transport().Proxy != nil {
		t.Error("a proxy would dial instead, and nobody would judge the address")
	}
}
