package dispatch

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

const (
	period   = 5 * time.Minute
	schedule = 22 * time.Minute // of a walk
)

func everyPeriod() *Probing {
	return &Probing{Every: period, Threshold: new(big.Rat), WarnBelow: big.NewRat(10, 1)}
}

// probed is when the company was asked how the account stands, from begin.
func (c *phoneCompany) probedAt(begin time.Time) (at []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.probed {
		at = append(at, t.Sub(begin))
	}
	return at
}

// wantOnePerPeriod: the schedule went on until the end, and never asked early.
func wantOnePerPeriod(t *testing.T, at []time.Duration, lasted time.Duration) {
	t.Helper()
	for i, d := range at {
		if i > 0 && d-at[i-1] < period {
			t.Errorf("asked again after %s: %v", d-at[i-1], at)
		}
	}
	// A lost step costs a minute or so, and the next one is a period after it.
	if len(at) == 0 || at[0] > 3*time.Minute || at[len(at)-1] < lasted-period-6*time.Minute {
		t.Errorf("in %s it was asked at %v", lasted, at)
	}
}

// TestOneQuestionPerPeriod though two processes pump and work, and both planned it.
func TestOneQuestionPerPeriod(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		broker, company := newMemBroker(), &phoneCompany{}
		var fleet sync.WaitGroup
		begin := time.Now()
		for range 2 {
			p := newProcess(r.NewClient(t), broker, company, newSteps(0, lives))
			p.lane.Probing = everyPeriod()
			if err := p.lane.Shared.PlanProbe(t.Context(), period); err != nil {
				t.Fatal(err)
			}
			fleet.Go(func() { p.worksUntil(t, time.Now().Add(time.Hour)) })
		}
		fleet.Wait()
		at := company.probedAt(begin)
		wantOnePerPeriod(t, at, time.Hour)
		if len(at) != 12 && len(at) != 11 {
			t.Errorf("asked %d times in an hour: %v", len(at), at)
		}
		// It is planned again by a worker that starts, and not by one without a plan.
		p := newProcess(r.Client, broker, company, newSteps(0, lives))
		p.lane.Probing = everyPeriod()
		for _, every := range []time.Duration{period, 0} {
			if err := p.lane.Shared.PlanProbe(t.Context(), every); err != nil {
				t.Fatal(err)
			}
		}
		p.worksUntil(t, time.Now().Add(time.Hour))
		if more := company.probedAt(begin); len(more) != len(at) {
			t.Errorf("nobody plans it, and it was asked at %v", more[len(at):])
		}
	})
}

// probedThrough runs the schedule while fate strikes at one step of a process; what
// goes wrong there is what an answer of Redis that got lost looks like.
func probedThrough(t *testing.T, at int, action redistest.Action) (steps int, asked []time.Duration) {
	t.Helper()
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		broker, company := newMemBroker(), &phoneCompany{}
		faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if op.N == at {
				return redistest.Verdict{Action: action}
			}
			return redistest.Verdict{}
		})
		begin := time.Now()
		p := newProcess(r.NewClient(t, faults), broker, company, newSteps(0, lives))
		p.lane.Probing = everyPeriod()
		second := newProcess(r.Client, broker, company, newSteps(0, lives))
		second.lane.Probing = everyPeriod()
		if err := second.lane.Shared.PlanProbe(t.Context(), period); err != nil {
			t.Fatal(err)
		}
		p.worksUntil(t, begin.Add(90*time.Second))
		steps = faults.Count()
		second.worksUntil(t, begin.Add(schedule))
		asked = company.probedAt(begin)
		if score := r.Client.ZScore(t.Context(), groupKey("due"), record.ProbeID(walkGroup, "phone")).Val(); score == 0 {
			t.Error("nothing is planned any more")
		}
	})
	return steps, asked
}

