package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

func TestEnqueueManyAnswersInOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		const n = 60
		jobs := make([]tasks.Job, n)
		for i := range jobs {
			jobs[i] = keyed(fmt.Sprintf("row-%d", i))
			switch {
			case i%10 == 3:
				jobs[i].To = "12345"
			case i%10 == 7:
				jobs[i].Account = "nobody"
			}
		}
		results := c.EnqueueMany(t.Context(), jobs)
		if len(results) != n {
			t.Fatalf("%d results, want %d", len(results), n)
		}
		for i, result := range results {
			switch i % 10 {
			case 3:
				wantField(t, result.Err, "to", "too short")
			case 7:
				wantField(t, result.Err, "account", "jumdata-main")
			default:
				dry, err := c.DryRun(t.Context(), jobs[i])
				if err != nil || result.Err != nil || result.Receipt.ID != dry.ID || result.Receipt.State != "queued" {
					t.Errorf("row %d: %+v, %v; want %s", i, result.Receipt, result.Err, dry.ID)
				}
			}
		}
		wantCounts(t, r, n*8/10, n*8/10)
	})
}

func TestEnqueueManyOfNothing(t *testing.T) {
	r := redistest.Mini(t)
	if got := producer(t, r).EnqueueMany(t.Context(), nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestEnqueueManyCancelled(t *testing.T) {
	r := redistest.Mini(t)
	warm(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if !strings.Contains(said(op), creating) {
			return redistest.Verdict{}
		}
		return redistest.Verdict{After: func(context.Context) error { cancel(); return nil }}
	})
	c := producer(t, r, faults)
	jobs := make([]tasks.Job, 500)
	for i := range jobs {
		jobs[i] = call()
	}
	tried, refused := 0, 0
	for i, result := range c.EnqueueMany(ctx, jobs) {
		switch {
		case result.Err == nil && result.Receipt.ID != "":
			tried++
			wantDue(t, r, result.Receipt.ID)
		case errors.Is(result.Err, context.Canceled) && result.Receipt == (tasks.Receipt{}):
			refused++
		default:
			t.Errorf("item %d: %+v", i, result)
		}
	}
	// The first answer ends the context; what shared its round trip is accepted.
	if tried == 0 || tried > 200 || tried+refused != len(jobs) {
		t.Errorf("%d accepted and %d refused of %d", tried, refused, len(jobs))
	}
}

func TestEnqueueManyOnAnEndedContext(t *testing.T) {
	r := redistest.Mini(t)
	asked := redistest.NewFaults(nil)
	c := producer(t, r, asked)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i, result := range c.EnqueueMany(ctx, []tasks.Job{call(), call()}) {
		if !errors.Is(result.Err, context.Canceled) {
			t.Errorf("item %d: %+v", i, result)
		}
	}
	if n := asked.Count(); n != 0 {
		t.Errorf("Redis was asked %d times for jobs that were not tried", n)
	}
	wantCounts(t, r, 0, 0)
}

// Requests are what a batch costs: three round trips for two hundred jobs.
func TestEnqueueManyTakesFewRequests(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		warm(t, r)
		var sent []string
		asked := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			sent = append(sent, op.Name)
			return redistest.Verdict{}
		})
		c := producer(t, r, asked)
		wantResults(t, c.EnqueueMany(t.Context(), rows(400)), "queued", false)
		if want := "hmget" + strings.Repeat(" pipeline", 6); strings.Join(sent, " ") != want {
			t.Errorf("sent %q, want %q", sent, want)
		}
		sent = nil
		// All are there and queued: their records are all there is to ask.
		wantResults(t, c.EnqueueMany(t.Context(), rows(400)), "queued", true)
		if strings.Join(sent, " ") != "pipeline pipeline" {
			t.Errorf("again, sent %q", sent)
		}
		wantCounts(t, r, 400, 400)
	})
}

// Of jobs under one key the first is the first, in one chunk and across chunks.
func TestOneKeyTwiceInABatch(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		jobs := append(rows(201), rows(201)...)
		jobs = append(jobs, keyed("row-0"), keyed("one"), keyed("one"), keyed("one"))
		jobs[402].Template = "JM2"
		jobs[403].Priority, jobs[404].Priority = tasks.Bulk, tasks.Urgent
		results := producer(t, r).EnqueueMany(t.Context(), jobs)
		wantResults(t, results[:201], "queued", false)
		wantResults(t, results[201:402], "queued", true)
		wantField(t, results[402].Err, "template", "was used before")
		wantResults(t, results[403:404], "queued", false)
		wantResults(t, results[404:], "queued", true)
		taskOf(t, r, "jumdata-main:bulk", results[403].Receipt.ID)
		for i := range 201 {
			if results[i].Receipt.ID != results[201+i].Receipt.ID {
				t.Errorf("row %d: %+v and %+v", i, results[i], results[201+i])
			}
		}
		wantCounts(t, r, 202, 202)
	})
}

