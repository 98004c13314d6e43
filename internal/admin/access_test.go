package admin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

func bearer(t Token) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+t.Token) }
}

func TestTokens(t *testing.T) {
	d := newDesk(t, redistest.Mini(t), viewerToken, operatorToken)
	for name, tt := range map[string]struct {
		change      func(*http.Request)
		read, press int
		readOnly    string
	}{
		"none":          {nil, http.StatusUnauthorized, http.StatusUnauthorized, ""},
		"wrong":         {bearer(Token{Token: "operator-toke"}), http.StatusUnauthorized, http.StatusUnauthorized, ""},
		"empty":         {bearer(Token{}), http.StatusUnauthorized, http.StatusUnauthorized, ""},
		"viewer":        {bearer(viewerToken), http.StatusOK, http.StatusForbidden, "true"},
		"operator":      {bearer(operatorToken), http.StatusOK, http.StatusNoContent, "false"},
		"as a password": {func(r *http.Request) { r.SetBasicAuth("any", "operator-token") }, http.StatusOK, http.StatusNoContent, "false"},
		"through a name": {func(r *http.Request) { // a proxy's: who has the token may use it
			r.Host = "monitor.example.com"
			bearer(operatorToken)(r)
		}, http.StatusOK, http.StatusNoContent, "false"},
	} {
		page := ask(t, d.handler, http.MethodGet, "/monitor/", tt.change)
		if page.Code != tt.read || !strings.Contains(page.Body.String(), `FLAG_READ_ONLY="`+tt.readOnly) && tt.readOnly != "" {
			t.Errorf("%s: %d, want %d and a page with read-only %q", name, page.Code, tt.read, tt.readOnly)
		}
		if got := ask(t, d.handler, http.MethodPost, "/monitor/api/queues/main:normal:pause", tt.change); got.Code != tt.press {
			t.Errorf("%s presses: %d %s, want %d", name, got.Code, got.Body, tt.press)
		}
	}
	d.wantLanes("pause main normal ops", "pause main normal ops", "pause main normal ops")
	if got := ask(t, d.handler, http.MethodGet, "/healthz", nil); got.Code != http.StatusOK {
		t.Errorf("health needs no token: %d", got.Code)
	}
}

func TestOtherSitesPressNothing(t *testing.T) {
	for _, tokens := range [][]Token{nil, {operatorToken}} {
		d := newDesk(t, redistest.Mini(t), tokens...)
		for name, headers := range map[string]map[string]string{
			"cross-site":                 {"Sec-Fetch-Site": "cross-site"},
			"same-site":                  {"Sec-Fetch-Site": "same-site"},
			"another origin":             {"Origin": "https://evil.example"},
			"another port":               {"Origin": "http://127.0.0.1:9999"},
			"no origin":                  {"Origin": "null"},
			"cross-site, forged Origin":  {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8081"},
			"cross-site simple form":     {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
			"cross-site, other override": {"Sec-Fetch-Site": "cross-site", "X-HTTP-Method-Override": "GET"},
		} {
			for _, button := range [][2]string{{"POST", "main:normal:pause"}, {"DELETE", "main:normal/pending_tasks/g.x"}} {
				got := d.send(button[0], button[1], "", func(r *http.Request) {
					bearer(operatorToken)(r)
					for k, v := range headers {
						r.Header.Set(k, v)
					}
				})
				if got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), "another site") {
					t.Errorf("%s, %s: %d %s, want 403", name, button, got.Code, got.Body)
				}
			}
		}
		d.wantLanes()
		for name, headers := range map[string]map[string]string{
			"the page itself": {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8081"},
			"an old browser":  {"Origin": "http://127.0.0.1:8081"},
			"no browser":      {},
		} {
			got := d.send("POST", "main:normal:pause", "", func(r *http.Request) {
				bearer(operatorToken)(r)
				for k, v := range headers {
					r.Header.Set(k, v)
				}
			})
			d.wantAnswer(got, http.StatusNoContent, "")
			d.wantLanes("pause main normal " + map[bool]string{true: "loopback", false: "ops"}[tokens == nil])
			if got.Code != http.StatusNoContent {
				t.Error(name)
			}
		}
	}
}

// A name of another site may lead to 127.0.0.1 (DNS rebinding); its pages are
// then of the same origin as ours.
func TestHostMustBeThisMachine(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:8081": true, "LOCALHOST.:8081": true, "a.localhost:8081": true,
		"127.0.0.1": true, "127.0.0.1:8081": true, "[::1]:8081": true, "[::1]": true, "192.168.1.7:8081": true,
		"": false, "evil.example": false, "evil.example:8081": false, "localhost.evil.example": false,
		"127.0.0.1.evil.example": false, "127.0.0.1.nip.io:8081": false, "evillocalhost": false, ":8081": false, "worker": false,
	} {
		want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[ok]
		for _, path := range []string{"/monitor/", "/monitor/api/queues", "/monitor/static/x.js"} {
			if got := ask(t, d.handler, http.MethodGet, path, func(r *http.Request) { r.Host = host }); got.Code != want {
				t.Errorf("%s of host %q: %d, want %d", path, host, got.Code, want)
			}
		}
		if got := ask(t, d.handler, http.MethodPost, "/monitor/api/queues/main:bulk:resume", func(r *http.Request) { r.Host = host }); (got.Code == http.StatusNoContent) != ok {
			t.Errorf("press with host %q: %d", host, got.Code)
		}
		if got := ask(t, d.handler, http.MethodGet, "/healthz", func(r *http.Request) { r.Host = host }); got.Code != http.StatusOK {
			t.Errorf("health of host %q: %d", host, got.Code)
		}
	}
}

func TestPageIsNotFramed(t *testing.T) {
	got := ask(t, newDesk(t, redistest.Mini(t)).handler, http.MethodGet, "/monitor/", nil)
	if got.Header().Get("X-Frame-Options") != "DENY" || got.Header().Get("Content-Security-Policy") != "frame-ancestors 'none'" {
		t.Errorf("headers %v", got.Header())
	}
}
