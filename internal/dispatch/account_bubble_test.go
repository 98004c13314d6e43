package dispatch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

func TestProbe(t *testing.T) {
	for name, tt := range map[string]struct {
		says  providers.ProbeResult
		state record.State
		cause string
		in    time.Duration
	}{
		"fine":      {providers.ProbeResult{Class: providers.ClassOK, State: "trial"}, record.Completed, "", 0},
		"refused":   {providers.ProbeResult{Class: providers.ClassPermanent, VendorText: "no"}, record.Failed, "account", 0},
		"halted":    {providers.ProbeResult{Class: providers.ClassHalted, Halt: providers.HaltAuth}, record.Failed, "account", 0},
		"nonsense":  {providers.ProbeResult{Class: providers.ClassOK, VendorCode: "0", Balance: "NaN"}, record.Held, "", 30 * time.Second},
		"pending":   {providers.ProbeResult{Class: providers.ClassPending}, record.Held, "", 30 * time.Second},
		"trouble":   {providers.ProbeResult{Class: providers.ClassUncertain}, record.Held, "", 30 * time.Second},
		"too often": {providers.ProbeResult{Class: providers.ClassRateLimited, RetryAfter: time.Hour}, record.Held, "", time.Hour},
		"later":     {providers.ProbeResult{Class: providers.ClassRetryLater, RetryAfter: time.Second}, record.Held, "", 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.company.probes = []providers.ProbeResult{tt.says}
				id := s.enqueue(probeJob(nil))
				state, err := s.lane.Probe(s.ctx, id)
				var later *Later
				if tt.in > 0 && (!asLater(err, &later) || time.Until(later.At) != tt.in) || tt.in == 0 && err != nil {
					t.Errorf("%v; want it back in %s", err, tt.in)
				}
				if rec := s.get(id); state != tt.state || rec.State != tt.state || rec.Cause != tt.cause {
					t.Errorf("%s, on record %s (%s)", state, rec.State, rec.Cause)
				}
			})
		})
	}
}

// TestProbeGivesUp after as many tries as the account allows.
func TestProbeGivesUp(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		for range 9 {
			s.company.probes = append(s.company.probes, providers.ProbeResult{Class: providers.ClassUncertain})
		}
		id := s.enqueue(probeJob(nil))
		for range 4 {
			var later *Later
			if state, err := s.lane.Probe(s.ctx, id); state != record.Held || !errors.As(err, &later) {
				t.Fatalf("%s, %v", state, err)
			}
		}
		if state, err := s.lane.Probe(s.ctx, id); state != record.Failed || err != nil || s.get(id).Attempts != 5 {
			t.Errorf("%s, %v, %d attempts", state, err, s.get(id).Attempts)
		}
		if state, err := s.lane.Probe(s.ctx, id); state != record.Failed || err != nil || len(s.company.probes) != 4 {
			t.Errorf("once more: %s, %v; %d answers are left", state, err, len(s.company.probes))
		}
	})
}

func TestStanding(t *testing.T) {
	for want, r := range map[string]providers.ProbeResult{
		"state active": {State: "active"},
		"state trial, balance 1.50, overdraft 10, currency CNY": {State: "trial", Balance: "1.50", Overdraft: "10", Currency: "CNY"},
	} {
		if got := standing(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	inScene(t, func(t *testing.T, s scene) {
		id := s.enqueue(probeJob(nil))
		if _, err := s.lane.Probe(s.ctx, id); err != nil {
			t.Fatal(err)
		}
		line := s.get(id).Timeline
		if last := line[len(line)-1]; last.State != record.Completed || !strings.Contains(last.Detail, "balance 12.50") {
			t.Errorf("%+v", last)
		}
	})
}
