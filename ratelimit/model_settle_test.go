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
	open := !ended(j.state) && j.state != record.Unknown
	if open || j.code == "" && j.text == "" {
		j.words(t.Code, t.Text)
	}
	if t.VendorTask != "" {
		j.vendorTask = t.VendorTask
	}
	if t.VendorID != "" && (open || j.vendorID == "") {
		j.vendorID = t.VendorID
	}
	m.release(j, t.Attempt)
	if t.LockFor > 0 {
		for _, key := range j.numbers {
			m.number(key).lock = max(m.number(key).lock, m.now+t.LockFor.Milliseconds())
		}
	}
	notPlaced := t.Result == record.ResultAgain || t.Result == record.ResultFailed
	switch {
	case ended(j.state): // a push was faster: the call was placed
		m.charge(j, t.Attempt, true)
		if notPlaced {
			m.line(j, j.state, true)
		}
	case j.state == record.Unknown:
		m.charge(j, t.Attempt, !notPlaced || t.KeepCharge)
		if notPlaced {
			m.end(j, record.Failed, t.Cause)
		}
	default:
		m.charge(j, t.Attempt, !notPlaced || t.KeepCharge)
		m.settleOpen(j, t)
	}
}

// settleOpen is a settlement of a job that is submitting or in doubt.
func (m *model) settleOpen(j *mJob, t record.Settlement) {
	wasInDoubt := j.state == record.InDoubt
	switch {
	case t.Result == record.ResultAccepted:
		j.seq++
		j.giveUp, j.cancel = m.now+t.GiveUpIn.Milliseconds(), false
		m.enter(j, record.Submitted)
		m.due[j.id] = j.giveUp
		if t.PollIn > 0 {
			m.due[j.id] = min(j.giveUp, m.now+t.PollIn.Milliseconds())
		}
	case t.Result == record.ResultInDoubt && !wasInDoubt:
		m.enter(j, record.InDoubt)
		m.due[j.id] = m.now + j.doubt
	case t.Result == record.ResultInDoubt:
	case j.cancel:
		m.end(j, record.Canceled, "canceled")
	case t.Result == record.ResultFailed:
		j.evidence = 3
		m.end(j, record.Failed, t.Cause)
	default:
		m.again(j, t, wasInDoubt)
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
	if e.State == "" {
		return record.Same, j.state
	}
	if waiting(j.state) || j.refunded == e.Attempt { // it was placed after all
		j.refunded = 0
		for _, key := range j.numbers {
			m.number(key).charges[attemptID(j, e.Attempt)] = m.now
		}
	}
	if ended(j.state) {
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
	m.end(j, e.State, e.Cause)
	return record.Advanced, j.state
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
	if e.SIP > 0 {
		j.sip = e.SIP
	}
	if e.Duration != nil {
		j.duration = strconv.FormatInt(e.Duration.Milliseconds(), 10)
	}
	if e.Billable != nil {
		j.billable = map[bool]string{true: "1", false: "0"}[*e.Billable]
	}
}
