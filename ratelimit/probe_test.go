package ratelimit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// prober is one account whose vendor is asked how it stands.
type prober struct {
	t    *testing.T
	ctx  context.Context
	r    *redistest.Redis
	now  time.Time
	lane *ratelimit.Lane
	rec  *record.Store
}

const probeMember = group + ".probe-acct"

func eachProber(t *testing.T, f func(p *prober)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		p := &prober{t: t, ctx: t.Context(), r: r, now: time.UnixMilli(historyStart)}
		clock := func() time.Time { return p.now }
		p.rec = record.New(r.Client).WithClock(clock)
		p.lane = ratelimit.NewLane(p.rec, group, "acct", ratelimit.Rules{}, clock)
		f(p)
		broken, err := redistest.Broken(p.ctx, r.Client, group, p.now)
		if err != nil || len(broken) > 0 {
			t.Errorf("%q, %v", broken, err)
		}
	})
}

func (p *prober) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *prober) later(d time.Duration) { p.now = p.now.Add(d) }

func (p *prober) plan(every time.Duration) {
	p.t.Helper()
	p.must(p.lane.PlanProbe(p.ctx, every))
}

// wantAsked: the account is asked in so long; below 0: it is not.
func (p *prober) wantAsked(in time.Duration) {
	p.t.Helper()
	score, err := p.r.Client.ZScore(p.ctx, redisKey("due", ""), probeMember).Result()
	if in < 0 && err == nil || in >= 0 && (err != nil || !time.UnixMilli(int64(score)).Equal(p.now.Add(in))) {
		p.t.Errorf("asked in %v (%v), want %v", time.UnixMilli(int64(score)).Sub(p.now), err, in)
	}
}

// told is what the vendor answers to a question that was put just now, beside the plan.
func told(state, balance string) ratelimit.ProbeNews {
	return ratelimit.ProbeNews{NextIn: 5 * time.Minute, Told: true, Good: true, Probed: ratelimit.Probed{State: state, Balance: balance, Overdraft: "0", Currency: "CNY"}}
}

func bad(why string) ratelimit.ProbeNews {
	n := told("suspended", "12.5")
	n.Good, n.Bad = false, why
	return n
}

