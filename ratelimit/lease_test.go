package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

var (
	noon   = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC) // of Shanghai
	twenty = ratelimit.Rate{PerSecond: 20, Burst: 5}
)

// laneAt is a lane whose scripts live at a time of the test's choice.
type laneAt struct {
	*ratelimit.Lane
	t     testing.TB
	r     *redistest.Redis
	now   time.Time
	known map[string]bool // slots that were leased before
}

func newLaneAt(t testing.TB, r *redistest.Redis, rules ratelimit.Rules) *laneAt {
	t.Helper()
	l := &laneAt{t: t, r: r, now: noon, known: map[string]bool{}}
	if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	l.under(rules)
	return l
}

func (l *laneAt) under(rules ratelimit.Rules) {
	store := record.New(l.r.Client).WithClock(func() time.Time { return l.now })
	l.Lane = ratelimit.NewLane(store, group, "acct", rules, func() time.Time { return l.now })
}

func (l *laneAt) key(part string) string { return redisKey("lane:", "acct"+part) }

func (l *laneAt) lease(n int, lead time.Duration) ratelimit.Lease {
	l.t.Helper()
	got, err := l.Lease(l.t.Context(), ratelimit.PaceCalls, n, lead)
	if err != nil {
		l.t.Fatal(err)
	}
	return got
}

// take leases, and tells the slots' times from now on in ms as Redis holds them.
func (l *laneAt) take(n int, lead time.Duration) string {
	l.t.Helper()
	var times []string
	for _, at := range l.slots(l.lease(n, lead)) {
		times = append(times, strconv.FormatFloat(float64(at.Sub(l.now).Microseconds())/1000, 'f', -1, 64))
	}
	return strings.Join(times, " ")
}

func (l *laneAt) slots(got ratelimit.Lease) []time.Time {
	l.t.Helper()
	var times []time.Time
	for _, s := range got.Slots {
		if l.known[s.ID] {
			l.t.Fatalf("slot %s was leased twice", s.ID)
		}
		l.known[s.ID] = true
		times = append(times, time.UnixMicro(int64(l.r.Client.ZScore(l.t.Context(), l.key(":slots"), s.ID).Val())))
	}
	return times
}

func (l *laneAt) set(fields ...string) {
	l.t.Helper()
	if err := l.r.Client.HSet(l.t.Context(), l.key(""), fields).Err(); err != nil {
		l.t.Fatal(err)
	}
}

// TestLeaseTable: the spacing of slots. Two slots of 20/s are 51 ms apart, 2 % more
// than the rate asks.
func TestLeaseTable(t *testing.T) {
	type ask struct {
		after, lead time.Duration
		n           int
		want        string
	}
	const ms = time.Millisecond
	slow := ratelimit.Rate{PerSecond: 1, Burst: 1}
	for name, row := range map[string]struct {
		rate ratelimit.Rate
		asks []ask
	}{
		"burst, then steps": {twenty, []ask{{0, 0, 8, "0 0 0 0 0 51 102 153"}}},
		"the next goes on":  {twenty, []ask{{0, 0, 6, "0 0 0 0 0 51"}, {0, 0, 2, "102 153"}, {100 * ms, 0, 2, "104 155"}}},
		"the burst comes back step by step": {twenty, []ask{
			{0, 0, 5, "0 0 0 0 0"}, {51 * ms, 0, 2, "0 51"}, {306 * ms, 0, 6, "0 0 0 0 0 51"},
		}},
		"idle for long, no more than a burst": {twenty, []ask{{0, 0, 5, "0 0 0 0 0"}, {time.Hour, 0, 7, "0 0 0 0 0 51 102"}}},
		"no sooner than in lead":              {twenty, []ask{{0, 300 * ms, 7, "300 300 300 300 300 351 402"}, {0, 0, 1, "453"}}},
		"a lead below what is free next":      {slow, []ask{{0, 0, 1, "0"}, {500 * ms, 100 * ms, 1, "520"}}},
		"not beyond the horizon": {twenty, []ask{
			{0, 700 * ms, 20, "700 700 700 700 700 751 802 853 904 955"}, {0, 0, 20, ""},
			{6 * ms, 0, 5, "1000"}, {50 * ms, 0, 5, ""}, {ms, 0, 5, "1000"},
		}},
		"a burst of one": {slow, []ask{{0, 0, 3, "0"}, {19 * ms, 0, 3, ""}, {ms, 0, 3, "1000"}, {999 * ms, 0, 3, ""}}},
		"slower than the horizon": {ratelimit.Rate{PerSecond: 0.1, Burst: 2}, []ask{
			{0, 0, 3, "0 0"}, {9199 * ms, 0, 3, ""}, {ms, 0, 3, "1000"},
		}},
		"a fast one": {ratelimit.Rate{PerSecond: 500, Burst: 2}, []ask{{0, 0, 5, "0 0 2.04 4.08 6.12"}}},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				l := newLaneAt(t, r, ratelimit.Rules{Rate: row.rate})
				for i, a := range row.asks {
					l.now = l.now.Add(a.after)
					if got := l.take(a.n, a.lead); got != a.want {
						t.Errorf("lease %d: slots in %q ms, want %q", i+1, got, a.want)
					}
				}
			})
		})
	}
}

