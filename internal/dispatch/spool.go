package dispatch

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

// Spool keeps entries on this machine's disk until they are replayed.
type Spool interface {
	// Append returns when the entry would outlive a crash of the machine.
	Append(ctx context.Context, entry []byte) error
}

// unsettled is what an attempt came to, on disk for as long as Redis cannot be told.
type unsettled struct {
	Job      string            `json:"job"`
	Attempt  int               `json:"attempt"`
	Token    string            `json:"token"`
	Numbers  []string          `json:"numbers,omitempty"` // lookup keys that it took
	Releases string            `json:"releases,omitempty"`
	ReleaseX string            `json:"release_x,omitempty"` // the number that its binding had
	Anytime  bool              `json:"anytime,omitempty"`
	Result   record.Result     `json:"result"`
	People   []Person          `json:"people,omitempty"`
	Outcome  providers.Outcome `json:"outcome"`
}

// spool writes the outcome down, so that the vendor's answer is not lost with this
// process while Redis is away.
func (a attempt) spool(ctx context.Context, o providers.Outcome) error {
	if a.lane.Spool == nil {
		return nil
	}
	released := a.order.released()
	u := unsettled{
		Job: a.rec.ID, Attempt: a.n, Token: a.token, Numbers: a.numbers(), Releases: released.bind, ReleaseX: released.number,
		Anytime: a.order.anytime, Result: a.order.result, People: a.order.people, Outcome: o,
	}
	entry, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("write a result down: %w", err)
	}
	if err := a.lane.Spool.Append(ctx, entry); err != nil {
		return fmt.Errorf("write a result down: %w", err)
	}
	return nil
}

// Replay settles one result that this lane's spool kept. It may be repeated, and be
// of what was settled since: the record takes each result once.
func (l *Lane) Replay(ctx context.Context, entry []byte) error {
	var u unsettled
	if err := json.Unmarshal(entry, &u); err != nil {
		l.Log.WithError(err).Error("a result that was written down cannot be read; its job stays in_doubt (worker resolve)")
		return nil // it keeps no others from being told
	}
	log := l.Log.WithField("job", u.Job).WithField("attempt", u.Attempt)
	rec, err := l.Store.Get(ctx, u.Job)
	if err != nil {
		return fmt.Errorf("settle job %s: %w", u.Job, err)
	}
	if rec == nil {
		log.Warn("a result that was written down is of a job whose record is gone; nobody can be told")
		return nil
	}
	a := attempt{lane: l, rec: rec, n: u.Attempt, token: u.Token, order: order{
		numbers: u.Numbers, releases: func() released { return released{u.Releases, u.ReleaseX} },
		anytime: u.Anytime, result: u.Result, people: u.People,
	}}
	settled, err := a.tell(ctx, u.Outcome, l.settlement(a, u.Outcome))
	if err != nil {
		return fmt.Errorf("settle job %s: %w", u.Job, err)
	}
	log.Infof("a result that was written down while Redis was away is settled, the job is %s", settled.State)
	return nil
}
