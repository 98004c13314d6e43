package tasks_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// The answer of the create script is lost once: the client asks again, and its
// own record is no duplicate. With a key or without, it is one job.
func TestLostAnswerOfTheRecord(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for name, job := range map[string]tasks.Job{"keyed": keyed("k"), "not keyed": call()} {
			warm(t, r)
			c := producer(t, r, strike(creating, 1, redistest.Verdict{Action: redistest.FailAfter}))
			receipt, err := c.Enqueue(t.Context(), job)
			if err != nil || receipt.Duplicate || receipt.State != "queued" {
				t.Errorf("%s: %+v, %v", name, receipt, err)
			}
			wantCounts(t, r, 1, 1)
		}
	})
}

// losing is a network that swallows one answer of the create script, and closes
// the connection instead.
type losing struct {
	redis.Hook
	left atomic.Int32
}

func (l *losing) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &losingConn{Conn: conn, l: l}, nil
	}
}

type losingConn struct {
	net.Conn
	l     *losing
	armed bool
}

func (c *losingConn) Write(b []byte) (int, error) {
	c.armed = bytes.Contains(b, []byte(creating)) && c.l.left.Add(-1) >= 0
	return c.Conn.Write(b)
}

func (c *losingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.armed {
		_ = c.Conn.Close() // a connection that broke answers no later read either
		return 0, io.EOF
	}
	return n, err
}

// go-redis repeats a script by itself where a connection breaks.
func TestLostConnectionAtTheRecord(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		warm(t, r)
		l := &losing{Hook: redistest.NewFaults(nil)}
		l.left.Store(2)
		receipt := enqueue(t, producer(t, r, l), keyed("k"))
		if receipt.Duplicate || receipt.State != "queued" {
			t.Errorf("%+v, want the first, queued", receipt)
		}
		if left := l.left.Load(); left > 0 {
			t.Errorf("%d answers were not lost", left)
		}
		wantCounts(t, r, 1, 1)
	})
}

func TestRecordThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		action  redistest.Action
		records int
	}{"before": {redistest.FailBefore, 0}, "after": {redistest.FailAfter, 1}} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				warm(t, r)
				broken := producer(t, r, strike(creating, 0, redistest.Verdict{Action: c.action}))
				_, err := broken.Enqueue(t.Context(), keyed("k"))
				var f *tasks.FieldError
				if !errors.Is(err, redistest.ErrInjected) || errors.As(err, &f) {
					t.Errorf("error %v, want the fault, of no field", err)
				}
				wantCounts(t, r, c.records, 0)
				// The application submits again, which is what the error says.
				receipt := enqueue(t, producer(t, r), keyed("k"))
				if receipt.State != "queued" || receipt.Duplicate != (c.records == 1) {
					t.Errorf("again: %+v", receipt)
				}
				wantCounts(t, r, 1, 1)
			})
		})
	}
}

func TestNoSecondTryAfterTheEndOfTheContext(t *testing.T) {
	r := redistest.Mini(t)
	warm(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if !bytes.Contains([]byte(said(op)), []byte(creating)) {
			return redistest.Verdict{}
		}
		asked++
		return redistest.Verdict{Before: func(context.Context) error { cancel(); return ctx.Err() }}
	})
	if _, err := producer(t, r, faults).Enqueue(ctx, call()); !errors.Is(err, context.Canceled) || asked != 1 {
		t.Errorf("asked %d times, error %v", asked, err)
	}
}

// Whatever becomes of the steps after the record, the job is accepted, something
// is due for it, and a second submit brings it to its queue, once.
func TestQueueThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		faults     *redistest.Faults
		queued     int // tasks after the first submit
		acceptance string
	}{
		"queue's name":         {strike(queueSet, 1, redistest.Verdict{Action: redistest.FailBefore}), 0, "accepted"},
		"before the task":      {strike(putting, 1, redistest.Verdict{Action: redistest.FailBefore}), 0, "accepted"},
		"after the task":       {strike(putting, 1, redistest.Verdict{Action: redistest.FailAfter}), 1, "accepted"},
		"before it is told":    {strike(marking, 1, redistest.Verdict{Action: redistest.FailBefore}), 1, "accepted"},
		"after it is told":     {strike(marking, 1, redistest.Verdict{Action: redistest.FailAfter}), 1, "queued"},
		"dead before the task": {strike(putting, 1, redistest.Verdict{Action: redistest.DieBefore}), 0, "accepted"},
		"dead after the task":  {strike(putting, 1, redistest.Verdict{Action: redistest.DieAfter}), 1, "accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			warm(t, r)
			receipt := enqueue(t, producer(t, r, c.faults), keyed("k"))
			if receipt.State != "accepted" || receipt.Duplicate {
				t.Errorf("%+v, want it accepted", receipt)
			}
			wantCounts(t, r, 1, c.queued)
			wantDue(t, r, receipt.ID)
			if got := recordOf(t, r, receipt.ID).State; string(got) != c.acceptance {
				t.Errorf("the record is %s, want %s", got, c.acceptance)
			}
			again := enqueue(t, producer(t, r), keyed("k"))
			if again.State != "queued" || !again.Duplicate {
				t.Errorf("again: %+v", again)
			}
			wantCounts(t, r, 1, 1)
			wantDue(t, r, receipt.ID)
		})
	}
}

