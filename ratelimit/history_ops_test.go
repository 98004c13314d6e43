package ratelimit_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

func (h *history) job() string { return choose(h.tape, h.ids...) }

// jobIn is mostly a job in one of the states, where there is one.
func (h *history) jobIn(in func(*mJob) bool) string {
	id := h.job()
	if h.tape.pick(8) == 0 {
		return id
	}
	for i := range h.ids {
		next := h.ids[(slices.Index(h.ids, id)+i)%len(h.ids)]
		if j := h.model.jobs[next]; j != nil && in(j) {
			return next
		}
	}
	return id
}

func (h *history) stateOf(id string) record.State {
	if j := h.model.jobs[id]; j != nil {
		return j.state
	}
	return ""
}

func (h *history) opCreate() {
	id := h.jobIn(func(j *mJob) bool { return j.rank() == 9 })
	if old := h.model.jobs[id]; old != nil && old.rank() == 9 && h.tape.pick(4) != 0 {
		h.remove(id)
		id = h.removeMarker(id)
	}
	h.create(id)
}

func (h *history) create(id string) {
	j := record.NewJob{
		ID: id, Account: "acct", Vendor: "v", Kind: kindOf(id), Priority: priorityOf(id), Keyed: keyed(id),
		Content: "c", Digest: choose(h.tape, "d1", "d1", "d1", "d2"), Numbers: numbersOf(id),
		SubmitToken: choose(h.tape, "s1", "s2"), Retain: 72 * time.Hour, KeyRetain: 720 * time.Hour,
	}
	j.Parts = map[string]string{"to": j.Digest}
	j.Mode, j.Parties = bindingOf(id)
	switch id[2] {
	case 'h', 'i':
		j.TTL, j.X = choose(h.tape, 0, time.Minute, time.Hour), "x"
	case 'e':
		j.TTL, j.X = choose(h.tape, time.Minute, 20*time.Minute, 24*time.Hour), "x"
	case 'g':
		j.Asks = "v1"
	}
	switch h.tape.pick(8) {
	case 0:
		j.ExpiresAt = time.UnixMilli(h.clock + choose(h.tape, int64(0), -1, 1, 3000))
	case 1, 2:
		j.ExpiresIn = choose(h.tape, time.Second, 10*time.Minute, time.Hour)
	default:
		j.ExpiresIn = 48 * time.Hour
	}
	if h.tape.pick(4) == 0 {
		j.NotBefore = time.UnixMilli(h.clock + choose(h.tape, int64(1), 60000, 30*hourMS))
	}
	got, err := h.store.Create(h.ctx, j)
	h.same(fmt.Sprintf("create %s %s %s", id, j.Digest, j.SubmitToken), got, h.model.create(j), err)
	h.counts[fmt.Sprintf("create: %v %v %v", got.Duplicate, got.Differs != nil, got.TooLate)]++
}

func (h *history) opQueued() {
	id := h.job()
	got, err := h.store.MarkQueued(h.ctx, id, id)
	h.same("queued "+id, got, h.model.queued(id, id), err)
}

func (h *history) opStart() {
	id := h.job()
	for range choose(h.tape, 1, 1, 1, 1, 1, 1, 1, 21) {
		rec, now, err := h.store.Start(h.ctx, id)
		got, want := record.State(""), record.State("")
		if rec != nil {
			got = rec.State
		}
		if j := h.model.start(id); j != nil {
			want = j.state
		}
		h.same("start "+id, []any{got, now.UnixMilli()}, []any{want, h.model.now}, err)
	}
}

func (h *history) opMissing() {
	id := h.job()
	if h.model.jobs[id] == nil && h.tape.pick(4) != 0 {
		h.idle = true
		return
	}
	got, err := h.store.Missing(h.ctx, id, record.LostJob{Account: "acct", Kind: kindOf(id), Retain: time.Hour})
	h.same("missing "+id, got, h.model.missing(id), err)
}

// attempt is the job's last attempt and its token, mostly; else another's.
func (h *history) attempt(id string) (n int, token string) {
	if j := h.model.jobs[id]; j != nil {
		n, token = j.attempt, j.token
	}
	switch h.tape.pick(10) {
	case 0:
		n--
	case 1:
		token = "nobody"
	}
	return n, token
}

