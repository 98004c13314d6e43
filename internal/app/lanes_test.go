package app

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// yard is the lanes of a configuration at a time of the test's choice.
type yard struct {
	*Lanes
	t   *testing.T
	r   *redistest.Redis
	now time.Time
}

// noon is within the window of an account that has none of its own.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

func newYard(t *testing.T, r *redistest.Redis) *yard {
	t.Helper()
	c := config(t, fmt.Sprintf(`redis: {url: %q}
accounts:
  - {name: main, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {daily_cap: 2, max_in_flight: 7}}
  - {name: other, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {rate: "off"}}
`, r.URL()))
	y := &yard{Lanes: NewLanes(c, r.Client, quiet()), t: t, r: r, now: noon}
	y.Lanes.now = func() time.Time { return y.now }
	y.store = y.store.WithClock(y.Lanes.now)
	return y
}

func mainKey(part string) string { return "callpacer:{jumdata}:lane:main" + part }

func (y *yard) shared() *ratelimit.Lane { return y.configured(&y.accounts[0]).Lane }

func (y *yard) shutFor(reason string, span time.Duration, detail string) {
	y.t.Helper()
	if err := y.shared().Shut(y.t.Context(), reason, span, detail); err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) main() LaneStatus {
	y.t.Helper()
	all, err := y.List(y.t.Context())
	if err != nil || len(all) != 2 || all[0].Account != "main" || all[1].Account != "other" {
		y.t.Fatalf("%+v, %v", all, err)
	}
	return all[0]
}

func (y *yard) open(name string, reasons ...string) ResumedLane {
	y.t.Helper()
	out, err := y.Open(y.t.Context(), y.name(name), reasons...)
	if err != nil {
		y.t.Fatal(err)
	}
	return out
}

func (y *yard) shut(name string, span time.Duration, detail string) PausedLane {
	y.t.Helper()
	out, err := y.Shut(y.t.Context(), y.name(name), span, detail)
	if err != nil {
		y.t.Fatal(err)
	}
	return out
}

func (y *yard) name(s string) LaneName {
	y.t.Helper()
	n, err := ParseLane(s)
	if err != nil || n.String() != s {
		y.t.Fatalf("%s: %v, %v", s, n, err)
	}
	return n
}

func reasonNames(rs []LaneReason) []string {
	out := []string{}
	for _, r := range rs {
		out = append(out, r.Reason)
	}
	return out
}

func wantNames[S ~string](t *testing.T, what string, got []S, want ...S) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

var (
	allQueues    = []tasks.Queue{"main:urgent", "main:normal", "main:bulk"}
	storedGates  = []string{"halt", "vendor_window", "vendor_frequency", "operator", "operator/bulk"}
	everyReason  = []string{"breaker", "clock", "daily_cap", "halt", "operator", "operator/bulk", "vendor_frequency", "vendor_window", "window"}
	openedByHand = []string{"breaker", "clock", "halt", "operator", "operator/bulk", "vendor_frequency", "vendor_window"}
)

// shutForAll shuts the lane for every reason that there is.
func (y *yard) shutForAll() {
	ctx, r := y.t.Context(), y.r.Client
	for i, reason := range storedGates {
		y.shutFor(reason, time.Duration(i)*time.Hour, "detail of "+reason) // halt: until somebody opens it
	}
	y.now = noon.Add(10 * time.Hour) // at night
	y.shutFor("vendor_frequency", 6*time.Hour, "x")
	for _, reason := range storedGates[1:] {
		y.shutFor(reason, 6*time.Hour, "detail of "+reason)
	}
	r.HSet(ctx, mainKey(""), "b:until", y.now.Add(time.Minute).UnixMilli())
	for i := range 2 {
		r.ZAdd(ctx, mainKey(":day"), redis.Z{Score: float64(noon.UnixMilli()), Member: i})
	}
	r.Set(ctx, "callpacer:{jumdata}:clock", y.now.Add(10*time.Second).UnixMilli(), 0)
}

func TestLanesShowAndTakeAwayEveryReason(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y := newYard(t, r)
		if s := y.main(); s.State != LaneOpen || len(s.Reasons) != 0 || len(s.PausedQueues) != 0 {
			t.Fatalf("%+v", s)
		}
		y.shutForAll()
		s := y.main()
		wantNames(t, "shut for", reasonNames(s.Reasons), everyReason...)
		until := map[string]string{}
		for _, reason := range s.Reasons {
			if reason.Until != nil {
				until[reason.Reason] = reason.Until.In(noon.Location()).Format("02 15:04:05")
			}
			if reason.Since.IsZero() {
				t.Errorf("since when? %+v", reason)
			}
		}
		want := map[string]string{
			"breaker": "23 22:01:00", "daily_cap": "24 00:00:00", "operator": "24 04:00:00", "operator/bulk": "24 04:00:00",
			"vendor_frequency": "24 04:00:00", "vendor_window": "24 04:00:00", "window": "24 09:00:05",
		}
		if fmt.Sprint(until) != fmt.Sprint(want) || s.State != LaneShut || s.Reasons[3].Detail != "detail of halt" {
			t.Errorf("until %v, want %v; %+v", until, want, s)
		}
		// One reason alone, then all that a person can take away.
		wantNames(t, "opened", y.open("main", "halt", "breaker").Opened, "breaker", "halt")
		done := y.open("main")
		wantNames(t, "opened then", done.Opened, slices.DeleteFunc(slices.Clone(openedByHand), func(s string) bool { return s == "halt" || s == "breaker" })...)
		wantNames(t, "still shut for", reasonNames(done.Still), "daily_cap", "window")
		wantNames(t, "paused", y.main().PausedQueues, allQueues...)
		y.now = noon.Add(24 * time.Hour)
		wantNames(t, "on the next day", reasonNames(y.main().Reasons))
	})
}

