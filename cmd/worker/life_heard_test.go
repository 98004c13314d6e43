package main

import (
	"testing"

	"github.com/callpacer/callpacer/internal/sandbox"
)

// judgeTold: the applications were told every revision of every record, each by
// its id with one body, the last one with the state that stands, and nothing else.
// again: a sender was killed, which may tell a change again.
func (l *life) judgeTold(t *testing.T, again bool) {
	t.Helper()
	heard := map[string]sandbox.Told{}
	for _, a := range []*sandbox.Application{l.app, l.other} {
		for what, ids := range map[string][]string{
			"with two bodies": a.DifferentBodies(), "of one change under two ids": a.RevisionsTwice(), "that it never took": a.Untaken(),
		} {
			if len(ids) > 0 {
				t.Errorf("an application heard %d events %s, such as %s", len(ids), what, ids[0])
			}
		}
		if ids := a.ToldAgain(); len(ids) > 0 && !again {
			t.Errorf("an application heard %d events again, such as %s", len(ids), ids[0])
		}
		if c := a.Counts(); c.Unverifiable > 0 || c.Taken == 0 {
			t.Errorf("an application counts %+v", c)
		}
		for _, e := range a.Events() {
			heard[e.ID] = e
		}
		t.Logf("an application heard %d events, %d again: %+v", len(a.Events()), len(a.ToldAgain()), a.Counts())
	}
	own := map[string]bool{}
	for _, e := range l.other.Events() {
		own[e.ID] = true
	}
	for id, r := range l.records() {
		for revision := 1; revision <= r.Revision; revision++ {
			name := eventIDOf(id, revision)
			e, ok := heard[name]
			delete(heard, name)
			switch {
			case !ok:
				t.Errorf("nobody heard of revision %d of %d of %s, which is %s", revision, r.Revision, id, r.State)
			case e.Job != id || e.Revision != revision || revision == r.Revision && e.State != string(r.State):
				t.Errorf("event %s tells revision %d of %s, %s, which is %s", name, e.Revision, e.Job, e.State, r.State)
			case own[name] != (r.EventURL != ""):
				t.Errorf("event %s of %s went to the wrong application", name, id)
			}
		}
		if r.Revision == 0 || !r.Tells {
			t.Errorf("%s is %s, and its application was to hear of %d changes (%v)", id, r.State, r.Revision, r.Tells)
		}
	}
	for id, e := range heard {
		t.Errorf("an application heard of %s, revision %d of %s, %s, which nobody knows", id, e.Revision, e.Job, e.State)
	}
}
