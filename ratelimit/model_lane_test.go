package ratelimit_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// mLane is what the fleet shares about the one account.
type mLane struct {
	gates               map[string]mGate // as noted: by reason
	fails               int              // in a row
	openTill, openFor   int64            // of the breaker; 0: it is closed
	trial               string           // the job that tries whether the vendor works again
	trialTill           int64
	frequent            int   // times in a row
	frequentTill        int64 // until when the lane was shut for it last
	tat, queryTat       int64 // µs; when the next slot is due at a steady rate
	leased              int
	slots               map[string]int64 // µs
	lines, day          map[string]int64
	used                map[int64]mUsed // by the last digit of the second
	locks, suppressions map[string]string
}

type mUsed struct {
	second int64
	n      int
}

type mGate struct {
	reason      string
	till, since int64 // till 0: nobody knows
	detail      string
}

func newLane() mLane {
	return mLane{
		gates: map[string]mGate{}, slots: map[string]int64{}, lines: map[string]int64{}, day: map[string]int64{},
		used: map[int64]mUsed{}, locks: map[string]string{}, suppressions: map[string]string{},
	}
}

// stands says that the gate shuts the lane now.
func (m *model) stands(g mGate) bool { return g.reason != "" && (g.till == 0 || g.till > m.now) }

func followsFromRules(reason string) bool {
	return slices.Contains([]string{"window", "daily_cap", "breaker", "clock"}, reason)
}

// wholeLane and everyQueue are no priorities.
const (
	wholeLane  = "-"
	everyQueue = "*"
)

// gatesFor is why nothing goes out for the jobs of a priority, sorted by reason.
func (m *model) gatesFor(priority string) []mGate {
	var out []mGate
	follows := func(reason string, till int64) { // with words for people, whatever they are
		g := mGate{reason: reason, till: till, since: m.now}
		if noted := m.lane.gates[reason]; m.stands(noted) {
			g.since = noted.since
		}
		out = append(out, g)
	}
	for reason, g := range m.lane.gates {
		_, queue, one := strings.Cut(reason, "/")
		if m.stands(g) && !followsFromRules(reason) && (!one || priority == everyQueue || queue == priority) {
			out = append(out, g)
		}
	}
	if m.lane.openTill > m.now {
		follows("breaker", m.lane.openTill)
	}
	if w := m.rules.Window; w != nil {
		if opens, _ := firstOpen(w, m.now); opens > m.now {
			follows("window", opens)
		}
	}
	if m.rules.DailyCap > 0 && m.today() >= m.rules.DailyCap {
		follows("daily_cap", midnight(dayIndex(m.now)+1))
	}
	if m.behind > 5000 {
		follows("clock", 0)
	}
	slices.SortFunc(out, func(a, b mGate) int { return cmp.Compare(a.reason, b.reason) })
	return out
}

// today is how many calls the day has had.
func (m *model) today() (n int) {
	for _, at := range m.lane.day {
		if at >= midnight(dayIndex(m.now)) {
			n++
		}
	}
	return n
}

// lastOf is the gate that ends last, of several such the first by its name.
func lastOf(gates []mGate) (last mGate) {
	for _, g := range gates {
		if last.reason == "" || last.till != 0 && (g.till == 0 || g.till > last.till) {
			last = g
		}
	}
	return last
}

// noted is what the lane's hash says of the reason for which the job's queue is shut.
func (m *model) noted(priority string) string {
	var standing []mGate
	for reason, g := range m.lane.gates {
		if _, queue, one := strings.Cut(reason, "/"); m.stands(g) && (!one || queue == priority) {
			standing = append(standing, g)
		}
	}
	slices.SortFunc(standing, func(a, b mGate) int { return cmp.Compare(a.reason, b.reason) })
	return lastOf(standing).reason
}

func (m *model) shut(reason string, span int64, detail string) {
	g := mGate{reason, 0, m.now, detail}
	if span > 0 {
		g.till = m.now + span
	}
	if old := m.lane.gates[reason]; m.stands(old) {
		if old.till == 0 || g.till != 0 && g.till <= old.till {
			m.counts["shut: the longer one stays"]++
			return
		}
		m.counts["shut: longer"]++
		g.since = old.since
	}
	m.lane.gates[reason] = g
}

func (m *model) open(reasons ...string) []string {
	opened := []string{}
	open := func(reason string) {
		if m.stands(m.lane.gates[reason]) {
			opened = append(opened, reason)
		}
		delete(m.lane.gates, reason)
		switch reason {
		case "breaker":
			m.closeBreaker()
		case "vendor_frequency":
			m.lane.frequent, m.lane.frequentTill = 0, 0
		case "clock":
			m.seen = 0
		}
	}
	if len(reasons) > 0 {
		for _, reason := range reasons {
			open(reason)
		}
		return opened
	}
	for reason := range maps.Clone(m.lane.gates) {
		if reason != "window" && reason != "daily_cap" {
			open(reason)
		}
	}
	open("breaker") // noted or not
	if m.behind > 5000 {
		open("clock")
	}
	slices.Sort(opened)
	return opened
}

func (m *model) closeBreaker() {
	m.lane.fails, m.lane.openTill, m.lane.openFor, m.lane.trial, m.lane.trialTill = 0, 0, 0, "", 0
}

// halfOpen: the breaker's pause is over, and one job may try.
func (m *model) halfOpen() bool { return m.lane.openTill != 0 && m.lane.openTill <= m.now }

