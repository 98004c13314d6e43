package app

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

func TestCheckDescribesLanes(t *testing.T) {
	r := redistest.Mini(t)
	text := checkFile(r.URL(), "") +
		"  - {name: bare, vendor: jumdata, group: other, credentials: {app_id: a, app_secret: b}, rules: {window: off, per_number: off, " +
		"one_at_a_time: off, lockout: off, rate: off}}\n" +
		"  - {name: strict, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {rate: {per_second: 0.5, burst: 1}, " +
		"lockout: 90m, window: {open: \"22:00:30\", close: \"06:00\", weekdays: [mon, sun], blackout: [\"2027-02-17\"]}}}\n"
	report := checked(t, text, 0)
	var out bytes.Buffer
	if err := report.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"lane  main; jumdata; group jumdata; serves notify",
		"; rate 20/s, burst 5; query_rate 10/s, burst 5; window 09:00-21:00 Asia/Shanghai; per_number 3 per calendar_day and 3 per 24h; " +
			"one_at_a_time on; lockout 24h; max_in_flight off; daily_cap off (no fuse against cost); pool off; probe off; redial off\n",
		"lane  bare; jumdata; group other; serves notify",
		"; rate off; query_rate 10/s, burst 5; window off; per_number off; one_at_a_time off; lockout off; max_in_flight off",
		"; rate 0.5/s, burst 1;",
		"window 22:00:30-06:00 Asia/Shanghai on mon, sun, blackout days: 1;",
		"lockout 1h30m;",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

// What an account's middle numbers, probe and redials are is said in both forms, and spans
// so short that they look like an accident are warned of.
func TestCheckDescribesPoolProbeAndRedial(t *testing.T) {
	r := redistest.Mini(t)
	const interline = "  - {name: %s, vendor: interline, group: %[1]s, base_url: \"https://b.example\", credentials: {dev_id: d, auth_key: k, app_id: a}%s}\n"
	report := checked(t, checkFile(r.URL(), ", redial: {busy: 29s, no_answer: 30s, power_off: 2h}")+
		fmt.Sprintf(interline, "plain", "")+
		fmt.Sprintf(interline, "full", ", pool: [\"17000000001\", \"17000000002\"], probe: {every: 29s, threshold: \"-20\", warn_below: \"50\"}"), 0)
	var text, lines bytes.Buffer
	if err := errors.Join(report.WriteText(&text), report.WriteJSON(&lines)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"; pool off; probe off; redial busy 29s, no_answer 30s, power_off 2h, max 2\n",
		"; pool off; probe every 5m, threshold 0; redial off\n",
		"; pool 2; probe every 29s, threshold -20, warn below 50; redial off\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, text.String())
		}
	}
	if want := `"pool":"2","probe":"every 29s, threshold -20, warn below 50","redial":"off"`; !strings.Contains(lines.String(), want) {
		t.Errorf("no %s in:\n%s", want, lines.String())
	}
	wantFinding(t, report, "account full", LevelWarn, "probe.every is 29s: is it meant?")
	wantFinding(t, report, "account main", LevelWarn, "redial.busy is 29s: is it meant?")
	if n := strings.Count(text.String(), "is it meant?"); n != 2 {
		t.Errorf("%d spans are short in:\n%s", n, text.String())
	}
}

// What is accepted and not done is said, and why an account serves nothing.
func TestCheckSaysWhatIsNotBuilt(t *testing.T) {
	r := redistest.Mini(t)
	text := checkFile(r.URL(), ", auth_mode: appcode, base_url: \"https://b.example\"")
	text = strings.Replace(text, "{app_id: a, app_secret: b}", "{app_code: c}", 1)
	report := checked(t, text, 0)
	wantFinding(t, report, "configuration", LevelWarn, "not built in this version: accounts[0] (main).auth_mode")
	wantFinding(t, report, "account main", LevelFail, "all its jobs are refused: auth_mode: ")
	if l := report.Lanes[0]; len(l.Kinds) != 0 || l.Refused == "" || !strings.Contains(l.line(), "serves nothing (auth_mode: ") {
		t.Errorf("lane: %+v", l)
	}
}

func TestCheckOfPushes(t *testing.T) {
	r := redistest.Mini(t)
	text := strings.Replace(checkFile(r.URL(), ""), "public:", "#", 1)
	text = strings.Replace(text, "admin:", "#", 1)
	report := checked(t, text, 0)
	wantFinding(t, report, "account main", LevelWarn, "only polls tell how calls end")
	wantFinding(t, report, "configuration", LevelWarn, "no admin section")
	report = Report{}
	c := config(t, text)
	report.evidence("account main", &c.Accounts[0], c, struct{}{})
	wantFinding(t, report, "account main", LevelWarn, "nothing tells how calls end")
	report = Report{}
	c.Accounts[0].Vendor = "itnio"
	report.evidence("account main", &c.Accounts[0], c, struct{}{})
	wantFinding(t, report, "account main", LevelWarn, "unverified against the vendor")
}

func TestCheckOfAccounts(t *testing.T) {
	r := redistest.Mini(t)
	wantFinding(t, checked(t, "redis: {url: "+r.URL()+"}\n", 0), "configuration", LevelFail, "accounts: is empty")
	report := checked(t, checkFile(r.URL(), ", limit_patterns: {nothing: [a]}"), 0)
	wantFinding(t, report, "account main", LevelFail, "limit_patterns")
}

// Workers have run before: an account keeps its group, and its rules agree.
func TestCheckComparesWithThePublishedAccounts(t *testing.T) {
	r := redistest.Mini(t)
	startAndStop(t, strings.Replace(checkFile(r.URL(), ""), "public:", "#", 1))
	wantFinding(t, checked(t, checkFile(r.URL(), ""), 0), "published", LevelOK, "same group and rules: 1")
	wantFinding(t, checked(t, checkFile(r.URL(), ", group: other"), 0), "published", LevelFail, `its group is "jumdata"`)
	wantFinding(t, checked(t, checkFile(r.URL(), ", rules: {lockout: 1h}"), 0), "published", LevelWarn, "its rules, pool, probe or redial differ")
	wantFinding(t, checked(t, checkFile(r.URL(), ", redial: {busy: 10m}"), 0), "published", LevelWarn, "its rules, pool, probe or redial differ")
	if err := r.Client.HSet(t.Context(), "callpacer:accounts", "main", "{").Err(); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, checked(t, checkFile(r.URL(), ""), 0), "published", LevelFail, "published account main")
}
