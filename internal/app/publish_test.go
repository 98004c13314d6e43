package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers/all"
	"github.com/callpacer/callpacer/tasks"
)

func fileWith(r *redistest.Redis, accounts ...string) string {
	text := fmt.Sprintf("redis: {url: %q}\nadmin: {listen: \"127.0.0.1:1\"}\naccounts:\n", r.URL())
	for _, a := range accounts {
		text += "  - {vendor: jumdata, credentials: {app_id: a, app_secret: b}, " + a + "}\n"
	}
	return text
}

// startAndStop returns what a worker logged.
func startAndStop(t *testing.T, text string) string {
	t.Helper()
	var said bytes.Buffer
	log := logrus.New()
	log.SetOutput(&said)
	a, err := Start(t.Context(), config(t, text), Options{Log: log, Admin: listener(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	return said.String()
}

func TestUnservedAccountsHaveNoKindsAndNoLane(t *testing.T) {
	r := redistest.Mini(t)
	appcode := "  - {name: d, vendor: jumdata, auth_mode: appcode, base_url: https://a.example, credentials: {app_code: c}}\n"
	startAndStop(t, fileWith(r, "name: a, rules: {max_in_flight: 1, daily_cap: 1}")+appcode)
	accounts, err := tasks.Accounts(t.Context(), r.Client)
	if err != nil || len(accounts) != 2 {
		t.Fatalf("published: %+v, %v", accounts, err)
	}
	if len(accounts["a"].Kinds) == 0 || len(accounts["d"].Kinds) != 0 {
		t.Errorf("account a has the kinds %v, d %v", accounts["a"].Kinds, accounts["d"].Kinds)
	}
	c := config(t, fileWith(r, "name: ok")+appcode)
	vendors, err := (&App{config: c}).buildVendors()
	if err != nil || vendors[0] == nil || vendors[1] != nil {
		t.Errorf("adapters: %v, %v", vendors, err)
	}
}

// Every vendor that a configuration can name has an adapter.
func TestConfiguredVendorsAreKnown(t *testing.T) {
	c := config(t, oneAccount("redis://127.0.0.1:1/0", "jumdata"))
	for i := range c.Accounts {
		if !all.Known(c.Accounts[i].Vendor) {
			t.Errorf("%s has no adapter", c.Accounts[i].Vendor)
		}
	}
}

// One broken account publishes none, those before it neither.
func TestBrokenAccountIsNotPublished(t *testing.T) {
	r := redistest.Mini(t)
	text := fileWith(r, "name: good", "name: broken, limit_patterns: {nothing: [a]}")
	_, err := Start(t.Context(), config(t, text), Options{Log: quiet(), Admin: listener(t)})
	if err == nil || !strings.Contains(err.Error(), "account broken: ") {
		t.Errorf("start: %v", err)
	}
	if accounts, err := tasks.Accounts(t.Context(), r.Client); err != nil || len(accounts) != 0 {
		t.Errorf("published: %+v, %v", accounts, err)
	}
}

func TestSwitchesOfOthersDoNotStopTheWorker(t *testing.T) {
	r := redistest.Mini(t)
	startAndStop(t, fileWith(r, "name: a, auth_mode: sign, sign_case: upper, timestamp_unit: s, encoding: json, sign_variant: v2, "+
		"telx_means: placed, return_url_key: retrun_url, code_500: retry, send_notify_data: false"))
	if accounts, err := tasks.Accounts(t.Context(), r.Client); err != nil || len(accounts["a"].Kinds) != 2 {
		t.Errorf("published: %+v, %v", accounts, err)
	}
}

func TestDifferentRulesPerNumberInAGroupAreSaidLoudly(t *testing.T) {
	for rules, loud := range map[string]bool{
		"rate: {per_second: 1}":                       false,
		"window: {open: \"10:00\"}":                   false,
		"per_number: [{limit: 3, per: calendar_day}]": true,
		"one_at_a_time: off":                          true,
		"lockout: 1h":                                 true,
		"window: {time_zone: Asia/Tokyo}":             true,
	} {
		r := redistest.Mini(t)
		startAndStop(t, fileWith(r, "name: first"))
		said := startAndStop(t, fileWith(r, "name: second, rules: {"+rules+"}", "name: alone, group: other, rules: {lockout: 2h}"))
		got := strings.Count(said, "level=error")
		if (got == 1) != loud || got > 1 || loud && !strings.Contains(said, "accounts second and first share group jumdata") {
			t.Errorf("%s: %s", rules, said)
		}
	}
	// Two of one worker are one pair.
	r := redistest.Mini(t)
	if said := startAndStop(t, fileWith(r, "name: a", "name: b, rules: {lockout: 1h}")); strings.Count(said, "level=error") != 1 ||
		!strings.Contains(said, "accounts a and b share group jumdata") {
		t.Errorf("of one worker: %s", said)
	}
}

// The longest public.url that configs accepts makes push URLs that Jumdata takes.
func TestLongestPushURLFits(t *testing.T) {
	r := redistest.Mini(t)
	for n := 400; ; n-- {
		text := fileWith(r, "name: main, group: shared") + "public: {url: https://a.example/" + strings.Repeat("x", n) + "}\n"
		c, err := configs.Load([]byte(text), "test.yaml")
		if err != nil {
			continue
		}
		lane := newLane(&c.Accounts[0], c, nil, nil, pushtoken.New([]byte("s")), quiet(), time.Now)
		if got := len(lane.PushURL("shared."+strings.Repeat("A", 26), 99999)); got != 255 {
			t.Errorf("the longest push URL has %d characters", got)
		}
		return
	}
}
