package tasks_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// every serves all kinds.
func every() tasks.Account {
	a := telling()
	a.Kinds = []tasks.Kind{
		tasks.KindNotify, tasks.KindConnect, tasks.KindBind, tasks.KindUnbind, tasks.KindPoll, tasks.KindRecording, tasks.KindAccount,
	}
	return a
}

type maker func(tasks.Account, tasks.Job) (*asynq.Task, string, error)

func makers() map[tasks.Kind]struct {
	make maker
	job  tasks.Job
} {
	type row = struct {
		make maker
		job  tasks.Job
	}
	unbind := unbindJob()
	unbind.Kind = ""
	connect, bind := connectJob(), axb()
	connect.Kind, bind.Kind = "", ""
	return map[tasks.Kind]row{
		tasks.KindNotify: {tasks.NewNotifyTask, call()}, tasks.KindConnect: {tasks.NewConnectTask, connect},
		tasks.KindBind: {tasks.NewBindTask, bind}, tasks.KindUnbind: {tasks.NewUnbindTask, unbind},
		tasks.KindPoll:      {tasks.NewPollTask, tasks.Job{VendorID: "v-1", To: "13800000001"}},
		tasks.KindRecording: {tasks.NewRecordingTask, tasks.Job{VendorID: "v-1"}},
		tasks.KindAccount:   {tasks.NewAccountTask, tasks.Job{}},
	}
}

// A task that carries its job is, to asynq, the task that Client would have put
// there, and its record the one that Client would have made.
func TestTasksCarryTheirJobs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r, every())
		for kind, m := range makers() {
			job := m.job
			job.Account, job.IdempotencyKey, job.Priority = "", "order-"+string(kind), tasks.Urgent
			job.Tags, job.EventURL = map[string]string{"订单": "4711 <&>"}, "https://any.example.com/x"
			job.NotBefore = time.Now().Add(time.Hour).Truncate(time.Second)
			task, id, err := m.make(every(), job)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			info, err := asynq.NewClientFromRedisClient(r.Client).EnqueueContext(t.Context(), task)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			queue := tasks.QueueFor("jumdata-main", kind, tasks.Urgent)
			if info.ID != id || info.Queue != string(queue) || info.Type != string(kind) || !info.NextProcessAt.Equal(job.NotBefore) ||
				info.MaxRetry < 1000 || info.Timeout != 20*time.Minute || (info.Retention != 0) != strings.HasSuffix(info.Queue, ":urgent") {
				t.Errorf("%s: %s lies as %+v", kind, id, info)
			}
			if strings.Contains(string(task.Payload()), "order-") {
				t.Errorf("%s: the idempotency key is in the payload", kind)
			}
			if got, err := tasks.DecodePayload(task.Payload()); got != id || err != nil {
				t.Errorf("%s: %s, %v", kind, got, err)
			}
			wantRecordOf(t, r, task, id, job, kind)
		}
	})
}

// wantRecordOf compares what the worker makes of the task with what Client says of
// the same submit: that it is the same job, with the same content and key.
func wantRecordOf(t *testing.T, r *redistest.Redis, task *asynq.Task, id string, job tasks.Job, kind tasks.Kind) {
	t.Helper()
	c, err := tasks.DecodeCarried(task.Payload())
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	n, err := c.Record(id, kind, every(), time.Now())
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	store := record.New(r.Client)
	if created, err := store.Create(t.Context(), n); err != nil || created.Duplicate || created.TooLate {
		t.Fatalf("%s: %+v, %v", kind, created, err)
	}
	if again, err := store.Create(t.Context(), n); err != nil || again.Duplicate || again.Differs != nil {
		t.Errorf("%s: the task delivered twice is %+v, %v", kind, again, err)
	}
	rec := recordOf(t, r, id)
	if !c.Same(rec) || rec.Priority != "urgent" || rec.EventURL != job.EventURL || !rec.Tells || rec.Tags["订单"] != "4711 <&>" ||
		!rec.NotBefore.Equal(job.NotBefore) || (rec.RequestID != "") != (kind == tasks.KindBind) {
		t.Errorf("%s: %+v", kind, rec)
	}
	if kind == tasks.KindUnbind {
		return // Client looks for the job that it names
	}
	job.Kind, job.Account = kind, "jumdata-main"
	client := tasks.NewClient(r.Client)
	if receipt := enqueue(t, client, job); receipt.ID != id || !receipt.Duplicate {
		t.Errorf("%s: the same submit by Client is %+v", kind, receipt)
	}
	if job.To != "" {
		job.To = "13800000099"
		_, err := client.Enqueue(t.Context(), job)
		wantField(t, err, "to", "idempotency key")
	}
}

