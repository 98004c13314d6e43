package dispatch

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// work takes what is ready; the job's own task is handled with what it carries.
func (p *process) work(ctx context.Context, carrying *asynq.Task, id string) (worked bool) {
	n, _ := p.pump.Step(ctx)
	worked = n > 0
	for !p.steps.isDead() {
		e, lease, ok := p.broker.take(time.Now())
		if !ok {
			return worked
		}
		worked = true
		var err error
		if e.TaskID == id {
			err = p.lane.process(ctx, carrying)
		} else {
			err = p.handle(ctx, e)
		}
		p.broker.end(e.TaskID, lease, err)
	}
	return worked
}

// walkCarried is the life of one carried job, in which the first process is struck
// at one step and a second one goes on.
func walkCarried(t *testing.T, job tasks.Job, at int, f fate) (steps int) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company, broker, s := &phoneCompany{talks: 20 * time.Second}, newMemBroker(), newSteps(at, f)
		company.bindings = strangers()
		if job.Kind == tasks.KindPoll {
			company.endAt(job.VendorID, time.Now().Add(30*time.Second))
		}
		first := newProcess(r.NewClient(t, s.redis()), broker, company, s)
		second := newProcess(r.Client, broker, company, newSteps(0, lives))
		first.lane.Offer, second.lane.Offer = phoneAccount(), phoneAccount()
		task, id := carries(t, job)
		if err := broker.Put(t.Context(), tasks.Entry{Queue: "phone:normal", Kind: tasks.Kind(task.Type()), TaskID: id, ID: id}); err != nil {
			t.Fatal(err)
		}
		store, deadline := record.New(r.Client), time.Now().Add(26*time.Hour)
		state := func() record.State {
			rec, err := store.Get(t.Context(), id)
			if err != nil || rec == nil {
				return ""
			}
			return rec.State
		}
		live := func(p *process) {
			for !p.steps.isDead() && time.Now().Before(deadline) && !state().Final() && state() != record.Active {
				if !p.work(t.Context(), task, id) {
					time.Sleep(5 * time.Second)
				}
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { live(first) })
		finished := make(chan struct{})
		go func() { wg.Wait(); close(finished) }()
		select {
		case <-s.struck:
			live(second)
		case <-finished:
		}
		<-finished
		live(second)
		time.Sleep(2 * freezeTime)
		second.work(t.Context(), task, id)
		steps = s.count()
		company.judge(t, nil)
		if end := state(); !end.Final() && end != record.Active || at == 0 && end == record.Unknown {
			t.Errorf("it is %q", end)
		}
	})
	return steps
}

// TestCrashWalkOfCarriedJobs strikes at every operation of a job that its task
// carries: nobody is called twice, nothing is bound twice, and it comes to an end.
func TestCrashWalkOfCarriedJobs(t *testing.T) {
	stories := map[string]tasks.Job{
		"notify": notifyJob(nil), "bind": bindFor(forAges)(nil),
		"poll": {Kind: tasks.KindPoll, Account: "phone", VendorID: "call-1", ExpiresIn: time.Hour},
	}
	for name, job := range stories {
		t.Run(name, func(t *testing.T) {
			total := walkCarried(t, job, 0, lives)
			if total < 8 {
				t.Fatalf("only %d steps", total)
			}
			t.Logf("%d steps", total)
			for f, fated := range fates {
				for at := 1; at <= total && at <= longStory; at++ {
					if redistest.Raced && at%3 != int(f)%3 {
						continue // .ci/run walks them all without the detector
					}
					t.Run(fmt.Sprintf("%s-%03d", fated, at), func(t *testing.T) {
						t.Parallel()
						walkCarried(t, job, at, f)
					})
				}
			}
		})
	}
}
