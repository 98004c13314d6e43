package ratelimit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// Pace is one of a lane's rates.
type Pace int

// The paces.
const (
	PaceCalls   Pace = iota // calls and bindings: not while the lane is shut or full
	PaceAnytime             // the same rate, whatever the lane is shut for
	PaceQueries             // the rate of the queries
)

// Slot is the right to one request at a time. The zero Slot is that of a lane
// without a rate.
type Slot struct {
	ID string
	At time.Time // by this process's clock
}

// Lease is what a process got of a lane's rate.
type Lease struct {
	Slots []Slot
	AskAt time.Time // when there may be more, by this process's clock
	Shut  *Gate     // not nil: the lane is shut
}

// leaseAhead is how far ahead slots are given out at the most.
const leaseAhead = time.Second

// restOf is how long a process that got fewer slots than it wanted leaves the lane
// alone: as long as the slots that are free by then can still be met by those who
// are called in lead before them. Processes of one lane take turns at random.
func restOf(lead time.Duration) time.Duration {
	const spare = 100 * time.Millisecond // for the way to Redis and back
	most := max(leaseAhead-lead-spare, spare)
	return most*3/4 + rand.N(most/4) //nolint:gosec // nothing secret hangs on it
}

// Lease takes at most n slots, none of them sooner than in lead.
func (l *Lane) Lease(ctx context.Context, p Pace, n int, lead time.Duration) (Lease, error) {
	rate, field := l.rules.Rate, "tat"
	if p == PaceQueries {
		rate, field = l.rules.QueryRate, "qtat"
	}
	asked := time.Now()
	answer, err := l.ask(ctx, leaseScript, map[string]any{
		"n": n, "tat": field, "kept": p != PaceQueries, "gated": p == PaceCalls,
		"step": rate.step().Microseconds(), "burst": rate.Burst,
		"lead": lead.Microseconds(), "horizon": leaseAhead.Microseconds(),
		"rest": restOf(lead).Microseconds(),
	}, 0)
	if err != nil {
		return Lease{}, err
	}
	now, err := record.Millis(answer, 1)
	if err != nil || len(answer) < 3 {
		return Lease{}, fmt.Errorf("lease slots of %s: unexpected answer %q", l.Account, answer)
	}
	// Redis told its time somewhere between question and answer.
	here := asked.Add(time.Since(asked) / 2)
	out := Lease{}
	switch answer[0] {
	case "gate":
		out.Shut = &Gate{Reason: answer[3]}
		if out.Shut.Until, err = record.Millis(answer, 2); out.Shut.Until.UnixMilli() == 0 {
			out.Shut.Until = time.Time{}
		}
	case "slots":
		var at time.Time
		if at, err = record.Millis(answer, 2); err != nil {
			break
		}
		out.AskAt = here.Add(at.Sub(now))
		for i := 3; i+1 < len(answer); i += 2 {
			ahead := time.Duration(number(answer[i+1])-int(now.UnixMicro())) * time.Microsecond
			out.Slots = append(out.Slots, Slot{ID: answer[i], At: here.Add(ahead)})
		}
	default:
		err = fmt.Errorf("unexpected answer %q", answer)
	}
	if err != nil {
		return Lease{}, fmt.Errorf("lease slots of %s: %w", l.Account, err)
	}
	return out, nil
}
