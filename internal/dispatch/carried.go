package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// receive makes the record of a job that its task carries, before anything else is
// done with it. From then on it is a job like any other. done: this task is over.
func (l *Lane) receive(ctx context.Context, t *asynq.Task, id, taskID string) (done bool, err error) {
	if !tasks.Carries(t.Payload()) {
		return false, nil
	}
	kind := tasks.Kind(t.Type())
	ctx, release := l.drainOf(kind).waitable(ctx)
	defer release()
	log := l.Log.WithField("job", id)
	if group, _ := record.GroupOf(id); group != l.Group {
		log.Error("a task was dropped: it carries a job of another group than this lane's")
		return true, nil
	}
	c, err := tasks.DecodeCarried(t.Payload())
	if err != nil {
		log.WithError(err).Error("a task carries no job that can be sent")
		return true, l.lost(ctx, id, kind)
	}
	if c == nil {
		return false, nil
	}
	rec, err := l.Store.Get(ctx, id)
	if err != nil {
		return false, fmt.Errorf("look for the record of a carried job: %w", err)
	}
	if rec == nil {
		done, err = l.record(ctx, id, taskID, kind, c)
	} else if !c.Same(rec) {
		log.Error(otherContent)
		return true, nil
	}
	// A query has tasks of its own, one after another, once its record is there.
	return done || kind == tasks.KindPoll, err
}

const otherContent = "a task carries another job than the one that was first submitted under its id; the first one stands, and this task does nothing"

// record makes the record of a carried job. The script that makes it sees by
// itself that there is none yet, that no marker tells of one that has ended, and
// that the task is not too old: nothing may lie between seeing that and writing.
func (l *Lane) record(ctx context.Context, id, taskID string, kind tasks.Kind, c *tasks.Carried) (done bool, err error) {
	log := l.Log.WithField("job", id)
	now, err := l.Store.Now(ctx)
	if err != nil {
		return false, fmt.Errorf("how old is a carried job: %w", err)
	}
	n, err := c.Record(id, kind, l.Offer, now)
	if err != nil {
		log.WithError(err).Error("a task carries a job that cannot be sent")
		return true, l.lost(ctx, id, kind)
	}
	created, err := l.Store.Create(ctx, n)
	if err != nil {
		return false, fmt.Errorf("record the carried job %s: %w", id, err)
	}
	switch {
	case created.Differs != nil:
		log.Error(otherContent)
		return true, nil
	case created.TooLate:
		return true, l.tooLate(ctx, n)
	}
	if _, err := l.Store.MarkQueued(ctx, id, cmp.Or(taskID, id)); err != nil {
		return false, fmt.Errorf("mark the carried job %s queued: %w", id, err)
	}
	return false, nil
}

// tooLate lets a carried job expire that lay in its queue for too long: its record
// is made for a moment only, and no run begins.
func (l *Lane) tooLate(ctx context.Context, n record.NewJob) error {
	n.ExpiresAt, n.ExpiresIn, n.NotBefore = time.Time{}, time.Millisecond, time.Time{}
	created, err := l.Store.Create(ctx, n)
	if err != nil {
		return fmt.Errorf("record the carried job %s, which has expired: %w", n.ID, err)
	}
	if created.TooLate {
		return l.lost(ctx, n.ID, tasks.Kind(n.Kind))
	}
	return nil
}

// lost says that a job has no record, and never will have one that is sent.
func (l *Lane) lost(ctx context.Context, id string, kind tasks.Kind) error {
	_, err := l.missing(ctx, id, kind)
	return err
}

// forgotten says that a job without a key is so old that its record may have ended,
// and been told, long before its task came: what else is told of it could be wrong.
func (l *Lane) forgotten(id string, now time.Time) bool {
	made, ok := tasks.MadeAt(id)
	return ok && now.Sub(made) > l.Retention
}

// missing tells of a job whose task came without its record.
func (l *Lane) missing(ctx context.Context, id string, kind tasks.Kind) (record.State, error) {
	now, err := l.Store.Now(ctx)
	if err != nil {
		return "", fmt.Errorf("job %s has no record: %w", id, err)
	}
	state, err := l.Store.Missing(ctx, id, record.LostJob{
		Account: l.Account, Vendor: l.VendorName, Kind: string(kind), Retain: l.Retention,
		Tells: l.Tells && !l.forgotten(id, now),
	})
	if err != nil {
		return "", fmt.Errorf("job %s has no record: %w", id, err)
	}
	l.Log.WithField("job", id).Warnf("a task came without its record; the job is %s and nothing is sent", state)
	return state, nil
}
