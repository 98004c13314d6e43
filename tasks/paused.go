package tasks

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// asynq takes no task of a queue while this key is there, whatever it holds.
func pausedKey(q Queue) string { return "asynq:{" + string(q) + "}:paused" }

// setPausedScript changes what the key holds if it still holds what was seen.
// KEYS 1 the key. ARGV 1 seen, 2 wanted; ” is no key. Answers 1 or 0.
var setPausedScript = redis.NewScript(`
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1`)

// Paused returns what each queue's pause holds; "" where it is not paused.
func (b *AsynqBroker) Paused(ctx context.Context, queues ...Queue) ([]string, error) {
	cmds := make([]*redis.StringCmd, len(queues))
	_, err := b.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, q := range queues {
			cmds[i] = p.Get(ctx, pausedKey(q))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read which queues are paused: %w", err)
	}
	values := make([]string, len(queues))
	for i, c := range cmds {
		if values[i], err = c.Result(); err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("read whether %s is paused: %w", queues[i], err)
		}
	}
	return values, nil
}

// SetPaused pauses a queue, or with an empty value opens it, if its pause still
// holds what was seen; false: it does not.
func (b *AsynqBroker) SetPaused(ctx context.Context, q Queue, seen, wanted string) (bool, error) {
	n, err := setPausedScript.Run(ctx, b.rdb, []string{pausedKey(q)}, seen, wanted).Int()
	if err != nil {
		return false, fmt.Errorf("pause or open %s: %w", q, err)
	}
	return n == 1, nil
}

// Depth is how many tasks lie in a queue.
type Depth struct {
	Pending int64 // to be taken at once, when the queue is open
	Later   int64 // that come back at a time of their own
	Active  int64 // in the hands of a worker
}

// Depths returns the depth of each queue.
func (b *AsynqBroker) Depths(ctx context.Context, queues ...Queue) ([]Depth, error) {
	type counts struct{ pending, active, scheduled, retry *redis.IntCmd }
	cmds := make([]counts, len(queues))
	_, err := b.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, q := range queues {
			prefix := "asynq:{" + string(q) + "}:"
			cmds[i] = counts{
				p.LLen(ctx, prefix+"pending"), p.LLen(ctx, prefix+"active"),
				p.ZCard(ctx, prefix+"scheduled"), p.ZCard(ctx, prefix+"retry"),
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the tasks of queues: %w", err)
	}
	out := make([]Depth, len(queues))
	for i, c := range cmds {
		out[i] = Depth{Pending: c.pending.Val(), Active: c.active.Val(), Later: c.scheduled.Val() + c.retry.Val()}
	}
	return out, nil
}
