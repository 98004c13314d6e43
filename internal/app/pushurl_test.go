package app

import (
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/redistest"
)

const pushURLConfig = `redis: {url: REDIS}
public: {listen: "127.0.0.1:1", url: "https://calls.example.com"SECRET}
accounts:
  - {name: main, vendor: itnio, credentials: {api_key: a, api_secret: b, app_id: c}}
`

// The printed address verifies at any worker, with the configured secret as with
// the one that is kept in Redis.
func TestPushURL(t *testing.T) {
	r := redistest.Mini(t)
	for name, secret := range map[string]string{"configured": ", secret: push-secret", "kept in Redis": ""} {
		c := config(t, strings.NewReplacer("REDIS", r.URL(), "SECRET", secret).Replace(pushURLConfig))
		got, err := PushURL(t.Context(), c, "main")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		token, ok := strings.CutPrefix(got, "https://calls.example.com/callbacks/main/")
		signer, err := (&App{config: c, rdb: r.Client}).signer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if id, n, valid := signer.Verify("main", token); !ok || !valid || id != "" || n != 0 {
			t.Errorf("%s: %s", name, got)
		}
		if _, _, valid := signer.Verify("other", token); valid {
			t.Errorf("%s: the address verifies for another account", name)
		}
		if _, _, valid := pushtoken.New([]byte("guess")).Verify("main", token); valid {
			t.Errorf("%s: the address verifies under another secret", name)
		}
	}
}

func TestPushURLErrors(t *testing.T) {
	for want, text := range map[string]string{
		"public: is missing": "redis: {url: \"redis://127.0.0.1:1/0\"}\naccounts:\n  - {name: main, vendor: itnio, credentials: {api_key: a, api_secret: b, app_id: c}}\n",
		"it has other":       strings.NewReplacer("REDIS", "redis://127.0.0.1:1/0", "SECRET", ", secret: s", "name: main", "name: other").Replace(pushURLConfig),
		"does not answer":    strings.NewReplacer("REDIS", "redis://127.0.0.1:1/0", "SECRET", "").Replace(pushURLConfig),
	} {
		if _, err := PushURL(t.Context(), config(t, text), "main"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A vendor that is told an address with each call would never use one that an
// operator prints and registers.
func TestPushURLOfVendorsThatAreToldOne(t *testing.T) {
	const text = `redis: {url: "redis://127.0.0.1:1/0"}
public: {listen: "127.0.0.1:1", url: "https://calls.example.com", secret: push-secret}
accounts:
  - {name: jumdata-main, vendor: jumdata, credentials: {app_id: a, app_secret: b}}
  - {name: dingxin-main, vendor: dingxin, credentials: {app_key: a, app_secret: b}}
  - {name: itnio-main, vendor: itnio, credentials: {api_key: a, api_secret: b, app_id: c}}
  - {name: interline-main, vendor: interline, base_url: https://interline.example, credentials: {dev_id: a, auth_key: b, app_id: c}}
`
	for name, refused := range map[string]bool{"jumdata-main": true, "dingxin-main": true, "itnio-main": false, "interline-main": false} {
		got, err := PushURL(t.Context(), config(t, text), name)
		switch {
		case refused && (err == nil || !strings.Contains(err.Error(), "is told an address with each call")):
			t.Errorf("%s: %s, %v", name, got, err)
		case !refused && (err != nil || !strings.Contains(got, "/callbacks/"+name+"/")):
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}
