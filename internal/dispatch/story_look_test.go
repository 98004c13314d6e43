package dispatch

import (
	"context"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
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
// that belongs to its state, and everything else that the group keeps its place.
func (w *walk) dueEntries(t *testing.T) {
	t.Helper()
	broken, err := redistest.Broken(t.Context(), w.redis.Client, walkGroup, time.Now())
	if err != nil {
		t.Error(err)
	}
	for _, what := range broken {
		t.Error(what)
	}
}
