package record_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// tale is a random life of a few jobs, pushes and events of one group. After every
// transition all that the group keeps is looked at.
type tale struct {
	*world
	rng    *rand.Rand
	tokens map[string]string // of each job's last attempt
	leases []record.Lease
	events []record.Event
	fetch  []held
	seen   map[string]int // what happened, how often
}

var taleJobs = []string{"g.call", "g.other", "g.bind", "g.asks", "g.deaf", "g.auto", "g.rival"}

// binds says that the job makes a binding.
func binds(id string) bool { return id == "g.bind" || id == "g.auto" || id == "g.rival" }

// numbersOf are those that the job took.
func (a *tale) numbersOf(id string) []string {
	if id != "g.auto" {
		return numbers
	}
	if rec := a.record(id); rec != nil {
		return rec.Numbers
	}
	return nil
}

func pickOf[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (a *tale) job() string { return pickOf(a.rng, taleJobs...) }

// record is the job as it stands; nil where there is none.
func (a *tale) record(id string) *record.Record {
	a.t.Helper()
	rec, err := a.store.Get(a.ctx, id)
	a.must(err)
	return rec
}

// attempt is the job's last attempt; seldom one that never was.
func (a *tale) attempt(id string) int {
	rec := a.record(id)
	if rec == nil {
		return 1
	}
	return max(1, rec.Attempt-pickOf(a.rng, 0, 0, 0, 0, 1, -1))
}

func (a *tale) create() {
	id := a.job()
	j := job()
	j.ID, j.Tells, j.Keyed, j.Retain = id, id != "g.deaf", id != "g.other", time.Hour
	j.ExpiresIn = pickOf(a.rng, time.Minute, time.Hour, 24*time.Hour)
	switch id {
	case "g.bind", "g.rival":
		j.Kind, j.X, j.TTL = "bind", "x", pickOf(a.rng, 0, 10*time.Minute, time.Hour)
		j.Mode, j.Parties = pickOf(a.rng, "axb", "xa"), []string{"A", "B"}
	case "g.auto":
		expires := j.ExpiresIn
		j = autoJob("auto", "A", "C")
		j.Tells, j.TTL, j.ExpiresIn, j.Retain = true, pickOf(a.rng, 0, time.Hour), expires, time.Hour
	case "g.asks":
		j.Kind, j.Asks = "poll", "call"
	}
	if j.ExpiresIn > 30*time.Minute && a.rng.IntN(3) == 0 { // else no producer creates it
		j.NotBefore = a.now.Add(30 * time.Minute)
	}
	_, err := a.store.Create(a.ctx, j)
	a.must(err)
}

func (a *tale) admit() {
	id := a.job()
	if id == "g.auto" {
		// As another worker of the account may have it, whose X is one that others name.
		chosen, err := a.store.Choose(a.ctx, id, append([]record.PoolNumber{{Key: num, Digits: "17000000009"}}, pool[0]))
		a.must(err)
		if rec := a.record(id); !chosen && (rec == nil || len(rec.Numbers) == 0) {
			a.seen["none chosen"]++
			return
		}
		a.seen["chosen"]++
	}
	rec := a.record(id)
	r := ratelimit.Request{
		JobID: id, Numbers: a.numbersOf(id), Attempt: 1, Token: fmt.Sprint("t", a.rng.IntN(1000)), Go: true,
		Timeout: 10 * time.Second, Doubt: 30 * time.Minute, Free: binds(id), Repeatable: binds(id), LineFor: time.Minute,
	}
	if !binds(id) {
		r.Redial = again
	}
	if rec != nil {
		r.Attempt = rec.Attempt + 1
	}
	rules := ratelimit.Rules{OneAtATime: true, MaxInFlight: 3, PerNumber: []ratelimit.PerNumber{{Limit: 3, Width: 10 * time.Minute}}}
	answer, err := ratelimit.NewAdmission(a.store, rules, func() time.Time { return a.now }).Admit(a.ctx, r)
	a.must(err)
	if a.seen[strings.TrimSpace(string(answer.Decision)+" "+answer.Reason)]++; answer.Decision == ratelimit.Go {
		a.tokens[id] = r.Token
	}
}

func (a *tale) settled() {
	id := a.job()
	s := record.Settlement{
		Attempt: a.attempt(id), Token: a.tokens[id], Sent: true, GiveUpIn: time.Hour, PollIn: time.Minute, VendorID: pickOf(a.rng, "", "v1"),
		Reason: record.HoldRetry, RetryIn: time.Minute, Counted: true, MaxAttempts: 4, Cause: "platform", RepeatIn: time.Second,
		Repeat: binds(id), MaxRepeats: pickOf(a.rng, 0, 2), Maybe: a.rng.IntN(4) == 0,
	}
	if binds(id) {
		s.OtherX = pickOf(a.rng, "", "req2")
		s.Result = pickOf(a.rng, record.ResultBound, record.ResultAgain, record.ResultInDoubt, record.ResultFailed)
	} else {
		s.Result = pickOf(a.rng, record.ResultAccepted, record.ResultAccepted, record.ResultAgain, record.ResultInDoubt, record.ResultFailed, record.ResultDone)
		s.AwaitIn = pickOf(a.rng, 0, 0, 2*time.Hour)
	}
	_, err := a.store.Settle(a.ctx, id, a.numbersOf(id), s)
	a.must(err)
}

func (a *tale) advanced() {
	id := a.job()
	e := record.Evidence{
		Attempt: a.attempt(id), Source: "push", Strength: 1 + a.rng.IntN(4), VendorID: pickOf(a.rng, "", "v1"), Cause: "c",
		State:  pickOf(a.rng, "", record.Ringing, record.InProgress, record.Completed, record.Busy, record.Failed),
		PollIn: pickOf(a.rng, 0, time.Minute), GiveUpIn: time.Hour, Task: pickOf(a.rng, "", "t1"),
	}
	if e.State == record.Completed && a.rng.IntN(3) > 0 {
		e.Facts.Recording, e.Fetch = "/r", &record.Fetch{After: 2 * time.Second, Keep: pickOf(a.rng, 10*time.Minute, 4*time.Hour)}
	}
	if id == "g.asks" {
		e.Attempt = 0
	}
	if binds(id) { // of a call over it
		bind := a.record(id)
		if bind == nil {
			return
		}
		e.Attempt, e.Task = 0, pickOf(a.rng, "t1", "t2")
		_, _, err := a.store.AdvanceChild(a.ctx, record.Child{Parent: bind, Retain: time.Hour}, e)
		a.must(err)
		_, _, err = a.store.Bound(a.ctx, id, a.numbersOf(id), record.Names{VendorID: e.VendorID}, record.ChildID(id, e.Task))
		a.must(err)
		return
	}
	_, _, err := a.store.Advance(a.ctx, id, numbers, e)
	a.must(err)
}

func (a *tale) said() {
	id := a.job()
	var err error
	switch a.rng.IntN(14) {
	case 0:
		_, err = a.store.MarkQueued(a.ctx, id, id)
	case 1:
		_, _, err = a.store.Start(a.ctx, id)
	case 2:
		_, _, err = a.store.Cancel(a.ctx, id)
	case 3:
		_, _, err = a.store.PutOff(a.ctx, id, record.Delay{In: time.Minute, Reason: "retry", MaxAttempts: pickOf(a.rng, 0, 4)})
	case 4:
		_, err = a.store.Fail(a.ctx, id, "content", "no such thing")
	case 5:
		_, err = a.store.Done(a.ctx, id, a.numbersOf(id), "nothing to do")
	case 6:
		_, err = a.store.Released(a.ctx, id, num, "by somebody")
	default:
		for range 6 { // mostly one of which nobody else knows
			if rec := a.record(id); rec != nil && (rec.State == record.InDoubt || rec.State == record.Unknown) {
				break
			}
			id = a.job()
		}
		word := pickOf(a.rng, record.SayCompleted, record.SayFailed, record.SayResend, record.SayResend)
		var r record.Resolved
		r, err = a.store.Resolve(a.ctx, id, a.numbersOf(id), record.Names{VendorID: "v1"}, record.Resolution{As: word, Token: fmt.Sprint(a.rng.IntN(3))})
		if r.Refused == "" && !r.Missing {
			a.seen["resolved "+string(word)]++
		}
	}
	a.must(err)
}

func (a *tale) polled() {
	id := a.job()
	rec := a.record(id)
	if rec == nil {
		_, err := a.store.Missing(a.ctx, id, record.LostJob{Account: "acct", Kind: "notify", Retain: time.Hour, Tells: true})
		a.must(err)
		return
	}
	if a.rng.IntN(10) == 0 {
		a.must(a.store.PollHopeless(a.ctx, id, rec.Seq, "404", ""))
		return
	}
	a.must(a.store.PollAgain(a.ctx, id, rec.Seq-a.rng.IntN(2), pickOf(a.rng, time.Minute, 2*time.Hour)))
}

// pumped is a pump's turn, or what is left of one that froze.
func (a *tale) pumped() {
	if len(a.leases) == 0 || a.rng.IntN(3) > 0 {
		leases, err := a.store.Claim(a.ctx, "g", 3)
		a.must(err)
		a.leases = append(a.leases, leases...)
		if len(leases) == 0 || a.rng.IntN(4) == 0 {
			return // it freezes here
		}
	}
	i := max(0, len(a.leases)-1-a.rng.IntN(2))
	l := a.leases[i]
	a.leases = append(a.leases[:i], a.leases[i+1:]...)
	if record.IsPush(l.Member) {
		a.must(a.store.Bump(a.ctx, l))
		return
	}
	step, err := a.store.Tick(a.ctx, l)
	a.must(err)
	a.look()
	switch a.seen["tick "+string(step.Action)]++; step.Action {
	case record.ActPoll, record.ActRepeat:
		a.must(a.store.Bump(a.ctx, l))
	case record.ActLook, record.ActEnqueue:
		_, err = a.store.Returned(a.ctx, l, step.Task, a.rng.IntN(2) == 0)
		a.must(err)
	case record.ActNone, record.ActMoved, record.ActWait, record.ActLive:
	}
}

func (a *tale) pushed() {
	id := record.PushID("g", pickOf(a.rng, "p1", "p2"))
	var err error
	switch a.rng.IntN(3) {
	case 0:
		_, _, err = a.store.StorePush(a.ctx, id, record.Push{Account: "acct", Body: []byte("x")})
	case 1:
		err = a.store.EndPush(a.ctx, id, pickOf(a.rng, "done", "orphan"), "", time.Hour)
	default:
		_, err = a.store.ReplayPush(a.ctx, id, "orphan")
	}
	a.must(err)
}

// delivered is a deliverer's turn, or what is left of one that froze.
func (a *tale) delivered() {
	if len(a.events) == 0 || a.rng.IntN(4) == 0 {
		events, err := a.store.ClaimEvents(a.ctx, "g", 3, 30*time.Second)
		a.must(err)
		a.events = append(a.events, events...)
		return
	}
	e := a.events[max(0, len(a.events)-1-a.rng.IntN(3))]
	what := pickOf(a.rng, "told", "failed", "put off", "dead", "replayed")
	var err error
	switch what {
	case "told":
		err = a.store.EventTold(a.ctx, e)
	case "failed":
		err = a.store.EventFailed(a.ctx, e, time.Minute, "500")
	case "put off":
		err = a.store.EventPutOff(a.ctx, e, time.Minute)
	case "dead":
		err = a.store.EventDead(a.ctx, e, "500", 2*time.Hour)
	default:
		var dead []string
		a.must(a.store.EachDeadEvent(a.ctx, "g", func(d record.DeadEvent) error { dead = append(dead, d.ID); return nil }))
		if len(dead) == 0 {
			return
		}
		_, err = a.store.ReplayEvent(a.ctx, dead[0])
	}
	a.must(err)
	a.seen["event "+what]++
}

// look compares all that Redis keeps with the state table.
func (a *tale) look() {
	a.t.Helper()
	broken, err := redistest.Broken(a.ctx, a.r.Client, "g", a.now)
	a.must(err)
	for _, what := range broken {
		a.t.Error(what)
	}
	for _, id := range append([]string{record.ChildID("g.bind", "t1")}, taleJobs...) {
		if rec := a.record(id); rec != nil {
			a.seen[string(rec.State)]++
			if rec.Redial != "" {
				a.seen["redial"]++
			}
		}
	}
}

// changed are the revisions that the last step added, whose events must be there.
func (a *tale) changed(before map[string]int) {
	a.t.Helper()
	for id, was := range before {
		rec := a.record(id)
		for n := was + 1; rec != nil && rec.Tells && n <= rec.Revision; n++ {
			if a.r.Client.Exists(a.ctx, key("event:", fmt.Sprintf("%s:%d", id, n))).Val() == 0 {
				a.t.Errorf("%s is %s in revision %d, and there is no event of it", id, rec.State, n)
			}
		}
	}
}

func (a *tale) revisions() map[string]int {
	out := map[string]int{}
	for _, id := range append([]string{record.ChildID("g.bind", "t1"), record.ChildID("g.bind", "t2")}, taleJobs...) {
		out[id] = 0
		if rec := a.record(id); rec != nil {
			out[id] = rec.Revision
		}
	}
	return out
}

// pass lets time go by, for Redis's own ends too.
func (a *tale) pass() {
	d := pickOf(a.rng, time.Second, 10*time.Second, 46*time.Second, 5*time.Minute, 31*time.Minute, 3*time.Hour)
	a.later(d)
	if a.r.Mini != nil {
		a.r.Mini.FastForward(d)
	}
}

// TestEveryStepLeavesOneNextStep plays random histories of every transition.
func TestEveryStepLeavesOneNextStep(t *testing.T) {
	seen := map[string]int{}
	histories := uint64(24)
	if redistest.Raced {
		histories = 3
	}
	for seed := range histories {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := redistest.Mini(t)
			a := &tale{world: newWorld(t, r), rng: rand.New(rand.NewPCG(seed, 2)), tokens: map[string]string{}, seen: seen}
			steps := map[string]func(){
				"create": a.create, "admit": a.admit, "settle": a.settled, "advance": a.advanced, "say": a.said, "poll": a.polled,
				"pump": a.pumped, "push": a.pushed, "event": a.delivered, "fetch": a.fetched, "pass": a.pass,
			}
			order := []string{"create", "admit", "admit", "settle", "settle", "advance", "say", "poll", "pump", "pump", "pump", "push", "event", "fetch", "fetch", "pass"}
			for n := range 250 {
				name, before := pickOf(a.rng, order...), a.revisions()
				steps[name]()
				a.look()
				a.changed(before)
				if t.Failed() {
					t.Fatalf("after step %d: %s", n, name)
				}
			}
		})
	}
	if redistest.Raced {
		return // so few histories need not have seen everything
	}
	for _, s := range []record.State{
		record.Accepted, record.Queued, record.Held, record.Submitting, record.Submitted, record.InDoubt, record.AwaitingDial,
		record.Ringing, record.InProgress, record.Active, record.Unknown, record.Completed, record.Busy, record.Failed, record.Canceled,
		record.Expired, record.Released, "go", "hold retry", "resolved completed", "resolved failed", "resolved resend", "tick poll", "tick repeat",
		"tick look", "tick enqueue", "tick done", "tick moved", "event told", "event failed", "event put off", "event dead", "event replayed",
		"fetch due", "fetch stored", "fetch lost", "fetch renewed", "fetch moved", "stored by its own job",
		"hold binding_conflict", "chosen", "none chosen", "redial",
	} {
		if seen[string(s)] == 0 {
			t.Errorf("no history had %q: they prove nothing about that", s)
		}
	}
}
