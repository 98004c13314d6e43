package ratelimit_test

import (
	"slices"

	"github.com/callpacer/callpacer/internal/record"
)

// mEntry is a binding that may stand on a middle number.
type mEntry struct {
	number, job string
	gen         int64
	state, mode string
	until       int64 // 0: without end
	a, b        string
	x           string // for people
}

// open says that it may turn out soon that there is no such binding.
func (e mEntry) open() bool { return e.state == "sent" || e.state == "in_doubt" }

func (e mEntry) over(now int64) bool { return e.until != 0 && e.until <= now }

// entryOf is what the ledger has of a job; nil: nothing, whatever the time.
func (j *mJob) entryOf() *mEntry {
	if j.kind != "bind" || len(j.numbers) == 0 {
		return nil
	}
	e := mEntry{number: j.numbers[0], job: j.id, gen: j.gen, mode: j.mode, x: j.x}
	if len(j.parties) > 0 {
		e.a = j.parties[0]
	}
	if len(j.parties) > 1 {
		e.b = j.parties[1]
	}
	atLatest := int64(0) // by our clock, from the latest possible start
	if j.timeToLive > 0 {
		atLatest = max(j.ownedUntil, j.sendBefore) + j.timeToLive
	}
	switch {
	case j.state == record.Submitting:
		e.state, e.until = "sent", atLatest
	case j.state == record.InDoubt:
		e.state, e.until = "in_doubt", atLatest
	case j.state == record.Active:
		e.state, e.until = "active", j.bindingTo
	case j.state == record.Unknown && j.attempt > 0:
		e.state, e.until = "unknown", atLatest
	default:
		return nil
	}
	return &e
}

// entries are all bindings that may stand now, by job.
func (m *model) entries() []mEntry {
	all := slices.Clone(m.orphans)
	for _, j := range m.jobs {
		if e := j.entryOf(); e != nil {
			all = append(all, *e)
		}
	}
	all = slices.DeleteFunc(all, func(e mEntry) bool { return e.over(m.now) })
	slices.SortFunc(all, func(x, y mEntry) int { return map[bool]int{true: -1, false: 1}[x.job < y.job] })
	return all
}

// rival is a binding that leaves the job's no room: one that stands, before one of which
// that is not known yet. nil: there is none.
func (m *model) rival(j *mJob) *mEntry {
	if j.kind != "bind" || len(j.numbers) == 0 {
		return nil
	}
	var found *mEntry
	for _, e := range m.entries() {
		shared := slices.ContainsFunc(j.parties, func(p string) bool { return p == e.a || p == e.b })
		mine := e.job == j.id
		if clash := shared || j.mode == "xa" && e.mode == "xa"; mine || e.number != j.numbers[0] || !clash {
			if !mine && e.number == j.numbers[0] {
				m.counts["rival: none on a shared number"]++
			}
			continue
		}
		m.counts["rival: "+e.state]++
		if found == nil || found.open() && !e.open() {
			found = &e
		}
	}
	return found
}

// hopelessX: a bind waits ten seconds for an unbind of what stands in its way, and as
// long as somebody works on its number.
func (m *model) hopelessX(j *mJob, free, doubt bool) bool {
	rival := m.rival(j)
	switch {
	case rival == nil || rival.open():
		j.conflict, j.rivalJob = 0, ""
	case doubt: // it ends with its doubt
	case j.rivalJob != rival.job:
		j.conflict, j.rivalJob = m.now, rival.job
	default:
		return m.taken(j, free) <= 0 && m.now-j.conflict >= 10000
	}
	return false
}

// generation gives the job the next one of its X.
func (m *model) generation(j *mJob) {
	if j.kind != "bind" {
		return
	}
	x := j.numbers[0]
	m.last[x] = max(m.now, m.last[x]+1)
	j.gen = m.last[x]
}

// orphan: the record of a binding leaves, of which nobody knows whether it stands.
func (m *model) orphan(j *mJob) {
	if e := j.entryOf(); e != nil {
		m.orphans = append(m.orphans, *e)
	}
}
