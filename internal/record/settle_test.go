package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

var results = []record.Settlement{
	{Result: record.ResultAccepted, VendorID: "call", VendorTask: "task", PollIn: time.Minute, GiveUpIn: time.Hour, Sent: true},
	{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute, Counted: true, MaxAttempts: 5, Sent: true, LockFor: time.Hour},
	{Result: record.ResultFailed, Cause: "invalid_number", Sent: true},
	{Result: record.ResultInDoubt, Sent: true},
	{Result: record.ResultBound, VendorID: "subid", Sent: true},
	{Result: record.ResultDone, Sent: true},
	{Result: record.ResultFailed, Cause: "unallocated", Maybe: true, Sent: true},
	{Result: record.ResultAccepted, VendorID: "call", X: "x", AwaitIn: time.Hour, GiveUpIn: time.Minute, Sent: true},
}

func TestSettleTwiceIsOnce(t *testing.T) {
	for _, s := range results {
		t.Run(string(s.Result), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(record.Accepted)
				w.send(1, "t")
				w.now = w.now.Add(3 * time.Second)
				first := w.settle(s)
				before := w.dump()
				if second := w.settle(s); second != first {
					t.Errorf("again: %+v, first %+v", second, first)
				}
				if after := w.dump(); after != before {
					t.Errorf("again it changed\n%s\nto\n%s", before, after)
				}
				if n := w.get().Attempts; n != 1 {
					t.Errorf("%d attempts, want 1", n)
				}
			})
		})
	}
}

// TestSettleOfAnotherAttempt: only the attempt's own handler is believed.
func TestSettleOfAnotherAttempt(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Held)
		w.now = w.now.Add(time.Minute)
		w.send(2, "t2")
		before := w.dump()
		for _, s := range results {
			for _, who := range []record.Settlement{{Attempt: 1, Token: "t"}, {Attempt: 2, Token: "t"}, {Attempt: 1, Token: "t2"}, {Attempt: 3, Token: "t3"}} {
				s.Attempt, s.Token = who.Attempt, who.Token
				if out := w.settle(s); !out.Stale {
					t.Errorf("attempt %d of %s was believed: %+v", s.Attempt, s.Token, out)
				}
			}
		}
		if after := w.dump(); after != before {
			t.Errorf("it changed\n%s\nto\n%s", before, after)
		}
	})
}

func TestChargeFollowsTheResult(t *testing.T) {
	rows := []struct {
		name  string
		s     record.Settlement
		stays bool
	}{
		{"accepted", record.Settlement{Result: record.ResultAccepted, GiveUpIn: time.Hour}, true},
		{"in doubt", record.Settlement{Result: record.ResultInDoubt}, true},
		{"again", record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute}, false},
		{"failed", record.Settlement{Result: record.ResultFailed, Cause: "x"}, false},
		{"again, but counted by the vendor", record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute, KeepCharge: true}, true},
		{"failed, but counted by the vendor", record.Settlement{Result: record.ResultFailed, Cause: "x", KeepCharge: true}, true},
		{"failed, but a phone may have rung", record.Settlement{Result: record.ResultFailed, Cause: "x", Maybe: true}, true},
		{"bound", record.Settlement{Result: record.ResultBound}, true},
		{"done", record.Settlement{Result: record.ResultDone}, true},
	}
	// Where the settlement finds the job: its own run, or long given up.
	late := map[string]func(*world){
		"in time":  func(w *world) { w.now = w.now.Add(3 * time.Second) },
		"in doubt": func(w *world) { w.now = w.now.Add(time.Minute); w.tickAll() },
		"unknown":  func(w *world) { w.now = w.now.Add(time.Minute); w.tickAll(); w.now = w.now.Add(time.Hour); w.tickAll() },
	}
	for when, wait := range late {
		for _, row := range rows {
			t.Run(when+"/"+row.name, func(t *testing.T) {
				each(t, func(w *world) {
					w.in(record.Accepted)
					start := w.now
					w.send(1, "t")
					wait(w)
					w.settle(row.s)
					want := time.Duration(0)
					if row.stays {
						want = w.now.Sub(start) + 1
					}
					if got := w.charge(); got != want {
						t.Errorf("charged at +%v, want +%v (0: not)", got, want)
					}
					if fly := w.r.Client.HGet(w.ctx, key("number:", num), "fly").Val(); fly != "" {
						t.Errorf("still in flight: %s", fly)
					}
				})
			})
		}
	}
}

func always(s record.State) [8]record.State { return [8]record.State{s, s, s, s, s, s, s, s} }

