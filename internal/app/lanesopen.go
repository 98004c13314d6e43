package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// ResumedLane is what came of resuming a lane, or one of its queues.
type ResumedLane struct {
	Lane   string       `json:"lane"`
	Opened []string     `json:"opened"` // reasons
	Still  []LaneReason `json:"still"`  // empty: it is open
	// RulesKnown is false for an account of another configuration whose workers do
	// not publish its rules: its window and its daily_cap may shut it beside what
	// Still says.
	RulesKnown bool `json:"rules_known"`
}

// Open takes away the reasons for which a lane is shut, none named: every one that
// a person can take away. Of one queue it takes away its pause.
func (l *Lanes) Open(ctx context.Context, name LaneName, reasons ...string) (ResumedLane, error) {
	n, err := l.find(ctx, name.Account)
	if err != nil {
		return ResumedLane{}, err
	}
	// A pause by hand that no worker has seen yet becomes a reason, too: else it
	// would shut the lane again behind this.
	if err := n.project(ctx); err != nil {
		return ResumedLane{}, err
	}
	before, err := n.Peek(ctx)
	if err != nil {
		return ResumedLane{}, err
	}
	var open []string
	for _, g := range before.Gates {
		if name.opens(g.Reason, reasons) {
			open = append(open, g.Reason)
		}
	}
	if len(open) > 0 {
		if _, err := n.Lane.Open(ctx, open...); err != nil {
			return ResumedLane{}, err
		}
		if err := n.project(ctx); err != nil {
			return ResumedLane{}, fmt.Errorf("%s: no longer shut for %s, but its queues are left to the workers: %w", name, strings.Join(open, ", "), err)
		}
	}
	after, err := n.Peek(ctx)
	if err != nil {
		return ResumedLane{}, err
	}
	out := ResumedLane{Lane: name.String(), Opened: append([]string{}, open...), RulesKnown: n.gatekeeper != nil}
	var still []ratelimit.Gate
	for _, g := range after.Gates {
		if of := g.OfQueue(); name.Queue == "" || of == "" || of == string(name.Queue) {
			still = append(still, g)
		}
	}
	out.Still = reasonsOf(still)
	return out, nil
}

// opens says that a reason is to be taken away: one of wanted, or of any that can be.
func (n LaneName) opens(reason string, wanted []string) bool {
	switch {
	case !slices.Contains(OpenableReasons, reason):
		return false
	case n.Queue != "":
		return reason == n.reason()
	}
	return len(wanted) == 0 || slices.Contains(wanted, reason)
}

// Pause implements admin.Lanes: somebody pressed a queue's button.
func (l *Lanes) Pause(ctx context.Context, account, queue, by string) error {
	_, err := l.Shut(ctx, LaneName{account, tasks.Priority(queue)}, 0, "by "+by)
	return err
}

// Resume implements admin.Lanes. A queue that nobody paused by itself and that is
// shut all the same is an error: the button does nothing then.
func (l *Lanes) Resume(ctx context.Context, account, queue, by string) error {
	name := LaneName{account, tasks.Priority(queue)}
	done, err := l.Open(ctx, name)
	if err != nil {
		return err
	}
	if len(done.Opened) > 0 {
		l.log.WithField("account", account).Infof("%s: %s was opened by %s", name, strings.Join(done.Opened, ", "), by)
		return nil
	}
	var why []string
	for _, r := range done.Still {
		why = append(why, r.Reason)
	}
	if len(why) > 0 {
		return fmt.Errorf("nobody paused this queue alone; its lane is shut: %s. See: worker lanes; to open what can be opened: worker resume %s",
			strings.Join(why, ", "), account)
	}
	return nil
}
