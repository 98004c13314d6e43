package redistest

import (
	"context"
	"testing"
	"time"

	"github.com/hibiken/asynq"
)

// Two bubbles in one process: a client that resolves names or a goroutine left
// behind would end the second.
func TestBubbleTimeIsVirtual(t *testing.T) {
	for range 2 {
		Bubble(t, func(t *testing.T, r *Redis) {
			if begin := time.Now(); begin.Year() != 2000 {
				t.Fatalf("the bubble starts at %v", begin)
			}
			ctx := t.Context()
			r.Client.Set(ctx, "k", "v", 24*time.Hour)
			time.Sleep(24*time.Hour - time.Second)
			if r.Client.Exists(ctx, "k").Val() != 1 {
				t.Error("expired a second early")
			}
			time.Sleep(time.Second)
			if r.Client.Exists(ctx, "k").Val() != 0 {
				t.Error("not expired in time")
			}
		})
	}
}

func TestBubbleRunsAsynq(t *testing.T) {
	Bubble(t, func(t *testing.T, r *Redis) {
		client := asynq.NewClient(r.AsynqOpt())
		defer client.Close()
		begin := time.Now()
		if _, err := client.Enqueue(asynq.NewTask("x", nil), asynq.ProcessIn(time.Hour)); err != nil {
			t.Fatal(err)
		}
		ran := make(chan time.Duration, 1)
		srv := asynq.NewServer(r.AsynqOpt(), asynq.Config{
			Concurrency: 1, LogLevel: asynq.FatalLevel, TaskCheckInterval: 10 * time.Second, DelayedTaskCheckInterval: 10 * time.Second,
		})
		err := srv.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
			ran <- time.Since(begin)
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer srv.Shutdown()
		if d := <-ran; d < time.Hour-time.Second || d > time.Hour+time.Minute {
			t.Errorf("ran after %v, want about an hour", d)
		}
	})
}

func TestBubbleDelay(t *testing.T) {
	Bubble(t, func(t *testing.T, r *Redis) {
		slow := r.NewClient(t, NewFaults(func(Op) Verdict { return Delay(20 * time.Millisecond) }))
		begin := time.Now()
		for range 3 {
			slow.Incr(t.Context(), "n")
		}
		if d := time.Since(begin); d != 60*time.Millisecond {
			t.Errorf("three delayed operations took %v, want 60ms", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := slow.Incr(ctx, "n").Err(); err == nil {
			t.Error("a delay outlived its context")
		}
		if got := r.Client.Get(t.Context(), "n").Val(); got != "3" {
			t.Errorf("n = %s, want 3", got)
		}
	})
}
