package ratelimit_test

import (
	"strconv"
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
		return record.Settled{State: j.state, Stale: true}
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
	if !j.repeatable || !stays {
		m.release(j, t.Attempt)
	}
	if t.LockFor > 0 {
		for _, key := range j.numbers {
			m.number(key).lock = max(m.number(key).lock, m.now+t.LockFor.Milliseconds())
		}
	}
	notPlaced := t.Result == record.ResultAgain || t.Result == record.ResultFailed && !t.Maybe
	stands := !notPlaced || t.KeepCharge
	switch {
	case j.state == record.Submitting, j.state == record.InDoubt:
		m.charge(j, t.Attempt, stands)
		m.settleOpen(j, t, earlier)
	case j.state == record.Unknown:
		m.charge(j, t.Attempt, stands)
		m.settleUnknown(j, t, notPlaced && !earlier)
	default: // a push was faster: the call was placed
		m.charge(j, t.Attempt, true)
		if notPlaced {
			m.line(j, j.state, true)
		}
	}
}

// settleUnknown is a settlement that comes after everybody gave up.
func (m *model) settleUnknown(j *mJob, t record.Settlement, proved bool) {
	switch {
	case proved:
		m.end(j, record.Failed, t.Cause)
	case t.Result == record.ResultBound:
		j.ended, j.cause = 0, ""
		m.activate(j, m.now)
	case t.Result == record.ResultDone:
		m.end(j, record.Completed, "")
	}
}

// settleOpen is a settlement of a job that is submitting or in doubt. earlier:
// an attempt before this one is in doubt.
func (m *model) settleOpen(j *mJob, t record.Settlement, earlier bool) {
	wasInDoubt := j.state == record.InDoubt
	switch {
	case earlier && t.Result == record.ResultAgain:
		m.enterDoubt(j, t.RetryIn.Milliseconds())
	case earlier && t.Result == record.ResultFailed:
		m.enterDoubt(j, -1)
	case t.Result == record.ResultBound:
		m.activate(j, m.now)
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

// advanceChild is evidence of a call over a binding, whose record it may make.
func (m *model) advanceChild(id string, e record.Evidence) (record.Verdict, record.State) {
	if m.jobs[id] == nil {
		j := &mJob{id: id, kind: "call", created: m.now, giveUp: m.now + e.GiveUpIn.Milliseconds()}
		m.jobs[id] = j
		m.enter(j, record.Submitted)
		m.due[id] = j.giveUp
	}
	return m.advance(id, e)
}

func (m *model) advance(id string, e record.Evidence) (record.Verdict, record.State) {
	j := m.jobs[id]
	switch {
	case j == nil:
		return record.NoRecord, ""
	case e.Attempt != j.attempt:
		m.lateEvidence(j, e)
		return record.Stale, j.state
	case e.VendorID != "" && j.vendorID != "" && e.VendorID != j.vendorID:
		return record.Foreign, j.state
	}
	if e.VendorID != "" {
		j.vendorID = e.VendorID
	}
	switch {
	case e.State == "":
		return record.Same, j.state
	case j.rank() == 9 && e.Task != "" && j.callTask != "" && e.Task != j.callTask: // another call
		m.line(j, j.state, false)
		return record.Same, j.state
	case !ended(e.State) && (j.rank() == 1 || j.rank() >= rankOf(e.State)):
		return record.Same, j.state
	}
	if waiting(j.state) || j.refunded == e.Attempt { // it was placed after all
		j.refunded = 0
		for _, key := range j.numbers {
			m.number(key).charges[attemptID(j, e.Attempt)] = m.now
		}
	}
	if !ended(e.State) {
		m.underWay(j, e)
		return record.Advanced, j.state
	}
	if j.rank() == 9 {
		if e.State == j.state {
			if e.Strength > j.evidence {
				j.learn(e)
			}
			return record.Same, j.state
		}
		m.line(j, j.state, true)
		if e.State != record.Completed && (j.state == record.Completed || e.Strength <= j.evidence) {
			return record.Same, j.state
		}
	}
	j.learn(e)
	if e.Task != "" {
		j.callTask = e.Task
	}
	m.end(j, e.State, e.Cause)
	return record.Advanced, j.state
}

// underWay is evidence of a call that goes on.
func (m *model) underWay(j *mJob, e record.Evidence) {
	switch j.state {
	case record.Submitted, record.Ringing: // somebody polls it, or nobody can
	default:
		m.clearHold(j)
		m.endDoubt(j)
		j.seq++
		j.giveUp = m.now + e.GiveUpIn.Milliseconds()
		m.due[j.id] = j.giveUp
		if e.PollIn > 0 {
			m.due[j.id] = min(j.giveUp, m.now+e.PollIn.Milliseconds())
		}
	}
	j.learn(e)
	m.enter(j, e.State)
}

// bound: something happened over the binding.
func (m *model) bound(id, vendorID string) (record.Verdict, record.State) {
	j := m.jobs[id]
	switch {
	case j == nil:
		return record.NoRecord, ""
	case j.lost, waiting(j.state) && j.attempt == 0, vendorID != "" && j.vendorID != "" && vendorID != j.vendorID:
		return record.Foreign, j.state
	}
	if vendorID != "" {
		j.vendorID = vendorID
	}
	switch {
	case j.state == record.Submitting, j.state == record.Active, j.soft, ended(j.state):
		return record.Same, j.state
	}
	m.clearHold(j)
	j.ended, j.cause = 0, ""
	m.release(j, j.attempt)
	m.activate(j, max(j.ownedUntil, j.sendBefore))
	return record.Advanced, j.state
}

func (m *model) released(id string) record.State {
	j := m.jobs[id]
	if j == nil {
		return ""
	}
	if j.rank() >= 2 && j.rank() < 9 {
		m.end(j, record.Released, "")
	}
	return j.state
}

// words replaces the vendor's words, all of them, where there are new ones.
func (j *mJob) words(code, text string) {
	if code != "" || text != "" {
		j.code, j.text = code, text
	}
}

// lateEvidence says that an attempt that was followed by another was placed.
func (m *model) lateEvidence(j *mJob, e record.Evidence) {
	if e.State == "" || e.Attempt < 1 || e.Attempt > j.attempt || j.late[e.Attempt] != "" {
		return
	}
	if j.late == nil {
		j.late = map[int]record.State{}
	}
	j.late[e.Attempt] = e.State
	m.line(j, j.state, true)
	for _, key := range j.numbers {
		if n := m.number(key); n.charges[attemptID(j, e.Attempt)] == 0 {
			n.charges[attemptID(j, e.Attempt)] = m.now
		}
	}
}

func (j *mJob) learn(e record.Evidence) {
	j.evidence = e.Strength
	j.words(e.Code, e.Text)
	if j.facts == nil {
		j.facts = map[string]string{}
	}
	if e.Facts.SIP > 0 {
		j.facts["sip"] = strconv.Itoa(e.Facts.SIP)
	}
	if e.Facts.DTMF != "" {
		j.facts["dtmf"] = e.Facts.DTMF
	}
	if e.Facts.Duration != nil {
		j.facts["duration_ms"] = strconv.FormatInt(e.Facts.Duration.Milliseconds(), 10)
	}
	if e.Facts.Billable != nil {
		j.facts["billable"] = map[bool]string{true: "1", false: "0"}[*e.Facts.Billable]
	}
}
