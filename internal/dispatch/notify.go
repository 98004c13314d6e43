package dispatch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// Notify is one run of a notify job. The error is nil where nothing is left for
// this task to do, *Later where it must come back, and another one where the run
// itself failed. The state is the job's, where the run learnt it.
func (l *Lane) Notify(ctx context.Context, id string) (record.State, error) {
	waitCtx, release := l.waitable(ctx)
	defer release()
	rec, state, err := l.begin(waitCtx, id, tasks.KindNotify)
	if err != nil || rec == nil {
		return state, err
	}
	notifier, ok := l.Vendor.(providers.Notifier)
	if !ok {
		return l.refuse(ctx, id, "account "+l.Account+" serves no notify jobs")
	}
	content, err := tasks.DecodeNotify(rec.Content)
	if err != nil {
		return l.refuse(ctx, id, err.Error())
	}
	run := attempt{lane: l, rec: rec, n: rec.Attempt + 1, token: rand.Text()}
	out, err := run.ask(waitCtx, false)
	if err != nil || out.Decision != ratelimit.Ready {
		return run.turnedAway(out, err)
	}
	if err := l.Pace.Wait(waitCtx); err != nil {
		return "", l.givenBack(ctx, err)
	}
	line, dialErr := notifier.Ready(waitCtx)
	if line != nil {
		defer func() { line.Close() }() //nolint:errcheck // nothing was asked of it that closing could lose
	}
	// From here on a permit may exist, whatever becomes of this task's context.
	if !l.depart() {
		return "", shuttingDown()
	}
	defer l.inFlight.Done()
	own := context.WithoutCancel(ctx)
	out, asked, err := run.take(own)
	if err != nil || out.Decision != ratelimit.Go {
		return run.turnedAway(out, err)
	}
	if dialErr == nil && line.Stale(time.Now()) {
		line.Close() //nolint:errcheck // an idle line has nothing to lose
		line, dialErr = notifier.Ready(own)
	}
	if dialErr != nil {
		return run.settle(own, unsentOutcome(dialErr))
	}
	return run.settle(own, run.send(own, notifier, line, asked, out.Left, content))
}

// begin reads the record at the start of a run; nil: nothing is to be done.
func (l *Lane) begin(ctx context.Context, id string, kind tasks.Kind) (*record.Record, record.State, error) {
	rec, _, err := l.Store.Start(ctx, id)
	if err != nil {
		return nil, "", fmt.Errorf("start job %s: %w", id, err)
	}
	group, _ := record.GroupOf(id)
	if rec == nil && group != l.Group {
		l.Log.WithField("job", id).Error("a task was dropped: its job has no record and is of another group than this lane")
		return nil, "", nil
	}
	if rec == nil {
		state, err := l.Store.Missing(ctx, id, l.Account, string(kind), l.Retention)
		if err != nil {
			return nil, "", fmt.Errorf("job %s has no record: %w", id, err)
		}
		l.Log.WithField("job", id).Warnf("a task came without its record; the job is %s and nothing is sent", state)
		return nil, state, nil
	}
	if rec.Account != l.Account || group != l.Group {
		state, err := l.refuse(ctx, id, "the job is of account "+rec.Account+" in group "+group+
			", its task came on a queue of "+l.Account+" in group "+l.Group)
		return nil, state, err
	}
	if !rec.State.Waiting() && rec.State != record.Submitting {
		return nil, rec.State, nil
	}
	return rec, rec.State, nil
}

// refuse ends a waiting job that this worker cannot execute at all.
func (l *Lane) refuse(ctx context.Context, id, why string) (record.State, error) {
	state, err := l.Store.Fail(ctx, id, string(providers.CausePlatform), why)
	if err != nil {
		return "", fmt.Errorf("end job %s (%s): %w", id, why, err)
	}
	l.Log.WithField("job", id).Errorf("%s; the job is %s", why, state)
	return state, nil
}

// givenBack is the end of a wait: by a shutdown, or because Redis or asynq
// ended the task's context.
func (l *Lane) givenBack(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return shuttingDown()
	}
	return fmt.Errorf("wait for a slot: %w", err)
}

// shuttingDown gives a job back for another worker to take at once.
func shuttingDown() error {
	return &Later{At: time.Now(), Reason: "this worker is shutting down"}
}

// attempt is one handler's try at a job.
type attempt struct {
	lane  *Lane
	rec   *record.Record
	n     int
	token string
}

const (
	flightPoll = 100 * time.Millisecond // a number in flight is asked after so often
	flightWait = 2 * time.Second        // and for so long
)