// TestScheduleOutlivesRedis: an answer that is lost, a question that did not get
// through, a death at any step: the schedule goes on, and asks once a period except
// where somebody died.
func TestScheduleOutlivesRedis(t *testing.T) {
	for name, action := range map[string]redistest.Action{
		"lost": redistest.FailAfter, "not-heard": redistest.FailBefore, "dies-before": redistest.DieBefore, "dies-after": redistest.DieAfter,
	} {
		t.Run(name, func(t *testing.T) {
			quiet, asked := probedThrough(t, 0, redistest.Pass)
			wantOnePerPeriod(t, asked, schedule)
			// The first question is asked in the first seconds; then one only waits.
			for at := 1; at <= min(quiet, 14); at++ {
				t.Run(fmt.Sprintf("%02d", at), func(t *testing.T) {
					_, asked := probedThrough(t, at, action)
					died := action == redistest.DieBefore || action == redistest.DieAfter
					if died && len(asked) > 1 && asked[1]-asked[0] < period {
						asked = slices.Delete(asked, 1, 2) // who goes on cannot know that it was asked
					}
					wantOnePerPeriod(t, asked, schedule)
				})
			}
		})
	}
}

// asks runs the next planned question, whenever it is due.
func (s scene) asks() {
	s.t.Helper()
	n := len(s.company.probed)
	for deadline := time.Now().Add(2 * period); len(s.company.probed) == n; {
		if !s.turn(s.ctx) {
			time.Sleep(time.Second)
		}
		if time.Now().After(deadline) {
			s.t.Fatal("nobody asks")
		}
	}
}

func (s scene) planned() {
	s.t.Helper()
	s.lane.Probing = everyPeriod()
	s.must(s.lane.Shared.PlanProbe(s.ctx, period))
}

// halted is the detail of the lane's halt; "": it is open.
func (s scene) halted() string {
	s.t.Helper()
	standing, err := s.lane.Shared.Peek(s.ctx)
	s.must(err)
	for _, g := range standing.Gates {
		if g.Reason == record.GateHalt {
			return g.Detail
		}
	}
	return ""
}

// TestProbeShutsAndOpens: what the vendor says of the account, and nothing else.
func TestProbeShutsAndOpens(t *testing.T) {
	good := providers.ProbeResult{Class: providers.ClassOK, State: "active", Balance: "12.50"}
	suspended := providers.ProbeResult{Class: providers.ClassHalted, Halt: providers.HaltAccount, State: "suspended"}
	empty := providers.ProbeResult{Class: providers.ClassOK, State: "active", Balance: "-5", Overdraft: "5"}
	for name, tt := range map[string]struct {
		says []providers.ProbeResult
		want []string // the halt after each
	}{
		"suspended, then well": {[]providers.ProbeResult{suspended, suspended, good}, []string{"probe: the account is suspended", "probe: the account is suspended", ""}},
		"used up, then paid":   {[]providers.ProbeResult{empty, good}, []string{"probe: balance and overdraft are 0", ""}},
		"on credit":            {[]providers.ProbeResult{{Class: providers.ClassOK, State: "active", Balance: "-5", Overdraft: "5.01"}}, []string{""}},
		"tells nothing": {[]providers.ProbeResult{
			{Class: providers.ClassHalted, Halt: providers.HaltAuth, VendorCode: "401"}, {Class: providers.ClassUncertain, VendorText: "timeout"},
			{Class: providers.ClassPermanent, VendorCode: "404"}, {Class: providers.ClassRateLimited, VendorCode: "1006", RetryAfter: time.Minute},
		}, []string{"", "", "", ""}},
		"suspended, then silent": {[]providers.ProbeResult{suspended, {Class: providers.ClassUncertain}}, []string{"probe: the account is suspended", "probe: the account is suspended"}},
		"nonsense opens nothing": {[]providers.ProbeResult{
			suspended, {Class: providers.ClassOK, VendorCode: "0", VendorText: "ok"}, {Class: providers.ClassOK, Balance: "NaN"},
			{Class: providers.ClassOK, Balance: "1e400"}, {Class: providers.ClassOK, Balance: "1/3"}, {Class: providers.ClassOK, State: "active"},
		}, slices.Repeat([]string{"probe: the account is suspended"}, 6)},
		"suspended with money": {[]providers.ProbeResult{
			{Class: providers.ClassOK, State: "suspended", Balance: "5"}, {Class: providers.ClassOK, State: "closed", Balance: "5"},
		}, []string{"probe: the account is suspended", "probe: the account is closed"}},
		"refused for its money, then above 0": {[]providers.ProbeResult{
			{Class: providers.ClassHalted, Halt: providers.HaltBalance, VendorCode: "1110"}, good,
		}, []string{"probe: the balance: 1110", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.company.probes = tt.says
				s.planned()
				for i, want := range tt.want {
					s.asks()
					if got := s.halted(); (want == "") != (got == "") || !strings.HasPrefix(got, want) {
						t.Errorf("after question %d the lane's halt is %q, want %q", i+1, got, want)
					}
				}
				standing, err := s.lane.Shared.Peek(s.ctx)
				if err != nil || standing.Probe == nil {
					t.Fatalf("%+v, %v", standing, err)
				}
				if last := tt.says[len(tt.says)-1]; told(last) && (standing.Probe.State != last.State || standing.Probe.Balance != last.Balance || standing.Probe.Why != "") ||
					!told(last) && standing.Probe.Why != cmp.Or(last.VendorCode+last.VendorText, string(last.Class)) {
					t.Errorf("kept is %+v of %+v", standing.Probe, last)
				}
			})
		})
	}
}

