package main

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// TestNoMiddleNumberIsBoundTwice: 1,000 binds and unbinds over 50 middle numbers go
// through four workers, a third of the binds with a number that callpacer chooses. The
// platform keeps no rule of its own, and a fifth of its answers is lost, hangs or says
// nothing; workers are killed and one is frozen, and Redis is killed. In the end no two
// bindings had one number of one X at a time, nothing was released that nobody named,
// and the ledger is what the platform has.
func TestNoMiddleNumberIsBoundTwice(t *testing.T) {
	t.Parallel()
	const jobs, span = 1000, 45 * time.Second
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	f := realFleet(t)
	boards := f.switchboards(rand.New(rand.NewPCG(seed, 0)), jobs, span)
	f.crew(4)
	for i, s := range boards {
		s.vendor.SetFault(unsureAnswers(seed + uint64(i)))
	}
	begin := time.Now()
	f.waves(boards, span, f.mishaps(span))
	f.calm()
	// What a killed worker had in its hands comes back at the latest when another one
	// starts a minute later.
	wait(time.Until(begin.Add(span*36/100 + 66*time.Second)))
	f.workers[0].signal(syscall.SIGTERM)
	f.workers[0].left()
	f.workers[0].start()
	for _, s := range boards {
		s.settle(f, 2*time.Minute)
	}
	t.Logf("settled after %s", time.Since(begin).Round(time.Second))
	f.leave()
	sum := tally{}
	for _, s := range boards {
		t.Run(s.account, func(t *testing.T) { f.judgeSwitchboard(t, s, sum) })
	}
	t.Run("ledger", func(t *testing.T) { f.judgeLedger(t, boards) })
	sum.enough(t, jobs)
}

// mishaps befall the fleet in the first part of the span, so that what they leave
// behind is seen in its rest.
func (f *fleet) mishaps(span time.Duration) []mishap {
	a, b, c, d := f.workers[0], f.workers[1], f.workers[2], f.workers[3]
	at := func(percent int, do func()) mishap { return mishap{span * time.Duration(percent) / 100, do} }
	return []mishap{
		at(5, a.restart),
		at(10, func() { b.signal(syscall.SIGSTOP) }),
		at(16, c.restart),
		at(22, func() {
			f.server.Kill()
			wait(2 * time.Second)
			f.server.Restart()
		}),
		at(28, func() { b.signal(syscall.SIGCONT) }),
		at(32, d.restart), at(36, a.restart),
	}
}
