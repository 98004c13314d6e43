package ratelimit_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk asks for permits at times of its choice.
type desk struct {
	t     testing.TB
	ctx   context.Context
	r     *redistest.Redis
	now   time.Time
	store *record.Store
	door  *ratelimit.Admission
	jobs  int
	ahead time.Duration // of the process's clock
}

func newDesk(t testing.TB, r *redistest.Redis, rules ratelimit.Rules) *desk {
	t.Helper()
	d := &desk{t: t, ctx: t.Context(), r: r}
	if err := r.Client.FlushAll(d.ctx).Err(); err != nil {
		t.Fatal(err)
	}
	d.store = record.New(r.Client).WithClock(func() time.Time { return d.now })
	d.use(rules)
	return d
}

// use asks under other rules from now on: another account of the group.
func (d *desk) use(rules ratelimit.Rules) {
	d.door = ratelimit.NewAdmission(d.store, rules, func() time.Time { return d.now.Add(d.ahead) })
}

// wall reads a time of Shanghai, to the millisecond.
func wall(s string) time.Time { return in(shanghai, s) }

func in(zone *time.Location, s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05.999", s, zone)
	if err != nil {
		panic(err)
	}
	return t
}

// create puts a job to the number n on record.
func (d *desk) create(change func(*record.NewJob)) string {
	d.t.Helper()
	d.jobs++
	j := record.NewJob{
		ID: "g.j" + strconv.Itoa(d.jobs), Account: "acct", Kind: "notify", Numbers: []string{"n"},
		Retain: 1000 * time.Hour, ExpiresIn: 1000 * time.Hour,
	}
	if change != nil {
		change(&j)
	}
	if c, err := d.store.Create(d.ctx, j); err != nil || c.State != record.Accepted {
		d.t.Fatalf("create: %+v, %v", c, err)
	}
	return j.ID
}

// ask takes the permit of attempt n, with a wait for a call in flight behind it.
func (d *desk) ask(id string, n int) ratelimit.Answer {
	d.t.Helper()
	a, err := d.door.Admit(d.ctx, ratelimit.Request{
		JobID: id, Numbers: []string{"n"}, Attempt: n, Token: "t" + strconv.Itoa(n), Go: true, Waited: true,
		Timeout: 10 * time.Second, Doubt: 30 * time.Minute,
	})
	if err != nil {
		d.t.Fatalf("admit: %v", err)
	}
	return a
}

func (d *desk) settle(id string, s record.Settlement) record.Settled {
	d.t.Helper()
	s.Token = "t" + strconv.Itoa(s.Attempt)
	out, err := d.store.Settle(d.ctx, id, []string{"n"}, s)
	if err != nil {
		d.t.Fatalf("settle: %v", err)
	}
	return out
}

// call makes one call at the time and has it answered at once.
func (d *desk) call(at time.Time) {
	d.t.Helper()
	d.now = at
	id := d.create(nil)
	if a := d.ask(id, 1); a.Decision != ratelimit.Go {
		d.t.Fatalf("the call at %v was not let out: %+v", at, a)
	}
	d.settle(id, record.Settlement{Attempt: 1, Result: record.ResultAccepted, Sent: true, GiveUpIn: time.Hour})
}

// wantHold fails unless the answer is a hold until then.
func (d *desk) wantHold(a ratelimit.Answer, until time.Time, reason string) {
	d.t.Helper()
	if a.Decision != ratelimit.Hold || !a.Until.Equal(until) || a.Reason != reason {
		d.t.Errorf("at %v: %s until %v (%s); want a hold until %v (%s)",
			d.now.UTC(), a.Decision, a.Until.UTC(), a.Reason, until.UTC(), reason)
	}
}

// wantShut fails unless the answer is that the lane is shut until then; a zero
// time: nobody knows until when.
func (d *desk) wantShut(a ratelimit.Answer, until time.Time, reason string) {
	d.t.Helper()
	if a.Decision != ratelimit.Shut || !a.Until.Equal(until) || a.Reason != reason {
		d.t.Errorf("at %v: %s until %v (%s); want it shut until %v (%s)",
			d.now.UTC(), a.Decision, a.Until.UTC(), a.Reason, until.UTC(), reason)
	}
}

// wantGo fails unless the answer is a permit for so long.
func (d *desk) wantGo(a ratelimit.Answer, left time.Duration) {
	d.t.Helper()
	if a.Decision != ratelimit.Go || a.Left != left {
		d.t.Errorf("at %v: %s for %v until %v (%s); want go for %v",
			d.now.UTC(), a.Decision, a.Left, a.Until.UTC(), a.Reason, left)
	}
}
