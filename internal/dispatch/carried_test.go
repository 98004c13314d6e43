package dispatch

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/hibiken/asynq"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// carries is a task that carries the job, as an application makes it.
func carries(t *testing.T, j tasks.Job) (*asynq.Task, string) {
	t.Helper()
	task, id, err := tasks.NewTask(phoneAccount(), j)
	if err != nil {
		t.Fatal(err)
	}
	return task, id
}

// forged is the task with something else in it.
func forged(t *testing.T, task *asynq.Task, change func(*tasks.Carried)) *asynq.Task {
	t.Helper()
	c, err := tasks.DecodeCarried(task.Payload())
	if err != nil {
		t.Fatal(err)
	}
	change(c)
	var p tasks.Payload
	if err := json.Unmarshal(task.Payload(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Carried, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return asynq.NewTask(task.Type(), payload)
}

// TestCarriedJobIsOneCall: many handlers of it at once, its delivery while the call
// runs and after its end, and after its record has left Redis.
func TestCarriedJobIsOneCall(t *testing.T) {
	for name, change := range map[string]func(*tasks.Job){"keyed": func(*tasks.Job) {}, "without a key": func(j *tasks.Job) { j.IdempotencyKey = "" }} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				company := &phoneCompany{}
				p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
				p.lane.Offer = phoneAccount()
				s := scene{p, t, t.Context(), r, nil, company}
				job := notifyJob(nil)
				change(&job)
				task, id := carries(t, job)
				var handlers sync.WaitGroup
				for range 8 {
					handlers.Go(func() {
						var later *Later
						if err := p.lane.process(s.ctx, task); err != nil && !asLater(err, &later) {
							t.Error(err)
						}
					})
				}
				handlers.Wait()
				s.wantOneCall(id, record.Submitted)
				again := func() {
					t.Helper()
					if err := p.lane.process(s.ctx, task); err != nil {
						t.Errorf("delivered again: %v", err)
					}
				}
				again()
				s.wantOneCall(id, record.Submitted)
				if state, err := p.lane.Poll(s.ctx, tasks.Sequenced(id, s.get(id).Seq)); state != record.Completed || err != nil {
					t.Fatalf("the call is %s, %v", state, err)
				}
				again()
				s.wantOneCall(id, record.Completed)
				s.must(r.Client.Del(s.ctx, jobKey(id)).Err())
				again()
				if rec, err := p.lane.Store.Get(s.ctx, id); rec != nil || err != nil || len(company.calls()) != 1 {
					t.Errorf("after its record: %+v, %v; called: %v", rec, err, company.calls())
				}
			})
		})
	}
}

func (s scene) wantOneCall(id string, state record.State) {
	s.t.Helper()
	if rec := s.get(id); rec.State != state || len(s.company.calls()) != 1 || rec.Numbers == nil || rec.To != "138****0001" {
		s.t.Errorf("it is %s, called %v: %+v", rec.State, s.company.calls(), rec)
	}
}

// TestCarriedJobMeetsAnother: what was first submitted under an id stands, by
// Client or in a task, waiting or ended.
func TestCarriedJobMeetsAnother(t *testing.T) {
	r := redistest.Mini(t)
	company := &phoneCompany{}
	p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
	p.lane.Offer = phoneAccount()
	log, said := logtest.NewNullLogger()
	p.lane.Log = log
	loud := func() {
		t.Helper()
		if e := said.LastEntry(); e == nil || e.Level != logrus.ErrorLevel || e.Message != otherContent {
			t.Errorf("the log says %+v", e)
		}
		said.Reset()
	}
	s := scene{p, t, t.Context(), r, nil, company}
	id := s.enqueue(notifyJob(nil))
	other := notifyJob(nil)
	other.Template = "T2"
	task, same := carries(t, other)
	if same != id {
		t.Fatalf("ids %s and %s", id, same)
	}
	s.must(p.lane.process(s.ctx, task))
	loud()
	if rec := s.get(id); len(company.calls()) != 0 || rec.State != record.Queued {
		t.Errorf("another job's task: it is %s, called %v", rec.State, company.calls())
	}
	// Its record gone, its marker says the same.
	s.must(r.Client.Del(s.ctx, jobKey(id)).Err())
	s.must(p.lane.process(s.ctx, task))
	loud()
	first, _ := carries(t, notifyJob(nil))
	s.must(p.lane.process(s.ctx, first))
	if rec, err := p.lane.Store.Get(s.ctx, id); rec != nil || err != nil || len(company.calls()) != 0 {
		t.Errorf("a job whose record was lost: %+v, %v; called %v", rec, err, company.calls())
	}
}
