package sandbox

import (
	"maps"
	"slices"
)

// Events returns every event by its id, in the order in which they were first heard.
func (a *Application) Events() []Told {
	a.mu.Lock()
	defer a.mu.Unlock()
	events := make([]Told, len(a.order))
	for i, told := range a.order {
		events[i] = *told
		events[i].bodies = nil
	}
	return events
}

// DifferentBodies returns, sorted, the ids that came with more than one body.
func (a *Application) DifferentBodies() []string {
	return a.ids(func(t *Told) bool { return len(t.bodies) > 1 })
}

// ToldAgain returns, sorted, the ids that came again although the application had
// answered 204: a sender may do that after a crash, and else has no reason.
func (a *Application) ToldAgain() []string { return a.ids(func(t *Told) bool { return t.Again > 0 }) }

// Untaken returns, sorted, the ids that were never answered with 204.
func (a *Application) Untaken() []string { return a.ids(func(t *Told) bool { return t.Taken == 0 }) }

func (a *Application) ids(which func(*Told) bool) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(a.events)) {
		if which(a.events[id]) {
			ids = append(ids, id)
		}
	}
	return ids
}

// LastRevisions returns by job the highest revision that it was told.
func (a *Application) LastRevisions() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := map[string]int{}
	for _, told := range a.order {
		last[told.Job] = max(last[told.Job], told.Revision)
	}
	return last
}

// RevisionsTwice returns, sorted, the ids of events that tell of a job's revision
// which another id had told of before.
func (a *Application) RevisionsTwice() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	type change struct {
		job      string
		revision int
	}
	seen := map[change]bool{}
	var twice []string
	for _, told := range a.order {
		c := change{told.Job, told.Revision}
		if seen[c] {
			twice = append(twice, told.ID)
		}
		seen[c] = c.revision > 0
	}
	slices.Sort(twice)
	return twice
}
