package dispatch

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// auto is the n-th of several bind jobs for one A and B that leave X to us.
func auto(n int) tasks.Job { return bindAuto("auto-" + string(rune('a'+n)))(nil) }

// goesOn runs a job again and again at its times, until it waits no longer.
func (s scene) goesOn(id string, patience time.Duration) record.State {
	s.t.Helper()
	for deadline, runs := time.Now().Add(patience), 0; ; runs++ {
		state, err := s.lane.Act(s.ctx, id, s.kind(id))
		if runs > 1000 {
			s.t.Fatalf("it is %s after %d runs", state, runs)
		}
		var later *Later
		if !asLater(err, &later) {
			s.must(err)
			return state
		}
		if later.At.After(deadline) {
			return state
		}
		time.Sleep(time.Until(later.At))
	}
}

// standing are the middle numbers of the bindings that stand at the company.
func (c *phoneCompany) standing() (numbers []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.bindings {
		if p.stands() {
			numbers = append(numbers, p.x)
		}
	}
	slices.Sort(numbers)
	return numbers
}

func (s scene) wantNoWrongs() {
	s.t.Helper()
	for _, wrong := range s.company.wrongs {
		s.t.Error(wrong)
	}
}

// holdings are what the ledger knows of the group's middle numbers.
func (s scene) holdings(f record.HoldingFilter) (out []record.Holding) {
	s.t.Helper()
	for h, err := range s.lane.Store.Holdings(s.ctx, walkGroup, f) {
		s.must(err)
		out = append(out, h)
	}
	return out
}

// TestXIsChosen by several handlers at once: for one A and B each free number once,
// and whoever finds none waits until one is released.
func TestXIsChosen(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		var ids []string
		for n := range 4 {
			ids = append(ids, s.enqueue(auto(n)))
		}
		var handlers sync.WaitGroup
		for _, id := range slices.Concat(ids, ids) { // each of them is delivered twice
			handlers.Go(func() {
				_, err := s.lane.Act(s.ctx, id, tasks.KindBind)
				if later := (*Later)(nil); err != nil && !asLater(err, &later) {
					t.Error(err)
				}
			})
		}
		handlers.Wait()
		byState := map[record.State][]string{}
		for _, id := range ids {
			rec := s.get(id)
			byState[rec.State] = append(byState[rec.State], id)
			if rec.State == record.Held && (rec.HoldReason != record.HoldNoNumber || rec.X != "" || rec.Attempts != 0) {
				t.Errorf("it waits for %q with X %q", rec.HoldReason, rec.X)
			}
			if rec.State == record.Active && (!rec.Chosen || len(rec.X) != 11 || rec.Generation == 0) {
				t.Errorf("chosen %v, X %q, generation %d", rec.Chosen, rec.X, rec.Generation)
			}
		}
		active, held := byState[record.Active], byState[record.Held]
		if len(active) != 2 || len(held) != 2 || !slices.Equal(s.company.standing(), []string{pool[0].Digits, pool[1].Digits}) {
			t.Fatalf("%v; %v stand", byState, s.company.standing())
		}
		if got := s.holdings(record.HoldingFilter{State: "active"}); len(got) != 2 {
			t.Errorf("the ledger holds %+v", got)
		}
		freed := s.get(active[0]).X
		if state := s.goesOn(held[0], time.Minute); state != record.Held {
			t.Errorf("nothing was released, and it is %s", state)
		}
		s.wantDoes(unbindJob("u1")([]string{active[0]}), record.Completed)
		if state := s.goesOn(held[0], 2*time.Minute); state != record.Active || s.get(held[0]).X != freed {
			t.Errorf("then it is %s on %s, want %s", state, s.get(held[0]).X, freed)
		}
		if state := s.goesOn(held[1], time.Minute); state != record.Held {
			t.Errorf("the other one is %s", state)
		}
		s.wantNoWrongs()
	})
}