// What the vendor said of the account stands with its lane.
func TestLanesShowTheProbe(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y := newYard(t, r)
		if s := y.main(); s.Probe != nil {
			t.Fatalf("nobody asked yet: %+v", s.Probe)
		}
		low := false
		news := ratelimit.ProbeNews{
			NextIn: time.Minute, Asked: noon, Told: true, Good: true, Low: &low,
			Probed: ratelimit.Probed{State: "active", Balance: "99.5", Overdraft: "0", Currency: "CNY"},
		}
		if _, err := y.shared().Probed(t.Context(), news); err != nil {
			t.Fatal(err)
		}
		p := y.main().Probe
		if p == nil || p.At == nil || !p.At.Equal(noon) {
			t.Fatalf("%+v", p)
		}
		if got := *p; got.State != "active" || got.Balance != "99.5" || got.Overdraft != "0" || got.Currency != "CNY" || got.Low || got.Why != "" {
			t.Errorf("%+v", got)
		}
		y.now, low = noon.Add(time.Minute), true
		news.Asked, news.Balance = y.now, "3"
		if _, err := y.shared().Probed(t.Context(), news); err != nil {
			t.Fatal(err)
		}
		y.now = noon.Add(2 * time.Minute)
		if _, err := y.shared().Probed(t.Context(), ratelimit.ProbeNews{NextIn: time.Minute, Asked: y.now, Probed: ratelimit.Probed{Why: "timeout"}}); err != nil {
			t.Fatal(err)
		}
		if p := y.main().Probe; p == nil || !p.Low || p.Balance != "3" || p.Why != "timeout" || !p.At.Equal(noon.Add(time.Minute)) {
			t.Errorf("after a failed one: %+v", p)
		}
	})
}

func TestPauseAndResumeALane(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y := newYard(t, r)
		p := y.shut("main", 0, "by a: x")
		if p.Lane != "main" || p.Reason != "operator" || p.Until != nil || p.Detail != "by a: x" || p.Already || !p.Since.Equal(y.now) {
			t.Errorf("%+v", p)
		}
		wantNames(t, "paused", p.PausedQueues, allQueues...)
		if s := y.main(); s.State != LaneShut {
			t.Errorf("%+v", s)
		}
		if p := y.shut("main", time.Hour, "by b"); !p.Already || p.Detail != "by a: x" || p.Until != nil {
			t.Errorf("a shorter pause: %+v", p)
		}
		done := y.open("main")
		wantNames(t, "opened", done.Opened, "operator")
		if s := y.main(); len(done.Still) != 0 || !done.RulesKnown || s.State != LaneOpen || len(s.PausedQueues) != 0 {
			t.Errorf("%+v, %+v", done, s)
		}
		if done := y.open("main"); done.Opened == nil || len(done.Opened) != 0 || done.Still == nil {
			t.Errorf("nothing was shut: %+v", done)
		}
	})
}

func TestAPauseRunsOut(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y := newYard(t, r)
		p := y.shut("main", 2*time.Hour, "")
		if p.Until == nil || !p.Until.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("%+v", p)
		}
		y.now = noon.Add(time.Second)
		if p := y.shut("main", time.Hour, ""); !p.Already || !p.Until.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("a shorter one: %+v", p)
		}
		if p := y.shut("main", 2*time.Hour, "longer"); p.Already || !p.Until.Equal(y.now.Add(2*time.Hour)) || !p.Since.Equal(noon) || p.Detail != "longer" {
			t.Errorf("a longer one: %+v", p)
		}
		end := y.now.Add(2 * time.Hour)
		y.now = end.Add(-time.Millisecond)
		if s := y.main(); s.State != LaneShut {
			t.Errorf("a moment before: %+v", s)
		}
		y.now = end
		if s := y.main(); s.State != LaneOpen || len(s.Reasons) != 0 {
			t.Errorf("at its end: %+v", s)
		}
		if p := y.shut("main", time.Hour, ""); p.Already || !p.Since.Equal(y.now) {
			t.Errorf("paused anew: %+v", p)
		}
	})
}

func TestOneQueueOnly(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y := newYard(t, r)
		wantNames(t, "paused", y.shut("main:bulk", 0, "by a").PausedQueues, "main:bulk")
		if s := y.main(); s.State != LaneOpen || len(s.Reasons) != 1 || s.Reasons[0].Reason != "operator/bulk" {
			t.Errorf("%+v", s)
		}
		y.shut("main:urgent", 0, "")
		y.shut("main:normal", 0, "")
		if s := y.main(); s.State != LaneShut || len(s.PausedQueues) != 3 {
			t.Errorf("all three: %+v", s)
		}
		y.shut("main", 0, "by b")
		done := y.open("main:bulk")
		wantNames(t, "opened", done.Opened, "operator/bulk")
		wantNames(t, "still", reasonNames(done.Still), "operator")
		wantNames(t, "paused by the lane", y.main().PausedQueues, allQueues...)
		wantNames(t, "only the lane's", y.open("main", "operator").Opened, "operator")
		wantNames(t, "its own pauses stay", y.main().PausedQueues, "main:urgent", "main:normal")
		wantNames(t, "opened", y.open("main").Opened, "operator/normal", "operator/urgent")
	})
}
