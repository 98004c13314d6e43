package record_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id  = "g.job"
	num = "n"
)

var numbers = []string{num}

// world is one job's life on one Redis, at times of the test's choice.
type world struct {
	t     *testing.T
	ctx   context.Context
	r     *redistest.Redis
	now   time.Time
	store *record.Store
}

func newWorld(t *testing.T, r *redistest.Redis) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), r: r, now: time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)}
	if err := r.Client.FlushAll(w.ctx).Err(); err != nil {
		t.Fatal(err)
	}
	w.store = record.New(r.Client).WithClock(func() time.Time { return w.now })
	return w
}

// each runs f on every kind of Redis.
func each(t *testing.T, f func(w *world)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) { f(newWorld(t, r)) })
}

func key(kind, name string) string { return "callpacer:{g}:" + kind + name }

func job() record.NewJob {
	return record.NewJob{
		ID: id, Account: "acct", Vendor: "v", Kind: "notify", Priority: "normal", Keyed: true, Content: "content",
		Digest: "d", Parts: map[string]string{"to": "d-to", "template": "d-template"}, Numbers: numbers,
		To: "138****0001", Tags: map[string]string{"a": "b"}, SubmitToken: "s",
		ExpiresIn: 24 * time.Hour, Retain: 72 * time.Hour, KeyRetain: 720 * time.Hour,
	}
}

