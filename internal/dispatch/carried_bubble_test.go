package dispatch

import (
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// TestCarriedJobsThatAreNotSent: too old, of the future, changed on the way, of
// another lane, or expired. Nobody is called, and the job's end is told.
func TestCarriedJobsThatAreNotSent(t *testing.T) {
	none := func(*tasks.Carried) {}
	for name, tt := range map[string]struct {
		after  time.Duration
		change func(*tasks.Carried)
		life   time.Duration // of keys; 0: as configured
		kind   string
		want   record.State
	}{
		"a day later":          {24 * time.Hour, none, 0, "", record.Unknown},
		"later than keys live": {time.Hour, none, time.Hour, "", record.Unknown},
		"of the future":        {0, func(c *tasks.Carried) { c.CreatedAt += 5*60_000 + 1 }, 0, "", record.Unknown},
		"another account":      {0, func(c *tasks.Carried) { c.Job.Account = "other" }, 0, "", record.Unknown},
		"another kind":         {0, none, 0, "connect", record.Unknown},
		"no number":            {0, func(c *tasks.Carried) { c.Job.To = "1" }, 0, "", record.Unknown},
		"expired":              {2 * time.Hour, none, 0, "", record.Expired},
		"in time":              {time.Hour - time.Second, none, 0, "", record.Submitted},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.lane.Offer = phoneAccount()
				if tt.life != 0 {
					s.lane.Offer.KeyRetention = tt.life
				}
				job := notifyJob(nil)
				job.ExpiresIn = time.Hour
				task, id := carries(t, job)
				task = forged(t, task, tt.change)
				if tt.kind != "" {
					task = asynq.NewTask(tt.kind, task.Payload())
				}
				time.Sleep(tt.after)
				s.must(s.lane.process(s.ctx, task))
				time.Sleep(time.Second)
				if _, err := s.pump.Step(s.ctx); err != nil {
					t.Fatal(err)
				}
				rec, calls := s.get(id), 0
				if tt.want == record.Submitted {
					calls = 1
				}
				if rec.State != tt.want || len(s.company.calls()) != calls || tt.want == record.Unknown && rec.Cause != "record_missing" {
					t.Errorf("it is %s (%s), called %v: %v", rec.State, rec.Cause, s.company.calls(), rec.Timeline)
				}
				s.must(s.lane.process(s.ctx, task))
				if again := s.get(id); again.State != tt.want || len(s.company.calls()) != calls {
					t.Errorf("delivered again: it is %s, called %v", again.State, s.company.calls())
				}
			})
		})
	}
}

// TestCarriedJobOfAnotherGroup: this lane may not even say that it is lost.
func TestCarriedJobOfAnotherGroup(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		elsewhere := phoneAccount()
		elsewhere.Group = "elsewhere"
		task, _, err := tasks.NewTask(elsewhere, notifyJob(nil))
		s.must(err)
		s.lane.Offer = phoneAccount()
		s.must(s.lane.process(s.ctx, task))
		if keys := s.redis.Client.Keys(s.ctx, "callpacer:*job*").Val(); len(keys) != 0 || len(s.company.calls()) != 0 {
			t.Errorf("records %v, called %v", keys, s.company.calls())
		}
	})
}

// TestFrozenBeforeTheRecord: a handler saw that the task is young enough, and stood
// still for a month before it could make the record; in between another one did
// all there was to do, and nothing in Redis tells of that any more.
func TestFrozenBeforeTheRecord(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.lane.Offer = phoneAccount()
		for _, job := range []tasks.Job{notifyJob(nil), {Kind: tasks.KindPoll, Account: "phone", VendorID: "v-1"}} {
			job.NotBefore, job.ExpiresAt = time.Time{}, time.Now().Add(365*24*time.Hour)
			task, id := carries(t, job)
			c, err := tasks.DecodeCarried(task.Payload())
			s.must(err)
			n, err := c.Record(id, tasks.Kind(task.Type()), s.lane.Offer, time.Now())
			s.must(err)
			time.Sleep(24*time.Hour - time.Second)
			if created, err := s.lane.Store.Create(s.ctx, n); err != nil || created.TooLate {
				t.Errorf("just in time: %+v, %v", created, err)
			}
			s.must(s.redis.Client.FlushAll(s.ctx).Err())
			time.Sleep(time.Second)
			if created, err := s.lane.Store.Create(s.ctx, n); err != nil || !created.TooLate {
				t.Errorf("a day later: %+v, %v", created, err)
			}
		}
	})
}

// TestCarriedJobsOnAsynq: jobs of every kind in tasks of their own, put there with
// nothing but asynq's client, end as jobs do; twice is once.
func TestCarriedJobsOnAsynq(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company := &phoneCompany{}
		company.endAt("call-of-others", time.Now())
		p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
		p.lane.Offer = phoneAccount()
		p.pump.Broker = tasks.NewAsynqBroker(r.Client)
		servers := NewServers(p.lane, r.Client, quiet())
		if err := servers.Start(); err != nil {
			t.Fatal(err)
		}
		s := scene{p, t, t.Context(), r, nil, company}
		client := asynq.NewClientFromRedisClient(r.Client)
		poll := tasks.Job{Kind: tasks.KindPoll, Account: "phone", VendorID: "call-of-others"}
		made := map[tasks.Kind]string{}
		var put []*asynq.Task
		enqueue := func(j tasks.Job) {
			task, id := carries(t, j)
			if _, err := client.EnqueueContext(s.ctx, task); err != nil {
				t.Fatal(err)
			}
			made[tasks.Kind(task.Type())], put = id, append(put, task)
			time.Sleep(3 * time.Second) // two calls to one number wait for each other
		}
		for _, job := range []tasks.Job{notifyJob(nil), connectJob(nil), bindFor(forAges)(nil), poll, probeJob(nil)} {
			job.IdempotencyKey = ""
			enqueue(job)
		}
		enqueue(unbindJob("u")([]string{made[tasks.KindBind]}))
		for range 200 { // the calls are polled, and come to their ends
			if _, err := p.pump.Step(s.ctx); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		want := map[tasks.Kind]record.State{
			tasks.KindNotify: record.Completed, tasks.KindConnect: record.Completed, tasks.KindBind: record.Released,
			tasks.KindUnbind: record.Completed, tasks.KindPoll: record.Completed, tasks.KindAccount: record.Completed,
		}
		judge := func(when string) {
			t.Helper()
			for kind, id := range made {
				if rec := s.get(id); rec.State != want[kind] {
					t.Errorf("%s: %s is %s, want %s: %v", when, kind, rec.State, want[kind], rec.Timeline)
				}
			}
			company.judge(t, map[string]bool{made[tasks.KindBind]: true})
			if len(company.calls()) != 2 || len(company.bindings) != 1 {
				t.Errorf("%s: %v, %d bindings", when, company.calls(), len(company.bindings))
			}
		}
		judge("at the end")
		for _, task := range put {
			// Refused while asynq keeps the first one; where it does not, a task of nothing to do.
			_, err := client.EnqueueContext(s.ctx, task)
			t.Logf("%s again: %v", task.Type(), err)
		}
		time.Sleep(time.Minute)
		judge("enqueued twice")
		servers.Shutdown()
	})
}