func (h *history) opAdmit() {
	id := h.jobIn(func(j *mJob) bool { return waiting(j.state) || j.repeatAt != 0 && j.repeatAt <= h.model.now })
	was := h.stateOf(id)
	r := ratelimit.Request{
		JobID: id, Numbers: numbersOf(id), Go: h.tape.pick(5) != 0, Waited: h.tape.pick(3) == 0,
		Timeout: 10 * time.Second, Doubt: choose(h.tape, 30*time.Minute, 5*time.Hour, 20*time.Hour, time.Minute),
	}
	r.Free, r.Repeatable = bind(id), repeatable(id)
	r.Keeps = strings.HasPrefix(id, "g.e") // no choice of its own: the kept seeds reach what they reach
	r.Anytime = r.Free && h.tape.pick(2) == 0
	if h.tape.pick(16) == 0 {
		r.Repeatable = !r.Repeatable // a worker of another version
	}
	last, token := h.attempt(id)
	r.Attempt, r.Token = last+1, "t"+strconv.Itoa(last+1)+choose(h.tape, "x", "y")
	if h.tape.pick(4) == 0 {
		r.Attempt, r.Token = last, token // its go got lost, perhaps
	}
	r.LineFor, r.Suppress = lineOf(id), suppressedBy(id)
	r.Slot = h.slot(r)
	h.idle = false
	h.skew = choose(h.tape, 0, 0, 1000, -59*60*int64(1000), 3*hourMS, 26*hourMS, -40*dayMS)
	got, err := h.admit.Admit(h.ctx, r)
	h.same(fmt.Sprintf("admit %s.%d %s go=%v", id, r.Attempt, r.Token, r.Go), got, h.model.admit(r), err)
	h.counts["admit: "+string(got.Decision)+" "+got.Reason]++
	if was == record.InDoubt {
		h.counts["admit in doubt: "+string(got.Decision)]++
	}
	if was == record.Reserved && got.Decision == ratelimit.Shut {
		h.counts["admit reserved: gate"]++
	}
	h.ledger.admitted(r, got)
}

func (h *history) opSettle() {
	late := h.tape.pick(5) == 0
	h.opSettleOf(h.jobIn(func(j *mJob) bool { return j.attempt > j.settled && (!late || j.state == record.Unknown) }))
}

func (h *history) opSettleOf(id string) {
	n, token := h.attempt(id)
	if j := h.model.jobs[id]; j != nil && n < j.attempt {
		n = j.attempt + 1 // opLateAnswer is about the earlier ones
	}
	t := record.Settlement{
		Attempt: n, Token: token, Sent: h.tape.pick(4) != 0, Code: choose(h.tape, "", "200", "603"),
		Text: choose(h.tape, "", "成功"), VendorID: choose(h.tape, "", "v1", "v1", "v2"), VendorTask: choose(h.tape, "", "task"),
		X:        choose(h.tape, "", "", "x2"),
		Result:   choose(h.tape, record.ResultAccepted, record.ResultAgain, record.ResultAgain, record.ResultFailed, record.ResultInDoubt),
		GiveUpIn: choose(h.tape, 24*time.Hour, time.Minute), PollIn: choose(h.tape, 0, time.Minute, 48*time.Hour),
		AwaitIn: choose(h.tape, 0, 0, 2*time.Hour),
		RetryIn: choose(h.tape, 0, time.Second, time.Minute, 5*time.Hour), Counted: h.tape.pick(2) == 0, MaxAttempts: 3,
		Reason: choose(h.tape, record.HoldRetry, record.HoldHalted, record.HoldVendorWindow),
		Cause:  choose(h.tape, "platform", "account"), KeepCharge: h.tape.pick(3) == 0, Maybe: h.tape.pick(4) == 0,
		MaxRepeats: choose(h.tape, 0, 0, 1, 3),
	}
	if h.mix.refusals && h.tape.pick(6) != 0 {
		t.Result, t.Counted, t.RetryIn, t.LockFor = record.ResultAgain, false, time.Second, 0
	}
	if repeatable(id) {
		t.Result = choose(h.tape, record.ResultInDoubt, record.ResultInDoubt, t.Result)
		t.Repeat, t.RepeatIn = h.tape.pick(8) != 0, choose(h.tape, 0, 2*time.Second, 2*time.Second, 10*time.Minute, 9*time.Hour)
	}
	if t.Result == record.ResultAccepted && repeatable(id) {
		t.Result = choose(h.tape, record.ResultBound, record.ResultBound, record.ResultDone, t.Result)
	}
	if h.tape.pick(6) == 0 {
		t.LockFor = choose(h.tape, 24*time.Hour, time.Minute)
	}
	if t.LockFor > 0 {
		t.Masks = choose(h.tape, "m1,m2", "m1")
	}
	if h.mix.lane > 0 {
		t.Lane = h.news()
	}
	was := h.stateOf(id)
	h.ledger.now = h.model.now
	for range choose(h.tape, 1, 1, 2) {
		got, err := h.store.Settle(h.ctx, id, numbersOf(id), t)
		h.same(fmt.Sprintf("settle %s.%d %s keep=%v", id, n, t.Result, t.KeepCharge), got, h.model.settle(id, t), err)
		h.ledger.settled(id, t, got)
		if !got.Stale && was == record.Queued {
			h.counts["settle: an operator was faster"]++
		}
		if !got.Stale {
			h.counts["settle: "+string(was)+" "+string(t.Result)+" "+string(got.State)]++
		}
	}
}