// TestXLeastUsed: other people share a number before the pool is used up for two.
func TestXLeastUsed(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		for n := range 4 {
			job := auto(n)
			job.A, job.B = a1+string(rune('0'+n)), b1+string(rune('0'+n))
			s.wantDoes(job, record.Active)
		}
		want := []string{pool[0].Digits, pool[0].Digits, pool[1].Digits, pool[1].Digits}
		if got := s.company.standing(); !slices.Equal(got, want) {
			t.Errorf("bound on %v, want %v", got, want)
		}
	})
}

// TestXRefused: the next request is for another number, under another id; the first
// one is never asked for again, and where all are refused the job fails.
func TestXRefused(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.company.refusesX = 1
		id, state, err := s.does(auto(0))
		var later *Later
		rec := s.get(id)
		if !asLater(err, &later) || state != record.Held || rec.HoldReason != record.HoldRetry || rec.Chosen || rec.X != "" || len(rec.Numbers) != 0 {
			t.Fatalf("%s, %v: %+v", state, err, rec)
		}
		if got := s.holdings(record.HoldingFilter{}); len(got) != 0 {
			t.Errorf("the ledger keeps %+v", got)
		}
		first := rec.RequestID
		if state := s.goesOn(id, time.Minute); state != record.Active {
			t.Fatalf("then it is %s", state)
		}
		rec = s.get(id)
		if slices.Contains(s.company.refused, rec.X) || rec.RequestID == s.company.idOf[id+" "+s.company.refused[0]] || rec.RequestID != first {
			t.Errorf("bound on %s under %s; %v was refused", rec.X, rec.RequestID, s.company.refused)
		}
		if len(s.company.heard) != 2 || len(s.company.bindings) != 1 {
			t.Errorf("%d requests, %d bindings", len(s.company.heard), len(s.company.bindings))
		}
		s.wantNoWrongs()
	})
	inScene(t, func(t *testing.T, s scene) {
		s.company.refusesX = len(pool)
		id := s.enqueue(auto(0))
		if state := s.goesOn(id, 10*time.Minute); state != record.Failed || s.get(id).Cause != string(providers.CauseBindingConflict) || len(s.company.heard) != len(pool) {
			t.Errorf("%s (%s) after %d requests", state, s.get(id).Cause, len(s.company.heard))
		}
		s.wantNoWrongs()
	})
}

// TestXWithoutPool: a worker whose configuration has no pool says so, and another one
// may take the job.
func TestXWithoutPool(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.lane.Pool = nil
		id, state, err := s.does(auto(0))
		var later *Later
		if !asLater(err, &later) || state != record.Held || s.get(id).HoldReason != record.HoldNoNumber {
			t.Errorf("%s (%s), %v", state, s.get(id).HoldReason, err)
		}
		s.lane.Pool = pool
		if state := s.goesOn(id, time.Minute); state != record.Active {
			t.Errorf("then it is %s", state)
		}
	})
}

// TestChosenJobTwice: its task comes again, while it runs and after, and so does one
// that carries the job as it was given. It is bound once.
func TestChosenJobTwice(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.lane.Offer = phoneAccount()
		task, id := carries(t, auto(0))
		var handlers sync.WaitGroup
		for range 6 {
			handlers.Go(func() {
				err := s.lane.process(s.ctx, task)
				if later := (*Later)(nil); err != nil && !asLater(err, &later) {
					t.Error(err)
				}
			})
		}
		handlers.Wait()
		s.must(s.lane.process(s.ctx, task))
		rec := s.get(id)
		if rec.State != record.Active || !rec.Chosen || len(s.company.bindings) != 1 || len(s.company.heard) != 1 || len(s.holdings(record.HoldingFilter{})) != 1 {
			t.Errorf("it is %s; %d bindings, %d requests; the ledger: %+v", rec.State, len(s.company.bindings), len(s.company.heard), s.holdings(record.HoldingFilter{}))
		}
		if again := s.enqueue(auto(0)); again != id {
			t.Errorf("submitted again it is %s, not %s", again, id)
		}
		if state, err := s.lane.Act(s.ctx, id, tasks.KindBind); err != nil || state != record.Active || len(s.company.heard) != 1 {
			t.Errorf("run again: %s, %v", state, err)
		}
	})
}
