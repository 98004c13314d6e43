package dispatch

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// gated is a lane's gatekeeper on asynq's own queues.
type gated struct {
	*Gatekeeper
	t      *testing.T
	lane   *ratelimit.Lane
	broker *tasks.AsynqBroker
	r      *redistest.Redis
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// newGated has a gatekeeper that does not run yet.
func newGated(t *testing.T, r *redistest.Redis, rules ratelimit.Rules, hooks ...*redistest.Faults) *gated {
	t.Helper()
	rdb := r.Client
	if len(hooks) > 0 {
		rdb = r.NewClient(t, hooks[0])
	}
	lane := ratelimit.NewLane(record.New(rdb), walkGroup, "phone", rules, time.Now)
	g := &gated{t: t, r: r, lane: ratelimit.NewLane(record.New(r.Client), walkGroup, "phone", rules, time.Now), broker: tasks.NewAsynqBroker(r.Client)}
	g.Gatekeeper = NewGatekeeper(lane, tasks.NewAsynqBroker(rdb), quiet())
	return g
}

func (g *gated) run() {
	ctx, cancel := context.WithCancel(g.t.Context())
	g.stop = func() { cancel(); g.done.Wait() }
	g.done.Go(func() { g.Run(ctx) })
}

func (g *gated) project() {
	g.t.Helper()
	if _, err := g.Project(g.t.Context()); err != nil {
		g.t.Error(err)
	}
}

var (
	actingQueues = []tasks.Queue{"phone:urgent", "phone:normal", "phone:bulk"}
	alwaysOpen   = []tasks.Queue{"phone:follow", "phone:push"}
)

// shut are the queues that are paused.
func (g *gated) shut() string {
	g.t.Helper()
	var shut []string
	queues := append(slices.Clone(actingQueues), alwaysOpen...)
	values, err := g.broker.Paused(g.t.Context(), queues...)
	if err != nil {
		g.t.Fatal(err)
	}
	for i, q := range queues {
		if values[i] != "" {
			shut = append(shut, strings.TrimPrefix(string(q), "phone:"))
		}
	}
	return strings.Join(shut, " ")
}

func (g *gated) want(shut string, reasons ...string) {
	g.t.Helper()
	if got := g.shut(); got != shut {
		g.t.Errorf("shut are %q, want %q", got, shut)
	}
	standing, err := g.lane.Peek(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	var got []string
	for _, gate := range standing.Gates {
		got = append(got, gate.Reason)
	}
	if !slices.Equal(got, reasons) {
		g.t.Errorf("the lane is shut for %q, want %q", got, reasons)
	}
}

func (g *gated) pauseByHand(q tasks.Queue) {
	g.t.Helper()
	if err := g.r.Client.SetNX(g.t.Context(), "asynq:{"+string(q)+"}:paused", time.Now().Unix(), 0).Err(); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gated) openByHand(q tasks.Queue) {
	g.t.Helper()
	if err := g.r.Client.Del(g.t.Context(), "asynq:{"+string(q)+"}:paused").Err(); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gated) shutFor(reason string, span time.Duration) {
	g.t.Helper()
	if err := g.lane.Shut(g.t.Context(), reason, span, "told so"); err != nil {
		g.t.Fatal(err)
	}
	g.Kick()
}

func (g *gated) open(reasons ...string) {
	g.t.Helper()
	if _, err := g.lane.Open(g.t.Context(), reasons...); err != nil {
		g.t.Fatal(err)
	}
}

const allShut = "urgent normal bulk"

// TestForeignPause is the operator's from then on, and only he lifts it.
func TestForeignPause(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		g := newGated(t, r, ratelimit.Rules{})
		g.run()
		defer g.stop()
		g.pauseByHand("phone:bulk")
		time.Sleep(1100 * time.Millisecond)
		g.want("bulk", "operator/bulk")
		time.Sleep(10 * time.Minute)
		g.want("bulk", "operator/bulk")
		g.openByHand("phone:bulk") // no way to lift it, for nobody would know
		time.Sleep(1100 * time.Millisecond)
		g.want("bulk", "operator/bulk")
		g.open("operator") // another pause
		time.Sleep(1100 * time.Millisecond)
		g.want("bulk", "operator/bulk")
		g.open("operator/bulk")
		time.Sleep(1100 * time.Millisecond)
		g.want("")
	})
}

// TestPauseDeletedByHand comes back within a second, as long as the lane is shut.
func TestPauseDeletedByHand(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		g := newGated(t, r, ratelimit.Rules{})
		g.run()
		defer g.stop()
		g.shutFor("halt", 0)
		synctest.Wait() // it was told
		g.want(allShut, "halt")
		for _, q := range actingQueues {
			g.openByHand(q)
		}
		time.Sleep(1001 * time.Millisecond)
		g.want(allShut, "halt")
	})
}

// TestReasonsStandForThemselves: one that ends opens nothing that another shuts.
func TestReasonsStandForThemselves(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		g := newGated(t, r, ratelimit.Rules{})
		g.run()
		defer g.stop()
		g.shutFor("vendor_frequency", 30*time.Second)
		g.shutFor("vendor_window", time.Minute)
		g.shutFor("operator/normal", 0)
		g.shutFor("vendor_frequency", 10*time.Second) // a shorter one takes nothing away
		time.Sleep(29 * time.Second)
		g.want(allShut, "operator/normal", "vendor_frequency", "vendor_window")
		time.Sleep(2 * time.Second)
		g.want(allShut, "operator/normal", "vendor_window")
		time.Sleep(30 * time.Second)
		g.want("normal", "operator/normal")
		g.shutFor("halt", 0)
		synctest.Wait()
		g.want(allShut, "halt", "operator/normal")
		g.open("operator/normal")
		time.Sleep(1100 * time.Millisecond)
		g.want(allShut, "halt")
		g.open()
		time.Sleep(1100 * time.Millisecond)
		g.want("")
	})
}

