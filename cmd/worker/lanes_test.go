package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/app"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// newLaneOffice has an account without a window, so that the hour does not matter.
func newLaneOffice(t *testing.T, r *redistest.Redis) *office {
	t.Helper()
	t.Setenv("SUDO_USER", "ann")
	o := newOffice(t, r, 0)
	o.file = fileOf(t, fmt.Sprintf(`redis: {url: %q}
accounts:
  - {name: main, vendor: itnio, credentials: {api_key: a, api_secret: "${NOT_SET_ANYWHERE}", app_id: c}, rules: {max_in_flight: 9}}
  - {name: spare, vendor: itnio, credentials: {api_key: a, api_secret: b, app_id: c}, rules: {rate: "off"}, breaker: {after: 4}}
`, r.URL()))
	return o
}

// did runs a command that must succeed and say nothing on standard error.
func (o *office) did(args ...string) string {
	o.t.Helper()
	status, out, errs := o.run(args...)
	if status != statusDone || errs != "" {
		o.t.Fatalf("%v: status %d, %q, %q", args, status, out, errs)
	}
	return out
}

// gate shuts the lane main beside the command.
func (o *office) gate(reason string, span time.Duration, detail string) {
	o.t.Helper()
	lane := ratelimit.NewLane(o.store, "itnio", "main", ratelimit.Rules{}, time.Now)
	if err := lane.Shut(o.t.Context(), reason, span, detail); err != nil {
		o.t.Fatal(err)
	}
}

func TestLanesForMachines(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newLaneOffice(t, r)
		open := func(account, rest string) string {
			return `{"account":"` + account + `","vendor":"itnio","group":"itnio","state":"open","reasons":[],"depth":{"urgent":0,"normal":0,"bulk":0},` +
				`"later":0,"active":0,"in_flight":0,` + rest + `,"held":{},"in_doubt":0,"reserved":0,"failures":0,"paused_queues":[],"workers":0}` + "\n"
		}
		limited, free := `"max_in_flight":9,"rate":{"used":0,"limit":20,"burst":5}`, `"max_in_flight":null,"rate":{"used":0,"limit":null,"burst":null}`
		if out := o.did("lanes", "--json"); out != open("main", limited)+open("spare", free) {
			t.Errorf("open:\n%swant\n%s", out, open("main", limited)+open("spare", free))
		}
		o.gate("halt", 0, "balance \x1b[2J13800000001")
		o.gate("vendor_window", time.Hour, "x")
		line, _, _ := strings.Cut(o.did("lanes", "--json"), "\n")
		var shut struct {
			State   string
			Reasons []map[string]any
		}
		if err := json.Unmarshal([]byte(line), &shut); err != nil || shut.State != "shut" || len(shut.Reasons) != 2 {
			t.Fatalf("%s: %v", line, err)
		}
		halt, window := shut.Reasons[0], shut.Reasons[1]
		until, err := time.Parse(time.RFC3339, fmt.Sprint(window["until"]))
		if halt["reason"] != "halt" || halt["until"] != nil || halt["detail"] != "balance [2J138****0001" || halt["since"] == nil || len(halt) != 4 || err != nil || time.Until(until) < 59*time.Minute {
			t.Errorf("%s: %v", line, err)
		}
	})
}

func TestLanesForPeople(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o, ctx := newLaneOffice(t, r), t.Context()
		o.gate("halt", 0, "balance 0")
		o.gate("vendor_window", time.Hour, "")
		for i, reason := range []string{"retry", "retry", "per_number"} {
			id := fmt.Sprint("itnio.", i)
			r.Client.ZAdd(ctx, "callpacer:{itnio}:due", redis.Z{Score: 1, Member: id})
			r.Client.HSet(ctx, "callpacer:{itnio}:job:"+id, "account", "main", "state", "held", "hold_reason", reason, "hold_until", time.Now().Add(time.Hour).UnixMilli())
		}
		r.Client.HSet(ctx, "callpacer:{itnio}:lane:spare", "b:fails", 3)
		if _, err := tasks.Publish(ctx, r.Client, tasks.Account{Name: "far", Group: "far"}); err != nil {
			t.Fatal(err)
		}
		status, out, errs := o.run("lanes")
		if status != statusDone || errs != "worker: other workers have lanes that are not in this configuration: far\n" {
			t.Errorf("status %d, %q", status, errs)
		}
		var got []string
		for line := range strings.Lines(out) {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		for i, want := range []string{
			"LANE STATE WHY UNTIL URGENT/NORMAL/BULK LATER IN-FLIGHT RATE HELD IN-DOUBT",
			"main shut halt +1 resumed by hand 0/0/0 0 0/9 0/20 3 -",
			"halt since * until resumed by hand: balance 0",
			"vendor_window since * until *",
			"held: per_number 1, retry 2",
			"no worker takes its jobs: none runs with this account, or its clock is off",
			"spare open - - 0/0/0 0 - 0/off - -",
			"breaker: 3 of 4 failures in a row",
			"no worker takes its jobs: none runs with this account, or its clock is off",
		} {
			if i >= len(got) || !matches(got[i], want) {
				t.Fatalf("line %d is not %q:\n%s", i, want, out)
			}
		}
	})
}

