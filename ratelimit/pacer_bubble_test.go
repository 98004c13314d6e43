package ratelimit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// paced are some processes' pacers of one lane, and when their slots were given.
type paced struct {
	t      *testing.T
	pacers []*ratelimit.Pacer
	lane   *ratelimit.Lane
	asked  *redistest.Faults // counts what goes to Redis

	mu    sync.Mutex
	fault func() redistest.Verdict
	slots []time.Time
}

func newPaced(t *testing.T, r *redistest.Redis, n int, rules ratelimit.Rules) *paced {
	t.Helper()
	p := &paced{t: t}
	p.asked = redistest.NewFaults(func(redistest.Op) redistest.Verdict {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.fault != nil {
			return p.fault()
		}
		return redistest.Verdict{}
	})
	store := record.New(r.NewClient(t, p.asked))
	for range n {
		p.lane = ratelimit.NewLane(store, group, "acct", rules, time.Now)
		p.pacers = append(p.pacers, ratelimit.NewPacer(p.lane, ratelimit.PaceCalls))
	}
	return p
}

func (p *paced) with(fault func() redistest.Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

func (p *paced) turn(pacer int, rank int) ratelimit.Slot {
	p.t.Helper()
	slot, err := p.pacers[pacer].Turn(p.t.Context(), rank)
	if err != nil {
		p.t.Errorf("turn: %v", err)
	}
	p.mu.Lock()
	p.slots = append(p.slots, slot.At)
	p.mu.Unlock()
	return slot
}

// TestPacersKeepTheRate: whoever waits, and in however many processes: nearly the
// whole rate and never more than it, for few questions.
func TestPacersKeepTheRate(t *testing.T) {
	for name, row := range map[string]struct {
		rate             float64
		processes, each  int // waiters of a process at one time
		total            int
		leases, commands float64 // per call, at the most
	}{
		"one process, 500 a second":    {500, 1, 20000, 20000, 0.01, 0.02},
		"four processes, 500 a second": {500, 4, 5000, 20000, 0.03, 0.04},
		"one process, 20 a second":     {20, 1, 20, 600, 0.1, 0.1},
		"ten processes, 20 a second":   {20, 10, 20, 600, 1, 1},
	} {
		if redistest.Raced {
			row.total, row.each = min(row.total, 2000), min(row.each, 2000/row.processes)
		}
		t.Run(name, func(t *testing.T) {
			redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
				rules := ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: row.rate, Burst: 5}}
				p := newPaced(t, r, row.processes, rules)
				begin := time.Now()
				var handlers sync.WaitGroup
				left := make(chan struct{}, row.total)
				for range row.total {
					left <- struct{}{}
				}
				close(left)
				for i := range row.processes * row.each {
					handlers.Go(func() {
						for range left {
							slot := p.turn(i%row.processes, ratelimit.RankNormal)
							time.Sleep(time.Until(slot.At)) // it is called shortly before
						}
					})
				}
				handlers.Wait()
				took := time.Since(begin).Seconds()
				slices.SortFunc(p.slots, time.Time.Compare)
				most, leases := mostInASecond(p.slots), float64(p.asked.Count())/float64(row.total)
				share := float64(row.total) / row.rate / took
				t.Logf("%.3f of the rate, at most %d in a second, %.4f questions per call", share, most, leases)
				if share < 0.97 {
					t.Errorf("%.3f of the rate", share)
				}
				if len(p.slots) != row.total || float64(most) > row.rate+5 {
					t.Errorf("%d slots, %d of them in one second", len(p.slots), most)
				}
				if leases > row.leases {
					t.Errorf("%.4f questions to Redis per call, want %.4f", leases, row.leases)
				}
			})
		})
	}
}

// TestUrgentOvertakes: who comes while a thousand wait gets the very next slot.
func TestUrgentOvertakes(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		p := newPaced(t, r, 1, ratelimit.Rules{Rate: twenty})
		ctx, enough := context.WithCancel(t.Context())
		var handlers sync.WaitGroup
		var mu sync.Mutex
		var order []int
		wait := func(rank int) {
			handlers.Go(func() {
				if _, err := p.pacers[0].Turn(ctx, rank); err == nil {
					mu.Lock()
					order = append(order, rank)
					mu.Unlock()
				}
			})
		}
		for range 1000 {
			wait(ratelimit.RankBulk)
		}
		time.Sleep(3*time.Second + 20*time.Millisecond)
		mu.Lock()
		before := len(order)
		mu.Unlock()
		for _, rank := range []int{ratelimit.RankNormal, ratelimit.RankUrgent, ratelimit.RankNormal, ratelimit.RankUrgent} {
			wait(rank)
			synctest.Wait()
		}
		time.Sleep(52 * 5 * time.Millisecond)
		enough()
		handlers.Wait()
		want := []int{ratelimit.RankUrgent, ratelimit.RankUrgent, ratelimit.RankNormal, ratelimit.RankNormal, ratelimit.RankBulk}
		if got := order[before:]; len(got) < 5 || !slices.Equal(got[:5], want) {
			t.Errorf("after those who came later the slots went to %v, want %v", got, want)
		}
	})
}