func (w *world) create(j record.NewJob) record.Created {
	w.t.Helper()
	c, err := w.store.Create(w.ctx, j)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// send takes the permit of attempt n with the token "t<n>".
func (w *world) send(n int, token string) ratelimit.Answer {
	w.t.Helper()
	return w.ask(ratelimit.Request{Attempt: n, Token: token, Go: true})
}

// repeat takes the permit of attempt n of a request that the vendor knows by its id.
func (w *world) repeat(n int, token string) ratelimit.Answer {
	w.t.Helper()
	return w.ask(ratelimit.Request{Attempt: n, Token: token, Go: true, Repeatable: true})
}

func (w *world) ask(r ratelimit.Request) ratelimit.Answer {
	w.t.Helper()
	r.JobID, r.Numbers = id, numbers
	return w.askOf(r)
}

// askOf asks for any job.
func (w *world) askOf(r ratelimit.Request) ratelimit.Answer {
	w.t.Helper()
	r.Timeout, r.Doubt = 10*time.Second, 30*time.Minute
	a, err := ratelimit.NewAdmission(w.store, ratelimit.Rules{}, func() time.Time { return w.now }).Admit(w.ctx, r)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) settle(s record.Settlement) record.Settled {
	w.t.Helper()
	if s.Attempt == 0 {
		s.Attempt = 1
	}
	if s.Token == "" {
		s.Token = "t"
	}
	out, err := w.store.Settle(w.ctx, id, numbers, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) advance(e record.Evidence) (record.Verdict, record.State) {
	w.t.Helper()
	if e.Attempt == 0 {
		e.Attempt = 1
	}
	e.Source = "push"
	v, s, err := w.store.Advance(w.ctx, id, numbers, e)
	if err != nil {
		w.t.Fatal(err)
	}
	return v, s
}

func (w *world) get() *record.Record {
	w.t.Helper()
	rec, err := w.store.Get(w.ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	if rec == nil {
		w.t.Fatal("there is no record")
	}
	return rec
}

// created is the record's creation in ms: a part of its attempts' ids.
func (w *world) created() string {
	w.t.Helper()
	created, err := w.r.Client.HGet(w.ctx, key("job:", id), "created_at").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	return created
}

// charge is when the number was charged for attempt 1; 0: it is not.
func (w *world) charge() time.Duration {
	w.t.Helper()
	ms, err := w.r.Client.HGet(w.ctx, key("number:", num), "c:"+id+".1@"+w.created()).Int64()
	if err != nil {
		return 0
	}
	return time.UnixMilli(ms).Sub(time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)) + 1
}

// dump is everything of the group, to see that nothing changed.
func (w *world) dump() string {
	w.t.Helper()
	out := ""
	for _, k := range []string{key("job:", id), key("key:", id), key("number:", num)} {
		out += dumpHash(w.r.Client.HGetAll(w.ctx, k).Val())
	}
	for _, z := range w.r.Client.ZRangeWithScores(w.ctx, key("due", ""), 0, -1).Val() {
		out += z.Member.(string) + " " + time.UnixMilli(int64(z.Score)).String() + "\n"
	}
	return out
}

// in brings a fresh job into the state.
func (w *world) in(s record.State) {
	w.t.Helper()
	w.create(job())
	switch s {
	case record.Accepted:
		return
	case record.Queued:
		_, err := w.store.MarkQueued(w.ctx, id, id)
		w.must(err)
		return
	case record.Canceled:
		_, _, err := w.store.Cancel(w.ctx, id)
		w.must(err)
		return
	}
	w.send(1, "t")
	switch s {
	case record.Held:
		w.settle(record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute})
	case record.Submitted:
		w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "call", GiveUpIn: time.Hour, PollIn: time.Minute})
	case record.Submitting:
	case record.AwaitingDial:
		w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "call", AwaitIn: 2 * time.Hour, GiveUpIn: time.Hour, PollIn: time.Minute})
	case record.Ringing, record.InProgress:
		w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "call", GiveUpIn: time.Hour, PollIn: time.Minute})
		w.advance(record.Evidence{State: s, Strength: 2})
	case record.Active:
		w.settle(record.Settlement{Result: record.ResultBound})
	case record.Released:
		w.settle(record.Settlement{Result: record.ResultBound})
		_, err := w.store.Released(w.ctx, id, num, "by a test")
		w.must(err)
	case record.InDoubt:
		w.settle(record.Settlement{Result: record.ResultInDoubt})
	case record.Failed:
		w.settle(record.Settlement{Result: record.ResultFailed, Cause: "platform"})
	case record.Unknown:
		w.settle(record.Settlement{Result: record.ResultAccepted, GiveUpIn: time.Hour})
		w.now = w.now.Add(time.Hour)
		w.tickAll()
	case record.Completed, record.Busy, record.NoAnswer, record.Rejected:
		w.advance(record.Evidence{State: s, Strength: 2})
	case record.Expired:
		w.settle(record.Settlement{Result: record.ResultAgain, Reason: "retry"})
		w.now = w.now.Add(48 * time.Hour)
		w.tickAll()
	}
	if got := w.get().State; got != s {
		w.t.Fatalf("the job is %s, want %s", got, s)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// tickAll takes every due step that lies in the records.
func (w *world) tickAll() []record.Step {
	w.t.Helper()
	leases, err := w.store.Claim(w.ctx, "g", 100)
	w.must(err)
	var out []record.Step
	for _, l := range leases {
		step, err := w.store.Tick(w.ctx, l)
		w.must(err)
		out = append(out, step)
	}
	return out
}

// due is when the job is due next, from now; ok is false where it is not.
func (w *world) due() (in time.Duration, ok bool) {
	score, err := w.r.Client.ZScore(w.ctx, key("due", ""), id).Result()
	return time.UnixMilli(int64(score)).Sub(w.now), err == nil
}

// is fails unless the job is in the state.
func (w *world) is(s record.State) {
	w.t.Helper()
	if got := w.get().State; got != s {
		w.t.Fatalf("the job is %s, want %s", got, s)
	}
}

// later moves the clock on.
func (w *world) later(d time.Duration) { w.now = w.now.Add(d) }

// tick takes the job's due step, whenever it is due.
func (w *world) tick() record.Step {
	w.t.Helper()
	w.must(w.r.Client.ZAdd(w.ctx, key("due", ""), redis.Z{Score: 1, Member: id}).Err())
	l, err := w.store.Claim(w.ctx, "g", 1)
	w.must(err)
	step, err := w.store.Tick(w.ctx, l[0])
	w.must(err)
	return step
}

func (w *world) wantDue(in time.Duration) {
	w.t.Helper()
	if got, ok := w.due(); !ok || got != in {
		w.t.Errorf("%s: due in %v (%v), want %v", w.get().State, got, ok, in)
	}
}
