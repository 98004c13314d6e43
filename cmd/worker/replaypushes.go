package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// replayedJSON is what became of one push, or event, for machines.
type replayedJSON struct {
	ID       string `json:"id"`
	Was      string `json:"was"`   // empty: there is none
	State    string `json:"state"` // now
	Replayed bool   `json:"replayed"`
	Error    string `json:"error,omitempty"`
}

// replayIDs replays what it can, and fails if there was one that it could not.
func (d *desk) replayIDs(ctx context.Context, ids []string, say func(replayedJSON) error) error {
	failed := 0
	for _, id := range ids {
		r, err := d.replayOne(ctx, id)
		if err != nil {
			return err
		}
		if r.Error != "" {
			failed++
		}
		if err := say(r); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d cannot be replayed", failed, len(ids))
	}
	return nil
}

func (d *desk) replayOne(ctx context.Context, id string) (replayedJSON, error) {
	if why := d.notOurs(id); why != "" {
		return replayedJSON{ID: id, Error: why}, nil
	}
	if record.IsEvent(id) {
		return d.replayEvent(ctx, id)
	}
	r, err := d.store.ReplayPush(ctx, id, keptStates...)
	if err != nil {
		return replayedJSON{}, fmt.Errorf("%s: %w", id, err)
	}
	out := replayedJSON{ID: id, Was: r.Was, State: r.Was, Replayed: r.Done}
	switch {
	case r.Done:
		out.State = "received"
	case r.Was == "":
		out.Error = "there is no such push (any more)"
	case r.Was != "received":
		out.Error = "it was processed already, and is " + r.Was
	}
	return out, nil
}

// notOurs says why the id can name no push and no event of the configuration's groups.
// The scripts are kept away from others: they write their group's clock.
func (d *desk) notOurs(id string) string {
	group, ok := record.GroupOf(id)
	if !ok || !record.IsPush(id) && !record.IsEvent(id) {
		return "that is no id of a push (see worker orphans) or an event (see worker dead-letters)"
	}
	if _, err := d.groups(group); err != nil {
		return err.Error()
	}
	return ""
}

// replayAll replays the account's pushes that the flags mean. Of those that
// somebody else replayed meanwhile nothing is said.
func (d *desk) replayAll(ctx context.Context, f replayFlags, since time.Time, say func(replayedJSON) error) error {
	n := 0
	err := d.eachKept(ctx, f.account, []string{f.state}, func(_ string, p record.StoredPush) error {
		if p.ReceivedAt.Before(since) {
			return nil
		}
		r, err := d.store.ReplayPush(ctx, p.ID, f.state)
		if err != nil {
			return fmt.Errorf("%s: %w", p.ID, err)
		}
		if !r.Done {
			return nil
		}
		n++
		return say(replayedJSON{ID: p.ID, Was: r.Was, State: "received", Replayed: true})
	})
	switch {
	case err != nil && n > 0:
		return fmt.Errorf("after %d pushes, repeat this: %w", n, err)
	case err != nil:
		return err
	case n == 0 && !f.json:
		return say(replayedJSON{})
	}
	return nil
}

func printReplayed(w io.Writer, r replayedJSON, asJSON bool) (err error) {
	switch {
	case asJSON:
		return printJSON(w, r)
	case r.ID == "":
		_, err = fmt.Fprintln(w, "none is kept")
	case r.Error != "":
		_, err = fmt.Fprintf(w, "%s: %s\n", r.ID, r.Error)
	case r.Replayed && r.State == eventDue:
		_, err = fmt.Fprintf(w, "%s: is due to be told\n", r.ID)
	case r.Replayed:
		_, err = fmt.Fprintf(w, "%s: is processed again (was %s)\n", r.ID, r.Was)
	default:
		_, err = fmt.Fprintf(w, "%s: waits to be processed already\n", r.ID)
	}
	return err
}