// A task in the way is success for its job only where it lives, and no matter
// for the others.
func TestTasksInTheWayOfABatch(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		broker, jobs := tasks.NewAsynqBroker(r.Client), rows(5)
		for _, i := range []int{1, 3} {
			dry, err := c.DryRun(t.Context(), jobs[i])
			if err != nil {
				t.Fatal(err)
			}
			e := tasks.Entry{Queue: "jumdata-main:normal", Kind: tasks.KindNotify, TaskID: dry.ID, ID: dry.ID}
			if err := broker.Put(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				continue
			}
			if err := asynq.NewInspectorFromRedisClient(r.Client).ArchiveTask(string(e.Queue), dry.ID); err != nil {
				t.Fatal(err)
			}
		}
		for i, result := range c.EnqueueMany(t.Context(), jobs) {
			want := "queued"
			if i == 3 {
				want = "accepted"
			}
			if result.Err != nil || result.Receipt.State != want || string(recordOf(t, r, result.Receipt.ID).State) != want {
				t.Errorf("row %d: %+v, want it %s, in the record too", i, result, want)
			}
			wantDue(t, r, result.Receipt.ID)
		}
		wantCounts(t, r, 5, 5)
	})
}

// asynq keeps the same of a task, whichever way it came.
func TestPutManyPutsWhatPutDoes(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		broker := tasks.NewAsynqBroker(r.Client)
		later := time.Now().Add(time.Hour)
		var many []tasks.Entry
		for i, e := range []tasks.Entry{
			{Queue: "a:normal", Kind: tasks.KindNotify}, {Queue: "a:bulk", Kind: tasks.KindNotify, At: later},
			{Queue: "a:follow", Kind: tasks.KindUnbind}, {Queue: "b:urgent", Kind: tasks.KindBind},
		} {
			e.ID = "g.1"
			e.TaskID = fmt.Sprintf("one-%d", i)
			if err := broker.Put(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			e.TaskID = fmt.Sprintf("many-%d", i)
			many = append(many, e, tasks.Entry{Queue: e.Queue, Kind: e.Kind, TaskID: fmt.Sprintf("one-%d", i), ID: "g.1", At: e.At})
		}
		many = append(many, tasks.Entry{Queue: " ", Kind: tasks.KindNotify, TaskID: "x", ID: "g.1"})
		errs := broker.PutMany(t.Context(), many)
		for i, e := range many[:8] {
			if i%2 == 1 {
				if !errors.Is(errs[i], tasks.ErrTaskExists) {
					t.Errorf("%s again: %v, want ErrTaskExists", e.TaskID, errs[i])
				}
				continue
			}
			got, want := taskOf(t, r, string(e.Queue), e.TaskID), taskOf(t, r, string(e.Queue), many[i+1].TaskID)
			if errs[i] != nil || got.State != want.State || got.Retention != want.Retention || got.Timeout != want.Timeout ||
				got.MaxRetry != want.MaxRetry || string(got.Payload) != string(want.Payload) || got.Type != want.Type ||
				got.NextProcessAt.Sub(want.NextProcessAt).Abs() > time.Minute {
				t.Errorf("%v: %+v, want %+v", errs[i], got, want)
			}
		}
		if errs[8] == nil || errors.Is(errs[8], tasks.ErrTaskExists) || len(keysLike(t, r, "asynq:{ }*")) > 0 {
			t.Errorf("a queue without a name: %v", errs[8])
		}
		queues, err := r.Client.SMembers(t.Context(), "asynq:queues").Result()
		if slices.Sort(queues); err != nil || fmt.Sprint(queues) != "[a:bulk a:follow a:normal b:urgent]" {
			t.Errorf("queues %v, %v", queues, err)
		}
		if errs := broker.PutMany(t.Context(), nil); len(errs) != 0 {
			t.Errorf("nothing: %v", errs)
		}
	})
}

// An account that only this process knows is looked up once, and so is one that
// nobody knows.
func TestBatchAsksOnceForAnAccount(t *testing.T) {
	r := redistest.Mini(t)
	asked := redistest.NewFaults(nil)
	c := tasks.NewClient(r.NewClient(t, asked), tasks.WithAccounts(account))
	jobs := rows(100)
	for i := range 50 {
		jobs[i].Account = "nobody"
	}
	for i, result := range c.EnqueueMany(t.Context(), jobs) {
		if i < 50 {
			wantField(t, result.Err, "account", `"nobody" is unknown; known are jumdata-main`)
		} else if result.Err != nil || result.Receipt.State != "queued" {
			t.Errorf("row %d: %+v", i, result)
		}
	}
	if n := asked.Count(); n > 9 { // two accounts, the list, and three flushes, each sent twice
		t.Errorf("%d requests", n)
	}
}

// Redis Cluster keeps records and queues on different nodes: a pipeline is split.
func TestEnqueueManyInACluster(t *testing.T) {
	r := redistest.StartServer(t, redistest.Options{Args: []string{"--cluster-enabled", "yes"}}).Redis()
	if err := r.Client.Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node serves", func() bool { return errors.Is(r.Client.Get(t.Context(), "x").Err(), redis.Nil) })
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{r.Addr}})
	t.Cleanup(func() { _ = cluster.Close() })
	second := account
	second.Name, second.Group = "itnio-main", "itnio"
	publish(t, r, account)
	publish(t, r, second)
	jobs := rows(300)
	for i := range jobs {
		jobs[i].Priority = []tasks.Priority{tasks.Urgent, tasks.Normal, tasks.Bulk}[i%3]
		if i%2 == 1 {
			jobs[i].Account = "itnio-main"
		}
	}
	c := tasks.NewClient(cluster)
	wantResults(t, c.EnqueueMany(t.Context(), jobs), "queued", false)
	wantResults(t, c.EnqueueMany(t.Context(), jobs), "queued", true)
	wantCounts(t, r, 150, 300)
}
