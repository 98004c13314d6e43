package sandbox

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

func redisClient(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: addr, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestEmbeddedRedisLetsKeysExpire(t *testing.T) {
	e, err := startRedis("127.0.0.1:0", 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c := redisClient(t, e.Addr())
	ctx := t.Context()
	for key, ttl := range map[string]time.Duration{"short": 50 * time.Millisecond, "long": time.Hour, "ever": 0} {
		if err := c.Set(ctx, key, "x", ttl).Err(); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "the short key to expire", func() bool { return errors.Is(c.Get(ctx, "short").Err(), redis.Nil) })
	if n, err := c.Exists(ctx, "long", "ever").Result(); err != nil || n != 2 {
		t.Errorf("%d keys left, want 2: %v", n, err)
	}
}

func TestEmbeddedRedisPassesOnAllTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var told []time.Duration
		done := make(chan struct{})
		go func() {
			defer close(done)
			passTime(ctx, redisTick, func(d time.Duration) {
				told = append(told, d)
				if len(told) == 2 {
					time.Sleep(3500 * time.Millisecond) // busy for a while: ticks are lost
				}
			})
		}()
		time.Sleep(10 * time.Second)
		cancel()
		<-done
		var sum time.Duration
		for _, d := range told {
			sum += d
		}
		if told[0] != time.Second || sum < 9*time.Second || sum > 10*time.Second {
			t.Errorf("told %v: %v of 10s", told, sum)
		}
	})
}

func TestRedisPortTaken(t *testing.T) {
	first, err := StartRedis("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := first.Addr()
	_, err = StartRedis(addr)
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), addr+" is taken") || !strings.Contains(err.Error(), "choose another address") {
		t.Errorf("error %v", err)
	}
	first.Close()
	again, err := StartRedis(addr)
	if err != nil {
		t.Fatalf("the port is not free after Close: %v", err)
	}
	again.Close()
	if _, err := StartRedis("127.0.0.1:notaport"); err == nil || errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("error %v", err)
	}
}
