package dispatch

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
)

// record is that of the first job.
func (w *walk) record(ctx context.Context) *record.Record { return w.recordOf(ctx, 0) }

func (w *walk) recordOf(ctx context.Context, i int) *record.Record {
	ids := w.accepted()
	if i >= len(ids) {
		return nil
	}
	r, err := record.New(w.redis.Client).Get(ctx, ids[i])
	if err != nil {
		return nil
	}
	return r
}

// dueEntries looks, at one instant, whether each record has the one due entry
// that belongs to its state: one where it has not ended, else none.
func (w *walk) dueEntries(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	keys, err := w.redis.Client.Keys(ctx, "callpacer:{"+walkGroup+"}:job:*").Result()
	if err != nil {
		t.Error(err)
		return
	}
	for _, key := range keys {
		id := key[strings.Index(key, ":job:")+len(":job:"):]
		var state *redis.StringCmd
		var due *redis.FloatCmd
		_, err := w.redis.Client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			state, due = p.HGet(ctx, key, "state"), p.ZScore(ctx, "callpacer:{"+walkGroup+"}:due", id)
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Error(err)
			return
		}
		if record.State(state.Val()).Final() == (due.Err() == nil) {
			t.Errorf("job %s is %s and its due entry is there: %v", id, state.Val(), due.Err() == nil)
		}
	}
}
