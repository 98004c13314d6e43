package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/providers/all"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

func config(t *testing.T, text string) *configs.Config {
	t.Helper()
	c, err := configs.Load([]byte(text), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.StateDir == "" { // not the home of whoever runs the tests
		c.StateDir = t.TempDir()
	}
	return c
}

func oneAccount(redis, group string) string {
	return fmt.Sprintf(`redis: {url: %q}
admin: {listen: "127.0.0.1:1"}
accounts:
  - {name: main, vendor: jumdata, group: %s, credentials: {app_id: a, app_secret: b}}
  - {name: later, vendor: jumdata, group: later, auth_mode: appcode, base_url: https://a.example, credentials: {app_code: c}}
`, redis, group)
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := open(anyPort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestWorkerPublishesAndStops(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		admin := listener(t)
		a, err := Start(t.Context(), config(t, oneAccount(r.URL(), "jumdata")), Options{Log: quiet(), Admin: admin})
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin.Addr().String()+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("readyz: %v, %v", answer, err)
		}
		_ = answer.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		accounts, err := tasks.Accounts(t.Context(), r.Client)
		if err != nil || !slices.Equal(accounts["main"].Kinds, []tasks.Kind{tasks.KindNotify, tasks.KindPoll}) || len(accounts["later"].Kinds) != 0 {
			t.Errorf("published: %+v, %v", accounts, err)
		}
		if err := a.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := a.Stop(); err != nil {
			t.Errorf("a second stop: %v", err)
		}
	})
}

func TestGroupOfAnAccountIsFixed(t *testing.T) {
	r := redistest.Mini(t)
	startAndStop(t, oneAccount(r.URL(), "jumdata"))
	_, err := Start(t.Context(), config(t, oneAccount(r.URL(), "other")), Options{Log: quiet(), Admin: listener(t)})
	if err == nil || !strings.Contains(err.Error(), `account main: its group is "jumdata"`) {
		t.Errorf("a changed group: %v", err)
	}
}

func TestDifferentRulesAreSaidLoudly(t *testing.T) {
	r := redistest.Mini(t)
	for _, limit := range []string{"3", "3", "4"} {
		text := oneAccount(r.URL(), "jumdata") + "  - {name: quota, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {per_number: [{limit: " + limit + ", per: 24h}]}}\n"
		if got := strings.Contains(startAndStop(t, text), "account quota: its rules, pool, probe or redial differ"); got != (limit == "4") {
			t.Errorf("limit %s: said so: %v", limit, got)
		}
	}
}

func TestStartErrors(t *testing.T) {
	r := redistest.Mini(t)
	taken := listener(t)
	for name, tt := range map[string]struct{ text, want string }{
		"no account": {fmt.Sprintf("redis: {url: %q}\n", r.URL()), "accounts: is empty"},
		"redis away": {oneAccount("redis://127.0.0.1:1/0", "jumdata"), "redis at 127.0.0.1:1 does not answer"},
		"a listener that is taken": {strings.Replace(oneAccount(r.URL(), "jumdata"), "127.0.0.1:1", taken.Addr().String(), 1),
			"admin.listen: "},
	} {
		_, err := Start(t.Context(), config(t, tt.text), Options{Log: quiet()})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestPushSecretIsMadeOnce(t *testing.T) {
	r := redistest.Mini(t)
	token := func() string {
		a := &App{config: &configs.Config{}, rdb: r.Client}
		s, err := a.signer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Attempt("main", "jumdata.x", 1)
	}
	if first, second := token(), token(); first != second {
		t.Errorf("two workers sign differently: %s, %s", first, second)
	}
}

func TestSandboxOnce(t *testing.T) {
	var out, errs bytes.Buffer
	if err := RunSandbox(t.Context(), SandboxOptions{Once: true, JSON: true, Out: &out, Err: &errs}); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(sampleList()) {
		t.Fatalf("%d lines for %d samples:\n%s", len(lines), len(sampleList()), out.String())
	}
	// Three connected calls, one over a number, and two that were asked for by hand.
	if !strings.Contains(errs.String(), "\n6 recordings were stored, byte for byte as the vendors have them.") {
		t.Errorf("it says of recordings:\n%s", errs.String())
	}
	for _, account := range []string{accountITNIO, accountInterline, accountEmpty} {
		if !strings.Contains(errs.String(), account+": ") {
			t.Errorf("it says nothing of how %s stands:\n%s", account, errs.String())
		}
	}
	shown := map[string]bool{}
	for _, line := range lines {
		var row struct {
			Kind, Vendor, To, State, Cause string
			Expected                       bool
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil || !row.Expected || strings.ContainsFunc(row.To, unicode.IsDigit) && !strings.Contains(row.To, "****") && !slices.Contains(sandboxPool(), row.To) {
			t.Errorf("%s: %v", line, err)
		}
		shown[row.Vendor+" "+row.Kind] = true
	}
	want := map[string]bool{"interline call": true, "interline sms": true, "interline recording": true}
	for _, vendor := range []string{"jumdata", "itnio", "dingxin", "interline"} {
		for _, kind := range all.Kinds(vendor) {
			want[vendor+" "+kind] = true
		}
	}
	if !maps.Equal(shown, want) {
		t.Errorf("shown: %v\nwant every kind on every vendor: %v", shown, want)
	}
}

func TestSandboxEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := RunSandbox(ctx, SandboxOptions{Once: true, Out: io.Discard, Err: io.Discard}); err == nil {
		t.Error("a canceled sandbox ended well")
	}
}

// TestSandboxAtAnyHour: one account is open and the other shut at each minute of
// the day, also around midnight and on the hour.
func TestSandboxAtAnyHour(t *testing.T) {
	r := redistest.Mini(t)
	for minute := 0; minute < 24*60; minute += 7 {
		now := time.Date(2026, 11, 22, 0, minute, 59, 999e6, time.UTC)
		c := config(t, sandboxConfig(r.Addr, "127.0.0.1:2", "127.0.0.1:3", vendorAddresses(), now))
		store := record.New(r.Client).WithClock(func() time.Time { return now })
		if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		for i, want := range []ratelimit.Decision{ratelimit.Ready, ratelimit.Shut} {
			id := fmt.Sprintf("jumdata.%d-%d", minute, i)
			if _, err := store.Create(t.Context(), record.NewJob{ID: id, ExpiresIn: time.Hour, SubmitToken: "t"}); err != nil {
				t.Fatal(err)
			}
			admission := ratelimit.NewAdmission(store, roster.Rules(c.Accounts[i].Rules), func() time.Time { return now })
			got, err := admission.Admit(t.Context(), ratelimit.Request{JobID: id, Attempt: 1, Token: "t"})
			if err != nil || got.Decision != want {
				t.Errorf("%s, account %s: %+v, %v", now, c.Accounts[i].Name, got, err)
			}
		}
	}
}

// vendorAddresses are those of vendors that nobody asks.
func vendorAddresses() map[string]string {
	out := map[string]string{}
	for _, v := range (simulators{}).all() {
		out[v.account] = "127.0.0.1:1"
	}
	return out
}