// ask asks Admit, waiting a moment for another call to the same number to end.
func (a attempt) ask(ctx context.Context, take bool) (ratelimit.Answer, error) {
	r := ratelimit.Request{
		JobID: a.rec.ID, Numbers: a.rec.Numbers, Attempt: a.n, Token: a.token, Go: take,
		Timeout: a.lane.Timeout, Doubt: a.lane.InDoubtFor,
	}
	for waited := time.Duration(0); ; waited += flightPoll {
		r.Waited = waited >= flightWait
		out, err := a.lane.Admission.Admit(ctx, r)
		if err != nil || out.Decision != ratelimit.Wait {
			return out, err
		}
		if err := sleep(ctx, flightPoll); err != nil {
			return ratelimit.Answer{}, err
		}
	}
}

// persistFor is how long a handler that may hold a permit asks on, and how long
// a settlement is tried, while Redis does not answer.
const persistFor = 2 * time.Minute

// take asks for the permit. An answer that got lost may have been a go, so the
// same token asks on; asked is when the answered question was put, for the
// permit runs from before that.
func (a attempt) take(ctx context.Context) (out ratelimit.Answer, asked time.Time, err error) {
	err = persist(ctx, func(ctx context.Context) error {
		asked = time.Now()
		out, err = a.ask(ctx, true)
		return err
	})
	if err != nil {
		// Perhaps it was granted: then it is settled as never sent.
		_, unsettled := a.settle(ctx, unsentOutcome(&providers.TransportError{Stage: providers.StageRefused, Reason: permitOver}))
		return ratelimit.Answer{}, asked, errors.Join(err, unsettled)
	}
	return out, asked, nil
}

// send makes the request under the permit.
func (a attempt) send(ctx context.Context, v providers.Notifier, line providers.Line, asked time.Time, left time.Duration,
	c tasks.Notify,
) providers.Outcome {
	until := asked.Add(left)
	ctx, cancel := context.WithTimeout(ctx, a.lane.Timeout+left)
	defer cancel()
	n := providers.Notification{
		To: c.To, Template: c.Template, Params: c.Params, Times: c.Times,
		Ref: a.rec.ID + "." + strconv.Itoa(a.n),
	}
	if a.lane.PushURL != nil {
		n.PushURL = a.lane.PushURL(a.rec.ID, a.n)
	}
	return v.Notify(ctx, line, providers.Permit{Until: until, Wall: until.UnixMilli()}, n)
}

// settle tells the record what the attempt came to, and the queue what to do.
func (a attempt) settle(ctx context.Context, o providers.Outcome) (record.State, error) {
	s := a.lane.settlementOf(o, a.rec)
	s.Attempt, s.Token = a.n, a.token
	var settled record.Settled
	err := persist(ctx, func(ctx context.Context) (err error) {
		settled, err = a.lane.Store.Settle(ctx, a.rec.ID, a.rec.Numbers, s)
		return err
	})
	log := a.lane.Log.WithField("job", a.rec.ID).WithField("attempt", a.n)
	if err != nil {
		log.WithError(err).Error("the attempt's result could not be recorded; the job becomes in_doubt")
		return "", fmt.Errorf("settle attempt %d: %w", a.n, err)
	}
	log.WithField("outcome", o.Class).WithField("vendor_code", o.VendorCode).
		WithField("vendor_text", o.VendorText).Infof("attempt ended, the job is %s", settled.State)
	if settled.State == record.Held && !settled.Until.IsZero() {
		return settled.State, &Later{At: time.Now().Add(s.RetryIn), Reason: s.Reason}
	}
	return settled.State, nil
}

// turnedAway is the end of a run that was not let through.
func (a attempt) turnedAway(out ratelimit.Answer, err error) (record.State, error) {
	if err != nil {
		if a.lane.draining() {
			return "", shuttingDown()
		}
		return "", fmt.Errorf("admit job %s: %w", a.rec.ID, err)
	}
	switch out.Decision {
	case ratelimit.Hold, ratelimit.Busy:
		reason := out.Reason
		if out.Decision == ratelimit.Busy {
			reason = "another worker is sending it"
		}
		// Both times are Redis's; only their difference means something here.
		return record.Held, &Later{At: time.Now().Add(out.Until.Sub(out.Now)), Reason: reason}
	case ratelimit.Stale:
		return "", &Later{At: time.Now(), Reason: "another run was faster"}
	case ratelimit.Go, ratelimit.Ready, ratelimit.Wait, ratelimit.Over, ratelimit.Missing:
	}
	return out.State, nil
}

// unsentOutcome is the outcome of an attempt whose connection never stood.
func unsentOutcome(err error) providers.Outcome {
	var t *providers.TransportError
	if !errors.As(err, &t) {
		t = &providers.TransportError{Stage: providers.StageDial, Reason: "network"}
	}
	t.Written = false
	return providers.ActingTransport(t)
}

// persist repeats f while it fails, for two minutes.
func persist(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, persistFor)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
