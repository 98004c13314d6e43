package ratelimit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// Every configured rule is listed, whether it passes or not, in the order of the
// table; those that are off are not.
func TestWhyListsEveryRule(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		s := newScene(t, r, ratelimit.Rules{
			Window: nineToNine(), PerNumber: []ratelimit.PerNumber{daily(), rolling(5, time.Hour, time.Second)},
			OneAtATime: true, Lockout: time.Hour, Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}, MaxInFlight: 9, DailyCap: 7,
		}, wall("2026-11-22 12:00:00"))
		want := []string{
			"suppression", "window", "per_number", "per_number", "per_number", "per_number", "one_at_a_time",
			"lockout", "lockout", "rate", "max_in_flight", "daily_cap",
			"breaker", "halt", "vendor_window", "vendor_frequency", "operator", "expires",
		}
		w := s.why()
		if got := names(w); !slices.Equal(got, want) || w.Binding != "" || !w.Earliest.Equal(s.now) {
			t.Errorf("rules %v, bound by %q until %v; want %v", got, w.Binding, w.Earliest, want)
		}
		if !w.Rules[1].Closes.Equal(wall("2026-11-22 20:59:30")) {
			t.Errorf("the window closes at %v", w.Rules[1].Closes)
		}
		s.use(ratelimit.Rules{})
		want = []string{"suppression", "breaker", "halt", "vendor_window", "vendor_frequency", "operator", "expires"}
		if got := names(s.why()); !slices.Equal(got, want) {
			t.Errorf("without rules %v are listed, want %v", got, want)
		}
	})
}

func names(w ratelimit.Why) (out []string) {
	for _, r := range w.Rules {
		out = append(out, r.Rule)
	}
	return out
}

// Each quota of each number has its own count.
func TestWhyCountsByNumberAndQuota(t *testing.T) {
	r := redistest.Mini(t)
	rules := ratelimit.Rules{PerNumber: []ratelimit.PerNumber{daily(), rolling(2, time.Hour, time.Second)}, Lockout: time.Hour}
	s := newScene(t, r, rules, wall("2026-11-22 12:00:00"))
	s.hset("number:n", "c:g.a.1@0", s.in(-2*time.Hour), "c:g.b.1@0", s.in(-time.Minute))
	s.hset("number:m", "c:g.a.1@0", s.in(-2*time.Minute), "c:g.b.1@0", s.in(-time.Minute), "lock", s.in(time.Minute))
	w := s.why()
	want := []ratelimit.RuleOf{
		{Rule: "per_number", Passes: true, Count: 2, Limit: 3, Number: 1, Quota: &rules.PerNumber[0]},
		{Rule: "per_number", Passes: true, Count: 1, Limit: 2, Number: 1, Quota: &rules.PerNumber[1]},
		{Rule: "per_number", Passes: true, Count: 2, Limit: 3, Number: 2, Quota: &rules.PerNumber[0]},
		{Rule: "per_number", Count: 2, Limit: 2, Number: 2, Quota: &rules.PerNumber[1], Until: wall("2026-11-22 12:58:01")},
		{Rule: "lockout", Passes: true, Number: 1},
		{Rule: "lockout", Number: 2, Until: wall("2026-11-22 12:01:00")},
	}
	got := slices.DeleteFunc(w.Rules, func(r ratelimit.RuleOf) bool { return r.Rule != "per_number" && r.Rule != "lockout" })
	if len(got) != len(want) {
		t.Fatalf("%d rules, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		g := got[i]
		if g.Rule != want[i].Rule || g.Passes != want[i].Passes || g.Count != want[i].Count || g.Limit != want[i].Limit ||
			g.Number != want[i].Number || g.Quota != want[i].Quota && *g.Quota != *want[i].Quota || !g.Until.Equal(want[i].Until) {
			t.Errorf("rule %d: %+v, want %+v", i, g, want[i])
		}
	}
	if w.Binding != "per_number" || !w.Earliest.Equal(wall("2026-11-22 12:58:01")) {
		t.Errorf("bound by %q until %v", w.Binding, w.Earliest)
	}
}

// A gate that ends in the night is as good as shut until the window opens, though
// Admit names its own end first.
func TestWhyEndsInAnOpening(t *testing.T) {
	s := newScene(t, redistest.Mini(t), ratelimit.Rules{Window: nineToNine(), DailyCap: 1, Day: shanghai}, wall("2026-11-22 20:00:00"))
	s.zadd("lane:acct:day", "g.a.1@0", s.in(-time.Hour))
	w := s.why()
	if w.Binding != "daily_cap" || !w.Earliest.Equal(wall("2026-11-23 09:00:05")) {
		t.Errorf("bound by %q until %v", w.Binding, w.Earliest)
	}
	if a := s.admit(); a.Decision != ratelimit.Shut || a.Reason != "daily_cap" || !a.Until.Equal(wall("2026-11-23 00:00:00")) {
		t.Errorf("admit: %+v", a)
	}
}

// Where the rate binds, the pacer gets its slot at that time and none before.
func TestWhySaysWhenTheNextSlotIs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rules := ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 2, Burst: 2}, QueryRate: ratelimit.Rate{PerSecond: 1, Burst: 1}}
		s := newScene(t, r, rules, wall("2026-11-22 12:00:00"))
		lane := ratelimit.NewLane(s.store, "g", whyAccount, rules, func() time.Time { return s.now })
		lease := func(p ratelimit.Pace) {
			t.Helper()
			if got, err := lane.Lease(s.ctx, p, 1, 0); err != nil || len(got.Slots) != 1 {
				t.Fatalf("lease: %+v, %v", got, err)
			}
		}
		lease(ratelimit.PaceCalls)
		if w := s.why(); w.Binding != "" {
			t.Errorf("bound by %q with one of a burst of two used", w.Binding)
		}
		lease(ratelimit.PaceCalls)
		w := s.why()
		if w.Binding != "rate" || !w.Earliest.Equal(s.now.Add(510*time.Millisecond)) {
			t.Errorf("bound by %q until %v", w.Binding, w.Earliest)
		}
		s.now = w.Earliest
		if w := s.why(); w.Binding != "" {
			t.Errorf("bound by %q at the time of the slot", w.Binding)
		}
		lease(ratelimit.PaceQueries)
		s.req.Anytime, s.req.Free = true, true
		w, _, err := s.door.Why(s.ctx, s.req, ratelimit.PaceQueries)
		if err != nil || w.Binding != "query_rate" || !w.Earliest.Equal(s.now.Add(1020*time.Millisecond)) {
			t.Errorf("a query is bound by %q until %v, %v", w.Binding, w.Earliest, err)
		}
	})
}