// TestLeaseAfterClockWasSetBack: what was leased for a time that is far ahead does
// not stop the lane.
func TestLeaseAfterClockWasSetBack(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		l := newLaneAt(t, r, ratelimit.Rules{Rate: twenty})
		l.take(20, 0)
		// The group's time stands still at noon until the clock has caught up.
		l.now = noon.Add(-time.Second)
		if got := l.take(5, 0); got != "1816 1867 1918 1969" {
			t.Errorf("with the clock a second behind: %q", got)
		}
		// Somebody takes the new time for right.
		l.now = noon.Add(-time.Hour)
		if got := l.lease(5, 0); got.Shut == nil || got.Shut.Reason != "clock" {
			t.Errorf("with the clock an hour behind: %+v", got)
		}
		if _, err := l.Open(t.Context(), "clock"); err != nil {
			t.Fatal(err)
		}
		if got := l.take(3, 0); got != "0 0 0" {
			t.Errorf("by the new time: %q", got)
		}
	})
}

// TestLeaseAskAt: who got what he wanted may ask as soon as there is more; who did
// not waits so long that ten processes ask less than once a call, and no slot is lost.
func TestLeaseAskAt(t *testing.T) {
	l := newLaneAt(t, redistest.Mini(t), ratelimit.Rules{Rate: twenty})
	in := func(got ratelimit.Lease) time.Duration { return time.Until(got.AskAt) }
	if d := in(l.lease(3, 0)); d > 0 {
		t.Errorf("there is more at once, but asks in %s", d)
	}
	for _, lead := range []time.Duration{0, 300 * time.Millisecond, 700 * time.Millisecond} {
		for range 20 {
			asked := time.Now()
			got := l.lease(40, lead)
			d, most := got.AskAt.Sub(asked), max(900*time.Millisecond-lead, 100*time.Millisecond)
			// A step, and how long the test's own question took.
			if late := 51*time.Millisecond + time.Since(asked); d < most*3/4-time.Millisecond || d > most+late {
				t.Errorf("with a lead of %s it asks again in %s, want %s to %s", lead, d, most*3/4, most)
			}
		}
	}
}

