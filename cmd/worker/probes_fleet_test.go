package main

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// TestOneProbeForTheWholeFleet: three workers ask once a second how the account stands,
// together and not each; one is killed. What the platform tells shuts the lane to binds,
// never to unbinds, and opens it again.
func TestOneProbeForTheWholeFleet(t *testing.T) {
	t.Parallel()
	f := realFleet(t)
	v := f.interline("interline-0", sandbox.InterlineOptions{}, slowRules, 30*time.Second)
	f.more("    probe: {every: 1s, threshold: 10, warn_below: 60}\n")
	f.crew(3)
	first := f.enqueue([]tasks.Job{pair("17000000001", "13800000001")})[0]
	f.each(20*time.Second, "the number is bound", []string{first}, func(r *record.Record) bool { return r.State == record.Active })
	f.until(20*time.Second, "five probes", func() bool { return len(probesOf(v)) >= 5 })
	wait(300 * time.Millisecond) // what a killed one has in its hands comes back after a minute
	asked := probesOf(v)
	f.workers[0].restart()
	for i := 1; i < len(asked); i++ {
		// It is planned from when the answer was kept, and looked at every half second.
		if gap := asked[i].Sub(asked[i-1]); gap < 900*time.Millisecond {
			t.Errorf("probes %d and %d are %s apart", i, i+1, gap)
		}
	}

	shared := ratelimit.NewLane(f.store, "interline", "interline-0", ratelimit.Rules{}, time.Now)
	halted := func(why string) func() bool {
		return func() bool { return strings.HasPrefix(haltOf(t, shared), "probe: "+why) }
	}
	v.SetAccount(sandbox.InterlineAccount{State: 1, Balance: 4, Overdraft: 6})
	f.until(90*time.Second, "too little is left", halted("balance and overdraft are 10 CNY"))
	bound := len(v.Made())
	second := f.enqueue([]tasks.Job{pair("17000000002", "13800000002")})[0]
	release := f.enqueue([]tasks.Job{{Kind: tasks.KindUnbind, Account: "interline-0", Binding: first}})
	f.ended(20*time.Second, append(release, first))
	if r := f.record(first); r.State != record.Released {
		t.Errorf("behind a lane that is halted the first binding is %s", r.State)
	}
	if r := f.record(second); !r.State.Waiting() || len(v.Made()) != bound {
		t.Errorf("the second bind is %s, and the platform has %d bindings more", r.State, len(v.Made())-bound)
	}
	v.SetAccount(sandbox.InterlineAccount{State: 2, Balance: 100})
	f.until(20*time.Second, "the platform says that it is suspended", halted("the account is suspended"))
	v.SetAccount(sandbox.InterlineAccount{State: 1, Balance: 30})
	f.until(20*time.Second, "the lane is open again", func() bool { return haltOf(t, shared) == "" })
	if p := stood(t, shared); !p.Low || p.Balance != "30" {
		t.Errorf("with 30 left it stands as %+v", p)
	}
	f.each(20*time.Second, "the second number is bound", []string{second}, func(r *record.Record) bool { return r.State == record.Active })
	f.leave()
}

// haltOf is why the lane is halted; "": it is not.
func haltOf(t *testing.T, l *ratelimit.Lane) string {
	t.Helper()
	s, err := l.Peek(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range s.Gates {
		if g.Reason == record.GateHalt {
			return g.Detail
		}
	}
	return ""
}

func stood(t *testing.T, l *ratelimit.Lane) ratelimit.Probed {
	t.Helper()
	s, err := l.Peek(t.Context())
	if err != nil || s.Probe == nil {
		t.Fatalf("how the account stands: %+v, %v", s.Probe, err)
	}
	return *s.Probe
}

func pair(x, a string) tasks.Job {
	return tasks.Job{Kind: tasks.KindBind, Account: "interline-0", X: x, A: a, B: "13900000009", TTL: time.Hour}
}

// probesOf is when the platform was asked how the account stands.
func probesOf(v *sandbox.Interline) (at []time.Time) {
	for _, r := range v.Requests() {
		if r.Op == sandbox.InterlineStatus {
			at = append(at, r.At)
		}
	}
	return at
}
