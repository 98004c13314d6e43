package ratelimit_test

import (
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
	if m.rules.Window == nil || r.Anytime {
		return at, reason, 0
	}
	open, closes := firstOpen(m.rules.Window, at)
	if open > at && at == m.now {
		reason = "window"
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
			out.Left = time.Duration(j.sendBefore-m.now) * time.Millisecond
			return decide(ratelimit.Go)
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
	}
	at, reason, closes := m.earliest(j, r)
	if taken := m.taken(j, r.Free); at == m.now && (m.rules.OneAtATime || r.Free) && taken > 0 {
		if !r.Waited {
			return decide(ratelimit.Wait)
		}
		at, reason = m.now+1000, "one_at_a_time"
	}
	if at > m.now && doubt { // it stays in doubt whatever holds it
		m.enterDoubt(j, at-m.now)
		return over()
	}
	if at > m.now {
		if reason != "one_at_a_time" && !r.Free {
			m.hope(j)
		}
		m.hold(j, at, reason)
		out.Until, out.Reason = time.UnixMilli(at), reason
		return decide(ratelimit.Hold)
	}
	if !r.Go {
		return decide(ratelimit.Ready)
	}
	if doubt {
		j.repeats++
		j.repeatAt = 0
	} else { // a repeat loses nothing that is known
		j.vendorID, j.seen = "", nil
	}
	m.send(j, r, closes)
	out.Left = time.Duration(j.sendBefore-m.now) * time.Millisecond
	return decide(ratelimit.Go)
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
// flight placed nothing.
func (m *model) hope(j *mJob) {
	for _, key := range j.numbers {
		n := m.number(key)
		mine, counted := n.charges[n.fly]
		if n.flyTill <= m.now || !counted || len(n.hopeful) >= 8 {
			continue
		}
		for _, rule := range m.rules.PerNumber {
			since := m.now - (rule.Width + rule.Margin).Milliseconds()
			if rule.Calendar {
				since = midnight(dayIndex(m.now)) - 1
			}
			if len(n.later(since)) == rule.Limit && mine > since {
				n.hopeful[j.id] = true
			}
		}
	}
}

// kept is how many charges a number keeps at the least.
func (m *model) kept() int {
	n := 64
	for _, rule := range m.rules.PerNumber {
		n = max(n, 2*rule.Limit+64)
	}
	return n
}

// send charges every number and writes the intent.
func (m *model) send(j *mJob, r ratelimit.Request, closes int64) {
	before := min(m.now+5000, j.expires)
	if closes != 0 {
		before = min(before, closes)
	}
	owned := before + r.Timeout.Milliseconds() + 30000
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
		clear(n.hopeful)
	}
	m.clearHold(j)
	j.vendorTask, j.evidence, j.refunded = "", 0, 0
	j.repeatable, j.keeps = r.Repeatable, r.Free && r.Keeps
	j.attempt, j.token, j.sendBefore, j.ownedUntil, j.doubt = r.Attempt, r.Token, before, owned, r.Doubt.Milliseconds()
	m.enter(j, "submitting")
	m.due[j.id] = owned
}
