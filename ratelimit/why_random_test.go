package ratelimit_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// randomScene is a waiting job in a state that real ones come to by long ways.
func randomScene(t testing.TB, r *redistest.Redis, c chance) *scene {
	rules := ratelimit.Rules{
		OneAtATime: c.one(2), Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}, DailyCap: c.IntN(3), MaxInFlight: c.IntN(3),
		Lockout: time.Duration(c.IntN(2)) * 24 * time.Hour, Day: shanghai,
	}
	if c.one(2) {
		rules.Window = nineToNine()
	}
	if c.one(2) {
		rules.PerNumber = []ratelimit.PerNumber{daily(), rolling(2, time.Hour, time.Second)}
	}
	s := newScene(t, r, rules, wall("2026-11-22 00:00:00").Add(c.span()))
	s.ahead = time.Duration(c.IntN(3)-1) * 26 * time.Hour
	if c.one(4) {
		s.job("not_before", s.in(c.span()-time.Minute))
	}
	if c.one(4) {
		s.job("retry_at", s.in(c.span()-time.Minute), "retry_reason", "line_busy", "state", "held", "hold_reason", "line_busy", "hold_until", s.in(c.span()))
	}
	if c.one(20) {
		s.job("expires_at", s.in(-time.Second))
	}
	for _, number := range []string{"n", "m"} {
		for i := range c.IntN(6) * c.IntN(2) {
			s.hset("number:"+number, fmt.Sprintf("c:g.x%d.1@0", i), s.in(-c.span()))
		}
		if c.one(6) {
			s.hset("number:"+number, "lock", s.in(c.span()-time.Minute))
		}
		if c.one(6) {
			s.hset("number:"+number, "fly", fmt.Sprintf("g.x0.1@0 %d", s.in(c.span()-time.Minute)))
		}
		if c.one(15) {
			s.hset("suppressed", "s"+number, fmt.Sprintf("%d wished so", max(0, s.in(c.span())*int64(c.IntN(2)))))
		}
	}
	s.randomLane(c)
	return s
}

func (s *scene) randomLane(c chance) {
	for _, reason := range []string{"halt", "vendor_window", "vendor_frequency", "operator", "operator/normal", "operator/bulk", "window", "clock"} {
		if c.one(10) {
			s.gate(reason, max(0, s.in(c.span()-time.Minute)*int64(min(c.IntN(4), 1))), "a detail")
		}
	}
	if c.one(6) {
		s.lane("b:until", s.in(c.span()-time.Hour), "b:for", 10000, "b:probe", fmt.Sprintf("g.x %d", s.in(c.span()-time.Minute)))
	}
	for i := range c.IntN(3) {
		s.zadd("lane:"+whyAccount+":lines", fmt.Sprint("g.l", i), s.in(c.span()-time.Minute))
		s.zadd("lane:"+whyAccount+":day", fmt.Sprint("g.d", i), s.in(-c.span()))
	}
	if c.one(2) {
		s.lane("tat", s.now.Add(time.Duration(c.Int64N(int64(1200*time.Millisecond)))).UnixMicro())
	}
}

// Whatever the state: what Why says, Admit answers.
func TestWhyAgreesWithAdmitOnRandomStates(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		seen := map[string]int{}
		scenes := uint64(2000)
		switch {
		case redistest.Raced:
			scenes = 100
		case r.Mini != nil:
			scenes = 120
		}
		for seed := range scenes {
			s := randomScene(t, r, chance{rand.New(rand.NewPCG(seed, 4))})
			before := s.state()
			w := s.why()
			if after := s.state(); !maps.Equal(before, after) {
				t.Fatalf("scene %d: asking why wrote: %v, before %v", seed, after, before)
			}
			if err := s.checkWhy(w, seen); err != nil {
				t.Fatalf("scene %d at %v: %v\nwhy: %+v\nstate: %v", seed, s.now.In(shanghai), err, w, before)
			}
		}
		for _, must := range []string{
			"", "rate", "max_in_flight", "breaker", "halt", "vendor_window", "vendor_frequency", "operator", "operator/normal",
			"window", "per_number", "one_at_a_time", "lockout", "daily_cap", "not_before", "line_busy", "suppression", "expires", "several",
		} {
			if r.Mini == nil && !redistest.Raced && seen[must] == 0 {
				t.Errorf("no scene was bound by %q: it proves nothing about that", must)
			}
		}
	})
}

