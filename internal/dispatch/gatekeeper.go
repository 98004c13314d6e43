package dispatch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// Queues are the pauses of asynq's queues.
type Queues interface {
	Paused(ctx context.Context, queues ...tasks.Queue) ([]string, error)
	SetPaused(ctx context.Context, q tasks.Queue, seen, wanted string) (bool, error)
}

// Gatekeeper pauses a lane's queues while the lane is shut, so that the jobs in
// them cost nothing. Admit alone decides what goes out; the pause only follows.
type Gatekeeper struct {
	Lane   *ratelimit.Lane
	Queues Queues
	Log    logrus.FieldLogger
	Clock  func() time.Time // of this process, as asynq's servers use it
	// Acting takes the servers of calls down and builds them anew.
	Acting func(on bool) error

	kicked chan struct{}
	told   string // what was said last about the lane
	off    bool   // the clock is: the acting servers are down
}

const (
	gateEvery = time.Second
	// skewLimit is how far this process's clock may be from Redis's: asynq brings
	// tasks back, and takes them for lost, by it. skewRight is when it is trusted again.
	skewLimit = 5 * time.Second
	skewRight = 4 * time.Second
	// answerWithin is how long Redis may take for its time to tell anything.
	answerWithin = 2 * time.Second
	ourPause     = "callpacer:"
)

// NewGatekeeper returns the gatekeeper of a lane.
func NewGatekeeper(lane *ratelimit.Lane, queues Queues, log logrus.FieldLogger) *Gatekeeper {
	return &Gatekeeper{Lane: lane, Queues: queues, Log: log, Clock: time.Now, kicked: make(chan struct{}, 1)}
}

// Kick has it look at once.
func (g *Gatekeeper) Kick() {
	select {
	case g.kicked <- struct{}{}:
	default:
	}
}

// Run looks after the lane until ctx ends.
func (g *Gatekeeper) Run(ctx context.Context) {
	for {
		next, err := g.Project(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			g.Log.WithError(err).Warn("the lane's queues could not be paused or opened; tried again")
			next = gateEvery
		}
		timer := time.NewTimer(min(next, gateEvery))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-g.kicked:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// Project pauses the lane's queues, or opens them, as the gates say, and returns
// in how long these change by themselves at the earliest.
func (g *Gatekeeper) Project(ctx context.Context) (time.Duration, error) {
	account := g.Lane.Account
	gated := []tasks.Queue{
		tasks.QueueOf(account, tasks.Urgent), tasks.QueueOf(account, tasks.Normal), tasks.QueueOf(account, tasks.Bulk),
	}
	open := []tasks.Queue{tasks.FollowQueue(account), tasks.PushQueue(account)}
	// Seen before the gates: what was paused since is not opened by an older view.
	seen, err := g.Queues.Paused(ctx, append(gated, open...)...)
	if err != nil {
		return 0, err
	}
	asked := g.Clock()
	began := time.Now()
	standing, err := g.Lane.Project(ctx)
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	for i, q := range gated {
		if standing.Gates, err = g.adopt(ctx, standing.Gates, q, seen[i]); err != nil {
			return 0, err
		}
	}
	for i, q := range gated {
		if _, err := g.set(ctx, q, seen[i], pauseOf(standing.Gates, q)); err != nil {
			return 0, err
		}
	}
	for i, q := range open {
		opened, err := g.set(ctx, q, seen[len(gated)+i], "")
		if err != nil {
			return 0, err
		}
		if opened {
			g.Log.Warnf("queue %s had been paused; it always runs on, and was opened", q)
		}
	}
	g.tell(standing.Gates)
	return standing.Next.Sub(standing.Now), g.checkClock(asked.Add(took/2).Sub(standing.Server), took)
}

// adopt makes a pause that is not ours the operator's.
func (g *Gatekeeper) adopt(ctx context.Context, gates []ratelimit.Gate, q tasks.Queue, seen string) ([]ratelimit.Gate, error) {
	if seen == "" || strings.HasPrefix(seen, ourPause) {
		return gates, nil
	}
	reason := ratelimit.GateOperator + "/" + priorityOf(q)
	if err := g.Lane.Shut(ctx, reason, 0, "the queue was paused by hand"); err != nil {
		return gates, fmt.Errorf("adopt the pause of %s: %w", q, err)
	}
	return append(gates, ratelimit.Gate{Reason: reason, Since: g.Clock()}), nil
}

func (g *Gatekeeper) set(ctx context.Context, q tasks.Queue, seen, wanted string) (bool, error) {
	if seen == wanted {
		return false, nil
	}
	return g.Queues.SetPaused(ctx, q, seen, wanted)
}

// pauseOf is what the queue's pause has to hold: it changes with the gates, so
// that nobody opens a queue who saw it shut for older ones.
func pauseOf(gates []ratelimit.Gate, q tasks.Queue) string {
	var since time.Time
	for _, gate := range gates {
		if of := gate.OfQueue(); (of == "" || of == priorityOf(q)) && gate.Since.After(since) {
			since = gate.Since
		}
	}
	if since.IsZero() {
		return ""
	}
	return ourPause + strconv.FormatInt(since.UnixMilli(), 10)
}

func priorityOf(q tasks.Queue) string {
	_, priority, _ := strings.Cut(string(q), ":")
	return priority
}

// tell says once that the lane was shut, for what, or opened.
func (g *Gatekeeper) tell(gates []ratelimit.Gate) {
	var words []string
	for _, gate := range gates {
		until := "until somebody opens it"
		if gate.Reason == ratelimit.GateClock {
			until = ""
		}
		if !gate.Until.IsZero() {
			until = "until " + gate.Until.Format(time.RFC3339)
		}
		words = append(words, strings.TrimSpace(gate.Reason+" "+until+" "+gate.Detail))
	}
	now := strings.Join(words, "; ")
	switch {
	case now == g.told:
	case now == "":
		g.Log.Info("the lane is open")
	default:
		g.Log.Info("the lane is shut: " + now)
	}
	g.told = now
}

// checkClock takes the acting servers down while this process's clock is off.
func (g *Gatekeeper) checkClock(skew, took time.Duration) error {
	if g.Acting == nil || took > answerWithin {
		return nil
	}
	switch {
	case !g.off && skew.Abs() > skewLimit:
		g.off = true
		g.Log.Errorf("this machine's clock is %s off from Redis's; it takes no calls until it is right", skew.Round(time.Millisecond))
		return g.Acting(false)
	case g.off && skew.Abs() < skewRight:
		if err := g.Acting(true); err != nil {
			return fmt.Errorf("take calls again: %w", err)
		}
		g.off = false
		g.Log.Info("this machine's clock is right again; it takes calls")
	}
	return nil
}
