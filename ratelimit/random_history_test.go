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

	"admit in doubt: go", "admit in doubt: over", "admit in doubt: ready", "admit in doubt: stale", "admit in doubt: wait",
	"advance: awaiting_dial ringing ringing", "advance: held ringing ringing", "advance: in_doubt in_progress in_progress",
	"advance: ringing in_progress in_progress", "advance: submitted ringing ringing", "advance: submitting ringing submitting",
	"advance: unknown ringing unknown", "advance: in_progress completed completed", "advance: in_progress ringing in_progress",
	"bound: accepted foreign", "bound: active same", "bound: in_doubt advanced",
	"bound: in_doubt foreign", "bound: submitting same", "bound: unknown advanced",
	"call: busy", "call: ringing", "call: submitted", "call: unknown",
	"done: held completed", "done: in_doubt completed", "done: in_doubt in_doubt", "done: submitting submitting",
	"put off: failed", "put off: held", "put off: in_doubt",
	"released: active released", "released: in_doubt released", "released: submitting submitting", "released: unknown released",
	"settle: active failed active", "settle: in_doubt accepted awaiting_dial", "settle: in_doubt again in_doubt",
	"settle: in_doubt bound active", "settle: in_doubt failed in_doubt", "settle: submitting accepted awaiting_dial",
	"settle: submitting again in_doubt", "settle: submitting bound active", "settle: submitting done completed",
	"settle: submitting failed in_doubt", "settle: submitting in_doubt unknown", "settle: unknown again unknown",
	"settle: unknown failed unknown",
	"tick: poll ringing", "tick: repeat in_doubt",

	"advance: submitting in_progress submitting", "bound: failed advanced", "bound: failed foreign", "cancel: poll canceled",
	"earlier attempt: held completed", "earlier attempt: held ringing", "earlier attempt: in_doubt in_doubt",
	"earlier attempt: in_doubt ringing", "earlier attempt: submitting submitting", "earlier attempt: unknown unknown",
	"late answer: in_doubt bound active", "late answer: in_doubt done completed", "late answer: submitting bound submitting",
	"late answer: submitting done submitting", "late answer: unknown bound active", "late answer: unknown done completed",
	"settle: submitting again active", "settle: submitting again completed", "settle: submitting again ringing",
	"settle: submitting failed ringing", "settle: submitting in_doubt active", "settle: submitting in_doubt ringing",
	"tick: done active", "tick: done ringing", "tick: done completed",
}

func TestScriptsAgreeWithTheModel(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		counts := map[string]int{}
		// On miniredis, which is slow, fewer are played: they show that it answers as
		// a server does.
		histories := uint64(600)
		if r.Mini != nil {
			histories = 36
		}
		for seed := range histories {
			set := ruleSets[seed%uint64(len(ruleSets))]
			about := mixes[seed/uint64(len(ruleSets))%uint64(len(mixes))]
			t.Run(fmt.Sprintf("%s/%s/%d", set.name, about.name, seed), func(t *testing.T) {
				if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				h := newHistory(t, r, set.rules, about, randomTape(seed, 1000))
				h.run()
				for name, n := range h.counts {
					counts[name] += n
				}
			})
		}
		for _, name := range mustHappen {
			if r.Mini == nil && counts[name] == 0 {
				t.Errorf("no history had %q: it proves nothing about that", name)
			}
		}
	})
}

// FuzzHistory takes bytes as the choices of a history.
func FuzzHistory(f *testing.F) {
	for seed := range uint64(18) {
		f.Add(uint8(seed), randomTape(1000+seed, 200))
	}
	r := redistest.Mini(f)
	f.Fuzz(func(t *testing.T, set uint8, bytes []byte) {
		if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		about := mixes[int(set)/len(ruleSets)%len(mixes)]
		newHistory(t, r, ruleSets[int(set)%len(ruleSets)].rules, about, bytes[:min(len(bytes), 600)]).run()
	})
}