// TestLateSettle is what each result makes of a job that was given up.
func TestLateSettle(t *testing.T) {
	rows := []struct {
		found record.State
		want  [8]record.State // by results
	}{
		{record.InDoubt, [8]record.State{record.Submitted, record.Held, record.Failed, record.InDoubt, record.Active, record.Completed, record.Failed, record.AwaitingDial}},
		{record.Unknown, [8]record.State{record.Submitted, record.Failed, record.Failed, record.Unknown, record.Active, record.Completed, record.Unknown, record.AwaitingDial}},
		{record.Completed, always(record.Completed)},
		{record.Busy, always(record.Busy)},
		{record.Active, always(record.Active)},
		{record.Ringing, always(record.Ringing)},
	}
	for _, row := range rows {
		for i, s := range results {
			t.Run(string(row.found)+"/"+string(s.Result), func(t *testing.T) {
				each(t, func(w *world) {
					w.in(record.Accepted)
					w.send(1, "t")
					switch row.found {
					case record.Completed, record.Busy:
						w.advance(record.Evidence{State: row.found, Strength: 2})
					case record.Active:
						w.later(time.Minute)
						w.tickAll()
						_, _, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{}, "")
						w.must(err)
					case record.Ringing:
						w.later(time.Minute)
						w.tickAll()
						w.advance(record.Evidence{State: row.found, Strength: 2, GiveUpIn: time.Hour})
					case record.Unknown:
						w.now = w.now.Add(time.Minute)
						w.tickAll()
						w.now = w.now.Add(time.Hour)
						w.tickAll()
					default:
						w.now = w.now.Add(time.Minute)
						w.tickAll()
					}
					w.now = w.now.Add(time.Second)
					out := w.settle(s)
					if out.State != row.want[i] {
						t.Errorf("%s, want %s", out.State, row.want[i])
					}
					// Its task ended long ago, so nobody can put it back but the outbox.
					if !out.Until.IsZero() {
						t.Errorf("the owner is told to put it back at %v", out.Until)
					}
					if out.State == record.Held {
						w.wantDue(time.Minute)
					}
					if rank := w.r.Client.HGet(w.ctx, key("job:", id), "rank").Val(); out.State == record.Completed && rank != "9" {
						t.Errorf("completed, of rank %s", rank)
					}
					if _, due := w.due(); due == out.State.Final() {
						t.Errorf("%s and due: %v", out.State, due)
					}
				})
			})
		}
	}
}

// TestPushAndSettleInBothOrders end in one result.
func TestPushAndSettleInBothOrders(t *testing.T) {
	push := record.Evidence{State: record.Completed, Cause: "answered", Strength: 4, VendorID: "call"}
	settle := record.Settlement{Result: record.ResultAccepted, VendorID: "call", VendorTask: "task", PollIn: time.Minute, GiveUpIn: time.Hour, Sent: true, Code: "200"}
	for name, steps := range map[string][]func(*world){
		"push first":   {func(w *world) { w.advance(push) }, func(w *world) { w.settle(settle) }},
		"settle first": {func(w *world) { w.settle(settle) }, func(w *world) { w.advance(push) }},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.in(record.Accepted)
				w.send(1, "t")
				w.now = w.now.Add(3 * time.Second)
				for _, step := range steps {
					step(w)
				}
				r := w.get()
				if r.State != record.Completed || r.Cause != "answered" || r.VendorID != "call" || r.VendorTask != "task" || r.Attempts != 1 || r.VendorCode != "200" {
					t.Errorf("%+v", r)
				}
				if _, due := w.due(); due {
					t.Error("a job that ended is due")
				}
				if at := w.charge(); at != 3*time.Second+1 {
					t.Errorf("charged at +%v, want the answer's +3s", at)
				}
				if fly := w.r.Client.HGet(w.ctx, key("number:", num), "fly").Val(); fly != "" {
					t.Errorf("still in flight: %s", fly)
				}
			})
		})
	}
}

func TestAttemptsAreUsedUp(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		s := record.Settlement{Result: record.ResultAgain, Reason: "retry", Counted: true, MaxAttempts: 3, Cause: "congestion"}
		for n := 1; n <= 4; n++ {
			s.Attempt, s.Counted = n, n != 2 // one of them does not count
			w.send(n, "t")
			out := w.settle(s)
			if want := map[bool]record.State{true: record.Failed, false: record.Held}[n == 4]; out.State != want {
				t.Fatalf("attempt %d: %s, want %s", n, out.State, want)
			}
		}
		if r := w.get(); r.Cause != "congestion" || r.Failures != 3 || r.Attempts != 0 {
			t.Errorf("%+v; want no attempt that was sent, three failures", r)
		}
	})
}

// TestLongRunIsBounded: the timeline stops growing, and the end is on it.
func TestTimelineIsBounded(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		for n := 1; n <= 50; n++ {
			w.send(n, "t")
			w.settle(record.Settlement{Attempt: n, Result: record.ResultAgain, Reason: "retry"})
		}
		_, _, err := w.store.Cancel(w.ctx, id)
		w.must(err)
		lines := w.get().Timeline
		if len(lines) != 61 || lines[60].State != record.Canceled || !strings.Contains(lines[60].Detail, "before it was sent") {
			t.Errorf("%d lines, the last %+v; want 61 with the end", len(lines), lines[len(lines)-1])
		}
	})
}
