package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// OpenableReasons are those that a person can take away. The others, window and
// daily_cap, are rules of the configuration and end by themselves.
var OpenableReasons = []string{
	ratelimit.GateOperator, "operator/urgent", "operator/normal", "operator/bulk",
	record.GateHalt, "breaker", record.GateWindow, record.GateFrequency, "clock",
}

// PausedLane is what came of pausing a lane, or one of its queues.
type PausedLane struct {
	Lane string `json:"lane"`
	LaneReason
	// Already says that it was paused before, and that this pause stands unchanged:
	// a longer one is not made shorter.
	Already      bool          `json:"already"`
	PausedQueues []tasks.Queue `json:"paused_queues"`
}

// Shut pauses a lane or one of its queues; a zero span is until somebody resumes
// it. detail says who, and why; it holds no phone number.
func (l *Lanes) Shut(ctx context.Context, name LaneName, span time.Duration, detail string) (PausedLane, error) {
	n, err := l.find(ctx, name.Account)
	if err != nil {
		return PausedLane{}, err
	}
	before, err := n.Peek(ctx)
	if err != nil {
		return PausedLane{}, err
	}
	if err := n.Shut(ctx, name.reason(), span, detail); err != nil {
		return PausedLane{}, err
	}
	after, err := n.Peek(ctx)
	if err != nil {
		return PausedLane{}, err
	}
	was, stood := gateOf(before.Gates, name.reason())
	is, stands := gateOf(after.Gates, name.reason())
	if !stands {
		return PausedLane{}, fmt.Errorf("%s was paused, and somebody opened it again just now", name)
	}
	if err := n.project(ctx); err != nil {
		return PausedLane{}, fmt.Errorf("%s is paused, but its queues are left to the workers: %w", name, err)
	}
	out := PausedLane{Lane: name.String(), LaneReason: reasonsOf([]ratelimit.Gate{is})[0], Already: stood && was == is}
	out.PausedQueues, err = l.paused(ctx, name.queues())
	return out, err
}

// queues are those of the lane that the name means.
func (n LaneName) queues() []tasks.Queue {
	if n.Queue == "" {
		return gatedQueues(n.Account)
	}
	return []tasks.Queue{tasks.QueueOf(n.Account, n.Queue)}
}

func gateOf(gates []ratelimit.Gate, reason string) (ratelimit.Gate, bool) {
	i := slices.IndexFunc(gates, func(g ratelimit.Gate) bool { return g.Reason == reason })
	if i < 0 {
		return ratelimit.Gate{}, false
	}
	return gates[i], true
}
