package configs

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestAccountDefaults(t *testing.T) {
	a := mustLoad(t, withAccount(vendorJumdata)).Accounts[0]
	a.Rules, a.Credentials = Rules{}, nil
	want := Account{
		Name: "a", Vendor: vendorJumdata, Group: vendorJumdata, BaseURL: "https://api.jumdata.com",
		Concurrency: 20, Timeout: 10 * time.Second,
		Retry:           Retry{MaxAttempts: 5, Backoff: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}},
		Poll:            Poll{First: time.Minute, Backoff: []time.Duration{2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}, GiveUp: 24 * time.Hour},
		InDoubtDeadline: 30 * time.Minute,
		Breaker:         Breaker{After: 20, Open: 10 * time.Second, MaxOpen: time.Minute},
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("account = %+v\nwant      %+v", a, want)
	}
	if got := mustLoad(t, withAccount(vendorITNIO)).Accounts[0].BaseURL; got != "https://api.itniotech.com" {
		t.Errorf("itnio's base_url = %q", got)
	}
}

func TestAccountKeys(t *testing.T) {
	a := mustLoad(t, withAccount(vendorJumdata,
		"group: shared", "base_url: http://127.0.0.1:9000/vendor//", "recording_base_url: https://rec.example.com/",
		"concurrency: 1000", "timeout: 5m", "retry: {max_attempts: 1, backoff: [1s]}", "poll: {first: 1s, give_up: 1s}",
		"in_doubt_deadline: 1s", "breaker: {after: 1, open: 1s, max_open: 1s}",
		"push: {allow_cidrs: [10.0.0.0/8, 192.0.2.1, \"2001:db8::/32\"], ack: {status: 201, content_type: application/json, body: '{}'}}",
		"sign_variant: v2", "send_notify_data: false", "code_500: retry", "return_url_key: retrun_url", "limit_patterns: {number_lock: [a.*b]}",
	)).Accounts[0]
	if a.Group != "shared" || a.BaseURL != "http://127.0.0.1:9000/vendor" || a.RecordingBaseURL != "https://rec.example.com" {
		t.Errorf("addresses = %+v", a)
	}
	if a.Concurrency != 1000 || a.Timeout != 5*time.Minute || a.InDoubtDeadline != time.Second || a.Poll.GiveUp != time.Second || a.Retry.MaxAttempts != 1 {
		t.Errorf("numbers = %+v", a)
	}
	wantPush := Push{
		AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/32")},
		Ack:        Ack{Status: 201, ContentType: "application/json", Body: "{}"},
	}
	if !reflect.DeepEqual(a.Push, wantPush) {
		t.Errorf("push = %+v", a.Push)
	}
	wantSwitches := map[string]string{"sign_variant": "v2", "send_notify_data": "false", "code_500": "retry", "return_url_key": "retrun_url"}
	if !reflect.DeepEqual(a.Switches, wantSwitches) || !reflect.DeepEqual(a.LimitPatterns, map[string][]string{"number_lock": {"a.*b"}}) {
		t.Errorf("switches = %v, patterns = %v", a.Switches, a.LimitPatterns)
	}
}

