package ratelimit_test

import (
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func (m *model) release(j *mJob, n int) {
	for _, key := range j.numbers {
		if x := m.number(key); x.fly == attemptID(j, n) {
			x.fly, x.flyTill = "", 0
		}
	}
}

// charge keeps the attempt's charge at the present time, or gives it back.
func (m *model) charge(j *mJob, n int, stands bool) {
	for _, key := range j.numbers {
		x := m.number(key)
		if _, ok := x.charges[attemptID(j, n)]; !ok {
			continue
		}
		if stands {
			x.charges[attemptID(j, n)] = m.now
		} else {
			delete(x.charges, attemptID(j, n))
		}
	}
	if stands {
		return
	}
	j.refunded = n
	if _, charged := m.lane.day[attemptID(j, n)]; charged {
		m.counts["day: given back"]++
	}
	delete(m.lane.day, attemptID(j, n))
	for _, key := range j.numbers {
		for id := range m.number(key).hopeful {
			if _, open := m.due[id]; open {
				m.due[id] = m.now
			}
		}
		clear(m.number(key).hopeful)
	}
}

func (m *model) settle(id string, t record.Settlement) record.Settled {
	j := m.jobs[id]
	if j == nil {
		return record.Settled{Stale: true}
	}
	if j.attempt == 0 || j.attempt != t.Attempt || j.token != t.Token {
		if j.repeatable && t.Attempt < j.attempt && effective(t.Result) {
			m.lateAnswer(j, t)
		}
		m.afterResend(j, t)
		return record.Settled{State: j.state, Stale: true}
	}
	if j.settled != t.Attempt && waiting(j.state) && t.Result == record.ResultInDoubt && j.resent() == t.Attempt {
		m.counts["resend: its doubt told late"]++
		j.settled = t.Attempt
		m.learn(j, t)
		return record.Settled{State: j.state}
	}
	if j.settled != t.Attempt {
		m.settleFirst(j, t)
	}
	out := record.Settled{State: j.state}
	if j.state == record.Held && !j.adrift {
		out.Until = time.UnixMilli(j.holdUntil)
	}
	return out
}

// learn is what an answer says beyond its job.
func (m *model) learn(j *mJob, t record.Settlement) {
	m.lockNumbers(j, t)
	if t.Lane != nil {
		m.news(j.id, *t.Lane)
	}
}

// resent is the attempt that an operator had sent again; 0: none.
func (j *mJob) resent() int {
	if j.word.as != record.SayResend {
		return 0
	}
	return j.word.attempt
}

// afterResend: the answer to the attempt that an operator had sent again comes while
// a later one is in hand.
func (m *model) afterResend(j *mJob, t record.Settlement) {
	n := t.Attempt
	if n == 0 || n != j.resent() {
		return
	}
	if j.answered != n {
		j.answered = n
		m.learn(j, t)
		m.counts["resend: the first answer comes late"]++
	}
	if t.Result != record.ResultAccepted || n >= j.attempt || j.repeatable || j.late[n] != "" {
		return
	}
	if j.late == nil {
		j.late = map[int]record.State{}
	}
	j.late[n] = record.Submitted
	m.line(j, j.state, true)
	seen := mSeen{attempt: n, state: record.Submitted, vendorID: t.VendorID, poll: t.PollIn.Milliseconds(), giveUp: t.GiveUpIn.Milliseconds()}
	switch {
	case waiting(j.state):
		j.vendorID = ""
		m.name(j, n, record.Names{VendorID: t.VendorID})
		m.goOn(j, seen)
	case j.state == record.Submitting && j.seen == nil:
		j.seen = &seen
		m.name(j, n, record.Names{VendorID: t.VendorID})
	}
}

func effective(r record.Result) bool { return r == record.ResultBound || r == record.ResultDone }

// lateAnswer says that a request, which was repeated since, took effect.
func (m *model) lateAnswer(j *mJob, t record.Settlement) {
	if j.vendorID == "" {
		j.vendorID = t.VendorID
	}
	switch j.state {
	case record.Submitting:
		j.stands = t.Result
		m.nameOf(j, j.attempt, t)
	case record.InDoubt, record.Unknown:
		m.release(j, j.attempt)
		j.ended, j.cause = 0, ""
		if m.stand(j, t.Result); j.state == record.Active {
			m.nameOf(j, j.attempt, t)
		}
	}
}

// stand: the request took effect.
func (m *model) stand(j *mJob, r record.Result) {
	if r == record.ResultDone {
		m.end(j, record.Completed, "")
		return
	}
	m.activate(j, min(m.now, max(j.ownedUntil, j.sendBefore)))
}

// name makes the names lead to the attempt.
func (m *model) name(j *mJob, n int, names record.Names) {
	to := j.id + "." + strconv.Itoa(n)
	if names.VendorID != "" {
		m.calls[names.VendorID] = to
	}
}

func (m *model) nameOf(j *mJob, n int, t record.Settlement) {
	m.name(j, n, record.Names{VendorID: t.VendorID})
}

func (m *model) settleFirst(j *mJob, t record.Settlement) {
	j.settled = t.Attempt
	if t.Sent {
		j.attempts++
	}
	open := j.rank() < 8
	earlier := j.doubted != 0 && j.doubted < t.Attempt // in doubt, of which this result says nothing
	if open || j.code == "" && j.text == "" {
		j.words(t.Code, t.Text)
	}
	if t.VendorTask != "" {
		j.vendorTask = t.VendorTask
	}
	if t.VendorID != "" && (open || j.vendorID == "") {
		j.vendorID = t.VendorID
	}
	if t.X != "" {
		j.x = t.X
	}
	stays := t.Result == record.ResultInDoubt || earlier && (t.Result == record.ResultAgain || t.Result == record.ResultFailed && !t.Maybe)
	if !j.keeps || !stays {
		m.release(j, t.Attempt)
	}
	m.learn(j, t)
	notPlaced := t.Result == record.ResultAgain || t.Result == record.ResultFailed && !t.Maybe
	stands := !notPlaced || t.KeepCharge
	switch {
	case j.state == record.Submitting, j.state == record.InDoubt, waiting(j.state): // or an operator was faster
		m.charge(j, t.Attempt, stands || j.seen != nil && j.seen.attempt == t.Attempt)
		standing := j.stands == record.ResultBound
		if m.settleOpen(j, t, earlier); !notPlaced || standing {
			m.nameOf(j, t.Attempt, t)
		}
		return
	case j.state == record.Unknown && !(notPlaced && j.placed == t.Attempt):
		m.charge(j, t.Attempt, stands)
		m.settleUnknown(j, t, notPlaced && !earlier)
	case j.state == record.Failed && t.Result == record.ResultBound: // nobody knows better than the vendor
		m.charge(j, t.Attempt, true)
		m.settleUnknown(j, t, false)
	default: // a push was faster: the call was placed
		m.charge(j, t.Attempt, true)
		if notPlaced {
			m.line(j, j.state, true)
		}
	}
	if !notPlaced && (t.Result != record.ResultBound || j.state == record.Active) {
		m.nameOf(j, t.Attempt, t)
	}
}

// lockNumbers keeps everybody from the numbers that the vendor locked.
func (m *model) lockNumbers(j *mJob, t record.Settlement) {
	masks := strings.Split(t.Masks, ",")
	for i, key := range j.numbers {
		if t.LockFor <= 0 {
			return
		}
		n, text := m.number(key), t.Text
		n.lock = max(n.lock, m.now+t.LockFor.Milliseconds())
		if text == "" {
			text = t.Code
		}
		mask := "-"
		if i < len(masks) {
			mask = masks[i]
		}
		m.lane.locks[key] = strings.Join([]string{strconv.FormatInt(n.lock, 10), "acct", j.id, mask, text}, " ")
	}
}

// settleUnknown is a settlement that comes after everybody gave up.
func (m *model) settleUnknown(j *mJob, t record.Settlement, proved bool) {
	switch {
	case proved && j.seen != nil:
		j.ended, j.cause = 0, ""
		m.goOn(j, *j.seen)
	case proved:
		m.end(j, record.Failed, t.Cause)
	case t.Result == record.ResultAccepted:
		j.ended, j.cause = 0, ""
		m.accepted(j, t)
	case t.Result == record.ResultBound:
		j.ended, j.cause = 0, ""
		m.activate(j, min(m.now, max(j.ownedUntil, j.sendBefore)))
	case t.Result == record.ResultDone:
		m.end(j, record.Completed, "")
	}
}

// settleOpen is a settlement of a job that is submitting or in doubt. earlier:
// an attempt before this one is in doubt.
func (m *model) settleOpen(j *mJob, t record.Settlement, earlier bool) {
	wasInDoubt := j.state == record.InDoubt
	refused := t.Result == record.ResultAgain || t.Result == record.ResultFailed
	switch {
	case j.stands != "" && !effective(t.Result):
		m.line(j, j.state, true)
		m.release(j, t.Attempt)
		m.stand(j, j.stands)
	case refused && j.seen != nil, t.Result == record.ResultInDoubt && j.seenPlaced():
		m.line(j, j.state, true)
		m.release(j, t.Attempt)
		m.goOn(j, *j.seen)
	case earlier && t.Result == record.ResultAgain:
		m.enterDoubt(j, t.RetryIn.Milliseconds())
	case earlier && t.Result == record.ResultFailed:
		m.enterDoubt(j, -1)
	case t.Result == record.ResultBound:
		m.activate(j, min(m.now, max(j.ownedUntil, j.sendBefore)))
	case t.Result == record.ResultDone:
		m.end(j, record.Completed, "")
	case t.Result == record.ResultAccepted:
		m.accepted(j, t)
	case t.Result == record.ResultInDoubt:
		m.doubtful(j, t)
	case j.cancel && (t.Result == record.ResultAgain || !t.Maybe):
		m.end(j, record.Canceled, "canceled")
	case t.Result == record.ResultFailed:
		j.evidence = 3
		m.end(j, record.Failed, t.Cause)
	default:
		m.endDoubt(j)
		m.again(j, t, wasInDoubt)
	}
}

// seenPlaced: the attempt in hand is known to have been placed.
func (j *mJob) seenPlaced() bool {
	return j.seen != nil && (j.repeatable || j.seen.attempt == j.attempt)
}

// ownerDied: nobody will tell how the attempt in hand ended.
func (m *model) ownerDied(j *mJob) {
	switch {
	case j.stands != "":
		m.stand(j, j.stands)
	case j.seenPlaced():
		m.goOn(j, *j.seen)
	default:
		m.enterDoubt(j, 0)
	}
}

func (m *model) accepted(j *mJob, t record.Settlement) {
	m.endDoubt(j)
	j.seq++
	j.cancel = false
	if t.AwaitIn > 0 {
		j.giveUp = m.now + t.AwaitIn.Milliseconds()
		m.enter(j, record.AwaitingDial)
		m.due[j.id] = j.giveUp
		return
	}
	j.giveUp = m.now + t.GiveUpIn.Milliseconds()
	m.enter(j, record.Submitted)
	m.due[j.id] = j.giveUp
	if t.PollIn > 0 {
		m.due[j.id] = min(j.giveUp, m.now+t.PollIn.Milliseconds())
	}
}

func (m *model) doubtful(j *mJob, t record.Settlement) {
	if t.MaxRepeats > 0 {
		if j.bounded++; j.bounded > t.MaxRepeats {
			j.evidence = 1
			m.end(j, record.Unknown, "unknown")
			return
		}
	}
	switch {
	case j.state == record.InDoubt:
	case t.Repeat:
		m.enterDoubt(j, t.RepeatIn.Milliseconds())
	default:
		m.enterDoubt(j, -1)
	}
}

func (m *model) again(j *mJob, t record.Settlement, wasInDoubt bool) {
	if t.Counted {
		j.failures++
	}
	if t.Counted && j.failures >= t.MaxAttempts {
		m.end(j, record.Failed, t.Cause)
		return
	}
	if m.now >= j.expires {
		j.holdReason = t.Reason
		m.expire(j)
		return
	}
	at := m.now + t.RetryIn.Milliseconds()
	j.retryAt, j.retryReason = at, t.Reason
	m.hold(j, at, t.Reason)
	if wasInDoubt { // its task ended long ago: the outbox brings a new one
		j.adrift = true
		j.seq++
		m.due[j.id] = min(at, j.expires)
	}
}