// TestThresholdDecides where the balance is known, not what the adapter thinks of it.
func TestThresholdDecides(t *testing.T) {
	used := func(balance string) providers.ProbeResult {
		return providers.ProbeResult{Class: providers.ClassHalted, Halt: providers.HaltBalance, State: "active", Balance: balance}
	}
	inScene(t, func(t *testing.T, s scene) {
		s.planned()
		s.lane.Probing.Threshold = big.NewRat(-20, 1)
		for _, tt := range []struct {
			balance string
			shut    bool
		}{{"-19.99", false}, {"-20", true}, {"-21", true}, {"-19", false}, {"0", false}} {
			s.company.probes = []providers.ProbeResult{used(tt.balance)}
			s.asks()
			if got := s.halted(); (got != "") != tt.shut {
				t.Errorf("balance %s: the lane's halt is %q", tt.balance, got)
			}
		}
	})
}

// TestNonsenseSaysWhy nothing was learned.
func TestNonsenseSaysWhy(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.company.probes = []providers.ProbeResult{{Class: providers.ClassOK, VendorCode: "0", VendorText: "ok", Balance: "NaN"}}
		s.planned()
		s.asks()
		standing, err := s.lane.Shared.Peek(s.ctx)
		s.must(err)
		if p := standing.Probe; p == nil || !p.At.IsZero() || p.Balance != "" || p.Why != "the answer tells neither state nor balance" {
			t.Errorf("%+v", p)
		}
	})
}

// TestVendorsRestIsKept though the plan is looked after each minute.
func TestVendorsRestIsKept(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.company.probes = []providers.ProbeResult{{Class: providers.ClassRateLimited, RetryAfter: time.Hour}}
		s.planned()
		s.asks()
		begin := time.Now()
		for asked := len(s.company.probed); len(s.company.probed) == asked; {
			if since := time.Since(begin); since > 2*time.Hour {
				t.Fatal("nobody asks any more")
			} else if since%time.Minute == 0 {
				s.must(s.lane.Shared.PlanProbe(s.ctx, period))
			}
			if !s.turn(s.ctx) {
				time.Sleep(time.Second)
			}
		}
		if waited := time.Since(begin); waited < time.Hour {
			t.Errorf("asked again after %s", waited)
		}
	})
}

