package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// List returns how the lanes of the configuration stand, in its order. It writes
// nothing, and walks every job that has not ended: some seconds per million.
func (l *Lanes) List(ctx context.Context) ([]LaneStatus, error) {
	counted := map[string]map[string]record.Census{} // by group and account
	workers, err := l.workers()
	if err != nil {
		return nil, err
	}
	out := make([]LaneStatus, len(l.accounts))
	for i := range l.accounts {
		a := &l.accounts[i]
		if counted[a.Group] == nil {
			census, err := l.store.Census(ctx, a.Group)
			if err != nil {
				return nil, err
			}
			counted[a.Group] = census
		}
		out[i] = statusOf(a, counted[a.Group][a.Name])
		if err := l.look(ctx, l.configured(a), &out[i]); err != nil {
			return nil, err
		}
		out[i].Workers = workers[tasks.QueueOf(a.Name, tasks.Normal)]
	}
	return out, nil
}

// workers counts the servers of each queue that have told asynq of themselves in
// the last seconds.
func (l *Lanes) workers() (map[tasks.Queue]int, error) {
	servers, err := asynq.NewInspectorFromRedisClient(l.rdb).Servers()
	if err != nil {
		return nil, fmt.Errorf("read which workers run: %w", err)
	}
	out := map[tasks.Queue]int{}
	for _, s := range servers {
		for q := range s.Queues {
			out[tasks.Queue(q)]++
		}
	}
	return out, nil
}

// statusOf is what the configuration and the records say.
func statusOf(a *configs.Account, c record.Census) LaneStatus {
	s := LaneStatus{
		Account: a.Name, Vendor: a.Vendor, Group: a.Group, State: LaneOpen,
		Held: map[string]int{}, InDoubt: c.InDoubt, Reserved: c.Reserved,
	}
	if c.Held != nil {
		s.Held = c.Held
	}
	if a.Rules.MaxInFlight > 0 {
		s.MaxInFlight = &a.Rules.MaxInFlight
	}
	if r := &a.Rules.Rate; !r.Off {
		s.Rate.Limit, s.Rate.Burst = &r.PerSecond, &r.Burst
	}
	return s
}

// look adds what the lane and its queues say.
func (l *Lanes) look(ctx context.Context, n lane, s *LaneStatus) error {
	standing, err := n.Peek(ctx)
	if err != nil {
		return err
	}
	s.Reasons = reasonsOf(standing.Gates)
	if isShut(standing.Gates) {
		s.State = LaneShut
	}
	s.InFlight, s.Rate.Used, s.Failures = standing.Lines, standing.Used, standing.Failures
	s.Probe = probeOf(standing.Probe)
	queues := gatedQueues(n.Account)
	depths, err := l.broker.Depths(ctx, queues...)
	if err != nil {
		return err
	}
	s.Depth = LaneDepth{Urgent: depths[0].Pending, Normal: depths[1].Pending, Bulk: depths[2].Pending}
	for _, d := range depths {
		s.Later += d.Later
		s.Active += d.Active
	}
	s.PausedQueues, err = l.paused(ctx, append(queues, tasks.FollowQueue(n.Account), tasks.PushQueue(n.Account)))
	return err
}

// paused are those of the queues that asynq keeps shut.
func (l *Lanes) paused(ctx context.Context, queues []tasks.Queue) ([]tasks.Queue, error) {
	values, err := l.broker.Paused(ctx, queues...)
	if err != nil {
		return nil, err
	}
	out := []tasks.Queue{}
	for i, q := range queues {
		if values[i] != "" {
			out = append(out, q)
		}
	}
	return out, nil
}

// isShut says that nothing goes out of any of the lane's queues.
func isShut(gates []ratelimit.Gate) bool {
	var of []string
	for _, g := range gates {
		if g.OfQueue() == "" {
			return true
		}
		of = append(of, g.OfQueue())
	}
	return !slices.ContainsFunc(priorities, func(p tasks.Priority) bool { return !slices.Contains(of, string(p)) })
}

func probeOf(p *ratelimit.Probed) *LaneProbe {
	if p == nil {
		return nil
	}
	out := &LaneProbe{State: p.State, Balance: p.Balance, Overdraft: p.Overdraft, Currency: p.Currency, Low: p.Low, Why: p.Why}
	if !p.At.IsZero() {
		out.At = &p.At
	}
	return out
}

func reasonsOf(gates []ratelimit.Gate) []LaneReason {
	out := []LaneReason{}
	for _, g := range gates {
		r := LaneReason{Reason: g.Reason, Since: g.Since, Detail: g.Detail, Trial: g.Trial}
		if !g.Until.IsZero() {
			r.Until = &g.Until
		}
		out = append(out, r)
	}
	return out
}