func (p *prober) probed(n ratelimit.ProbeNews, want ratelimit.ProbeChange) {
	p.t.Helper()
	if n.Asked.IsZero() {
		n.Asked = p.now
	}
	got, err := p.lane.Probed(p.ctx, n)
	if err != nil || got != want {
		p.t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func (p *prober) standing() ratelimit.Standing {
	p.t.Helper()
	s, err := p.lane.Peek(p.ctx)
	p.must(err)
	return s
}

// wantHalt: the lane is shut with the words; empty: it is open.
func (p *prober) wantHalt(detail string) {
	p.t.Helper()
	gates := p.standing().Gates
	if detail == "" && len(gates) > 0 || detail != "" && (len(gates) != 1 || gates[0].Reason != record.GateHalt || gates[0].Detail != detail || !gates[0].Until.IsZero()) {
		p.t.Errorf("gates %+v, want %q", gates, detail)
	}
}

func TestPlanProbe(t *testing.T) {
	eachProber(t, func(p *prober) {
		p.wantAsked(-1)
		p.plan(5 * time.Minute)
		p.wantAsked(0) // who never asked, asks at once
		for range 2 {
			p.must(p.r.Client.ZAdd(p.ctx, redisKey("due", ""), redis.Z{Score: float64(p.now.Add(4 * time.Minute).UnixMilli()), Member: probeMember}).Err())
			p.plan(5 * time.Minute)
			p.wantAsked(4 * time.Minute) // every worker of the fleet plans it, and the earlier one stays
		}
		p.plan(time.Hour)
		p.wantAsked(4 * time.Minute)
		p.plan(time.Minute)
		p.wantAsked(time.Minute) // of a plan that was too rare
		p.plan(0)
		p.wantAsked(-1)
		if got := p.r.Client.HGet(p.ctx, redisKey("lane:", "acct"), "probe_every").Val(); got != "" {
			t.Errorf("still every %s ms", got)
		}
		n := told("active", "100")
		n.Seq = 1
		p.must(p.r.Client.HSet(p.ctx, redisKey("lane:", "acct"), "probe_seq", "1").Err())
		p.probed(n, ratelimit.ProbeChange{})
		p.wantAsked(-1) // the one that was under way plans none
	})
}

// TestVendorsRestOutlivesThePlan: every worker plans the question anew each minute, and
// the vendor is not asked before it wants to be; not for ever, and not after an answer.
func TestVendorsRestOutlivesThePlan(t *testing.T) {
	for rest, want := range map[time.Duration]time.Duration{
		time.Hour: time.Hour, time.Minute: 5 * time.Minute, 365 * 24 * time.Hour: 24 * time.Hour,
	} {
		eachProber(t, func(p *prober) {
			p.plan(5 * time.Minute)
			ask := func(n ratelimit.ProbeNews) {
				t.Helper()
				seq, err := p.rec.ProbeNumber(p.ctx, group, "acct", 0)
				p.must(err)
				n.Seq = seq
				p.probed(n, ratelimit.ProbeChange{})
			}
			ask(ratelimit.ProbeNews{NextIn: 5 * time.Minute, Rest: rest, Probed: ratelimit.Probed{Why: "too often"}})
			p.wantAsked(want)
			p.later(2 * time.Minute)
			p.plan(5 * time.Minute)
			p.wantAsked(want - 2*time.Minute)
			p.plan(0)
			p.plan(5 * time.Minute) // it is forgotten, and planned as if nobody had asked yet
			p.wantAsked(max(0, min(rest, 24*time.Hour)-2*time.Minute))
			p.later(24 * time.Hour)
			ask(told("active", "100"))
			if p.r.Client.HExists(p.ctx, redisKey("lane:", "acct"), "probe_not_before").Val() {
				t.Error("the rest that is over is still kept")
			}
			p.plan(time.Minute)
			p.wantAsked(time.Minute)
		})
	}
}

// TestPlannedProbeIsToldOnce: one of the fleet asks, and who is late changes nothing.
func TestPlannedProbeIsToldOnce(t *testing.T) {
	eachProber(t, func(p *prober) {
		p.plan(5 * time.Minute)
		number := func(skip, want int) {
			t.Helper()
			if got, err := p.rec.ProbeNumber(p.ctx, group, "acct", skip); err != nil || got != want {
				t.Errorf("number %d, %v; want %d", got, err, want)
			}
		}
		number(0, 1)
		number(0, 1) // the same question until it is answered
		number(1, 2) // its id is taken by a task that will not run
		number(1, 2)
		first := told("active", "100")
		first.Seq = 2
		p.probed(first, ratelimit.ProbeChange{})
		p.wantAsked(5 * time.Minute)
		number(0, 3)
		p.later(time.Minute)
		late := bad("the account is suspended")
		late.Seq = 2
		p.probed(late, ratelimit.ProbeChange{Stale: true})
		late.Seq = 1
		p.probed(late, ratelimit.ProbeChange{Stale: true})
		p.wantHalt("")
		p.wantAsked(4 * time.Minute)
		if got := p.standing().Probe; got == nil || got.State != "active" || !got.At.Equal(p.now.Add(-time.Minute)) {
			t.Errorf("%+v", got)
		}
		number(0, 3)
		third := told("active", "90")
		third.Seq = 3
		p.later(4 * time.Minute)
		p.probed(third, ratelimit.ProbeChange{})
		p.wantAsked(5 * time.Minute)
		p.probed(bad("asked beside the plan"), ratelimit.ProbeChange{Shut: true})
		p.wantAsked(5 * time.Minute)
		number(0, 4)
	})
}

func TestProbedAccount(t *testing.T) {
	for member, want := range map[string]string{"g.probe-acct": "acct", "g.probe-a-b": "a-b", "g.push-1": "", "g.job": "", ".probe-a": "", "g.job.probe-a": "", "probe-a": ""} {
		if got, ok := record.ProbedAccount(member); ok != (want != "") || ok && got != want {
			t.Errorf("%s asks after %q, %v", member, got, ok)
		}
	}
	if record.ProbeID(group, "acct") != probeMember {
		t.Error(record.ProbeID(group, "acct"))
	}
}

// TestBadProbeShutsOnce, and a good one opens what stood when it was asked.
func TestBadProbeShutsOnce(t *testing.T) {
	eachProber(t, func(p *prober) {
		p.probed(bad("the account is suspended"), ratelimit.ProbeChange{Shut: true})
		p.wantHalt("probe: the account is suspended")
		since := p.standing().Gates[0].Since
		p.later(5 * time.Minute)
		p.probed(bad("the account is closed"), ratelimit.ProbeChange{}) // no news, but the words
		p.wantHalt("probe: the account is closed")
		if got := p.standing().Gates[0].Since; !got.Equal(since) {
			t.Errorf("shut since %v, then since %v", since, got)
		}
		// Asked before it was shut, a good answer says nothing of it.
		p.later(5 * time.Minute)
		old := told("active", "100")
		old.Asked = since.Add(-time.Millisecond)
		p.probed(old, ratelimit.ProbeChange{})
		p.wantHalt("probe: the account is closed")
		old.Asked = since
		p.probed(old, ratelimit.ProbeChange{Opened: true})
		p.wantHalt("")
		p.probed(told("active", "100"), ratelimit.ProbeChange{})
		p.probed(bad("the account is suspended"), ratelimit.ProbeChange{Shut: true})
	})
	eachProber(t, func(p *prober) { // neither good nor bad
		p.probed(bad("x"), ratelimit.ProbeChange{Shut: true})
		n := told("trial", "")
		n.Good = false
		p.probed(n, ratelimit.ProbeChange{})
		p.wantHalt("probe: x")
	})
}

// TestGoodProbeOpensAHalt that a send's answer made, and none for what is wrong in the
// configuration; nothing but a halt.
func TestGoodProbeOpensAHalt(t *testing.T) {
	eachProber(t, func(p *prober) {
		p.must(p.lane.Shut(p.ctx, record.GateHalt, 0, "603 the balance is used up"))
		p.probed(bad("balance 0 and overdraft 0 are at most 0"), ratelimit.ProbeChange{})
		p.wantHalt("603 the balance is used up")
		p.later(time.Minute)
		p.probed(told("active", "100"), ratelimit.ProbeChange{Opened: true})
		p.wantHalt("")
		p.must(p.lane.Shut(p.ctx, record.GateHalt, 0, "config: the key is wrong"))
		p.later(time.Minute)
		p.probed(told("active", "100"), ratelimit.ProbeChange{})
		p.wantHalt("config: the key is wrong")
	})
	eachProber(t, func(p *prober) {
		p.must(p.lane.Shut(p.ctx, ratelimit.GateOperator, 0, "lunch"))
		p.later(time.Minute)
		p.probed(told("active", "100"), ratelimit.ProbeChange{})
		if g := p.standing().Gates; len(g) != 1 || g[0].Reason != ratelimit.GateOperator {
			t.Errorf("%+v", g)
		}
	})
	eachProber(t, func(p *prober) { // one that has ended by itself is shut anew
		p.must(p.lane.Shut(p.ctx, record.GateHalt, time.Minute, "for a while"))
		p.later(time.Minute)
		p.probed(bad("x"), ratelimit.ProbeChange{Shut: true})
		p.wantHalt("probe: x")
	})
}

// TestLowBalanceWarnsOnce until there is more again; where nothing is told of it nothing
// changes.
func TestLowBalanceWarnsOnce(t *testing.T) {
	eachProber(t, func(p *prober) {
		say := func(low *bool, want ratelimit.ProbeChange, shown bool) {
			t.Helper()
			p.later(time.Minute)
			n := told("active", "49.99")
			n.Low = low
			p.probed(n, want)
			if got := p.standing().Probe; got == nil || got.Low != shown {
				t.Errorf("shown as %+v", got)
			}
		}
		low, enough := true, false
		say(nil, ratelimit.ProbeChange{}, false)
		say(&enough, ratelimit.ProbeChange{}, false)
		say(&low, ratelimit.ProbeChange{Low: true}, true)
		say(&low, ratelimit.ProbeChange{}, true)
		say(nil, ratelimit.ProbeChange{}, true)
		say(&low, ratelimit.ProbeChange{}, true)
		say(&enough, ratelimit.ProbeChange{}, false)
		say(&low, ratelimit.ProbeChange{Low: true}, true)
		both := bad("used up")
		both.Low = &low
		p.probed(both, ratelimit.ProbeChange{Shut: true})
		n := told("active", "100")
		n.Low = &enough
		p.later(time.Minute)
		p.probed(n, ratelimit.ProbeChange{Opened: true})
		n.Bad, n.Good, n.Low = "used up", false, &low
		p.probed(n, ratelimit.ProbeChange{Shut: true, Low: true})
	})
}

// TestUnansweredProbeKeepsWhatWasKnown and says why there is nothing newer.
func TestUnansweredProbeKeepsWhatWasKnown(t *testing.T) {
	eachProber(t, func(p *prober) {
		if got := p.standing().Probe; got != nil {
			t.Errorf("nobody asked, and it shows %+v", got)
		}
		p.plan(5 * time.Minute)
		silent := ratelimit.ProbeNews{Seq: 1, NextIn: time.Minute, Probed: ratelimit.Probed{Why: "timeout"}, Bad: "not told", Good: true}
		if n, err := p.rec.ProbeNumber(p.ctx, group, "acct", 0); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		p.probed(silent, ratelimit.ProbeChange{})
		p.wantHalt("")
		p.wantAsked(time.Minute) // and asks again
		if got := p.standing().Probe; got == nil || !got.At.IsZero() || *got != (ratelimit.Probed{Why: "timeout"}) {
			t.Errorf("%+v", got)
		}
		p.probed(told("active", "100.50"), ratelimit.ProbeChange{})
		want := ratelimit.Probed{At: p.now, State: "active", Balance: "100.50", Overdraft: "0", Currency: "CNY"}
		if got := p.standing().Probe; got == nil || !got.At.Equal(want.At) || got.Why != "" || got.State != want.State || got.Balance != want.Balance || got.Overdraft != want.Overdraft || got.Currency != want.Currency {
			t.Errorf("%+v, want %+v", got, want)
		}
		p.later(time.Minute)
		silent.Seq = 2
		p.probed(silent, ratelimit.ProbeChange{})
		if got := p.standing().Probe; got.Why != "timeout" || got.Balance != "100.50" || !got.At.Equal(want.At) {
			t.Errorf("%+v", got)
		}
		p.must(p.lane.Shut(p.ctx, record.GateHalt, 0, "603"))
		p.later(time.Minute)
		silent.Seq = 3
		p.probed(silent, ratelimit.ProbeChange{})
		p.wantHalt("603")
		if got := strings.Join(p.r.Client.HKeys(p.ctx, redisKey("lane:", "acct")).Val(), " "); strings.Contains(got, "probe_low") {
			t.Errorf("%s", got)
		}
	})
}
