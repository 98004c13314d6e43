package dispatch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/callpacer/callpacer/ratelimit"
)

const (
	// askers is how many queries of a process wait for their slot or their answer at
	// most: what else is in their queue must not stand behind them.
	askers = followSlots - 3
	// A query that finds too many others comes back within these.
	soonest, latest = 2 * time.Second, 10 * time.Second
)

// mayAsk waits for a query's slot. Where none comes soon, later is when the query
// comes back. done is to be called when it was answered.
func (l *Lane) mayAsk(ctx context.Context) (done func(), later time.Duration, err error) {
	done = func() { l.asking.Add(-1) }
	if l.asking.Add(1) > askers {
		return done, soonest + rand.N(latest-soonest), nil //nolint:gosec // G404: it spreads them, and is no secret
	}
	later, err = l.queryTurn(ctx, ratelimit.RankNormal)
	return done, later, givenBackUnless(ctx, err)
}

// queryTurn waits for a query's slot. While the account's queries rest there is none,
// and the query comes back later.
func (l *Lane) queryTurn(ctx context.Context, rank int) (later time.Duration, err error) {
	_, err = l.QueryPace.Turn(ctx, rank)
	var rests *ratelimit.ShutError
	if !errors.As(err, &rests) {
		return 0, err
	}
	now, err := l.Store.Now(ctx)
	if err != nil {
		return 0, fmt.Errorf("wait for a query's slot: %w", err)
	}
	return max(rests.Until.Sub(now), soonest), nil
}

// restQueries leaves the vendor alone who says that it is asked too often.
func (l *Lane) restQueries(ctx context.Context, span time.Duration) error {
	if err := l.Shared.RestQueries(ctx, max(span, queryRest)); err != nil {
		return fmt.Errorf("leave the vendor alone with queries: %w", err)
	}
	l.Log.Warn("the vendor is asked too often; all queries of the account rest for a while")
	return nil
}

// givenBackUnless is givenBack, but nil where there is no error.
func givenBackUnless(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return givenBack(context.WithoutCancel(ctx), err)
}