func (m *model) trialOut() bool { return m.lane.trial != "" && m.lane.trialTill > m.now }

// news is what a settlement says of the lane.
func (m *model) news(job string, n record.LaneNews) {
	l := &m.lane
	trial := l.trial == job
	if l.openTill != 0 {
		m.counts[fmt.Sprintf("breaker open: %q, trial %v", n.Health, trial)]++
	}
	switch {
	case n.Health == record.HealthOK:
		m.closeBreaker()
	case n.Health == record.HealthFailed && trial:
		if 2*l.openFor > n.Breaker.MaxOpen.Milliseconds() {
			m.counts["breaker: longest pause"]++
		}
		l.openFor = min(2*l.openFor, n.Breaker.MaxOpen.Milliseconds())
		l.openTill, l.trial, l.trialTill = m.now+l.openFor, "", 0
	case trial:
		l.trial, l.trialTill = "", 0
	case n.Health == record.HealthFailed && l.openTill == 0 && n.Breaker.After > 0:
		if l.fails++; l.fails >= n.Breaker.After {
			l.fails, l.openFor = 0, n.Breaker.Open.Milliseconds()
			l.openTill = m.now + l.openFor
		}
	}
	switch {
	case n.Gate == "":
	case n.Gate == record.GateFrequency:
		if m.stands(l.gates[n.Gate]) {
			m.counts["too frequent: at once"]++
			return // several in flight are told so at once
		}
		last := n.GateFor.Milliseconds()
		for range min(l.frequent-1, 6) {
			last *= 2
		}
		if l.frequent > 0 && m.now > l.frequentTill+last {
			m.counts["too frequent: anew"]++
			l.frequent = 0
		}
		m.counts[fmt.Sprintf("too frequent: %d", l.frequent+1)]++
		span := n.GateFor.Milliseconds() << min(l.frequent, 6)
		m.shut(n.Gate, span, n.Detail)
		l.frequent, l.frequentTill = l.frequent+1, m.now+span
	default:
		m.shut(n.Gate, n.GateFor.Milliseconds(), n.Detail)
	}
}

// linesInUse counts the calls that use a line.
func (m *model) linesInUse() (n int) {
	for _, till := range m.lane.lines {
		if till > m.now {
			n++
		}
	}
	return n
}

// lineNews: the call uses its line for so long after its last news, or no more.
func (m *model) lineNews(j *mJob) {
	switch {
	case j.line == 0 || j.state == record.Submitting: // send has written that
	case j.rank() >= 5:
		delete(m.lane.lines, j.id)
		j.line = 0
	case j.rank() == 0, j.state == record.AwaitingDial: // it may turn out to ring all the same
		delete(m.lane.lines, j.id)
	default:
		m.lane.lines[j.id] = m.now + j.line
	}
}

// suppressed is why a number must not be dialled at all.
func (m *model) suppressed(keys []string) bool {
	for _, key := range keys {
		till, _, _ := strings.Cut(m.lane.suppressions[key], " ")
		if till == "0" || till != "" && millis(till) > m.now {
			return true
		}
	}
	return false
}

// numbersHold is the span in which the numbers are right that a process makes of
// the rules at a time: an hour around it, within the days that they count in.
func (m *model) numbersHold(guess int64) (until int64) {
	for _, at := range []int64{guess, m.now} {
		from, until := at-hourMS, at+hourMS
		calendar := slices.ContainsFunc(m.rules.PerNumber, func(p ratelimit.PerNumber) bool { return p.Calendar })
		if calendar || m.rules.DailyCap > 0 {
			from, until = max(from, midnight(dayIndex(at))), min(until, midnight(dayIndex(at)+1))
		}
		if m.now >= from && m.now < until {
			return until
		}
	}
	panic("an hour around now holds it")
}

// project is how the lane stands; what follows from rules and time is noted.
func (m *model) project(guess int64, peek bool) ratelimit.Standing {
	s := ratelimit.Standing{Now: time.UnixMilli(m.now), Server: time.UnixMilli(m.now - m.behind), Lines: m.linesInUse(), Failures: m.lane.fails}
	next := m.numbersHold(guess)
	sooner := func(at int64) {
		if at > m.now {
			next = min(next, at)
		}
	}
	standing := map[string]mGate{}
	for _, g := range m.gatesFor(everyQueue) {
		gate := ratelimit.Gate{Reason: g.reason, Since: time.UnixMilli(g.since), Detail: g.detail}
		if g.till > 0 {
			gate.Until = time.UnixMilli(g.till)
		}
		s.Gates = append(s.Gates, gate)
		standing[g.reason] = g
		sooner(g.till)
	}
	if peek && m.halfOpen() && m.trialOut() {
		s.Gates = append(s.Gates, ratelimit.Gate{
			Reason: "breaker", Since: time.UnixMilli(m.lane.openTill), Until: time.UnixMilli(m.lane.trialTill), Trial: true,
		})
		sooner(m.lane.trialTill)
		m.counts["peek: a trial is out"]++
	}
	if w := m.rules.Window; w != nil {
		opens, closes := firstOpen(w, m.now)
		sooner(opens)
		if opens == m.now {
			sooner(closes)
		}
	}
	if !peek {
		m.lane.gates = standing
	}
	s.Next = time.UnixMilli(next)
	total := 0
	for _, u := range m.lane.used {
		if age := m.now/1000 - u.second; age >= 1 && age <= 10 {
			total += u.n
		}
	}
	s.Used = float64(total) / 10
	return s
}
