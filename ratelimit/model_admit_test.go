package ratelimit_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

const (
	hourMS = int64(time.Hour / time.Millisecond)
	dayMS  = 24 * hourMS
)

// The model lives in a zone eight hours ahead of UTC that never sets its clocks.
const zoneMS = 8 * hourMS

func dayIndex(at int64) int64 { return (at + zoneMS) / dayMS }

func midnight(day int64) int64 { return day*dayMS - zoneMS }

// opening is the window that the day opens; ok is false where it stays shut.
func opening(w *ratelimit.Window, day int64) (opens, closes int64, ok bool) {
	date := time.UnixMilli(day * dayMS).UTC()
	if w.Blackout[date.Format(time.DateOnly)] || len(w.Weekdays) > 0 && !w.Weekdays[date.Weekday()] {
		return 0, 0, false
	}
	opens, closes = midnight(day)+w.Open.Milliseconds(), midnight(day)+w.Close.Milliseconds()
	if closes <= opens {
		closes += dayMS
	}
	if closes-opens < dayMS || w.Open != 0 {
		opens, closes = opens+w.OpenGuard.Milliseconds(), closes-w.CloseGuard.Milliseconds()
	}
	return opens, closes, opens < closes
}

// firstOpen is the first instant from at on that lies in a window, and that
// window's end.
func firstOpen(w *ratelimit.Window, at int64) (from, closes int64) {
	for day := dayIndex(at) - 1; ; day++ {
		if o, c, ok := opening(w, day); ok && c > at {
			return max(o, at), c
		}
	}
}

// earliest is when no rule but one_at_a_time stands in the way.
func (m *model) earliest(j *mJob, r ratelimit.Request) (at int64, reason string, closes int64) {
	at = m.now
	later := func(t int64, why string) {
		if t > at {
			at, reason = t, why
		}
	}
	later(j.notBefore, "not_before")
	later(j.retryAt, j.retryReason)
	later(j.repeatAt, "repeat")
	for _, key := range j.numbers {
		if r.Free {
			break
		}
		n := m.number(key)
		later(n.lock, "lockout")
		for _, rule := range m.rules.PerNumber {
			if rule.Calendar {
				today := dayIndex(m.now)
				if len(n.later(midnight(today)-1)) >= rule.Limit {
					later(midnight(today+1), "per_number")
				}
				continue
			}
			width := (rule.Width + rule.Margin).Milliseconds()
			if in := n.later(m.now - width); len(in) >= rule.Limit {
				later(in[len(in)-rule.Limit]+width, "per_number")
			}
		}
	}
	if rival := m.rival(j); rival != nil {
		later(m.now+map[bool]int64{true: 5000, false: 1000}[rival.open()], record.HoldConflict)
	}
	if m.rules.Window == nil || r.Anytime {
		return at, reason, 0
	}
	open, closes := firstOpen(m.rules.Window, at)
	if at == m.now {
		return at, "", closes // where it is shut, that is the lane's affair
	}
	return open, reason, closes
}