// news is what an answer says of the lane.
func (h *history) news() *record.LaneNews {
	if h.tape.pick(6) == 0 {
		return nil
	}
	n := &record.LaneNews{
		Health:  choose(h.tape, record.HealthFailed, record.HealthFailed, record.HealthOK, record.HealthNone),
		Breaker: record.Breaker{After: choose(h.tape, 2, 2, 0), Open: 10 * time.Second, MaxOpen: 30 * time.Second},
	}
	if h.mix.refusals {
		n.Health = choose(h.tape, n.Health, record.HealthFailed, record.HealthFailed)
	}
	if h.model.trialOut() {
		n.Health = choose(h.tape, record.HealthFailed, record.HealthOK, record.HealthNone, record.HealthNone)
	}
	if h.model.lane.frequent > 0 && h.tape.pick(2) == 0 {
		n.Health, n.Gate, n.GateFor = record.HealthOK, record.GateFrequency, choose(h.tape, time.Second, 20*time.Second, time.Minute)
		return n
	}
	if h.tape.pick(map[bool]int{true: 10, false: 3}[h.mix.refusals]) == 0 {
		n.Health = record.HealthOK // it answered
		n.Gate, n.Detail = choose(h.tape, record.GateFrequency, record.GateFrequency, record.GateFrequency, record.GateWindow, record.GateHalt), choose(h.tape, "603", "")
		if n.Gate != record.GateHalt {
			n.GateFor = choose(h.tape, time.Second, 5*time.Second, 30*time.Second, 10*time.Minute)
		}
	}
	return n
}

func (h *history) opReleased() {
	id := h.jobIn(func(j *mJob) bool { return j.state == record.Active })
	h.release(id)
}

func (h *history) release(id string) {
	was := h.stateOf(id)
	got, err := h.store.Released(h.ctx, id, xOf(id), "by a test")
	h.same("released "+id, got, h.model.released(id), err)
	h.counts["released: "+string(was)+" "+string(got)]++
}

func (h *history) opDone() {
	id := h.jobIn(func(j *mJob) bool { return j.repeatAt != 0 || waiting(j.state) && len(j.lines) > 4 })
	was := h.stateOf(id)
	got, err := h.store.Done(h.ctx, id, numbersOf(id), "nothing to do")
	h.same("done "+id, got, h.model.done(id), err)
	h.counts["done: "+string(was)+" "+string(got)]++
	if got == record.Completed {
		h.ledger.resolved(id)
	}
}