// What may run at any time is stopped by no gate and no line, and none is listed.
func TestWhyOfWhatRunsAtAnyTime(t *testing.T) {
	s := newScene(t, redistest.Mini(t), ratelimit.Rules{Window: nineToNine(), DailyCap: 1, MaxInFlight: 1, OneAtATime: true},
		wall("2026-11-22 03:00:00"))
	s.gate("halt", 0, "balance")
	s.req.Anytime, s.req.Free, s.req.Suppress, s.req.LineFor = true, true, nil, 0
	w := s.why()
	if got := names(w); w.Binding != "" || !slices.Equal(got, []string{"one_at_a_time", "expires"}) {
		t.Errorf("bound by %q, rules %v", w.Binding, got)
	}
}

// A wait that stands only in the record is the job's own; what a rule held it for
// counts only while the rule says so.
func TestWhyOfAHeldJob(t *testing.T) {
	s := newScene(t, redistest.Mini(t), ratelimit.Rules{}, wall("2026-11-22 12:00:00"))
	s.job("state", "held", "hold_reason", "binding", "hold_until", s.in(5*time.Second))
	if w := s.why(); w.Binding != "binding" || !w.Earliest.Equal(s.now.Add(5*time.Second)) || w.Rules[0].Rule != "binding" {
		t.Errorf("bound by %q until %v: %v", w.Binding, w.Earliest, names(w))
	}
	s.job("hold_reason", "per_number")
	w := s.why()
	if w.Binding != "" || w.HeldFor != "per_number" || !w.HeldUntil.Equal(s.now.Add(5*time.Second)) {
		t.Errorf("bound by %q, held for %q until %v", w.Binding, w.HeldFor, w.HeldUntil)
	}
}

// A job that is not waiting is waited for.
func TestWhyOfWhatWasSent(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		s := newScene(t, r, ratelimit.Rules{}, wall("2026-11-22 12:00:00"))
		s.req.Go = true
		if a := s.admit(); a.Decision != ratelimit.Go {
			t.Fatalf("admit: %+v", a)
		}
		w := s.why()
		if owned := s.now.Add(45 * time.Second); w.State != record.Submitting || !w.SendBefore.Equal(s.now.Add(5*time.Second)) ||
			!w.Due.Equal(owned) || !w.Last.Equal(owned) || len(w.Rules) != 0 || !w.Earliest.IsZero() {
			t.Errorf("submitting: %+v", w)
		}
		if _, err := s.store.Settle(s.ctx, s.id, s.req.Numbers, record.Settlement{
			Attempt: 1, Token: "t1", Result: record.ResultInDoubt, Repeat: false,
		}); err != nil {
			t.Fatal(err)
		}
		if w = s.why(); w.State != record.InDoubt || !w.Last.Equal(s.now.Add(time.Hour)) || !w.Due.Equal(w.Last) || w.Repeats {
			t.Errorf("in doubt: %+v", w)
		}
		s.req.JobID = "g.none"
		if _, ok, err := s.door.Why(s.ctx, s.req, ratelimit.PaceCalls); ok || err != nil {
			t.Errorf("of no record: %v, %v", ok, err)
		}
	})
}
