package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

const followEvery = 500 * time.Millisecond

// follow tells how the jobs fare that people enqueue, until ctx ends. Those of
// the sample batch were told before.
func (w *world) follow(ctx context.Context, say io.Writer, told []string) error {
	seen := map[string]record.State{}
	for _, id := range told {
		if r, err := w.app.store.Get(ctx, id); err == nil && r != nil {
			seen[id] = r.State
		}
	}
	groups := map[string]bool{}
	for i := range w.config.Accounts {
		groups[w.config.Accounts[i].Group] = true
	}
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		for group := range groups {
			if err := w.changes(ctx, say, group, seen); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// changes prints each job of the group that is new, or stands otherwise than seen.
func (w *world) changes(ctx context.Context, say io.Writer, group string, seen map[string]record.State) error {
	ids, err := w.app.store.IDs(ctx, group)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r, err := w.app.store.Get(ctx, id)
		if err != nil {
			return err
		}
		if r == nil || seen[id] == r.State {
			continue
		}
		seen[id] = r.State
		fmt.Fprintf(say, "%s  %-9s  %-14s  %-28s  %s\n", time.Now().Format(time.TimeOnly), r.Kind, numberOf(r), standing(r), id)
	}
	return nil
}
