package record

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Birth is whose a record is, and since when there is one.
type Birth struct {
	Account   string
	CreatedAt time.Time // zero: there is no record
}

// Births tells of each id whose record it is, in one round trip and without the
// record itself: for those who look for few among many. The answers are in the
// ids' order.
func (s *Store) Births(ctx context.Context, ids []string) ([]Birth, error) {
	replies := make([]*redis.SliceCmd, len(ids))
	err := s.readEach(ctx, ids, func(pipe redis.Pipeliner, i int, key string) {
		replies[i] = pipe.HMGet(ctx, key, "account", "created_at")
	})
	if err != nil {
		return nil, err
	}
	births := make([]Birth, len(ids))
	for i, reply := range replies {
		fields := reply.Val()
		account, _ := fields[0].(string) // nil: not there
		created, _ := fields[1].(string)
		births[i] = Birth{Account: account, CreatedAt: instant(created)}
	}
	return births, nil
}

// GetMany is Get in one round trip, apart from Shut, which it leaves out. The
// records are in the ids' order, nil where there is none. All of them are in
// memory at once, so the caller bounds the ids.
func (s *Store) GetMany(ctx context.Context, ids []string) ([]*Record, error) {
	replies := make([]*redis.MapStringStringCmd, len(ids))
	err := s.readEach(ctx, ids, func(pipe redis.Pipeliner, i int, key string) {
		replies[i] = pipe.HGetAll(ctx, key)
	})
	if err != nil {
		return nil, err
	}
	records := make([]*Record, len(ids))
	for i, reply := range replies {
		records[i] = parse(ids[i], reply.Val())
	}
	return records, nil
}

// readEach sends one command about each id's record; any error is the whole's.
func (s *Store) readEach(ctx context.Context, ids []string, ask func(pipe redis.Pipeliner, i int, key string)) error {
	if len(ids) == 0 {
		return nil
	}
	pipe := s.rdb.Pipeline()
	for i, id := range ids {
		group, ok := GroupOf(id)
		if !ok {
			return fmt.Errorf("read records: %q is not a job id (want <group>.<name>)", id)
		}
		ask(pipe, i, keysOf(group).job(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	return nil
}
