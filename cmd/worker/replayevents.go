package main

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// What an event is for replayedJSON.
const (
	eventDead = "dead"
	eventDue  = "due"
)

func (d *desk) replayEvent(ctx context.Context, id string) (replayedJSON, error) {
	done, err := d.store.ReplayEvent(ctx, id)
	switch {
	case err != nil:
		return replayedJSON{}, fmt.Errorf("%s: %w", id, err)
	case !done:
		return replayedJSON{ID: id, Error: "there is no such dead letter: it is due, told, or kept no longer"}, nil
	}
	return replayedJSON{ID: id, Was: eventDead, State: eventDue, Replayed: true}, nil
}

// replayDead replays the dead letters that the flags mean. Those that somebody else
// replayed meanwhile are passed over.
func (d *desk) replayDead(ctx context.Context, f replayFlags, since time.Time, say func(replayedJSON) error) error {
	var ids []string // first, because each that is replayed leaves the list
	err := d.eachDead(ctx, f.account, func(e record.DeadEvent) error {
		if !e.DiedAt.Before(since) {
			ids = append(ids, e.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	n := 0
	for _, id := range ids {
		r, err := d.replayEvent(ctx, id)
		if err == nil && r.Replayed {
			n++
			err = say(r)
		}
		if err != nil {
			return fmt.Errorf("after %d events, repeat this: %w", n, err)
		}
	}
	if n == 0 && !f.json {
		return say(replayedJSON{})
	}
	return nil
}