// opLateAnswer is the answer to a request that was repeated since.
func (h *history) opLateAnswer() {
	givenUp := h.tape.pick(2) == 0
	id := h.jobIn(func(j *mJob) bool {
		return j.repeatable && j.attempt > 1 && (givenUp && j.state == record.Unknown || !givenUp && j.rank() < 3)
	})
	j := h.model.jobs[id]
	if j == nil || !j.repeatable || j.attempt < 2 {
		h.idle = true
		return
	}
	t := record.Settlement{
		Attempt: j.attempt - 1, Token: "t", Sent: true, VendorID: choose(h.tape, "", "v1", "v2"),
		Result: choose(h.tape, record.ResultBound, record.ResultDone, record.ResultBound, record.ResultDone, record.ResultAccepted),
	}
	was := j.state
	got, err := h.store.Settle(h.ctx, id, numbersOf(id), t)
	h.same(fmt.Sprintf("late answer to %s.%d %s", id, t.Attempt, t.Result), got, h.model.settle(id, t), err)
	h.counts["late answer: "+string(was)+" "+string(t.Result)+" "+string(got.State)]++
	if was == record.Submitting || was == record.InDoubt || was == record.Unknown {
		if effective(t.Result) {
			h.ledger.tookEffect(id)
		}
	}
}

func (h *history) opPutOff() {
	id := h.jobIn(func(j *mJob) bool { return waiting(j.state) })
	d := record.Delay{
		In: choose(h.tape, 0, time.Second, 30*time.Hour), Reason: record.HoldBinding, Code: choose(h.tape, "", "1500"),
		Cause: "platform", MaxAttempts: choose(h.tape, 0, 3),
	}
	got, until, err := h.store.PutOff(h.ctx, id, d)
	want, at := h.model.putOff(id, d)
	wantUntil := time.Time{}
	if want == record.Held {
		wantUntil = time.UnixMilli(at)
	}
	h.same("put off "+id, []any{got, until}, []any{want, wantUntil}, err)
	h.counts["put off: "+string(got)]++
}

func (h *history) opPolled() {
	id := h.jobIn(func(j *mJob) bool { return j.state.UnderWay() || j.repeatAt != 0 })
	seq := choose(h.tape, 0, 0, 0, -1, 1)
	if j := h.model.jobs[id]; j != nil {
		seq += j.seq
	}
	if h.tape.pick(6) == 0 {
		h.model.hopeless(id, seq, "404", "")
		h.same(fmt.Sprintf("hopeless %s %d", id, seq), nil, nil, h.store.PollHopeless(h.ctx, id, seq, "404", ""))
		return
	}
	in := choose(h.tape, 0, time.Minute, 30*time.Hour)
	h.model.polled(id, seq, in)
	h.same(fmt.Sprintf("polled %s %d", id, seq), nil, nil, h.store.PollAgain(h.ctx, id, seq, in))
}

func (h *history) opCancel() {
	id := h.job()
	if h.tape.pick(2) == 0 {
		id = h.jobIn(func(j *mJob) bool { return j.state == record.Submitting })
	}
	got, state, err := h.store.Cancel(h.ctx, id)
	want, wantState := h.model.cancel(id)
	h.same("cancel "+id, []any{got, state}, []any{want, wantState}, err)
	h.counts["cancel: "+kindOf(id)+" "+string(got)]++
}

func (h *history) opFail() {
	id := h.jobIn(func(j *mJob) bool { return waiting(j.state) && len(j.lines) > 4 })
	got, err := h.store.Fail(h.ctx, id, "platform", "no such template")
	h.same("fail "+id, got, h.model.fail(id, "platform"), err)
}

func (h *history) opPump() {
	limit := 1 + h.tape.pick(4)
	leases, err := h.store.Claim(h.ctx, group, limit)
	var got, want []string
	for _, l := range leases {
		got = append(got, l.Member)
	}
	mine := h.model.claim(limit)
	for _, l := range mine {
		want = append(want, l.member)
	}
	h.same("claim", got, want, err)
	for i, l := range leases {
		h.leases = append(h.leases, leased{l, mine[i]})
		if !record.IsPush(l.Member) && h.tape.pick(8) != 0 { // else the pump dies here
			h.take(leased{l, mine[i]})
		}
	}
}

// take does what a pump does with a leased record.
func (h *history) take(l leased) {
	got, err := h.store.Tick(h.ctx, l.real)
	h.same("tick "+l.real.Member, got, h.model.tick(l.model), err)
	h.counts["tick: "+string(got.Action)+" "+string(h.stateOf(l.real.Member))]++
	switch got.Action {
	case record.ActPoll, record.ActRepeat:
		h.bump(l)
	case record.ActLook, record.ActEnqueue:
		h.returned(l, got.Task)
	}
}

