package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

var shanghai = time.FixedZone("CST", 8*3600)

func daily() ratelimit.PerNumber {
	return ratelimit.PerNumber{Limit: 3, Calendar: true, Location: shanghai}
}

func rolling(limit int, width, margin time.Duration) ratelimit.PerNumber {
	return ratelimit.PerNumber{Limit: limit, Width: width, Margin: margin}
}

func nineToNine() *ratelimit.Window {
	return &ratelimit.Window{
		Open: 9 * time.Hour, Close: 21 * time.Hour, Location: shanghai,
		OpenGuard: 5 * time.Second, CloseGuard: 30 * time.Second,
	}
}

// ruleSets are the rules under which histories are played.
var ruleSets = []struct {
	name  string
	rules ratelimit.Rules
}{
	{"jumdata", ratelimit.Rules{
		Window: nineToNine(), PerNumber: []ratelimit.PerNumber{daily(), rolling(3, 24*time.Hour, 2*time.Second)},
		OneAtATime: true, Lockout: 24 * time.Hour,
	}},
	{"none", ratelimit.Rules{}},
	{"one at a time", ratelimit.Rules{OneAtATime: true}},
	{"calendar", ratelimit.Rules{PerNumber: []ratelimit.PerNumber{daily()}}},
	{"narrow", ratelimit.Rules{
		PerNumber:  []ratelimit.PerNumber{rolling(1, 10*time.Second, time.Second), rolling(2, 5*time.Minute, 0)},
		OneAtATime: true,
	}},
	{"night", ratelimit.Rules{
		Window: &ratelimit.Window{
			Open: 20 * time.Hour, Close: 6 * time.Hour, Location: shanghai,
			Blackout: map[string]bool{"2026-11-22": true}, Weekdays: map[time.Weekday]bool{time.Saturday: true, time.Sunday: true, time.Tuesday: true},
		},
		PerNumber: []ratelimit.PerNumber{rolling(2, time.Hour, 0)},
	}},
}

func randomTape(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 0))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(rng.UintN(256))
	}
	return out
}

// mustHappen are answers that some history has to reach.
var mustHappen = []string{
	"admit: go ", "admit: busy ", "admit: over ", "admit: stale ", "admit: missing ", "admit: ready ", "admit: wait ",
	"admit: hold window", "admit: hold lockout", "admit: hold per_number", "admit: hold not_before",
	"admit: hold one_at_a_time", "admit: hold retry",
	"advance: advanced", "advance: same", "advance: foreign", "advance: stale",
	"create: true false false", "create: true true false", "create: false false true",
	"settle: submitting accepted submitted", "settle: submitting again held", "settle: submitting failed failed",
	"settle: submitting in_doubt in_doubt", "settle: submitting again canceled", "settle: submitting again expired",
	"settle: in_doubt accepted submitted", "settle: in_doubt again held", "settle: completed again completed",
	"settle: unknown accepted unknown", "settle: unknown again failed",
	"tick: done expired", "tick: done in_doubt", "tick: done unknown", "tick: enqueue accepted", "tick: enqueue held",
	"tick: look queued", "tick: poll submitted",
	"returned: enqueue", "returned: live", "returned: moved", "returned: wait",
}

func TestScriptsAgreeWithTheModel(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		counts := map[string]int{}
		for seed := range uint64(24) {
			set := ruleSets[seed%uint64(len(ruleSets))]
			t.Run(fmt.Sprintf("%s/%d", set.name, seed), func(t *testing.T) {
				if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				h := newHistory(t, r, set.rules, randomTape(seed, 900))
				h.run()
				for name, n := range h.counts {
					counts[name] += n
				}
			})
		}
		for _, name := range mustHappen {
			if counts[name] == 0 {
				t.Errorf("no history had %q: it proves nothing about that", name)
			}
		}
	})
}

// FuzzHistory takes bytes as the choices of a history.
func FuzzHistory(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(uint8(seed), randomTape(1000+seed, 200))
	}
	r := redistest.Mini(f)
	f.Fuzz(func(t *testing.T, set uint8, bytes []byte) {
		if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		newHistory(t, r, ruleSets[int(set)%len(ruleSets)].rules, bytes[:min(len(bytes), 600)]).run()
	})
}