// checkWhy asks Admit at the same instant, and then at each time that it answers.
func (s *scene) checkWhy(w ratelimit.Why, seen map[string]int) error {
	against := failing(w)
	seen[w.Binding]++
	if len(against) > 1 {
		seen["several"]++
	}
	a := s.admit()
	switch {
	case !a.Now.Equal(w.Now):
		return fmt.Errorf("admit is of %v", a.Now)
	case w.Binding == "suppression" || w.Binding == "expires":
		if a.Decision != ratelimit.Over || !w.Earliest.IsZero() {
			return fmt.Errorf("admit answers %s", a.Decision)
		}
		return nil
	case a.Decision == ratelimit.Ready:
		soft := w.Binding == "" || w.Binding == "rate" || w.Binding == "max_in_flight" || w.Binding == "breaker" && w.Earliest.IsZero()
		if !soft || w.Binding == "" && !w.Earliest.Equal(w.Now) {
			return fmt.Errorf("admit answers ready")
		}
		return nil
	case a.Decision != ratelimit.Hold && a.Decision != ratelimit.Shut:
		return fmt.Errorf("admit answers %s", a.Decision)
	case len(against) == 0:
		return fmt.Errorf("admit says %s until %v, and every rule passes", a.Reason, a.Until)
	case len(against) == 1 && (against[0].Rule != w.Binding || a.Reason != w.Binding):
		return fmt.Errorf("admit says %s", a.Reason)
	case a.Decision == ratelimit.Shut && a.Until.IsZero() && a.Reason != w.Binding:
		return fmt.Errorf("admit says %s, without an end", a.Reason)
	case w.Binding == "one_at_a_time" && !has(against, w.Binding), w.Binding != "one_at_a_time" && !endsLast(against, w.Binding):
		return fmt.Errorf("another rule ends last")
	}
	return s.walk(w, a)
}

// walk goes from answer to answer until nothing stands in the way: that is the time
// that Why told at once.
func (s *scene) walk(w ratelimit.Why, a ratelimit.Answer) error {
	for range 20 {
		switch {
		case a.Decision == ratelimit.Ready:
			if !w.Earliest.Equal(s.now) {
				return fmt.Errorf("it is ready at %v", s.now)
			}
			return nil
		case a.Until.IsZero():
			if !w.Earliest.IsZero() {
				return fmt.Errorf("admit knows no end of %s", a.Reason)
			}
			return nil
		case a.Reason == "one_at_a_time": // until the call ends, of which nobody knows
			if w.Binding == a.Reason && !w.Earliest.Equal(a.Until) {
				return fmt.Errorf("admit says %s until %v", a.Reason, a.Until)
			}
			return nil
		case a.Decision == ratelimit.Over: // it was suppressed or expired meanwhile
			return nil
		}
		s.now = a.Until
		a = s.admit()
	}
	return fmt.Errorf("no end of holds")
}

func has(rules []ratelimit.RuleOf, name string) bool {
	return slices.ContainsFunc(rules, func(r ratelimit.RuleOf) bool { return r.Rule == name })
}

// endsLast says that no rule ends after the named one; without an end is last of all.
func endsLast(rules []ratelimit.RuleOf, name string) bool {
	var of, others time.Time
	never := time.Unix(1<<40, 0)
	for _, r := range rules {
		till := r.Until
		if till.IsZero() {
			till = never
		}
		if r.Rule == name && till.After(of) {
			of = till
		}
		if r.Rule != "one_at_a_time" && till.After(others) { // that one is asked after again and again
			others = till
		}
	}
	return !others.After(of)
}
