package app

import (
	"context"
	"sync"
	"time"
)

// keep does something every span until the app stops, beside everything else; name is
// what Stop calls it. What fails is said in the words of complaint, and done again.
func (a *App) keep(name string, every time.Duration, complaint string, do func(context.Context) error) {
	keeping, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { a.again(keeping, every, complaint, do) })
	a.onStop(name, func() error {
		cancel()
		wg.Wait()
		return nil
	})
}

// again is keep until ctx ends, on the caller's goroutine.
func (a *App) again(ctx context.Context, every time.Duration, complaint string, do func(context.Context) error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := do(ctx); err != nil && ctx.Err() == nil {
			a.log.WithError(err).Warn(complaint)
		}
	}
}