// TestLeaseWhereNothingGoesOut: a gate, a full lane, a breaker that tries.
func TestLeaseWhereNothingGoesOut(t *testing.T) {
	ms := func(d time.Duration) string { return strconv.FormatInt(noon.Add(d).UnixMilli(), 10) }
	for name, row := range map[string]struct {
		rules  ratelimit.Rules
		fields []string
		lines  int
		want   string // times in ms, or the gate
	}{
		"open":                      {want: "0 0 0 0"},
		"halted":                    {fields: []string{"g:halt", "0 1 balance"}, want: "gate halt for ever"},
		"paused":                    {fields: []string{"g:operator", "0 1 x"}, want: "gate operator for ever"},
		"too frequent":              {fields: []string{"g:vendor_frequency", ms(time.Minute) + " 1 x"}, want: "gate vendor_frequency 1m0s"},
		"too frequent, over":        {fields: []string{"g:vendor_frequency", ms(0) + " 1 x"}, want: "0 0 0 0"},
		"one queue paused":          {fields: []string{"g:operator/bulk", "0 1 x"}, want: "0 0 0 0"},
		"one queue paused and shut": {fields: []string{"g:operator/bulk", "0 1 x", "g:vendor_window", ms(time.Minute) + " 1 x"}, want: "gate vendor_window 1m0s"},
		"the last of several":       {fields: []string{"g:vendor_window", ms(time.Minute) + " 1 x", "g:vendor_frequency", ms(time.Hour) + " 1 x"}, want: "gate vendor_frequency 1h0m0s"},
		"outside the window":        {rules: ratelimit.Rules{Window: &ratelimit.Window{Open: 13 * time.Hour, Close: 14 * time.Hour, Location: shanghai}}, want: "gate window 1h0m0s"},
		"inside the window":         {rules: ratelimit.Rules{Window: &ratelimit.Window{Open: 12 * time.Hour, Close: 14 * time.Hour, Location: shanghai}}, want: "0 0 0 0"},
		"the breaker is open":       {fields: []string{"b:until", ms(time.Second), "b:for", "1000"}, want: "gate breaker 1s"},
		"it tries one":              {fields: []string{"b:until", ms(0), "b:for", "1000"}, want: "0"},
		"its trial is out":          {fields: []string{"b:until", ms(0), "b:for", "1000", "b:probe", "g.j1 " + ms(time.Second)}, want: ""},
		"its trial was lost":        {fields: []string{"b:until", ms(0), "b:for", "1000", "b:probe", "g.j1 " + ms(0)}, want: "0"},
		"two lines are free":        {rules: ratelimit.Rules{MaxInFlight: 3}, lines: 1, want: "0 0"},
		"full":                      {rules: ratelimit.Rules{MaxInFlight: 3}, lines: 3, want: ""},
		"overfull":                  {rules: ratelimit.Rules{MaxInFlight: 3}, lines: 5, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				row.rules.Rate = twenty
				l := newLaneAt(t, r, row.rules)
				if len(row.fields) > 0 {
					l.set(row.fields...)
				}
				for i := range row.lines {
					l.line(fmt.Sprint(i), time.Minute)
				}
				l.line("over", 0) // its call is believed to have ended
				got := l.lease(4, 0)
				if got.Shut != nil {
					till := "for ever"
					if !got.Shut.Until.IsZero() {
						till = got.Shut.Until.Sub(l.now).String()
					}
					if answer := "gate " + got.Shut.Reason + " " + till; answer != row.want {
						t.Errorf("%s, want %q", answer, row.want)
					}
					return
				}
				var times []string
				for _, at := range l.slots(got) {
					times = append(times, strconv.FormatInt(at.Sub(l.now).Milliseconds(), 10))
				}
				if answer := strings.Join(times, " "); answer != row.want {
					t.Errorf("slots %q, want %q", answer, row.want)
				}
				if in := time.Until(got.AskAt); len(times) < 4 && (in < 100*time.Millisecond || in > 401*time.Millisecond) {
					t.Errorf("it asks again in %s, want 400 ms", in)
				}
			})
		})
	}
}

func (l *laneAt) line(job string, in time.Duration) {
	l.t.Helper()
	for member, until := range map[string]time.Duration{job: in} {
		if err := l.r.Client.Do(l.t.Context(), "ZADD", l.key(":lines"), l.now.Add(until).UnixMilli(), member).Err(); err != nil {
			l.t.Fatal(err)
		}
	}
}

// TestPromisedLines: a slot that is leased and not used yet has its line promised,
// until nobody can meet it any more.
func TestPromisedLines(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		l := newLaneAt(t, r, ratelimit.Rules{Rate: twenty, MaxInFlight: 3})
		if got := l.take(9, 50*time.Millisecond); got != "50 50 50" {
			t.Fatalf("%q", got)
		}
		l.now = noon.Add(150 * time.Millisecond)
		if got := l.take(1, 0); got != "" {
			t.Errorf("three promised, and one more in %q ms", got)
		}
		l.now = noon.Add(151 * time.Millisecond)
		if got := l.take(9, 0); got != "0 0 0" {
			t.Errorf("the promises are over: %q", got)
		}
	})
}