func (h *history) returned(l leased, task string) {
	live := h.tape.pick(3) == 0
	got, err := h.store.Returned(h.ctx, l.real, task, live)
	h.same(fmt.Sprintf("returned %s %v", task, live), got, h.model.returned(l.model, task, live), err)
	h.counts["returned: "+string(got.Action)]++
}

func (h *history) bump(l leased) {
	h.model.bump(l.model)
	h.same("bump "+l.real.Member, nil, nil, h.store.Bump(h.ctx, l.real))
}

// opStaleLease is a pump that froze after its claim.
func (h *history) opStaleLease() {
	if len(h.leases) == 0 {
		h.idle = true
		return
	}
	l := choose(h.tape, h.leases...)
	if record.IsPush(l.real.Member) {
		h.bump(l)
		return
	}
	switch h.tape.pick(3) {
	case 0:
		h.take(l)
	case 1:
		h.returned(l, l.real.Member)
	default:
		h.bump(l)
	}
}

func (h *history) opPush() {
	id := choose(h.tape, pushIDs...)
	if h.tape.pick(2) == 0 {
		h.model.endPush(id, "done")
		h.same("end "+id, nil, nil, h.store.EndPush(h.ctx, id, "done", "", time.Hour))
		return
	}
	duplicate, done, err := h.store.StorePush(h.ctx, id, record.Push{Account: "acct", Body: []byte("x")})
	d, e := h.model.storePush(id)
	h.same("push "+id, []bool{duplicate, done}, []bool{d, e}, err)
}

// opForget lets a record's retention run out, or a marker's.
func (h *history) opForget() {
	h.idle = true // no script runs
	id := h.job()
	if h.mix.jobs == rivalry.jobs {
		id = h.jobIn(func(j *mJob) bool { return j.state == record.Unknown })
	}
	j := h.model.jobs[id]
	unknown := h.mix.jobs == rivalry.jobs && j != nil && j.state == record.Unknown
	if j != nil && j.rank() != 9 && !unknown {
		return
	}
	if unknown {
		h.model.orphan(j)
		h.counts["forgotten when it was unknown"]++
	}
	if j != nil {
		h.remove(id)
	}
	if j == nil || !keyed(id) {
		h.removeMarker(id)
	}
	if unknown && h.tape.pick(3) == 0 { // an unbind knows it by its id
		h.release(id)
		h.idle = false
	}
}

func (h *history) remove(id string) {
	delete(h.model.jobs, id)
	h.same("forget "+id, nil, nil, h.r.Client.Del(h.ctx, redisKey("job:", id)).Err())
}

// removeMarker takes the last of a job away. Its id never comes again before
// every rule has forgotten its calls, so the next job has another one.
func (h *history) removeMarker(id string) string {
	delete(h.model.markers, id)
	h.same("forget the key of "+id, nil, nil, h.r.Client.Del(h.ctx, redisKey("key:", id)).Err())
	next := fmt.Sprintf("%s%d", id[:3], h.step)
	h.ids[slices.Index(h.ids, id)] = next
	return next
}

// keyed says that the job has an idempotency key.
func keyed(id string) bool { return id[2] != 'b' && id[2] != 'f' && id[2] != 'i' }

// bind says that the job makes a binding: no rule per number counts it.
func bind(id string) bool { return slices.Contains([]byte("efhi"), id[2]) }

// repeatable says that the vendor knows the job's request by its id.
func repeatable(id string) bool { return bind(id) || id[2] == 'd' }

func kindOf(id string) string {
	return map[byte]string{'e': "bind", 'f': "bind", 'h': "bind", 'i': "bind", 'g': "poll"}[id[2]] + map[bool]string{true: "notify"}[id[2] < 'e']
}

// numbersOf are the numbers of the job under the rules.
func numbersOf(id string) []string {
	return map[byte][]string{'a': {"n1"}, 'b': {"n1"}, 'c': {"n1", "n2"}, 'd': {"n3"}, 'e': {"n3"}, 'f': {"n2"}, 'h': {"n3"}, 'i': {"n2"}}[id[2]]
}
