package record

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// DeadEvent is an event whose last delivery failed, as it is listed.
type DeadEvent struct {
	ID, Job         string
	Account         string
	Revision, Tries int
	At, DiedAt      time.Time // the change, and when it was given up
	State           State     // that the event tells; empty: it cannot be read
	URL             string    // the job's own; empty: the configured one
	Why             string    // the last delivery failed
}

// EachDeadEvent calls f for each dead letter of the group, the oldest first. f's
// error ends it and is returned as it is.
func (s *Store) EachDeadEvent(ctx context.Context, group string, f func(DeadEvent) error) error {
	k := keysOf(group)
	for from := int64(0); ; from += scanBatch {
		ids, err := s.rdb.ZRange(ctx, k.dead(), from, from+scanBatch-1).Result()
		if err != nil {
			return fmt.Errorf("list the dead letters of group %s: %w", group, err)
		}
		cmds := make([]*redis.MapStringStringCmd, len(ids))
		if _, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, id := range ids {
				cmds[i] = p.HGetAll(ctx, k.event(id))
			}
			return nil
		}); err != nil {
			return fmt.Errorf("read the dead letters of group %s: %w", group, err)
		}
		for i, id := range ids {
			h := cmds[i].Val()
			if h["dead_at"] == "" {
				continue // it is kept no longer, or was replayed meanwhile
			}
			var told struct{ State, Account string }
			if json.Unmarshal([]byte(h["record"]), &told) != nil {
				told.State = "" // nobody can read it; its id and why it died are told all the same
			}
			if err := f(DeadEvent{
				ID: id, Job: h["job"], Account: told.Account, Revision: count(h["revision"]), Tries: count(h["tries"]),
				At: instant(h["at"]), DiedAt: instant(h["dead_at"]), State: State(told.State), URL: h["url"], Why: h["why"],
			}); err != nil {
				return err
			}
		}
		if len(ids) < scanBatch {
			return nil
		}
	}
}