func TestPlainHTTP(t *testing.T) {
	for text, good := range map[string]bool{
		"base_url: http://127.0.0.1:1":                                true,
		"base_url: http://127.8.8.8":                                  true,
		"base_url: \"http://[::1]:1\"":                                true,
		"base_url: http://localhost:1":                                true,
		"base_url: http://localhost.example.com":                      false,
		"base_url: http://127.0.0.1.example.com":                      false,
		"base_url: http://10.0.0.1":                                   false,
		"base_url: http://10.0.0.1\nallow_plain_http: true":           true,
		"base_url: ftp://10.0.0.1":                                    false,
		"recording_base_url: http://10.0.0.1":                         false,
		"recording_base_url: http://10.0.0.1\nallow_plain_http: true": true,
	} {
		_, err := loadWith(withAccount(vendorJumdata, text), "x.yaml", nil, nil)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAdminNeedsTokensOffLoopback(t *testing.T) {
	const head = "redis: {url: redis://127.0.0.1:6379/0}\nadmin: "
	for text, good := range map[string]bool{
		"{}":                          true,
		"{listen: \"[::1]:0\"}":       true,
		"{listen: localhost:1}":       true,
		"{listen: \":8081\"}":         false,
		"{listen: \"[::]:8081\"}":     false,
		"{listen: box.example.com:1}": false,
		"{listen: 10.0.0.1:1}":        false,
		"{listen: 127.0.0.1:65536}":   false,
		"{listen: 0.0.0.0:1, tokens: [{name: a, token: b}]}": true,
		"{listen: 0.0.0.0:1, tokens: []}":                    false,
	} {
		_, err := loadWith(head+text, "x.yaml", nil, nil)
		if (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	cfg := mustLoad(t, head+"{tokens: [{name: a, token: b}, {name: c, token: d, role: operator}]}")
	if got := cfg.Admin.Tokens; got[0].Role != RoleViewer || got[1].Role != RoleOperator {
		t.Errorf("roles = %+v", got)
	}
}

func TestSectionsThatAreOff(t *testing.T) {
	cfg := mustLoad(t, "redis: {url: redis://127.0.0.1:6379/0}")
	want := &Config{
		Redis:   cfg.Redis,
		Log:     Log{Level: "info", Format: "text"},
		Records: Records{Retention: 72 * time.Hour, KeyRetention: 720 * time.Hour},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("config = %+v", cfg)
	}
	if cfg.NotBuilt() != nil {
		t.Errorf("NotBuilt = %q", cfg.NotBuilt())
	}
}

func TestNotBuiltNamesEverything(t *testing.T) {
	cfg := mustLoad(t, `
redis: {url: redis://127.0.0.1:6379/0, durability: wait}
events: {url: "https://app.example.com/", secret: s}
recordings: {url: file:///var/lib/callpacer/recordings}
records: {archive: file:///var/lib/callpacer/archive}
accounts:
  - {name: a, vendor: itnio, credentials: {api_key: k, api_secret: s, app_id: a}, limit_patterns: {number_lock: [x]}}
  - name: b
    vendor: jumdata
    auth_mode: appcode
    base_url: https://jumfixed.market.alicloudapi.com
    credentials: {app_code: c}
    rules: {max_in_flight: 5, daily_cap: 6}
    breaker: {after: 3}
    sign_variant: v1
    sign_case: upper
    timestamp_unit: s
    encoding: json
    return_url_key: retrun_url
    telx_means: dial
    send_notify_data: false
    code_500: retry
  - {name: c, vendor: jumdata, auth_mode: sign, credentials: {app_id: a, app_secret: s}}
`)
	want := []string{
		"redis.durability: not built yet; writes wait for Redis's own answer only",
		"records.archive: not built yet; records end without being archived",
		"accounts[0] (a).limit_patterns: itnio has no such lists; they are ignored",
		"accounts[1] (b).auth_mode: appcode is not built yet; its jobs are refused",
	}
	for _, name := range []string{"sign_variant", "sign_case", "timestamp_unit", "encoding", "return_url_key", "telx_means"} {
		want = append(want, "accounts[1] (b)."+name+": jumdata has no such switch; it is ignored")
	}
	if got := cfg.NotBuilt(); !slices.Equal(got, want) {
		t.Errorf("NotBuilt = %q", got)
	}
}

func TestRedisOptions(t *testing.T) {
	url := mustLoad(t, "redis: {url: rediss://user:p%40ss@redis.example.com:6380/3}")
	o, err := url.Redis.Options()
	if err != nil || !slices.Equal(o.Addrs, []string{"redis.example.com:6380"}) || o.DB != 3 || o.Username != "user" || o.Password != "p@ss" ||
		o.TLSConfig == nil || o.TLSConfig.ServerName != "redis.example.com" || o.IsClusterMode || o.MasterName != "" {
		t.Errorf("url: %+v, %v", o, err)
	}
	cluster := mustLoad(t, "redis: {cluster: [\"10.0.0.1:6379\"], username: u, password: p, tls: true, durability: off}")
	o, err = cluster.Redis.Options()
	if err != nil || !o.IsClusterMode || !slices.Equal(o.Addrs, []string{"10.0.0.1:6379"}) || o.Username != "u" || o.Password != "p" || o.TLSConfig == nil {
		t.Errorf("cluster: %+v, %v", o, err)
	}
	sentinel := mustLoad(t, "redis: {sentinel: {master: m, addrs: [\"s1:26379\", \"s2:26379\"], username: su, password: sp}, password: p, db: 2}")
	o, err = sentinel.Redis.Options()
	if err != nil || o.IsClusterMode || o.MasterName != "m" || len(o.Addrs) != 2 || o.DB != 2 || o.Password != "p" || o.SentinelUsername != "su" || o.SentinelPassword != "sp" || o.TLSConfig != nil {
		t.Errorf("sentinel: %+v, %v", o, err)
	}
	if _, err = (&Redis{}).Options(); err == nil {
		t.Error("no address gives options")
	}
}
