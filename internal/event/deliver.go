package event

import (
	"context"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// claimed is an event under this process's lease.
type claimed struct {
	record.Event
	over time.Time // the lease's end
	// ahead is how far Redis's time is ahead of this process's: what is signed is
	// Redis's, for endpoints refuse what is minutes old.
	ahead time.Duration
	to    target
	at    *endpoint
}

// left is the time until the event's last try.
func (c claimed) left(now time.Time) time.Duration {
	since := c.Since
	if since.IsZero() {
		since = c.At
	}
	return since.Add(patience).Sub(now)
}

// waits is a wait that does not put the last try off.
func (c claimed) waits(in time.Duration, now time.Time) time.Duration {
	if left := c.left(now); left > 0 {
		return min(in, left)
	}
	return in
}

func (c claimed) last(now time.Time) bool { return c.left(now) <= 0 }

// chain is what this process has of one job: told one after the other, so that an
// application mostly hears them in order.
type chain struct {
	job    string
	at     *endpoint
	events []claimed
}

// join adds the event to its job's chain; first says that nobody works on it yet.
func (d *Deliverer) join(c claimed) (ch *chain, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ch = d.chains[c.Job]
	if ch != nil && ch.at == c.at {
		ch.events = append(ch.events, c)
		return ch, false
	}
	next := &chain{job: c.Job, at: c.at, events: []claimed{c}}
	if ch == nil { // else the job goes to another address now, beside
		if d.chains == nil {
			d.chains = map[string]*chain{}
		}
		d.chains[c.Job] = next
	}
	return next, true
}

// next takes the first event of a chain. After the last one nobody can join it.
func (d *Deliverer) next(ch *chain) (claimed, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(ch.events) == 0 {
		if d.chains[ch.job] == ch {
			delete(d.chains, ch.job)
		}
		return claimed{}, false
	}
	c := ch.events[0]
	ch.events = ch.events[1:]
	return c, true
}

func (d *Deliverer) work(ctx context.Context, ch *chain) {
	leave, ok := d.Endpoints.enter(ctx, ch.at)
	if ok {
		defer leave()
	}
	for {
		c, more := d.next(ch)
		if !more {
			return
		}
		d.deliver(ctx, c)
		c.at.rise()
	}
}

// deliver makes one try, or gives the event back.
func (d *Deliverer) deliver(ctx context.Context, c claimed) {
	now := d.now()
	if ctx.Err() != nil || now.Add(d.Endpoints.opts.Timeout+settleTime).After(c.over) {
		d.putOff(ctx, c, 0)
		return
	}
	leave, wait := c.at.breaker.enter(now, c.last(now))
	if wait > 0 {
		d.putOff(ctx, c, later(wait))
		return
	}
	ended := c.at.try(now)
	// What is under way is finished when the worker stops: its answer counts.
	v := d.Endpoints.post(context.WithoutCancel(ctx), c.to, c.Event, now.Add(c.ahead))
	end := d.now()
	ended(end)
	opened, closed := c.at.breaker.leave(leave, v.outcome, end)
	switch log := d.Log.WithField("endpoint", c.at.name); {
	case opened > 0:
		log.WithField("why", v.why).Warnf("events to the endpoint fail; they rest for %s", opened)
	case closed:
		log.Info("the endpoint takes events again")
	}
	d.settle(ctx, c, v)
}

// settle says what became of a try. Where that fails the lease runs out, and the
// event is told again under the same id.
func (d *Deliverer) settle(ctx context.Context, c claimed, v verdict) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	var err error
	log := d.log(c)
	switch left := c.left(d.now()); {
	case v.told:
		err = d.Store.EventTold(ctx, c.Event)
	case v.gone || left <= 0:
		log.WithField("why", v.why).Error("an event is given up: it is a dead letter now")
		err = d.Store.EventDead(ctx, c.Event, v.why, retain)
	default:
		wait := min(backoff(c.Tries, v.retryAfter), left)
		log.WithField("why", v.why).WithField("again_in", wait.Round(time.Millisecond)).Info("an event was not delivered")
		err = d.Store.EventFailed(ctx, c.Event, wait, v.why)
	}
	if err != nil {
		log.WithError(err).Warn("what became of an event could not be kept; it may be delivered again")
	}
}