// TestCanceledTurn: who waits no longer costs no slot, even where he is served at
// that very moment, and nobody behind him is stuck.
func TestCanceledTurn(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		p := newPaced(t, r, 1, ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 10, Burst: 1}})
		begin := time.Now()
		p.turn(0, ratelimit.RankNormal) // at once; the others come 102 ms apart
		var handlers sync.WaitGroup
		for range 20 {
			handlers.Go(func() { p.turn(0, ratelimit.RankBulk) })
		}
		canceled := 0
		for i := 1; i <= 21; i++ {
			next := begin.Add(time.Duration(i) * 102 * time.Millisecond) // one is called a moment before
			time.Sleep(time.Until(next.Add(-50 * time.Millisecond)))
			ctx, cancel := context.WithDeadline(t.Context(), next.Add(-time.Duration(i%3)*time.Millisecond))
			slot, err := p.pacers[0].Turn(ctx, ratelimit.RankUrgent)
			cancel()
			p.mu.Lock()
			if err != nil {
				canceled++
			} else {
				p.slots = append(p.slots, slot.At)
			}
			p.mu.Unlock()
		}
		handlers.Wait()
		// One slot for each who was not cancelled, without a gap.
		slices.SortFunc(p.slots, time.Time.Compare)
		for i, at := range p.slots {
			if want := begin.Add(time.Duration(i) * 102 * time.Millisecond); at.Sub(want).Abs() > 2*time.Millisecond {
				t.Fatalf("slot %d of %d is at %s, want %s", i, len(p.slots), at.Sub(begin), want.Sub(begin))
			}
		}
		if len(p.slots) != 42-canceled {
			t.Errorf("%d slots, %d cancelled of 42", len(p.slots), canceled)
		}
		if canceled < 7 { // those whose time is over a moment before they are called
			t.Errorf("%d were cancelled", canceled)
		}
	})
}

// TestCanceledAsServed: of fifty who are served at the moment at which their time is
// over, each uses his slot or leaves it to those behind.
func TestCanceledAsServed(t *testing.T) {
	for range 10 {
		redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
			p := newPaced(t, r, 1, ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 1, Burst: 50}})
			p.with(func() redistest.Verdict { return redistest.Delay(5 * time.Millisecond) })
			p.turn(0, ratelimit.RankNormal) // the script is known
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			var handlers sync.WaitGroup
			for range 40 {
				handlers.Go(func() {
					if slot, err := p.pacers[0].Turn(ctx, ratelimit.RankUrgent); err == nil {
						p.mu.Lock()
						p.slots = append(p.slots, slot.At)
						p.mu.Unlock()
					}
				})
			}
			handlers.Wait()
			for p.with(nil); len(p.slots) < 50; {
				p.turn(0, ratelimit.RankBulk)
			}
			if slices.SortFunc(p.slots, time.Time.Compare); p.slots[49].Sub(p.slots[0]) > 50*time.Millisecond {
				t.Errorf("the burst of 50 was not used: the last is %s behind the first", p.slots[49].Sub(p.slots[0]))
			}
		})
	}
}

// TestRedisErrorWhileLeasing: all who wait hear it after a minute, and the next ones
// are served. Where Redis is back sooner, nobody hears of it.
func TestRedisErrorWhileLeasing(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		p := newPaced(t, r, 1, ratelimit.Rules{Rate: twenty})
		p.with(func() redistest.Verdict { return redistest.Verdict{Action: redistest.FailBefore} })
		errs := make(chan error, 50)
		begin := time.Now()
		for range cap(errs) {
			go func() {
				_, err := p.pacers[0].Turn(t.Context(), ratelimit.RankNormal)
				errs <- err
			}()
		}
		for range cap(errs) {
			if err := <-errs; !errors.Is(err, redistest.ErrInjected) {
				t.Fatalf("%v", err)
			}
		}
		if took := time.Since(begin); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("they heard it after %s", took)
		}
		begin = time.Now()
		time.AfterFunc(50*time.Second, func() { p.with(nil) })
		p.turn(0, ratelimit.RankNormal)
		if took := time.Since(begin); took < 50*time.Second || took > 52*time.Second {
			t.Errorf("a slot came after %s; Redis was away for 50 s", took)
		}
		begin = time.Now()
		p.turn(0, ratelimit.RankNormal)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the next one waited for %s", took)
		}
	})
}

