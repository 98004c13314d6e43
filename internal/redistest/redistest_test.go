package redistest

import (
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachIsEmptyAndReachable(t *testing.T) {
	seen := map[string]bool{}
	Each(t, func(t *testing.T, r *Redis) {
		seen[r.Name] = true
		ctx := t.Context()
		if n := r.Client.DBSize(ctx).Val(); n != 0 {
			t.Errorf("%d keys at the start, want none", n)
		}
		r.Client.Set(ctx, "k", "v", 0)
		opt, err := redis.ParseURL(r.URL())
		if err != nil {
			t.Fatal(err)
		}
		byURL := redis.NewClient(opt)
		defer byURL.Close()
		if got := byURL.Get(ctx, "k").Val(); got != "v" {
			t.Errorf("through URL: %q, want v", got)
		}
		if (r.Mini != nil) != (r.Name == NameMini) || (r.Server != nil) != (r.Name == NameServer) {
			t.Errorf("%s: Mini %v, Server %v", r.Name, r.Mini, r.Server)
		}
	})
	if !seen[NameMini] {
		t.Error("the miniredis subtest did not run")
	}
}

func TestEachMayRunInParallel(t *testing.T) {
	for range 2 {
		Each(t, func(t *testing.T, r *Redis) {
			t.Parallel()
			if n := r.Client.Incr(t.Context(), "n").Val(); n != 1 {
				t.Errorf("count %d: somebody else writes here", n)
			}
		})
	}
}

func TestMiniExpiresWhenItsClockIsMoved(t *testing.T) {
	r := Mini(t)
	r.Client.Set(t.Context(), "k", "v", time.Minute)
	for left := range 2 {
		if there := r.Client.Exists(t.Context(), "k").Val(); there != int64(1-left) {
			t.Errorf("%d keys after %d minutes", there, left)
		}
		r.Mini.FastForward(time.Minute)
	}
}

func TestAsynqOptWorks(t *testing.T) {
	Each(t, func(t *testing.T, r *Redis) {
		client := asynq.NewClient(r.AsynqOpt())
		defer client.Close()
		if _, err := client.Enqueue(asynq.NewTask("x", nil)); err != nil {
			t.Fatal(err)
		}
		inspector := asynq.NewInspector(r.AsynqOpt())
		defer inspector.Close()
		info, err := inspector.GetQueueInfo("default")
		if err != nil || info.Pending != 1 {
			t.Errorf("queue %+v, %v; want 1 pending", info, err)
		}
	})
}
