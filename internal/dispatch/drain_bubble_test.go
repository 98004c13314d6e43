package dispatch

import (
	"context"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// TestDrain lets go of waiting handlers at once, and waits for those in flight.
func TestDrain(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company := &phoneCompany{}
		p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
		p.lane.under(ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 1. / 60, Burst: 1}}, time.Now)
		var ids []string
		for i := range 3 {
			receipt, err := p.client.Enqueue(t.Context(), tasks.Job{Account: "phone", To: "1380000000" + string(rune('1'+i)), Template: "T1"})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, receipt.ID)
		}
		begin := time.Now()
		errs := make(chan error, len(ids))
		for _, id := range ids {
			go func() {
				_, err := p.lane.Act(t.Context(), id, tasks.KindNotify)
				errs <- err
			}()
		}
		time.Sleep(10 * time.Second)
		p.lane.Drain()
		back := 0
		for range ids {
			var later *Later
			if err := <-errs; asLater(err, &later) {
				back++
			}
		}
		if took := time.Since(begin); took != 10*time.Second || back != 2 {
			t.Errorf("%d of 2 waiting jobs came back, after %s", back, took)
		}
		if err := p.lane.Wait(context.Background()); err != nil || len(company.calls()) != 1 {
			t.Errorf("Wait: %v; %d calls", err, len(company.calls()))
		}
		if p.lane.acting.depart(&p.lane.inFlight) {
			t.Error("a request departs from a drained lane")
		}
	})
}

// TestDrainedLaneGivesBack what was popped as it began to drain: at once, and
// as no failure.
func TestDrainedLaneGivesBack(t *testing.T) {
	for kind, job := range map[tasks.Kind]tasks.Job{
		tasks.KindNotify: notifyJob(nil), tasks.KindBind: bindXA(nil), tasks.KindAccount: probeJob(nil),
	} {
		inScene(t, func(t *testing.T, s scene) {
			id := s.enqueue(job)
			s.lane.Drain()
			var later *Later
			err := s.lane.process(s.ctx, asynq.NewTask(string(kind), tasks.EncodePayload(id)))
			if !asLater(err, &later) || time.Until(later.At) > 0 || s.get(id).State != record.Queued {
				t.Errorf("%s: %v, the job is %s", kind, err, s.get(id).State)
			}
		})
	}
}

// TestLostTaskComesBack: a person deletes the task, or asynq has put it where it
// never runs; the job is still called, once.
func TestLostTaskComesBack(t *testing.T) {
	for name, lose := range map[string]func(*memBroker, string){
		"deleted":  func(b *memBroker, id string) { delete(b.tasks, id) },
		"archived": func(b *memBroker, id string) { b.tasks[id].done = true },
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
				w := newWalk(t, r, &phoneCompany{talks: time.Second})
				lose(w.broker, w.record(t.Context()).ID)
				w.live(t, w.first, time.Hour)
				if got := w.record(t.Context()); got.State != record.Completed || len(w.company.calls()) != 1 {
					t.Errorf("the job is %s, %d calls: %v", got.State, len(w.company.calls()), got.Timeline)
				}
			})
		})
	}
}

// TestCanceledJobIsNotSent: its task finds nothing to do.
func TestCanceledJobIsNotSent(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		w := newWalk(t, r, &phoneCompany{})
		if _, _, err := w.first.lane.Store.Cancel(t.Context(), w.record(t.Context()).ID); err != nil {
			t.Fatal(err)
		}
		w.live(t, w.first, time.Hour)
		if got := w.record(t.Context()); got.State != record.Canceled || len(w.company.calls()) != 0 {
			t.Errorf("the job is %s, %d calls", got.State, len(w.company.calls()))
		}
	})
}

// TestPushAndPollAreOneResult: both tell the end, and the job ends once.
func TestPushAndPollAreOneResult(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company := &phoneCompany{talks: time.Minute} // it ends when the first poll asks
		w := newWalk(t, r, company)
		company.push = w.deliver
		w.live(t, w.first, time.Hour)
		time.Sleep(time.Minute)
		w.live(t, w.first, time.Hour)
		ends := 0
		for _, e := range w.record(t.Context()).Timeline {
			if e.State.Final() {
				ends++
			}
		}
		if ends != 1 {
			t.Errorf("the job ended %d times: %v", ends, w.record(t.Context()).Timeline)
		}
	})
}

// TestForeignJobsAreRefused: a job that was recorded for another account, or in
// a group whose counts this lane does not share, is not sent.
func TestForeignJobsAreRefused(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		for name, account := range map[string]tasks.Account{
			"group":   {Name: "phone", Group: "elsewhere", Kinds: []tasks.Kind{tasks.KindNotify}},
			"account": {Name: "other", Group: walkGroup, Kinds: []tasks.Kind{tasks.KindNotify}},
		} {
			company := &phoneCompany{}
			p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
			account.Retention, account.KeyRetention = time.Hour, time.Hour
			client := tasks.NewClient(r.Client, tasks.WithBroker(p.broker), tasks.WithAccounts(account))
			receipt, err := client.Enqueue(t.Context(), tasks.Job{Account: account.Name, To: "13800000001", Template: "T1"})
			if err != nil {
				t.Fatal(err)
			}
			state, err := p.lane.Act(t.Context(), receipt.ID, tasks.KindNotify)
			if err != nil || state != record.Failed || len(company.calls()) != 0 {
				t.Errorf("another %s: %s, %v, %d calls", name, state, err, len(company.calls()))
			}
		}
	})
}