// TestProbeThatIsOffHereSaysSo and is planned no more.
func TestProbeThatIsOffHereSaysSo(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		log, said := logtest.NewNullLogger()
		s.lane.Log = log
		s.planned()
		s.lane.Probing = nil
		s.must(s.lane.PlannedProbe(s.ctx, record.ProbeID(walkGroup, "phone")+"~1"))
		if n := len(s.company.probed); n != 0 {
			t.Errorf("asked %d times", n)
		}
		if last := said.LastEntry(); last == nil || last.Level != logrus.WarnLevel || !strings.Contains(last.Message, "probe is off for this account here") {
			t.Errorf("said %+v", last)
		}
		if err := s.redis.Client.ZScore(s.ctx, groupKey("due"), record.ProbeID(walkGroup, "phone")).Err(); err == nil {
			t.Error("it is still planned")
		}
	})
}

// TestHaltAfterTheQuestion stays: the answer is older.
func TestHaltAfterTheQuestion(t *testing.T) {
	for name, tt := range map[string]struct {
		asked time.Duration // before the halt; negative: after it
		opens bool
	}{"before the halt": {time.Second, false}, "after the halt": {-time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.lane.Probing = everyPeriod()
				asked := time.Now()
				if tt.asked > 0 {
					time.Sleep(tt.asked)
				}
				s.company.answers = []providers.Outcome{{Class: providers.ClassHalted, Halt: providers.HaltBalance, Placed: providers.PlacedNo}}
				id := s.enqueue(bindFor(forAges)(nil))
				if _, err := s.lane.Act(s.ctx, id, tasks.KindBind); err == nil || s.halted() == "" {
					t.Fatalf("%v; the lane's halt is %q", err, s.halted())
				}
				if tt.asked < 0 {
					time.Sleep(-tt.asked)
					asked = time.Now()
				}
				s.must(s.lane.learn(s.ctx, s.lane.newsOfAccount(s.company.probe(), asked)))
				if got := s.halted(); (got == "") != tt.opens {
					t.Errorf("the lane's halt is %q", got)
				}
			})
		})
	}
}

// TestWrongConfigurationStaysShut: no account's state mends it.
func TestWrongConfigurationStaysShut(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.must(s.lane.Shared.Shut(s.ctx, record.GateHalt, 0, "config: other rules elsewhere"))
		time.Sleep(time.Second)
		s.planned()
		s.asks()
		if got := s.halted(); !strings.HasPrefix(got, "config") {
			t.Errorf("the lane's halt is %q", got)
		}
	})
}

// TestLowBalanceIsSaidOnce until there was more.
func TestLowBalanceIsSaidOnce(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		log, said := logtest.NewNullLogger()
		s.lane.Log = log
		has := func(balance string) providers.ProbeResult {
			return providers.ProbeResult{Class: providers.ClassOK, State: "active", Balance: balance, Currency: "CNY"}
		}
		warnings := func() (n int) {
			for _, e := range said.AllEntries() {
				if e.Level == logrus.WarnLevel && strings.Contains(e.Message, "little left") {
					n++
				}
			}
			return n
		}
		s.planned()
		for i, tt := range []struct {
			balance string
			want    int
		}{{"12.50", 0}, {"9.99", 1}, {"8", 1}, {"0.5", 1}, {"10", 1}, {"9", 2}, {"9", 2}} {
			s.company.probes = []providers.ProbeResult{has(tt.balance)}
			s.asks()
			if got := warnings(); got != tt.want {
				t.Errorf("question %d, balance %s: %d warnings, want %d", i+1, tt.balance, got, tt.want)
			}
			standing, err := s.lane.Shared.Peek(s.ctx)
			if err != nil || standing.Probe == nil || standing.Probe.Low != (tt.balance == "9.99" || tt.balance == "8" || tt.balance == "0.5" || tt.balance == "9") {
				t.Errorf("%+v, %v", standing.Probe, err)
			}
		}
	})
}