// A producer that dies at any step leaves a job, or none; the next submit of the
// key makes it exactly one.
func TestProducerDiesAnywhere(t *testing.T) {
	steps := redistest.CrashWalk(t, func(t *testing.T, dying *redistest.Faults) {
		r := redistest.Mini(t)
		warm(t, r)
		c := producer(t, r, dying)
		receipt, err := c.Enqueue(t.Context(), keyed("k"))
		if err == nil {
			wantCounts(t, r, 1, len(keysLike(t, r, "asynq:{*}:t:*")))
			wantDue(t, r, receipt.ID)
		}
		again := enqueue(t, producer(t, r), keyed("k"))
		if again.State != "queued" || err == nil && (again.ID != receipt.ID || !again.Duplicate) {
			t.Errorf("first %+v, %v; then %+v", receipt, err, again)
		}
		wantCounts(t, r, 1, 1)
		wantDue(t, r, again.ID)
	})
	if steps < 4 {
		t.Errorf("%d steps were walked, want the account, the record, the task and its mark at least", steps)
	}
}

// A second submit brings the first one's job to the queue, not its own wishes.
func TestSecondSubmitQueuesTheFirstJob(t *testing.T) {
	for name, faults := range map[string]func() *redistest.Faults{
		"no task yet":    func() *redistest.Faults { return strike(putting, 0, redistest.Verdict{Action: redistest.FailBefore}) },
		"a task, untold": func() *redistest.Faults { return strike(marking, 0, redistest.Verdict{Action: redistest.FailBefore}) },
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				warm(t, r)
				first := keyed("k")
				first.Priority, first.NotBefore = tasks.Bulk, time.Now().Add(2*time.Hour)
				lost := enqueue(t, producer(t, r, faults()), first)
				second := keyed("k")
				second.Priority = tasks.Urgent
				if got := enqueue(t, producer(t, r), second); got.State != "queued" || got.ID != lost.ID {
					t.Errorf("%+v, want %s queued", got, lost.ID)
				}
				wantCounts(t, r, 1, 1)
				info := taskOf(t, r, "jumdata-main:bulk", lost.ID)
				if info.State != asynq.TaskStateScheduled || info.NextProcessAt.Before(first.NotBefore) {
					t.Errorf("the task is %v at %v, want it scheduled for %v", info.State, info.NextProcessAt, first.NotBefore)
				}
			})
		})
	}
}

// A job that moves on while a second submit looks at it gets no task from that.
func TestSecondSubmitOfAJobThatMovesOn(t *testing.T) {
	r := redistest.Mini(t)
	warm(t, r)
	lost := enqueue(t, producer(t, r, strike(putting, 0, redistest.Verdict{Action: redistest.FailBefore})), keyed("k"))
	ends := redistest.Verdict{After: func(ctx context.Context) error {
		_, err := record.New(r.Client).Fail(ctx, lost.ID, "platform", "a test ended it")
		return err
	}}
	if got := enqueue(t, producer(t, r, strike(creating, 1, ends)), keyed("k")); got.State != "failed" || !got.Duplicate {
		t.Errorf("%+v, want it failed", got)
	}
	wantCounts(t, r, 1, 0)
}

// fakeBroker is a queue that answers as it is told.
type fakeBroker struct {
	put, liveErr error
	live         bool
}

func (b fakeBroker) Put(context.Context, tasks.Entry) error { return b.put }
func (b fakeBroker) Live(context.Context, tasks.Queue, string) (bool, error) {
	return b.live, b.liveErr
}

func TestTakenIDIsSuccessOnlyWhereTheTaskLives(t *testing.T) {
	for name, c := range map[string]struct {
		broker fakeBroker
		want   string
	}{
		"put":            {fakeBroker{}, "queued"},
		"taken, live":    {fakeBroker{put: tasks.ErrTaskExists, live: true}, "queued"},
		"taken, dead":    {fakeBroker{put: tasks.ErrTaskExists}, "accepted"},
		"taken, who?":    {fakeBroker{put: tasks.ErrTaskExists, live: true, liveErr: errors.New("away")}, "accepted"},
		"another way":    {fakeBroker{put: errors.New("away"), live: true}, "accepted"},
		"taken, wrapped": {fakeBroker{put: errors.Join(errors.New("put"), tasks.ErrTaskExists), live: true}, "queued"},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			producer(t, r)
			c2 := tasks.NewClient(r.Client, tasks.WithBroker(c.broker))
			many := c2.EnqueueMany(t.Context(), []tasks.Job{keyed("k2"), keyed("k3")})
			wantResults(t, many, c.want, false)
			for _, receipt := range []tasks.Receipt{enqueue(t, c2, keyed("k")), many[0].Receipt, many[1].Receipt} {
				if receipt.State != c.want || string(recordOf(t, r, receipt.ID).State) != c.want {
					t.Errorf("%+v, want %s, in the record too", receipt, c.want)
				}
				wantDue(t, r, receipt.ID)
			}
		})
	}
}