// TestQueriesHaveARateOfTheirOwn: no gate stops them, and they take nothing of the
// calls' rate. What no gate stops shares the calls' rate.
func TestQueriesHaveARateOfTheirOwn(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		l := newLaneAt(t, r, ratelimit.Rules{Rate: twenty, QueryRate: ratelimit.Rate{PerSecond: 10, Burst: 2}})
		pace := func(p ratelimit.Pace, n int) int {
			got, err := l.Lease(t.Context(), p, n, 0)
			if err != nil || got.Shut != nil {
				t.Fatalf("%+v, %v", got, err)
			}
			return len(got.Slots)
		}
		if n := pace(ratelimit.PaceCalls, 10); n != 10 {
			t.Fatalf("%d", n)
		}
		l.set("g:halt", "0 1 balance")
		if n := pace(ratelimit.PaceQueries, 40); n != 11 { // 2, and 9 more 102 ms apart
			t.Errorf("%d queries within a second, want 11", n)
		}
		if n := pace(ratelimit.PaceAnytime, 40); n != 14 { // 24 in all
			t.Errorf("%d more calls within a second, want 14", n)
		}
		if n := r.Client.ZCard(t.Context(), l.key(":slots")).Val(); n != 24 {
			t.Errorf("%d slots can be used for a call, want 24", n)
		}
	})
}

// TestRateIsNeverBroken: 10,000 leases of many processes at random times, leads and
// sizes: no more than the burst and the rate in any second, and where somebody always
// asks nearly the whole rate.
func TestRateIsNeverBroken(t *testing.T) {
	leases, least := 5000, 0.97
	if redistest.Raced {
		leases, least = 700, 0.95 // the last lease's horizon weighs more
	}
	for _, seed := range []uint64{1, 2} {
		random := rand.New(rand.NewPCG(seed, 7))
		rate := ratelimit.Rate{PerSecond: 20 + float64(random.IntN(200)), Burst: 1 + random.IntN(10)}
		l := newLaneAt(t, redistest.Mini(t), ratelimit.Rules{Rate: rate})
		var all []time.Time
		for range leases {
			l.now = l.now.Add(time.Duration(random.Int64N(int64(40 * time.Millisecond))))
			// Somebody is always in time for the next slot.
			lead := time.Duration(random.Int64N(int64(500 * time.Millisecond)))
			all = append(all, l.slots(l.lease(1+random.IntN(int(rate.PerSecond)), lead))...)
		}
		slices.SortFunc(all, time.Time.Compare)
		most := mostInASecond(all)
		ideal := rate.PerSecond * all[len(all)-1].Sub(noon).Seconds()
		t.Logf("%+v: %d slots, %.3f of the ideal, at most %d in a second", rate, len(all), float64(len(all))/ideal, most)
		if limit := float64(rate.Burst) + rate.PerSecond; float64(most) > limit {
			t.Errorf("%d slots in a second, the limit is %v", most, limit)
		}
		if float64(len(all)) < least*ideal {
			t.Errorf("%d slots, ideally %.0f", len(all), ideal)
		}
	}
}

// mostInASecond is the most of them that lie in any half-open second.
func mostInASecond(sorted []time.Time) int {
	most, first := 0, 0
	for i, at := range sorted {
		for !sorted[first].Add(time.Second).After(at) {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// TestDeadProcessCostsASecond: what a process leased and never used is lost, and no
// more than that: a second's rate.
func TestDeadProcessCostsASecond(t *testing.T) {
	l := newLaneAt(t, redistest.Mini(t), ratelimit.Rules{Rate: twenty})
	dead := len(l.lease(1000, 0).Slots)
	if dead > 20+5 {
		t.Fatalf("one process got %d slots of a rate of 20/s", dead)
	}
	var all []time.Time
	for range 500 {
		all = append(all, l.slots(l.lease(20, 0))...)
		l.now = l.now.Add(20 * time.Millisecond)
	}
	if first := all[0].Sub(noon); first > 1100*time.Millisecond {
		t.Errorf("the first slot after the death is %s later", first)
	}
	if want := (10 + 1) * 20 * 97 / 100; len(all)+dead < want {
		t.Errorf("%d slots in ten seconds beside the %d that were lost, want %d in all", len(all), dead, want)
	}
}
