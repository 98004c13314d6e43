package dispatch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

const (
	// poolChunk is how many middle numbers one script looks at.
	poolChunk = 100
	// A bind that finds none free looks again after a tenth of its age, within these.
	poolSoonest, poolLatest = 2 * time.Second, time.Minute
)

// choose takes a free middle number of the pool for a bind job that leaves the choice
// to us. A nil record: none is free, and the job comes back.
func (l *Lane) choose(ctx context.Context, rec *record.Record) (*record.Record, tasks.Content, record.State, error) {
	// A job read before its number was chosen is read again.
	if rec.State.Waiting() {
		chosen, err := l.chooseOf(ctx, rec)
		if err != nil {
			return nil, tasks.Content{}, "", err
		}
		if !chosen {
			return l.noNumber(ctx, rec)
		}
	}
	again, err := l.Store.Get(ctx, rec.ID)
	if err != nil {
		return nil, tasks.Content{}, "", fmt.Errorf("read the bind job with its number: %w", err)
	}
	if again == nil {
		return nil, tasks.Content{}, "", nil
	}
	content, err := tasks.DecodeContent(tasks.KindBind, again.Content)
	if err != nil || content.X == tasks.AutoX {
		return nil, tasks.Content{}, again.State, err
	}
	return again, content, again.State, nil
}

// chooseOf goes through the pool from somewhere in it, so that a big one is used evenly.
func (l *Lane) chooseOf(ctx context.Context, rec *record.Record) (bool, error) {
	n := len(l.Pool)
	if n == 0 {
		return false, nil
	}
	start := rand.N(n) //nolint:gosec // G404: it spreads them, and is no secret
	for done := 0; done < n; done += poolChunk {
		chunk := make([]record.PoolNumber, 0, poolChunk)
		for i := done; i < min(done+poolChunk, n); i++ {
			chunk = append(chunk, l.Pool[(start+i)%n])
		}
		if chosen, err := l.Store.Choose(ctx, rec.ID, chunk); chosen || err != nil {
			return chosen, err
		}
	}
	return false, nil
}

func (l *Lane) noNumber(ctx context.Context, rec *record.Record) (*record.Record, tasks.Content, record.State, error) {
	left := slices.ContainsFunc(l.Pool, func(n record.PoolNumber) bool { return !slices.Contains(rec.RefusedX, n.Key) })
	if len(l.Pool) > 0 && !left {
		state, err := l.failed(ctx, rec.ID, providers.CauseBindingConflict, "the vendor refused each of the pool's numbers")
		return nil, tasks.Content{}, state, err
	}
	detail := fmt.Sprintf("none of the pool's %d numbers is free for A and B", len(l.Pool))
	if len(l.Pool) == 0 {
		detail = "account " + l.Account + " has no pool at this worker"
	}
	_, state, err := l.putOff(ctx, rec.ID, record.Delay{
		In: l.ageOf(ctx, rec, poolSoonest, poolLatest), Reason: record.HoldNoNumber, Detail: detail,
	})
	return nil, tasks.Content{}, state, err
}

// ageOf is a tenth of a job's age, within bounds: what has waited for long is looked
// at ever less often.
func (l *Lane) ageOf(ctx context.Context, rec *record.Record, least, most time.Duration) time.Duration {
	now, err := l.Store.Now(ctx)
	if err != nil {
		return least // the next command says so
	}
	return min(max(now.Sub(rec.CreatedAt)/10, least), most)
}
