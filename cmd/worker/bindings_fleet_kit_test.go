package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// switchboard is an account of interline with its middle numbers, at a platform that
// binds whatever it is asked to: only callpacer's own ledger keeps bindings apart.
type switchboard struct {
	account string
	vendor  *sandbox.Interline
	pool    []string
	leading int  // so many of the first lead to one number (mode xa); the others connect pairs
	brief   bool // what is in doubt may end unknown, and a repeat tells nothing
	binds   []*bindWish
	unbinds []*unbindWish
}

// bindWish is a bind job, and when it is enqueued.
type bindWish struct {
	after time.Duration // after the start
	job   tasks.Job
	id    string // empty: not yet enqueued
}

// unbindWish releases the binding of a job, or whatever an X leads to.
type unbindWish struct {
	after time.Duration
	of    *bindWish // nil: by X
	x     string
	sent  time.Time // just before it was enqueued
	id    string
}

const (
	ledgerRules = `rate: {per_second: 200, burst: 50}, query_rate: {per_second: 50, burst: 20}`
	// fewNumbers are all numbers that are A or B of a binding: so few that they meet
	// on many an X.
	fewNumbers = 24
	// stranger calls an X that leads whoever calls to one number.
	stranger = "13700000000"
)

// switchboards are two accounts of one group with 50 middle numbers. The second one's
// platform answers a repeated request with nothing that tells whether it had bound,
// and its requests are in doubt for so short a time that some bindings end unknown.
func (f *fleet) switchboards(dice *rand.Rand, jobs int, span time.Duration) []*switchboard {
	open := &switchboard{account: "interline", leading: 5}
	silent := &switchboard{account: "interline-silent", leading: 2, brief: true}
	// What a killed worker had in its hands comes back after a minute and more, and goes
	// out again only if the doubt lasts longer.
	open.own(f, 0, 40, sandbox.InterlineFirstAnswer, 3*time.Minute)
	silent.own(f, 40, 50, sandbox.ReplayAnswer1004, 4*time.Second)
	few := jobs / 6
	open.wish(dice, jobs-few, span)
	silent.wish(dice, few, span)
	return []*switchboard{open, silent}
}

func (s *switchboard) own(f *fleet, from, to int, replay sandbox.InterlineReplay, inDoubt time.Duration) {
	quoted := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		x := fmt.Sprintf("170%08d", i)
		s.pool, quoted = append(s.pool, x), append(quoted, fmt.Sprintf("%q", x))
	}
	s.vendor = f.interline(s.account, sandbox.InterlineOptions{
		AllowConflicts: true, Numbers: s.pool, Behave: unsureBindings, Replay: replay,
	}, ledgerRules, inDoubt)
	f.more(shortBreaker + "    pool: [" + strings.Join(quoted, ", ") + "]\n")
}

// unsureBindings are those whose first answer never tells that they were made.
func unsureBindings(a string) sandbox.InterlineBehaviour {
	return map[string]sandbox.InterlineBehaviour{
		numberOfA(3): sandbox.InterlineAnswerLost, numberOfA(9): sandbox.InterlineStartTimesOut,
		numberOfA(14): sandbox.InterlineBroken502, numberOfA(20): sandbox.InterlineHangs,
	}[a]
}

// unsureAnswers are what goes wrong with a fifth of all requests, to bind and to release.
func unsureAnswers(seed uint64) func(sandbox.SendAttempt) sandbox.Fault {
	return sandbox.RandomFaults(seed,
		sandbox.FaultRate{Rate: 0.06, Fault: sandbox.FaultCut(true)}, sandbox.FaultRate{Rate: 0.02, Fault: sandbox.FaultHang(true)},
		sandbox.FaultRate{Rate: 0.03, Fault: sandbox.FaultStatus(500, true)}, sandbox.FaultRate{Rate: 0.03, Fault: sandbox.FaultStatus(502, true)},
		sandbox.FaultRate{Rate: 0.02, Fault: sandbox.FaultTruncated()}, sandbox.FaultRate{Rate: 0.02, Fault: sandbox.FaultStatus(503, false)},
		sandbox.FaultRate{Rate: 0.02, Fault: sandbox.FaultCut(false)})
}

// wish draws as many binds as unbinds. Some bindings are released more than once,
// some by their X, and many not at all.
func (s *switchboard) wish(dice *rand.Rand, jobs int, span time.Duration) {
	within := func(d time.Duration) time.Duration { return time.Duration(dice.Int64N(int64(d))) }
	for i := range jobs / 2 {
		s.binds = append(s.binds, &bindWish{after: within(span * 9 / 10), job: s.drawn(dice, i)})
	}
	for range jobs - jobs/2 {
		of := s.binds[dice.IntN(len(s.binds))]
		u := &unbindWish{of: of, after: of.after}
		switch {
		case dice.IntN(4) > 0:
			u.after = min(of.after+within(span/3), span)
		case of.job.Mode == tasks.ModeXA && dice.IntN(3) > 0:
			u.of, u.x, u.after = nil, of.job.X, within(span)
		}
		s.unbinds = append(s.unbinds, u)
	}
}

// drawn is the i-th bind job.
func (s *switchboard) drawn(dice *rand.Rand, i int) tasks.Job {
	ttls := []time.Duration{3 * time.Second, 6 * time.Second, 12 * time.Second, time.Hour, time.Hour, time.Hour}
	a := dice.IntN(fewNumbers)
	b := (a + 1 + dice.IntN(fewNumbers-1)) % fewNumbers
	j := tasks.Job{
		Kind: tasks.KindBind, Account: s.account, Mode: tasks.ModeAXB, TTL: ttls[dice.IntN(len(ttls))],
		A: numberOfA(a), B: numberOfA(b), IdempotencyKey: fmt.Sprintf("bind-%d", i), ExpiresIn: 2 * time.Minute,
	}
	switch what := dice.IntN(30); {
	case what < 10:
		j.X = tasks.AutoX
	case what < 15:
		j.Mode, j.B, j.X = tasks.ModeXA, "", s.pool[dice.IntN(s.leading)]
	default:
		j.X = s.pool[s.leading+dice.IntN(len(s.pool)-s.leading)]
	}
	return j
}
