package ratelimit_test

import (
	"slices"
	"strconv"

	"github.com/callpacer/callpacer/internal/record"
)

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
		return m.earlierEvidence(j, e)
	case e.VendorID != "" && j.vendorID != "" && e.VendorID != j.vendorID:
		return record.Foreign, j.state
	}
	if e.VendorID != "" && j.vendorID == "" && j.kind != "call" {
		m.name(j, e.Attempt, record.Names{VendorID: e.VendorID})
	}
	if e.VendorID != "" {
		j.vendorID = e.VendorID
	}
	switch {
	case e.State == "":
		return record.Same, j.state
	case e.Task != "" && j.callTask != "" && e.Task != j.callTask: // another call
		if !ended(e.State) {
			return record.Same, j.state
		}
		if call := record.ChildID(id, e.Task); j.lastCall != call {
			j.lastCall = call
			m.line(j, j.state, false)
		}
		if e.State == record.Completed {
			j.extraAnswered = 1
		}
		return record.Extra, j.state
	}
	j.placed = e.Attempt
	if j.state == record.InDoubt || j.state == record.Unknown { // the vendor works
		if m.lane.openTill != 0 {
			m.counts["breaker closed by evidence"]++
		}
		m.news(j.id, record.LaneNews{Health: record.HealthOK})
	}
	if waiting(j.state) || j.refunded == e.Attempt { // it was placed after all
		m.dayStands(j, e.Attempt)
		j.refunded = 0
		for _, key := range j.numbers {
			m.number(key).charges[attemptID(j, e.Attempt)] = m.now
		}
	}
	switch {
	case ended(e.State):
	case j.rank() == 1:
		m.see(j, e)
		j.learn(e)
		return record.Same, j.state
	case j.rank() >= rankOf(e.State):
		return record.Same, j.state
	default:
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
	j.seen = nil
	m.end(j, e.State, e.Cause)
	return record.Advanced, j.state
}

// underWay is evidence of a call that goes on.
func (m *model) underWay(j *mJob, e record.Evidence) {
	j.learn(e)
	switch j.state {
	case record.Submitted, record.Ringing: // somebody polls it, or nobody can
		m.enter(j, e.State)
	default:
		m.goOn(j, seenOf(e))
	}
}

func seenOf(e record.Evidence) mSeen {
	return mSeen{e.Attempt, e.State, e.Cause, e.VendorID, e.PollIn.Milliseconds(), e.GiveUpIn.Milliseconds()}
}

// goOn: the job is the call of that attempt.
func (m *model) goOn(j *mJob, s mSeen) {
	j.attempt, j.placed, j.seen = s.attempt, s.attempt, nil
	if s.vendorID != "" {
		j.vendorID = s.vendorID
	}
	if ended(s.state) {
		m.end(j, s.state, s.cause)
		return
	}
	m.clearHold(j)
	m.endDoubt(j)
	j.cancel = false
	j.seq++
	j.giveUp = m.now + s.giveUp
	m.enter(j, s.state)
	m.due[j.id] = j.giveUp
	if s.poll > 0 {
		m.due[j.id] = min(j.giveUp, m.now+s.poll)
	}
}

// see keeps evidence until the attempt in hand has its answer; what came in
// another order takes nothing back.
func (m *model) see(j *mJob, e record.Evidence) {
	weight := func(s record.State) int {
		if s == record.Completed {
			return 10
		}
		return rankOf(s)
	}
	newer := j.seen == nil || e.Attempt == j.attempt && j.seen.attempt != e.Attempt
	if newer || weight(e.State) >= weight(j.seen.state) {
		s := seenOf(e)
		j.seen = &s
	}
}

// bound: something happened over the binding.
func (m *model) bound(id string, names record.Names, call string) (record.Verdict, record.State) {
	j, vendorID := m.jobs[id], names.VendorID
	switch {
	case j == nil:
		return record.NoRecord, ""
	case j.lost, (waiting(j.state) || j.state == record.Failed) && j.attempt == 0, vendorID != "" && j.vendorID != "" && vendorID != j.vendorID:
		return record.Foreign, j.state
	}
	if vendorID != "" {
		j.vendorID = vendorID
	}
	if call != "" && j.lastCall != call {
		j.lastCall = call
		m.line(j, j.state, false)
	}
	switch {
	case j.state == record.Submitting:
		j.stands = record.ResultBound
		m.name(j, j.attempt, names)
		return record.Same, j.state
	case j.state == record.Active:
		m.name(j, j.attempt, names)
		return record.Same, j.state
	case j.soft, ended(j.state) && j.state != record.Failed:
		return record.Same, j.state
	}
	m.clearHold(j)
	j.ended, j.cause = 0, ""
	m.release(j, j.attempt)
	m.activate(j, max(j.ownedUntil, j.sendBefore))
	m.name(j, j.attempt, names)
	return record.Advanced, j.state
}

func (m *model) released(id string) record.State {
	j := m.jobs[id]
	if j == nil {
		if slices.ContainsFunc(m.entries(), func(e mEntry) bool { return e.job == id }) {
			m.counts["released: an orphan"]++
		}
		m.orphans = slices.DeleteFunc(m.orphans, func(e mEntry) bool { return e.job == id })
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

// earlierEvidence says that an attempt that was followed by another was placed.
func (m *model) earlierEvidence(j *mJob, e record.Evidence) (record.Verdict, record.State) {
	if e.State == "" || e.Attempt < 1 || e.Attempt > max(j.attempt, j.settled) {
		return record.Stale, j.state
	}
	m.late(j, e)
	names := record.Names{VendorID: e.VendorID}
	switch {
	case waiting(j.state), j.state == record.InDoubt && j.repeatable:
		j.vendorID = ""
		m.name(j, e.Attempt, names)
		j.learn(e)
		m.goOn(j, seenOf(e))
		return record.Advanced, j.state
	case j.state == record.Submitting && (j.seen == nil || j.seen.attempt != j.attempt), j.state == record.InDoubt:
		m.see(j, e)
		m.name(j, e.Attempt, names)
	}
	return record.Stale, j.state
}

// late charges once what an earlier attempt's refusal gave back.
func (m *model) late(j *mJob, e record.Evidence) {
	if j.late[e.Attempt] != "" {
		return
	}
	if j.late == nil {
		j.late = map[int]record.State{}
	}
	j.late[e.Attempt] = e.State
	m.line(j, j.state, true)
	m.dayStands(j, e.Attempt)
	for _, key := range j.numbers {
		if n := m.number(key); n.charges[attemptID(j, e.Attempt)] == 0 {
			n.charges[attemptID(j, e.Attempt)] = m.now
		}
	}
}

// dayStands: the day has one call more, of which was said that it had not.
func (m *model) dayStands(j *mJob, n int) {
	if name := attemptID(j, n); j.capped && m.lane.day[name] == 0 {
		m.lane.day[name] = m.now
		m.counts["day: stands after all"]++
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