func (m *model) admit(r ratelimit.Request) ratelimit.Answer {
	out := ratelimit.Answer{Now: time.UnixMilli(m.now)}
	decide := func(d ratelimit.Decision) ratelimit.Answer { out.Decision = d; return out }
	j := m.jobs[r.JobID]
	if j == nil {
		return decide(ratelimit.Missing)
	}
	j.runs = 0
	if rankOf(j.state) == 1 {
		if j.token == r.Token && j.attempt == r.Attempt {
			return m.permit(j, out)
		}
		out.Until = time.UnixMilli(j.ownedUntil)
		return decide(ratelimit.Busy)
	}
	over := func() ratelimit.Answer { out.State = j.state; return decide(ratelimit.Over) }
	doubt := j.state == record.InDoubt && j.repeatAt != 0 && r.Repeatable
	switch {
	case !waiting(j.state) && !doubt:
		return over()
	case r.Attempt != j.attempt+1:
		return decide(ratelimit.Stale)
	case m.now >= j.expires && doubt:
		m.enterDoubt(j, -1)
		return over()
	case m.now >= j.expires:
		m.expire(j)
		return over()
	case doubt && m.suppressed(r.Suppress):
		m.counts["admit in doubt: suppressed"]++
		m.line(j, j.state, true)
		m.enterDoubt(j, -1)
		return over()
	case m.suppressed(r.Suppress):
		m.end(j, record.Failed, "suppressed")
		m.counts["admit: suppressed"]++
		return over()
	case m.hopelessX(j, r.Free, doubt):
		m.counts["admit: conflict, failed"]++
		m.end(j, record.Failed, record.HoldConflict)
		return over()
	}
	w, wait := m.waits(j, r)
	switch {
	case wait && w.decision == ratelimit.Wait:
		return decide(ratelimit.Wait)
	case wait && doubt: // it stays in doubt whatever holds it
		if w.decision == ratelimit.Shut {
			m.counts["admit in doubt: gate"]++
		}
		if w.reason == record.HoldConflict {
			m.counts["admit in doubt: conflict"]++
		}
		m.enterDoubt(j, w.doubted-m.now)
		return over()
	case wait && w.decision == ratelimit.Shut:
		if j.state == record.Reserved {
			j.state = record.Queued
		}
		out.Reason = w.reason
		if w.at != 0 {
			out.Until = time.UnixMilli(w.at)
		}
		return decide(ratelimit.Shut)
	case wait:
		if w.reason != "one_at_a_time" && !r.Free {
			m.hope(j, w.reason)
		}
		m.hold(j, w.at, w.reason)
		out.Until, out.Reason = time.UnixMilli(w.at), w.reason
		return decide(ratelimit.Hold)
	case !r.Go:
		if m.rules.Rate.PerSecond > 0 && !doubt {
			j.state = record.Reserved
		}
		return decide(ratelimit.Ready)
	}
	before, slotAt, ok := m.slotFor(j, r)
	if !ok {
		return decide(ratelimit.Again)
	}
	if doubt {
		j.repeats++
		j.repeatAt = 0
	} else { // a repeat loses nothing that is known
		j.vendorID, j.seen = "", nil
		m.generation(j)
	}
	m.send(j, r, before, slotAt)
	return m.permit(j, out)
}

// permit is what is left of the job's permit, and the time until its slot.
func (m *model) permit(j *mJob, out ratelimit.Answer) ratelimit.Answer {
	out.Decision = ratelimit.Go
	out.Left = time.Duration(min(j.sendBefore-m.now, 5000)) * time.Millisecond
	out.Wait = time.Duration(max(0, j.slotAt-m.now)) * time.Millisecond
	return out
}

// mWait is what a job waits for.
type mWait struct {
	decision ratelimit.Decision
	reason   string
	at       int64 // 0: nobody knows
	doubted  int64 // when a job in doubt asks again
}

// waits: the job's own rules come first, then its lane's gates, then the call in
// flight to its number.
func (m *model) waits(j *mJob, r ratelimit.Request) (mWait, bool) {
	at, reason, _ := m.earliest(j, r)
	if at > m.now {
		return mWait{ratelimit.Hold, reason, at, at}, true
	}
	if gate := lastOf(m.gatesFor(j.priority)); gate.reason != "" && !r.Anytime {
		again := max(m.now+1000, min(gate.till, m.now+60000)) // it may open early
		if gate.till == 0 {
			again = m.now + 30000
		}
		return mWait{ratelimit.Shut, gate.reason, gate.till, again}, true
	}
	if taken := m.taken(j, r.Free); taken <= 0 || !m.rules.OneAtATime && !r.Free {
		return mWait{}, false
	}
	if !r.Waited {
		return mWait{decision: ratelimit.Wait}, true
	}
	return mWait{ratelimit.Hold, "one_at_a_time", m.now + 1000, m.now + 1000}, true
}