// TestShutWhileWaiting: who waits hears why there is no slot.
func TestShutWhileWaiting(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		p := newPaced(t, r, 1, ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 0.1, Burst: 1}})
		p.turn(0, ratelimit.RankNormal)
		if err := p.lane.Shut(t.Context(), "operator", 0, "x"); err != nil {
			t.Fatal(err)
		}
		_, err := p.pacers[0].Turn(t.Context(), ratelimit.RankNormal)
		var shut *ratelimit.ShutError
		if !errors.As(err, &shut) || shut.Reason != "operator" || shut.Error() == "" {
			t.Errorf("%v", err)
		}
	})
}

// TestGivenBackSlot is used by who comes next, while it can be met.
func TestGivenBackSlot(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		p := newPaced(t, r, 1, ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 0.5, Burst: 1}})
		first := p.turn(0, ratelimit.RankNormal)
		p.pacers[0].Give(first)
		if again := p.turn(0, ratelimit.RankNormal); again != first {
			t.Errorf("given back %v, the next got %v", first, again)
		}
		p.pacers[0].Give(first)
		time.Sleep(100 * time.Millisecond)
		if late := p.turn(0, ratelimit.RankNormal); late.ID == first.ID || late.At.Sub(first.At) < 2*time.Second {
			t.Errorf("%v was too old to be met, the next got %v", first, late)
		}
		// One that is given back while others wait goes to one of them at once.
		waiting := make(chan ratelimit.Slot)
		second := p.turn(0, ratelimit.RankNormal)
		go func() { waiting <- p.turn(0, ratelimit.RankNormal) }()
		synctest.Wait()
		p.pacers[0].Give(second)
		if got := <-waiting; got != second {
			t.Errorf("given back %v, who waited got %v", second, got)
		}
	})
}

// TestSlowPreparation: the slower they get ready, the earlier they are called, so
// that slots are met.
func TestSlowPreparation(t *testing.T) {
	for _, far := range []time.Duration{0, 20 * time.Millisecond, 80 * time.Millisecond, 150 * time.Millisecond} {
		redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
			p := newPaced(t, r, 1, ratelimit.Rules{Rate: twenty})
			p.with(func() redistest.Verdict { // half of it each way
				v := redistest.Delay(far / 2)
				v.After = redistest.Delay(far / 2).Before
				return v
			})
			const prepare = 200 * time.Millisecond
			var handlers sync.WaitGroup
			var mu sync.Mutex
			met, missed, warm := 0, 0, time.Now().Add(3*time.Second)
			for range 30 {
				handlers.Go(func() {
					for range 20 {
						slot := p.turn(0, ratelimit.RankNormal)
						time.Sleep(prepare)
						p.pacers[0].Prepared(prepare)
						late := time.Since(slot.At)
						mu.Lock()
						switch {
						case slot.At.Before(warm):
						case late > 0:
							missed++
						default:
							met++
						}
						mu.Unlock()
						time.Sleep(-late)
					}
				})
			}
			handlers.Wait()
			t.Logf("Redis %s away: %d met, %d missed", far, met, missed)
			if missed > 0 || met < 450 {
				t.Errorf("Redis %s away: %d slots were met after the first seconds, %d missed", far, met, missed)
			}
		})
	}
}

// TestHungRedis: while a question hangs, slots that are there are given out in time.
func TestHungRedis(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		p := newPaced(t, r, 1, ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 10, Burst: 1}})
		got, err := p.lane.Lease(t.Context(), ratelimit.PaceCalls, 3, 0)
		if err != nil || len(got.Slots) != 3 {
			t.Fatal(got, err)
		}
		for _, s := range got.Slots {
			p.pacers[0].Give(s)
		}
		p.with(func() redistest.Verdict { return redistest.Delay(time.Minute) })
		begin := time.Now()
		results := make(chan error, 4)
		var last time.Duration
		for range cap(results) {
			go func() {
				slot, err := p.pacers[0].Turn(t.Context(), ratelimit.RankNormal)
				if err == nil && time.Since(slot.At) > 0 {
					err = errors.New("called too late")
				}
				results <- err
			}()
		}
		for i := range cap(results) {
			switch err := <-results; {
			case i < 3 && err != nil:
				t.Errorf("slot %d: %v", i, err)
			case i == 3 && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, redis.ErrClosed):
				t.Errorf("who had no slot: %v", err)
			}
			last = time.Since(begin)
		}
		if last > 66*time.Second {
			t.Errorf("the last was kept waiting for %s", last)
		}
	})
}

// TestNoRate: an account without a rate waits for nothing.
func TestNoRate(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		p := newPaced(t, r, 1, ratelimit.Rules{})
		if slot := p.turn(0, ratelimit.RankNormal); slot.ID != "" || p.asked.Count() != 0 {
			t.Errorf("%v, %d questions", slot, p.asked.Count())
		}
		p.pacers[0].Give(ratelimit.Slot{})
	})
}
