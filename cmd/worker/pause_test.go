package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
)

// paused says what the pause of asynq's queue holds.
func (o *office) paused(queue string) string {
	return o.r.Client.Get(o.t.Context(), "asynq:{"+queue+"}:paused").Val()
}

func TestPauseAndResume(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newLaneOffice(t, r)
		if out := o.did("pause", "main", "--reason", "the vendor\nworks, call 13800000001"); out != "main is paused until it is resumed, by ann: the vendor works, call 138****0001\n" {
			t.Errorf("%q", out)
		}
		for _, queue := range []string{"main:urgent", "main:normal", "main:bulk"} {
			if got := o.paused(queue); !strings.HasPrefix(got, "callpacer:") {
				t.Errorf("%s: %q", queue, got)
			}
		}
		if o.paused("main:follow")+o.paused("main:push")+o.paused("spare:normal") != "" {
			t.Error("more is paused than the lane")
		}
		if out := o.did("pause", "main", "--for", "1h"); !strings.HasPrefix(out, "main is paused already, since ") || !strings.Contains(out, "until it is resumed, by ann: the vendor works") {
			t.Errorf("%q", out)
		}
		o.gate("vendor_window", time.Hour, "closed")
		if out := o.did("resume", "main", "--reason", "operator"); !matches(out, "main: operator taken away\nstill shut: vendor_window until *: closed\n") {
			t.Errorf("%q", out)
		}
		if out := o.did("resume", "main"); out != "main: vendor_window taken away\nmain is open\n" || o.paused("main:normal") != "" {
			t.Errorf("%q, %q", out, o.paused("main:normal"))
		}
		if out := o.did("resume", "main"); out != "main: there was nothing to take away\nmain is open\n" {
			t.Errorf("%q", out)
		}
	})
}

func TestPauseOfOneQueue(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newLaneOffice(t, r)
		if out := o.did("pause", "main:bulk", "--for", "2h"); !regexp.MustCompile(`^main:bulk is paused until \S+, by ann\n$`).MatchString(out) {
			t.Errorf("%q", out)
		}
		if o.paused("main:bulk") == "" || o.paused("main:normal") != "" {
			t.Error("not the one queue")
		}
		o.gate("halt", 0, "balance")
		if out := o.did("resume", "main:bulk"); out != "main:bulk: operator/bulk taken away\nstill shut: halt until somebody takes it away: balance\n" {
			t.Errorf("%q", out)
		}
	})
}

func TestPauseAndResumeForMachines(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newLaneOffice(t, r)
		out := o.did("pause", "main:bulk", "--for", "2h", "--json")
		var p map[string]any
		if err := json.Unmarshal([]byte(out), &p); err != nil || len(p) != 7 || p["lane"] != "main:bulk" || p["reason"] != "operator/bulk" || p["detail"] != "by ann" || p["already"] != false {
			t.Fatalf("%s: %v", out, err)
		}
		since, err1 := time.Parse(time.RFC3339, p["since"].(string))
		until, err2 := time.Parse(time.RFC3339, p["until"].(string))
		if err1 != nil || err2 != nil || until.Sub(since) != 2*time.Hour || p["paused_queues"].([]any)[0] != "main:bulk" {
			t.Errorf("%s", out)
		}
		o.gate("halt", 0, "")
		want := `{"lane":"main:bulk","opened":["operator/bulk"],"still":[{"reason":"halt","since":"*","until":null,"detail":""}],"rules_known":true}` + "\n"
		if out := o.did("resume", "main:bulk", "--json"); !matches(out, want) {
			t.Errorf("%s", out)
		}
		if out := o.did("resume", "main", "--json"); out != `{"lane":"main","opened":["halt"],"still":[],"rules_known":true}`+"\n" {
			t.Errorf("%s", out)
		}
	})
}

// What a rule shuts is told, and when that ends.
func TestResumeOfAShutWindow(t *testing.T) {
	o := newLaneOffice(t, redistest.Mini(t))
	opens := time.Now().Add(2 * time.Hour).UTC()
	o.file = fileOf(t, `redis: {url: "`+o.r.URL()+`"}
accounts:
  - {name: main, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {window: {open: "`+opens.Format("15:04")+`", close: "`+opens.Add(time.Hour).Format("15:04")+`", time_zone: UTC}}}
`)
	o.did("pause", "main")
	out := o.did("resume", "main")
	// The window's guard lets it open five seconds later.
	at := opens.Truncate(time.Minute).Add(5 * time.Second).Local().Format(time.RFC3339)
	if want := "main: operator taken away\nstill shut: window, which ends by itself at " + at + "\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	if out := o.did("lanes"); !strings.Contains(out, "main  shut   window  "+at+" (in ") {
		t.Errorf("%s", out)
	}
}