func TestNoTaskForAJobThatCannotWork(t *testing.T) {
	soon := func(d time.Duration) time.Time { return time.Now().Add(d) }
	for name, c := range map[string]struct {
		change      func(a *tasks.Account, j *tasks.Job)
		field, word string
	}{
		"account":      {func(_ *tasks.Account, j *tasks.Job) { j.Account = "other" }, "account", "jumdata-main"},
		"kind":         {func(_ *tasks.Account, j *tasks.Job) { j.Kind = tasks.KindConnect }, "kind", "NewTask"},
		"unserved":     {func(a *tasks.Account, _ *tasks.Job) { a.Kinds = nil }, "kind", "not served"},
		"number":       {func(_ *tasks.Account, j *tasks.Job) { j.To = "12" }, "to", "short"},
		"traits":       {func(a *tasks.Account, _ *tasks.Job) { a.Traits.Params = false }, "params", "variables"},
		"past":         {func(_ *tasks.Account, j *tasks.Job) { j.ExpiresAt = soon(-time.Minute) }, "expires_at", "past"},
		"event_url":    {func(_ *tasks.Account, j *tasks.Job) { j.EventURL = "https://evil.example/" }, "event_url", "none"},
		"keys":         {func(a *tasks.Account, _ *tasks.Job) { a.KeyRetention = 0 }, "account", "keys"},
		"far":          {func(_ *tasks.Account, j *tasks.Job) { j.NotBefore = soon(25 * time.Hour) }, "not_before", "24h"},
		"beyond a key": {func(a *tasks.Account, j *tasks.Job) { a.KeyRetention, j.NotBefore = time.Hour, soon(2*time.Hour) }, "not_before", "1h"},
	} {
		t.Run(name, func(t *testing.T) {
			a, j := telling(), call()
			c.change(&a, &j)
			task, _, err := tasks.NewNotifyTask(a, j)
			if task != nil {
				t.Error("there is a task")
			}
			wantField(t, err, c.field, c.word)
		})
	}
}

// What a task carries is held against what the worker knows, and no error shows it.
func TestForgedTasksMakeNoRecord(t *testing.T) {
	now := time.Now()
	for name, change := range map[string]func(c *tasks.Carried, a *tasks.Account, id *string, k *tasks.Kind){
		"another account": func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.Job.Account = "other" },
		"another group":   func(_ *tasks.Carried, _ *tasks.Account, id *string, _ *tasks.Kind) { *id = "itnio.01ABC" },
		"no id":           func(_ *tasks.Carried, _ *tasks.Account, id *string, _ *tasks.Kind) { *id = "jumdata.a b" },
		"another kind":    func(_ *tasks.Carried, _ *tasks.Account, _ *string, k *tasks.Kind) { *k = tasks.KindConnect },
		"unserved":        func(_ *tasks.Carried, a *tasks.Account, _ *string, _ *tasks.Kind) { a.Kinds = nil },
		"no worker's":     func(_ *tasks.Carried, a *tasks.Account, _ *string, _ *tasks.Kind) { *a = tasks.Account{} },
		"number":          func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.Job.To = "1380000" },
		"address": func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) {
			c.Job.EventURL = "https://evil.example/"
		},
		"no end":         func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.Job.ExpiresAt = time.Time{} },
		"field unsigned": func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { delete(c.Parts, "to") },
		"unknown fields": func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.Parts["x"] = c.Parts["to"] },
		"digest":         func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.Digest = "13800000001" },
		"token":          func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.Token = "" },
		"a day old": func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) {
			c.CreatedAt = now.Add(-24 * time.Hour).UnixMilli()
		},
		"older than its key": func(c *tasks.Carried, a *tasks.Account, _ *string, _ *tasks.Kind) {
			a.KeyRetention = time.Hour
			c.CreatedAt = now.Add(-time.Hour).UnixMilli()
		},
		"of tomorrow": func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.CreatedAt += 301_000 },
		"of no time":  func(c *tasks.Carried, _ *tasks.Account, _ *string, _ *tasks.Kind) { c.CreatedAt = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			task, id, err := tasks.NewNotifyTask(telling(), keyed("k"))
			if err != nil {
				t.Fatal(err)
			}
			c, err := tasks.DecodeCarried(task.Payload())
			if err != nil {
				t.Fatal(err)
			}
			a, kind := telling(), tasks.KindNotify
			if _, err := c.Record(id, kind, a, now); err != nil {
				t.Fatalf("unchanged: %v", err)
			}
			change(c, &a, &id, &kind)
			if n, err := c.Record(id, kind, a, now); err == nil {
				t.Errorf("there would be a record: %+v", n)
			} else {
				showsNoNumber(t, err)
			}
		})
	}
}