// probed keeps what a vendor told of the account main, as workers do.
func (o *office) probed(fields ...any) {
	o.t.Helper()
	if err := o.r.Client.HSet(o.t.Context(), "callpacer:{itnio}:lane:main", fields...).Err(); err != nil {
		o.t.Fatal(err)
	}
}

func TestLanesTellTheProbe(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newLaneOffice(t, r)
		if out := o.did("lanes", "--json"); strings.Contains(out, "probe") {
			t.Errorf("nobody asked yet: %s", out)
		}
		at := time.Now().Add(-3*time.Minute - 10*time.Second).Truncate(time.Millisecond)
		o.probed("probe_at", at.UnixMilli(), "probe_state", "active", "probe_balance", "99.5", "probe_overdraft", "0", "probe_currency", "CNY")
		told := `"probe":{"at":` + fmt.Sprintf("%q", at.Format(time.RFC3339Nano)) + `,"state":"active","balance":"99.5","overdraft":"0","currency":"CNY","low":false,"why":""}`
		if out := o.did("lanes", "--json"); !strings.Contains(out, told) || strings.Count(out, "probe") != 1 {
			t.Errorf("%s lacks %s", out, told)
		}
		for _, c := range []struct {
			fields []any
			want   string
		}{
			{nil, "probe: active, balance 99.5 CNY (overdraft 0), 3m*s ago\n"},
			{[]any{"probe_low", 1, "probe_overdraft", ""}, "probe: low, active, balance 99.5 CNY, 3m*s ago\n"},
			{[]any{"probe_why", "1003 no 13800000001"}, "probe failed: 1003 no 138****0001; before that low, active, balance 99.5 CNY, 3m*s ago\n"},
		} {
			if c.fields != nil {
				o.probed(c.fields...)
			}
			if out := o.did("lanes"); !matches(out, "*\n  "+c.want+"*") {
				t.Errorf("no %q in\n%s", c.want, out)
			}
		}
		r.Client.Del(t.Context(), "callpacer:{itnio}:lane:main")
		o.probed("probe_why", "13800000001 \x1b[2J timeout")
		if out := o.did("lanes"); !strings.Contains(out, "\n  probe failed: 138****0001 [2J timeout\n") {
			t.Errorf("no failed probe in\n%s", out)
		}
		if out := o.did("lanes", "--json"); !strings.Contains(out, `"probe":{"at":null,"state":"","balance":"","overdraft":"","currency":"","low":false,"why":"138****0001 [2J timeout"}`) {
			t.Errorf("no failed probe in %s", out)
		}
	})
}

// matches compares with a pattern in which * is anything.
func matches(s, pattern string) bool {
	for i, part := range strings.Split(pattern, "*") {
		at := strings.Index(s, part)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		s = s[at+len(part):]
	}
	return s == "" || strings.HasSuffix(pattern, "*")
}

func TestLastReason(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	in := func(d time.Duration) *time.Time { at := now.Add(d); return &at }
	for name, tt := range map[string]struct {
		reasons    []app.LaneReason
		why, until string
	}{
		"none":                {nil, "-", "-"},
		"the later one":       {[]app.LaneReason{{Reason: "a", Until: in(time.Hour)}, {Reason: "b", Until: in(2 * time.Hour)}}, "b +1", "2026-11-22T03:00:00Z (in 2h00m)"},
		"one without an end":  {[]app.LaneReason{{Reason: "a"}, {Reason: "b", Until: in(time.Hour)}}, "a +1", "resumed by hand"},
		"that of the lane":    {[]app.LaneReason{{Reason: "operator/bulk"}, {Reason: "window", Until: in(90 * time.Second)}}, "window +1", "2026-11-22T01:01:30Z (in 1m30s)"},
		"of queues the later": {[]app.LaneReason{{Reason: "operator/bulk", Until: in(50 * time.Hour)}, {Reason: "operator/urgent", Until: in(1)}}, "operator/bulk +1", "2026-11-24T03:00:00Z (in 2d2h)"},
		"about to end":        {[]app.LaneReason{{Reason: "a", Until: in(time.Millisecond)}}, "a", "2026-11-22T01:00:01Z (in 1s)"},
	} {
		if why, until := (laneTable{now: now}).last(tt.reasons); why != tt.why || until != tt.until {
			t.Errorf("%s: %q, %q; want %q, %q", name, why, until, tt.why, tt.until)
		}
	}
}