// TestStaleGatekeeper: one that was frozen between reading and setting opens no
// queue that was shut anew, and shuts none for longer than a moment.
func TestStaleGatekeeper(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		g := newGated(t, r, ratelimit.Rules{})
		var mu sync.Mutex
		freeze := func() {}
		stale := newGated(t, r, ratelimit.Rules{}, redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if args := op.Cmds[0].Args(); op.Name != "evalsha" || len(args) < 4 || !strings.HasSuffix(args[3].(string), ":paused") {
				return redistest.Verdict{}
			}
			return redistest.Verdict{Before: func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				freeze()
				return nil
			}}
		}))
		while := func(f func()) { // while it is frozen, once
			mu.Lock()
			defer mu.Unlock()
			freeze = func() { freeze = func() {}; f() }
		}
		g.shutFor("halt", 0)
		g.project()
		g.open("halt")
		while(func() { // it saw the lane open
			time.Sleep(time.Second)
			g.shutFor("halt", 0)
			g.project()
		})
		stale.project()
		g.want(allShut, "halt")
		g.open("halt")
		g.project()
		g.want("")
		g.shutFor("halt", 0)
		while(func() { g.open("halt"); g.project() }) // it saw the lane shut
		stale.project()
		g.project()
		g.want("")
	})
}

// TestFollowQueuesRunOn whoever paused them.
func TestFollowQueuesRunOn(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		g := newGated(t, r, ratelimit.Rules{})
		g.shutFor("halt", 0)
		for _, q := range alwaysOpen {
			g.pauseByHand(q)
		}
		g.project() // before the servers start
		g.want(allShut, "halt")
	})
}

// TestClockIsOff: a process whose clock is far from Redis's takes no calls until it
// is right again.
func TestClockIsOff(t *testing.T) {
	for _, off := range []time.Duration{2 * time.Minute, -2 * time.Minute, 5100 * time.Millisecond} {
		redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
			g := newGated(t, r, ratelimit.Rules{})
			skew, acts := time.Duration(0), []bool(nil)
			g.Clock = func() time.Time { return time.Now().Add(skew) }
			g.Acting = func(on bool) error {
				acts = append(acts, on)
				if len(acts) == 2 {
					return context.DeadlineExceeded // it is tried again
				}
				return nil
			}
			want := func(n int) {
				t.Helper()
				if want := []bool{false, true, true}[:n]; !slices.Equal(acts, want) {
					t.Errorf("off by %s, then %s: acting was set to %v, want %v", off, skew, acts, want)
				}
			}
			g.project()
			skew = off / 120 * 4 // below the limit
			g.project()
			want(0)
			skew = off
			g.project()
			g.project()
			want(1)
			skew = 4500 * time.Millisecond // not trusted yet
			g.project()
			want(1)
			skew = -3 * time.Second
			if _, err := g.Project(t.Context()); err == nil {
				t.Error("the servers could not be built, and nobody hears it")
			}
			g.project()
			g.project()
			want(3)
			// What the time is nobody knows from an answer that took so long.
			skew = off
			slow := newGated(t, r, ratelimit.Rules{}, redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
				if op.Name == "pipeline" {
					return redistest.Verdict{}
				}
				return redistest.Delay(2500 * time.Millisecond)
			}))
			slow.Clock, slow.Acting = g.Clock, g.Acting
			slow.project()
			want(3)
		})
	}
}

// TestGatekeeperOutlivesRedis: it goes on when Redis answers again, and ends when
// it is told to.
func TestGatekeeperOutlivesRedis(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		var mu sync.Mutex
		away := true
		g := newGated(t, r, ratelimit.Rules{}, redistest.NewFaults(func(redistest.Op) redistest.Verdict {
			mu.Lock()
			defer mu.Unlock()
			if away {
				return redistest.Verdict{Action: redistest.FailBefore}
			}
			return redistest.Verdict{}
		}))
		g.run()
		g.shutFor("halt", 0)
		time.Sleep(time.Minute)
		g.want("", "halt")
		mu.Lock()
		away = false
		mu.Unlock()
		time.Sleep(1100 * time.Millisecond)
		g.want(allShut, "halt")
		g.stop()
	})
}

// TestWindowIsProjectedOnTime: the queues are paused when the window closes, and
// open when it opens.
func TestWindowIsProjectedOnTime(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		// Bubbles begin at midnight of UTC.
		begin := time.Now()
		opens, closes := 10*time.Second+300*time.Millisecond, 20*time.Second+700*time.Millisecond
		g := newGated(t, r, ratelimit.Rules{Window: &ratelimit.Window{Open: opens, Close: closes, Location: time.UTC}})
		g.run()
		defer g.stop()
		at := func(d time.Duration, shut string, reasons ...string) {
			t.Helper()
			time.Sleep(time.Until(begin.Add(d)))
			g.want(shut, reasons...)
		}
		at(opens-10*time.Millisecond, allShut, "window")
		at(opens+50*time.Millisecond, "")
		at(closes-10*time.Millisecond, "")
		at(closes+50*time.Millisecond, allShut, "window")
	})
}
