package main

import (
	"context"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// lookEvery is how often a waiting command looks at its job.
const lookEvery = 300 * time.Millisecond

// sight is what Redis knows of a job: its record, or only the state that its
// idempotency key kept.
type sight struct {
	id    string
	state record.State
	rec   *record.Record // nil: gone
	// parent is the binding that a call went over; nil: none, or gone.
	parent *record.Record
}

// settled says that there is no more to wait for: the job has ended, or its
// binding stands.
func (s sight) settled() bool { return s.state.Final() || s.state == record.Active || s.rec == nil }

func checkID(id string) error {
	if _, ok := record.GroupOf(id); !ok {
		return failf("", "%q is not a job's id, which has the form <group>.<name>", id)
	}
	return nil
}

// look reads what is known of a job.
func (l *link) look(ctx context.Context, id string) (sight, error) {
	rec, err := l.store.Get(ctx, id)
	if err != nil {
		return sight{}, l.explain(err, "")
	}
	if rec != nil {
		s := sight{id: id, state: rec.State, rec: rec}
		if _, ok := record.GroupOf(rec.Parent); ok {
			if s.parent, err = l.store.Get(ctx, rec.Parent); err != nil {
				return sight{}, l.explain(err, "")
			}
		}
		return s, nil
	}
	state, err := l.store.MarkerState(ctx, id)
	if err != nil {
		return sight{}, l.explain(err, "")
	}
	if state == "" {
		return sight{}, failf("", "no job has the id %q on the Redis at %s (records end some days after their job)", id, l.address)
	}
	return sight{id: id, state: state}, nil
}

// waiter follows jobs to their end, one after the other.
type waiter struct {
	app      *app
	link     *link
	deadline <-chan time.Time // nil: none
	live     bool             // tell all that happens, not only why a job is held
}

// newWaiter returns a waiter whose time begins now; stop ends its timer.
func (a *app) newWaiter(l *link, timeout time.Duration) (w *waiter, stop func()) {
	w = &waiter{app: a, link: l}
	if timeout == 0 {
		return w, func() {}
	}
	timer := time.NewTimer(timeout)
	w.deadline = timer.C
	return w, func() { timer.Stop() }
}

// wait looks until the job has ended or its binding stands, tells what happens
// meanwhile, and returns the last sight; late is true where the time was over before.
func (w *waiter) wait(ctx context.Context, id string) (s sight, late bool, err error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	f := follower{app: w.app, id: id, live: w.live}
	for {
		if s, err = w.link.look(ctx, id); err != nil {
			return s, false, err
		}
		f.look(s)
		if s.settled() {
			return s, false, nil
		}
		select {
		case <-ctx.Done():
			return s, false, &failure{
				status: exitFailed, id: id, state: string(s.state),
				message: "interrupted; " + id + " is " + string(s.state),
			}
		case <-w.deadline:
			return s, true, nil
		case <-ticker.C:
		}
	}
}