// While workers run, asynq's pause may differ from the reasons for a second.
func TestPausesUnlikeTheReasons(t *testing.T) {
	reasons := []app.LaneReason{{Reason: "operator/bulk"}}
	for name, tt := range map[string]struct {
		status app.LaneStatus
		want   string
	}{
		"alike":      {app.LaneStatus{Reasons: reasons, PausedQueues: []tasks.Queue{"a:bulk"}}, ""},
		"not yet":    {app.LaneStatus{Reasons: reasons}, "to be paused within a second: a:bulk"},
		"whole lane": {app.LaneStatus{Reasons: []app.LaneReason{{Reason: "halt"}}}, "to be paused within a second: a:urgent, a:normal, a:bulk"},
		"a trial":    {app.LaneStatus{Reasons: []app.LaneReason{{Reason: "breaker", Trial: true}}}, ""},
		"by hand":    {app.LaneStatus{PausedQueues: []tasks.Queue{"a:follow"}}, "paused, to be opened or explained within a second: a:follow"},
	} {
		tt.status.Account = "a"
		if got := strings.Join(unlike(tt.status), "\n"); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestLanesAreRefused(t *testing.T) {
	r := redistest.Mini(t)
	o := newLaneOffice(t, r)
	empty := fileOf(t, fmt.Sprintf("redis: {url: %q}\n", r.URL()))
	away := fileOf(t, oneAccount("redis://127.0.0.1:1/0"))
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no file":           {[]string{"lanes"}, statusUsage, "give --config FILE"},
		"an argument":       {[]string{"lanes", "main", "--config", o.file}, statusUsage, `"main"`},
		"no accounts":       {[]string{"lanes", "--config", empty}, statusFailed, "has no accounts"},
		"redis away":        {[]string{"lanes", "--config", away}, statusFailed, "redis at 127.0.0.1:1 does not answer"},
		"pause nothing":     {[]string{"pause", "--config", o.file}, statusUsage, "give one lane"},
		"pause two":         {[]string{"pause", "main", "spare", "--config", o.file}, statusUsage, "give one lane"},
		"pause an unknown":  {[]string{"pause", "frob", "--config", o.file}, statusFailed, `lane "frob" is unknown; known are main, spare`},
		"pause a queue":     {[]string{"pause", "main:frob", "--config", o.file}, statusFailed, "is no lane"},
		"pause follow":      {[]string{"pause", "main:follow", "--config", o.file}, statusFailed, "main:follow always runs on"},
		"pause push":        {[]string{"pause", "main:push", "--config", o.file}, statusFailed, "main:push always runs on"},
		"pause backwards":   {[]string{"pause", "main", "--for", "-1h", "--config", o.file}, statusUsage, "longer than 0"},
		"pause for nothing": {[]string{"pause", "main", "--for", "0s", "--config", o.file}, statusUsage, "longer than 0"},
		"resume an unknown": {[]string{"resume", "frob", "--config", o.file}, statusFailed, "known are main, spare"},
		"resume follow":     {[]string{"resume", "main:follow", "--config", o.file}, statusFailed, "always runs on"},
		"resume a window":   {[]string{"resume", "main", "--reason", "window", "--config", o.file}, statusFailed, "ends by itself"},
		"resume for what":   {[]string{"resume", "main", "--reason", "frob", "--config", o.file}, statusUsage, `"frob" is no reason`},
		"resume a queue of": {[]string{"resume", "main:bulk", "--reason", "halt", "--config", o.file}, statusUsage, "goes with a whole lane"},
	} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), tt.args, &out, &errs); status != tt.status || out.Len() > 0 || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("%s: status %d, %q, %q; want %d, %q", name, status, out.String(), errs.String(), tt.status, tt.want)
		}
	}
	if keys := r.Client.Keys(t.Context(), "callpacer:{itnio}:lane:*").Val(); len(keys) != 0 {
		t.Errorf("a refusal wrote %q", keys)
	}
}

func TestWhoAmI(t *testing.T) {
	t.Setenv("SUDO_USER", "ann\n")
	if who := whoAmI(); who != "ann" {
		t.Errorf("with sudo: %q", who)
	}
	t.Setenv("SUDO_USER", "")
	if u, err := user.Current(); err == nil && whoAmI() != u.Username {
		t.Errorf("%q, want %q", whoAmI(), u.Username)
	}
}
