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
var ruleSets = []ruleSet{
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
	{"fleet", ratelimit.Rules{
		Window: nineToNine(), PerNumber: []ratelimit.PerNumber{rolling(3, time.Hour, 0)}, OneAtATime: true, Lockout: time.Hour,
		Rate: ratelimit.Rate{PerSecond: 5, Burst: 3}, QueryRate: ratelimit.Rate{PerSecond: 2, Burst: 1},
		MaxInFlight: 2, DailyCap: 6, Day: shanghai,
	}},
	{"paced", ratelimit.Rules{
		OneAtATime: true, Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}, QueryRate: ratelimit.Rate{PerSecond: 10, Burst: 5},
	}},
	{"slow", ratelimit.Rules{
		Rate: ratelimit.Rate{PerSecond: 0.5, Burst: 1}, MaxInFlight: 3, DailyCap: 3, Day: shanghai,
	}},
}

type ruleSet struct {
	name  string
	rules ratelimit.Rules
}

// play is what one history plays.
type play struct {
	set ruleSet
	mix mix
}

// plays are all mixes under all rules; what happens to lanes, more often under
// those that have a rate.
func plays() []play {
	var out []play
	for i := range 6 * len(ruleSets) {
		set := ruleSets[i%len(ruleSets)]
		for _, m := range mixes {
			paced := set.rules.Rate.PerSecond > 0
			if m.lane > 0 && paced || m.lane == 0 && i < len(ruleSets) {
				out = append(out, play{set, m})
			}
		}
	}
	return out
}

// rivals are plays of bindings that share their numbers.
func rivals() (out []play) {
	for _, set := range ruleSets {
		out = append(out, play{set, rivalry})
	}
	return out
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
	"admit: gate window", "admit: hold lockout", "admit: hold per_number", "admit: hold not_before",
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

	"admit: gate breaker", "admit: gate clock", "admit: gate daily_cap", "admit: gate halt", "admit: gate operator",
	"admit: gate operator/bulk", "admit: gate operator/normal", "admit: gate operator/urgent", "admit: gate vendor_frequency",
	"admit: gate vendor_window", "admit: suppressed", "admit in doubt: again", "admit in doubt: gate", "admit reserved: gate",
	"again: full false, one tries true", "again: full true, one tries false",
	"slot: leased false, usable false", "slot: leased true, usable false", "slot: leased true, usable true",
	`breaker open: "", trial true`, `breaker open: "failed", trial false`, `breaker open: "failed", trial true`,
	`breaker open: "ok", trial false`, `breaker open: "ok", trial true`, "breaker: longest pause", "breaker closed by evidence",
	"trial: after a dead one false", "trial: after a dead one true",
	"day: given back", "day: stands after all", "too frequent: 1", "too frequent: 2",
	"shut: longer", "shut: the longer one stays", "opened: halt", "opened: operator",
	"the clock runs backwards",
	"expired: lane daily_cap", "expired: lane halt", "expired: lane operator/normal",
	"expired: lane vendor_window", "expired: lane window",
	"go at any time: breaker", "go at any time: clock", "go at any time: daily_cap", "go at any time: halt",
	"go at any time: operator", "go at any time: window",
	"lease: full", "lease: gate", "lease: half open, one tries false", "lease: half open, one tries true",
	"lease: pace 0, 3", "lease: pace 1, 1", "lease: pace 2, 1",
	"project: breaker", "project: clock", "project: daily_cap", "project: halt", "project: operator/urgent", "project: window", "project: used",
	"noted at a lock", "lift: true", "lift: wakes", "lock: false", "lock: true", "locks: 1",
	"resolve: in_doubt as completed active", "resolve: in_doubt as completed completed", "resolve: in_doubt as failed failed",
	"resolve: in_doubt as resend in_doubt", "resolve: in_doubt as resend queued", "resolve: submitting as resend submitting",
	"resolve: submitted as completed completed", "resolve: unknown as completed active", "resolve: unknown as failed failed",
	"resolve: unknown as resend in_doubt", "resolve: unknown as resend queued", "resolve: held as resend held",
	"resolve: active as failed active", "resolve: ringing as resend ringing",
	"resolved: refused", "settle: an operator was faster",

	"admit: hold binding_conflict", "admit: conflict, failed", "admit in doubt: conflict", "rival: active", "rival: in_doubt",
	"rival: sent", "rival: unknown", "rival: none on a shared number", "forgotten when it was unknown", "released: an orphan",
}

func TestScriptsAgreeWithTheModel(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		counts := map[string]int{}
		// On miniredis, which is slow, fewer are played: they show that it answers as
		// a server does.
		histories, length, all := 300, 2000, plays()
		switch {
		case r.Mini != nil && redistest.Raced:
			histories, length = 6, 500
		case r.Mini != nil:
			histories, length = 18, 1000
		case redistest.Raced:
			histories = 40
		}
		about, bindings := all, histories/4
		for i := range histories + bindings {
			if i == histories {
				about = rivals()
			}
			seed, p := uint64(i), about[i%len(about)]
			set, mix := p.set, p.mix
			t.Run(fmt.Sprintf("%s/%s/%d", set.name, mix.name, seed), func(t *testing.T) {
				if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				h := newHistory(t, r, set.rules, mix, randomTape(seed, length))
				h.run()
				for _, more := range []map[string]int{h.counts, h.model.counts} {
					for name, n := range more {
						counts[name] += n
					}
				}
			})
		}
		for _, name := range mustHappen {
			if r.Mini == nil && !redistest.Raced && counts[name] == 0 {
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
