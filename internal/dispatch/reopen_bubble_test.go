package dispatch

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// TestGoodProbeOpensAHaltedLane, and no other, and it opens nothing else.
func TestGoodProbeOpensAHaltedLane(t *testing.T) {
	for name, tt := range map[string]struct {
		says  providers.ProbeResult
		opens bool
	}{
		"well, and tells no money": {providers.ProbeResult{Class: providers.ClassOK, State: "active"}, false},
		"has money":                {providers.ProbeResult{Class: providers.ClassOK, Balance: "0.01"}, true},
		"may overdraw":             {providers.ProbeResult{Class: providers.ClassOK, Balance: "-3", Overdraft: "10"}, true},
		"has none":                 {providers.ProbeResult{Class: providers.ClassOK, Balance: "0.00"}, false},
		"owes":                     {providers.ProbeResult{Class: providers.ClassOK, Balance: "-10", Overdraft: "10"}, false},
		"refused":                  {providers.ProbeResult{Class: providers.ClassHalted, Halt: providers.HaltAuth}, false},
		"did not answer":           {providers.ProbeResult{Class: providers.ClassUncertain}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.must(s.lane.Shared.Shut(s.ctx, record.GateHalt, 0, "balance 603"))
				s.must(s.lane.Shared.Shut(s.ctx, ratelimit.GateOperator, 0, "by ops"))
				looks := 0
				s.lane.Gated = func() { looks++ }
				s.company.probes = []providers.ProbeResult{tt.says}
				_, _ = s.lane.Probe(s.ctx, s.enqueue(probeJob(nil))) // what becomes of the probe itself is told elsewhere
				standing, err := s.lane.Shared.Peek(s.ctx)
				s.must(err)
				halted, paused := false, false
				for _, g := range standing.Gates {
					halted, paused = halted || g.Reason == record.GateHalt, paused || g.Reason == ratelimit.GateOperator
				}
				if halted == tt.opens || !paused || (looks > 0) != tt.opens {
					t.Errorf("halted %v, paused %v, %d looks at the queues", halted, paused, looks)
				}
			})
		})
	}
}

// blocked is a list of suppressed people, which may be out of reach at first.
type blocked struct {
	fails  int
	people []Person
	reason string
}

func (b *blocked) Suppress(_ context.Context, p Person, reason string) error {
	if b.fails--; b.fails >= 0 {
		return errors.New("Redis is away")
	}
	b.people, b.reason = append(b.people, p), reason
	return nil
}

// TestBlacklistedNumberIsSuppressed, also where the list cannot be reached at once:
// the attempt is not settled before.
func TestBlacklistedNumberIsSuppressed(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		list := &blocked{fails: 2}
		s.lane.Suppression = list
		o := providers.Outcome{
			Class: providers.ClassPermanent, Placed: providers.PlacedNo, Signal: providers.SignalSuppressed, VendorCode: "999", VendorText: "黑名单",
		}
		s.company.answers = []providers.Outcome{o}
		id := s.enqueue(notifyJob(nil))
		_, err := s.lane.Act(s.ctx, id, tasks.KindNotify)
		s.must(err)
		if rec := s.get(id); rec.State != record.Failed || rec.Cause != "suppressed" {
			t.Errorf("the job is %s (%s)", rec.State, rec.Cause)
		}
		if len(list.people) != 1 || list.people[0].Masked != s.get(id).To || list.people[0].Key == "" || !strings.Contains(list.reason, "黑名单") {
			t.Fatalf("suppressed are %+v: %s", list.people, list.reason)
		}
		o.Signal = providers.SignalNumberLock
		s.must(s.lane.suppress(s.ctx, list.people, o))
		if len(list.people) != 1 {
			t.Errorf("a lock suppresses: %+v", list.people)
		}
	})
}
