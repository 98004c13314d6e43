package record

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Gate is why the lane of a job is shut.
type Gate struct {
	Reason string
	Until  time.Time // zero: until somebody opens it
}

// gatedKinds are the kinds of jobs that a shut lane keeps; all others run on.
var gatedKinds = map[string]bool{"notify": true, "connect": true, "bind": true}

// shut reads why nothing goes out of the lane of a job, as the lane's hash tells
// people: of several reasons the one that ends last. Nil: nothing is known to
// stand in its way, or it waits for a time of its own.
func (s *Store) shut(ctx context.Context, r *Record) (*Gate, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("read whether the lane of job %s is shut: %w", r.ID, err)
	}
	if r.State == Held && r.HoldUntil.After(now) {
		return nil, nil
	}
	group, _ := GroupOf(r.ID)
	lane, err := s.rdb.HGetAll(ctx, keysOf(group).lane(r.Account)).Result()
	if err != nil {
		return nil, fmt.Errorf("read whether lane %s is shut: %w", r.Account, err)
	}
	var last *Gate
	for field, value := range lane {
		reason, ok := strings.CutPrefix(field, "g:")
		if _, of, one := strings.Cut(reason, "/"); !ok || one && of != r.Priority {
			continue
		}
		till, _, _ := strings.Cut(value, " ")
		gate := Gate{Reason: reason, Until: instant(till)}
		if !gate.Until.IsZero() && !gate.Until.After(now) {
			continue
		}
		if last == nil || !last.Until.IsZero() && (gate.Until.IsZero() || gate.Until.After(last.Until)) {
			last = &gate
		}
	}
	return last, nil
}
