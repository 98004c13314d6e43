package tasks_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// What asynq does that the design rests on. Where a new version of asynq fails
// one of these tests, look for what relied on it before you change the test.

// serve runs a server that answers each task with what handle says.
func serve(t *testing.T, r *redistest.Redis, queue string, handle func(*asynq.Task) error) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	server := asynq.NewServer(r.AsynqOpt(), asynq.Config{
		Queues: map[string]int{queue: 1}, Concurrency: 2, Logger: log,
		TaskCheckInterval: 50 * time.Millisecond, JanitorInterval: 200 * time.Millisecond,
		RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return time.Hour },
		IsFailure:      func(error) bool { return false },
	})
	if err := server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error { return handle(task) })); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
}

// reaches waits until a task is in a state.
func reaches(t *testing.T, r *redistest.Redis, queue, id string, want asynq.TaskState) {
	t.Helper()
	inspector := asynq.NewInspectorFromRedisClient(r.Client)
	eventually(t, "task "+id+" is "+want.String(), func() bool {
		info, err := inspector.GetTaskInfo(queue, id)
		return err == nil && info.State == want
	})
}

func TestAsynqCutsTimesToSeconds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		client := asynq.NewClientFromRedisClient(r.Client)
		second := time.Now().Add(time.Hour).Truncate(time.Second)
		_, err := client.Enqueue(asynq.NewTask("x", nil), asynq.TaskID("1"), asynq.ProcessAt(second.Add(999*time.Millisecond)))
		if err != nil {
			t.Fatal(err)
		}
		if info := taskOf(t, r, "default", "1"); !info.NextProcessAt.Equal(second) {
			t.Errorf("it runs at %v; early by nearly a second would be %v", info.NextProcessAt, second)
		}
	})
}

// An id is taken by a task in any state, live or not, and in one queue only.
func TestAsynqTaskIDs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		t.Parallel()
		const queue = "a:normal"
		broker := tasks.NewAsynqBroker(r.Client)
		put := func(id string, at time.Time) error {
			return broker.Put(t.Context(), tasks.Entry{Queue: queue, Kind: tasks.KindNotify, TaskID: id, ID: id, At: at})
		}
		busy, free := make(chan struct{}), make(chan struct{})
		defer close(free)
		handle := func(task *asynq.Task) error {
			switch id, err := tasks.DecodePayload(task.Payload()); id {
			case "g.completed":
				return err
			case "g.archived":
				return asynq.SkipRetry
			case "g.active":
				close(busy)
				<-free
			}
			return errors.New("later")
		}
		for _, id := range []string{"g.completed", "g.archived", "g.retry", "g.active"} {
			if err := put(id, time.Time{}); err != nil {
				t.Fatal(err)
			}
			if live, err := broker.Live(t.Context(), queue, id); err != nil || !live {
				t.Errorf("%s is pending: live %v, %v", id, live, err)
			}
		}
		if err := put("g.scheduled", time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		serve(t, r, queue, handle)
		<-busy
		for id, c := range map[string]struct {
			state asynq.TaskState
			live  bool
		}{
			"g.completed": {asynq.TaskStateCompleted, false}, "g.archived": {asynq.TaskStateArchived, false},
			"g.retry": {asynq.TaskStateRetry, true}, "g.active": {asynq.TaskStateActive, true},
			"g.scheduled": {asynq.TaskStateScheduled, true},
		} {
			reaches(t, r, queue, id, c.state)
			if live, err := broker.Live(t.Context(), queue, id); err != nil || live != c.live {
				t.Errorf("%s: live %v, %v, want %v", id, live, err, c.live)
			}
			if err := put(id, time.Time{}); !errors.Is(err, tasks.ErrTaskExists) {
				t.Errorf("%s again: %v, want ErrTaskExists", id, err)
			}
			if err := broker.Put(t.Context(), tasks.Entry{Queue: "a:bulk", Kind: tasks.KindNotify, TaskID: id, ID: id}); err != nil {
				t.Errorf("%s on another queue: %v; ids were of one queue", id, err)
			}
		}
	})
}

func TestAsynqFreesTheIDWhenRetentionIsOver(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		t.Parallel()
		const queue = "a:push"
		broker, client := tasks.NewAsynqBroker(r.Client), asynq.NewClientFromRedisClient(r.Client)
		put := func(id string, opts ...asynq.Option) error {
			_, err := client.Enqueue(asynq.NewTask("x", nil), append(opts, asynq.TaskID(id), asynq.Queue(queue))...)
			return err
		}
		if err := errors.Join(put("kept", asynq.Retention(time.Second)), put("not kept")); err != nil {
			t.Fatal(err)
		}
		serve(t, r, queue, func(*asynq.Task) error { return nil })
		reaches(t, r, queue, "kept", asynq.TaskStateCompleted)
		if err := put("kept"); !errors.Is(err, asynq.ErrTaskIDConflict) {
			t.Errorf("while it is kept: %v, want a conflict", err)
		}
		for _, id := range []string{"kept", "not kept"} {
			eventually(t, "the id "+id+" is free", func() bool {
				return r.Client.Exists(t.Context(), "asynq:{"+queue+"}:t:"+id).Val() == 0
			})
			if live, err := broker.Live(t.Context(), queue, id); err != nil || live {
				t.Errorf("%s: live %v, %v", id, live, err)
			}
			if err := put(id); err != nil {
				t.Errorf("%s again: %v", id, err)
			}
		}
	})
}

func TestLiveOfWhatIsNotThere(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		broker := tasks.NewAsynqBroker(r.Client)
		if live, err := broker.Live(t.Context(), "a:normal", "g.1"); err != nil || live {
			t.Errorf("no such queue: live %v, %v", live, err)
		}
		e := tasks.Entry{Queue: "a:normal", Kind: tasks.KindNotify, TaskID: "g.2", ID: "g.2"}
		if err := broker.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if live, err := broker.Live(t.Context(), "a:normal", "g.1"); err != nil || live {
			t.Errorf("no such task: live %v, %v", live, err)
		}
	})
}

// An archived task under the job's id is no queued job: the record stays
// accepted, and the outbox brings another task.
func TestArchivedTaskIsNoSuccess(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		warm(t, r)
		lost := enqueue(t, producer(t, r, strike(marking, 0, redistest.Verdict{Action: redistest.FailBefore})), keyed("k"))
		if err := asynq.NewInspectorFromRedisClient(r.Client).ArchiveTask("jumdata-main:normal", lost.ID); err != nil {
			t.Fatal(err)
		}
		if again := enqueue(t, producer(t, r), keyed("k")); again.State != "accepted" {
			t.Errorf("%+v, want it accepted only", again)
		}
		if got := recordOf(t, r, lost.ID).State; got != "accepted" {
			t.Errorf("the record is %s", got)
		}
		wantDue(t, r, lost.ID)
	})
}
