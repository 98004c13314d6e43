package dispatch

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// TestServersRunEveryKind on asynq itself: each job ends as it should, what may
// call somebody leaves its state for the monitoring page, and nothing is left in
// retry or archived.
func TestServersRunEveryKind(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company := &phoneCompany{}
		company.endAt("call-of-others", time.Now())
		p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
		p.client = tasks.NewClient(r.Client, tasks.WithAccounts(phoneAccount()))
		broker := tasks.NewAsynqBroker(r.Client)
		p.pump.Broker, p.receiver.Queue = broker, broker
		servers := NewServers(p.lane, r.Client, quiet())
		if err := servers.Start(); err != nil {
			t.Fatal(err)
		}
		s := scene{p, t, t.Context(), r, nil, company}
		ids := map[tasks.Kind]string{}
		for _, job := range []tasks.Job{notifyJob(nil), connectJob(nil), bindFor(forAges)(nil), foreignPoll(nil), probeJob(nil)} {
			job.IdempotencyKey = ""
			id := s.enqueue(job)
			ids[s.kind(id)] = id
			time.Sleep(3 * time.Second) // two calls to one number wait for each other
		}
		ids[tasks.KindUnbind] = s.enqueue(unbindJob("u")([]string{ids[tasks.KindBind]}))
		if _, err := p.pump.Step(t.Context()); err != nil { // the foreign query
			t.Fatal(err)
		}
		answer := httptest.NewRecorder()
		p.receiver.Routes().ServeHTTP(answer, httptest.NewRequest(http.MethodPost,
			callbackrx.Path+"phone/"+signer.Attempt("phone", ids[tasks.KindNotify], 1), strings.NewReader(pushed(answered("call-1")))))
		time.Sleep(time.Minute)
		servers.Shutdown()

		inspector := asynq.NewInspectorFromRedisClient(r.Client)
		for kind, want := range map[tasks.Kind]struct{ now, result record.State }{
			tasks.KindNotify:  {record.Completed, record.Submitted},
			tasks.KindConnect: {record.Submitted, record.Submitted},
			tasks.KindBind:    {record.Released, record.Active},
			tasks.KindUnbind:  {record.Completed, ""},
			tasks.KindPoll:    {record.Completed, ""},
			tasks.KindAccount: {record.Completed, ""},
		} {
			id := ids[kind]
			if rec := s.get(id); rec.State != want.now {
				t.Errorf("%s is %s, want %s: %v", kind, rec.State, want.now, rec.Timeline)
			}
			info, err := inspector.GetTaskInfo(string(tasks.QueueFor("phone", kind, tasks.Normal)), id)
			if want.result == "" {
				if err == nil {
					t.Errorf("%s: its task is kept: %+v", kind, info)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			var got map[string]string
			if json.Unmarshal(info.Result, &got) != nil || len(got) != 2 || got["id"] != id || got["state"] != string(want.result) {
				t.Errorf("%s: the monitoring page shows %s", kind, info.Result)
			}
		}
		queues, err := inspector.Queues()
		if err != nil || len(queues) == 0 {
			t.Fatalf("%v, %v", queues, err)
		}
		for _, q := range queues {
			info, err := inspector.GetQueueInfo(q)
			if err != nil || info.Archived+info.Retry+info.Pending+info.Active+info.Scheduled != 0 {
				t.Errorf("%s: %+v, %v", q, info, err)
			}
		}
	})
}