// slotFor is until when the call may go, and when its slot is. ok is false where it
// needs another one.
func (m *model) slotFor(j *mJob, r ratelimit.Request) (before, slotAt int64, ok bool) {
	_, _, closes := m.earliest(j, r)
	before, slotAt = min(m.now+5000, j.expires), m.now
	if closes != 0 {
		before = min(before, closes)
	}
	full := m.rules.MaxInFlight > 0 && r.LineFor > 0 && m.linesInUse() >= m.rules.MaxInFlight
	if tries := m.halfOpen() && m.trialOut(); !r.Anytime && (full || tries) {
		m.counts[fmt.Sprintf("again: full %v, one tries %v", full, tries)]++
		return 0, 0, false
	}
	if m.rules.Rate.PerSecond == 0 {
		return before, slotAt, true
	}
	_, leased := m.lane.slots[r.Slot]
	at, ok := m.useSlot(r.Slot)
	m.counts[fmt.Sprintf("slot: leased %v, usable %v", leased, ok)]++
	return min(before, at+100), at, ok
}

// taken is for how long others have the job's numbers in flight.
func (m *model) taken(j *mJob, free bool) (till int64) {
	for _, key := range j.numbers {
		n := m.number(key)
		if !free || !strings.HasPrefix(n.fly, j.id+".") {
			till = max(till, n.flyTill-m.now)
		}
	}
	return till
}

// hope notes at each number that the job would have room there if the attempt in
// flight placed nothing, or if its lock were lifted.
func (m *model) hope(j *mJob, reason string) {
	for _, key := range j.numbers {
		n := m.number(key)
		if reason == "lockout" && n.lock > m.now && m.roomFor(n.locked, 100) {
			n.locked[j.id] = true
			m.counts["noted at a lock"]++
		}
		mine, counted := n.charges[n.fly]
		if n.flyTill <= m.now || !counted {
			continue
		}
		for _, rule := range m.rules.PerNumber {
			since := m.now - (rule.Width + rule.Margin).Milliseconds()
			if rule.Calendar {
				since = midnight(dayIndex(m.now)) - 1
			}
			if len(n.later(since)) == rule.Limit && mine > since && !n.hopeful[j.id] && m.roomFor(n.hopeful, 8) {
				n.hopeful[j.id] = true
			}
		}
	}
}

// roomFor says that one more fits among those who wait; where they are too many,
// those who have ended are forgotten.
func (m *model) roomFor(waiters map[string]bool, most int) bool {
	if len(waiters) < most {
		return true
	}
	for id := range waiters {
		if _, open := m.due[id]; !open {
			delete(waiters, id)
		}
	}
	return len(waiters) < most
}

// kept is how many charges a number keeps at the least.
func (m *model) kept() int {
	n := 64
	for _, rule := range m.rules.PerNumber {
		n = max(n, 2*rule.Limit+64)
	}
	return n
}

// send charges every number and the lane, and writes the intent.
func (m *model) send(j *mJob, r ratelimit.Request, before, slotAt int64) {
	owned := before + r.Timeout.Milliseconds() + 30000
	if gate := lastOf(m.gatesFor(j.priority)); gate.reason != "" {
		m.counts["go at any time: "+gate.reason]++
	}
	if m.halfOpen() && !r.Anytime {
		m.counts[fmt.Sprintf("trial: after a dead one %v", m.lane.trial != "")]++
		m.lane.trial, m.lane.trialTill = j.id, owned
	}
	if r.LineFor > 0 {
		j.line, m.lane.lines[j.id] = r.LineFor.Milliseconds(), owned
	}
	if m.rules.DailyCap > 0 && !r.Anytime {
		j.capped, m.lane.day[attemptID(j, r.Attempt)] = true, m.now
	}
	m.countUse()
	for _, key := range j.numbers {
		n := m.number(key)
		n.fly, n.flyTill = attemptID(j, r.Attempt), owned
		if r.Free && r.Keeps {
			n.flyTill += r.Doubt.Milliseconds()
		}
		if r.Free {
			continue
		}
		n.charges[attemptID(j, r.Attempt)] = before + r.Timeout.Milliseconds()
		n.keep = max(n.keep, m.kept())
		delete(n.hopeful, j.id)
		delete(n.locked, j.id)
	}
	m.clearHold(j)
	j.vendorTask, j.evidence, j.refunded = "", 0, 0
	j.repeatable, j.keeps, j.slotAt = r.Repeatable, r.Free && r.Keeps, slotAt
	j.attempt, j.token, j.sendBefore, j.ownedUntil, j.doubt = r.Attempt, r.Token, before, owned, r.Doubt.Milliseconds()
	m.enter(j, "submitting")
	m.due[j.id] = owned
}
