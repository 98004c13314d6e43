package ratelimit_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/ratelimit"
)

func millis(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// spacing is the time between two slots in µs: the rate less its margin.
func spacing(r ratelimit.Rate) int64 { return int64(math.Floor(1.02e6 / r.PerSecond)) }

// mGrant is what a process gets of a rate.
type mGrant struct {
	gate mGate // not empty: nothing
	ids  []string
	at   []int64 // µs
	// Between these it asks again: processes take turns at random. ms
	askFrom, askTo float64
}

// lease gives the next conforming slots: no more than a burst at once, and then
// one at each spacing; none is further ahead than a second.
func (m *model) lease(p ratelimit.Pace, n int, lead time.Duration) mGrant {
	rate, tat := m.rules.Rate, &m.lane.tat
	if p == ratelimit.PaceQueries {
		rate, tat = m.rules.QueryRate, &m.lane.queryTat
	}
	step, now := spacing(rate), m.now*1000
	early, horizon, room := int64(rate.Burst-1)*step, now+1_000_000, n
	if p == ratelimit.PaceCalls {
		if gate := lastOf(m.gatesFor(wholeLane)); gate.reason != "" {
			return mGrant{gate: gate}
		}
		room = m.room(n)
	}
	due := *tat
	if due > horizon+early+3*step { // no lease reaches further: the time was set back
		m.counts["lease: the time was set back"]++
		due = now
	}
	out := mGrant{}
	for len(out.at) < room {
		slot := max(now+lead.Microseconds(), due-early)
		if slot > horizon {
			break
		}
		due = max(due, slot) + step
		out.at = append(out.at, slot)
		out.ids = append(out.ids, "")
	}
	out.askAgain(float64(m.now), float64(due-early)/1000-1000, lead, room < n, len(out.at) < n)
	if len(out.at) == 0 {
		return out
	}
	*tat = due
	if p != ratelimit.PaceQueries {
		m.keepSlots(out)
	}
	return out
}

// askAgain: when the next slot comes within reach; in 400 ms at the soonest where
// lines or a trial left too few; where the rate did, after a rest that leaves time to
// meet what is free by then.
func (g *mGrant) askAgain(now, near float64, lead time.Duration, full, fewer bool) {
	g.askFrom, g.askTo = max(now, near), max(now, near)
	rest := max(0.9-lead.Seconds(), 0.1) * 1000
	switch {
	case full:
		g.askFrom = max(near, now+400)
		g.askTo = g.askFrom
	case fewer:
		g.askFrom, g.askTo = g.askFrom+rest*3/4, g.askTo+rest
	}
}

// room is how many of n slots the breaker and the lines leave.
func (m *model) room(n int) int {
	if m.halfOpen() {
		m.counts[fmt.Sprintf("lease: half open, one tries %v", m.trialOut())]++
		n = 1
		if m.trialOut() {
			n = 0
		}
	}
	if m.rules.MaxInFlight == 0 {
		return n
	}
	promised := 0
	for _, at := range m.lane.slots {
		if at >= (m.now-100)*1000 {
			promised++
		}
	}
	if m.linesInUse()+promised >= m.rules.MaxInFlight {
		m.counts["lease: full"]++
	}
	return max(0, min(n, m.rules.MaxInFlight-m.linesInUse()-promised))
}

func (m *model) keepSlots(g mGrant) {
	for id, at := range m.lane.slots {
		if at <= (m.now-60000)*1000 {
			delete(m.lane.slots, id)
		}
	}
	for i := range g.ids {
		m.lane.leased++
		g.ids[i] = strconv.Itoa(m.lane.leased)
		m.lane.slots[g.ids[i]] = g.at[i]
	}
}

// useSlot takes a slot away and says when it is; ok is false where it is none, or
// is over.
func (m *model) useSlot(id string) (at int64, ok bool) {
	us, leased := m.lane.slots[id]
	delete(m.lane.slots, id)
	at = (us + 999) / 1000
	return at, leased && m.now < at+100 && at <= m.now+2000
}

func (m *model) countUse() {
	second := m.now / 1000
	u := m.lane.used[second%10]
	if u.second != second {
		u = mUsed{second: second}
	}
	u.n++
	m.lane.used[second%10] = u
}

// lift takes a number's lock away. Who waited for that is due at once.
func (m *model) lift(key string) bool {
	n := m.number(key)
	locked := n.lock > m.now
	n.lock = 0
	wake := func(id string) {
		j := m.jobs[id]
		if j == nil || j.state != "held" {
			return
		}
		if j.retryReason == "lockout" {
			j.retryAt, j.retryReason = 0, ""
		}
		if _, open := m.due[id]; open {
			m.due[id] = m.now
		}
	}
	for id := range n.locked {
		m.counts["lift: wakes"]++
		wake(id)
	}
	clear(n.locked)
	if words := splitWords(m.lane.locks[key], 5); len(words) > 2 {
		if j := m.jobs[words[2]]; j != nil && j.holdReason == "lockout" {
			wake(words[2])
		}
	}
	delete(m.lane.locks, key)
	return locked
}

// lock is an operator's; a longer one stays.
func (m *model) lock(l ratelimit.Lock) bool {
	till, n := l.Until.UnixMilli(), m.number(l.Key)
	if till <= m.now {
		return false
	}
	longer := n.lock >= till
	n.lock = max(n.lock, till)
	if longer && m.lane.locks[l.Key] != "" {
		return true
	}
	if words := splitWords(m.lane.locks[l.Key], 5); len(words) > 2 && words[2] != "-" {
		n.locked[words[2]] = true // whom the vendor refused waits on
		m.counts["lock: longer than the vendor's"]++
	}
	m.lane.locks[l.Key] = strconv.FormatInt(n.lock, 10) + " - - - " + l.Reason
	return true
}

// listLocks says what is locked, and forgets in the index what is not.
func (m *model) listLocks() []string {
	var out []string
	for key, entry := range m.lane.locks {
		n := m.number(key)
		if n.lock <= m.now {
			delete(m.lane.locks, key)
			continue
		}
		words := splitWords(entry, 2)
		out = append(out, key+" "+strconv.FormatInt(n.lock, 10)+" "+words[1])
	}
	slices.Sort(out)
	return out
}