// The marker of a carried job lives for as long as its task can come again, also
// without a key and where keys live shorter than records; no fingerprint in it can
// be found by trying numbers.
func TestCarriedJobsLeaveAMarker(t *testing.T) {
	a := telling()
	a.KeyRetention, a.Retention = time.Hour, 2*time.Hour
	task, id, err := tasks.NewTask(a, call())
	if err != nil {
		t.Fatal(err)
	}
	other, otherID, err := tasks.NewTask(a, call())
	if err != nil || otherID == id {
		t.Fatalf("two jobs without a key: %s, %s, %v", id, otherID, err)
	}
	c, err := tasks.DecodeCarried(task.Payload())
	if err != nil {
		t.Fatal(err)
	}
	second, err := tasks.DecodeCarried(other.Payload())
	if err != nil || second.Digest == c.Digest || second.Parts["to"] == c.Parts["to"] {
		t.Errorf("the fingerprints of equal jobs are equal: %v", err)
	}
	n, err := c.Record(id, tasks.KindNotify, a, time.Now())
	if err != nil || !n.Keyed || n.KeyRetain < 2*time.Hour+5*time.Minute || !n.MadeBy.Equal(time.UnixMilli(c.CreatedAt).Add(time.Hour)) {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestUnreadableCarriedJobs(t *testing.T) {
	for _, payload := range []string{
		`{"v":1,"id":"g.1","carried":{"job":{"to":13800000001}}}`, `{"v":1,"id":"g.1","carried":{"job":{"13800000001":1}}}`,
		`{"v":1,"id":"g.1","carried":"13800000001"}`, `{"v":1,"id":"g.1","carried":[`,
		`{"v":1,"id":"g.1","carried":{"token":"` + strings.Repeat("x", 1<<20) + `"}}`,
	} {
		c, err := tasks.DecodeCarried([]byte(payload))
		if err == nil {
			t.Errorf("%.60s… was read as %+v", payload, c)
			continue
		}
		showsNoNumber(t, err)
	}
	if c, err := tasks.DecodeCarried(tasks.EncodePayload("g.1")); c != nil || err != nil {
		t.Errorf("a task that carries none: %+v, %v", c, err)
	}
}

// The longest job that is accepted fits into what a worker reads.
func TestLongestJobTravels(t *testing.T) {
	j := keyed("k")
	j.Params, j.Tags = nil, map[string]string{}
	for i := range 50 {
		j.Params = append(j.Params, strings.Repeat("<", 499)+string(rune('a'+i%26)))
	}
	for i := range 20 {
		j.Tags[strings.Repeat("\x01", 255)+string(rune('a'+i))] = strings.Repeat("\x01", 256)
	}
	task, id, err := tasks.NewTask(telling(), j)
	if err != nil {
		t.Fatal(err)
	}
	c, err := tasks.DecodeCarried(task.Payload())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Record(id, tasks.KindNotify, telling(), time.Now()); err != nil {
		t.Error(err)
	}
	var p tasks.Payload
	if json.Unmarshal(task.Payload(), &p) != nil || p.ID != id {
		t.Errorf("payload of %s", p.ID)
	}
}
