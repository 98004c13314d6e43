package record_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
)

const lease = 30 * time.Second

// telling is a job whose application hears of it.
func telling() record.NewJob {
	j := job()
	j.Tells, j.EventURL = true, "https://app.example.com/own"
	return j
}

// claimEvents returns all that is due.
func (w *world) claimEvents() []record.Event {
	w.t.Helper()
	events, err := w.store.ClaimEvents(w.ctx, "g", 100, lease)
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

func (w *world) wantEvents(ids ...string) []record.Event {
	w.t.Helper()
	events := w.claimEvents()
	var got []string
	for _, e := range events {
		got = append(got, e.ID+" "+string(e.Record.State))
	}
	if !slices.Equal(got, ids) {
		w.t.Errorf("due are %q, want %q", got, ids)
	}
	return events
}

// Each change is an event that shows the job as it stood right after it, whatever
// happened since.
func TestEachRevisionIsOneEvent(t *testing.T) {
	each(t, func(w *world) {
		w.create(telling())
		w.wantEvents()
		w.send(1, "t1")
		w.wantEvents()
		w.settle(record.Settlement{Attempt: 1, Token: "t1", Result: record.ResultAccepted, Sent: true, VendorID: "v1", GiveUpIn: time.Hour})
		accepted := w.now
		w.now = w.now.Add(time.Second)
		w.advance(record.Evidence{Attempt: 1, Source: "push", State: record.Completed, Cause: "answered", Strength: 3, VendorID: "v1"})
		w.advance(record.Evidence{Attempt: 1, Source: "push", State: record.Completed, Cause: "answered", Strength: 3, VendorID: "v1"})
		events := w.wantEvents(id+":1 submitted", id+":2 completed")
		first, last := events[0], events[1]
		if first.Corrected || last.Corrected || first.Revision != 1 || first.Job != id || !first.At.Equal(accepted) || !first.Since.Equal(accepted) ||
			first.URL != "https://app.example.com/own" || first.Tries != 0 {
			t.Errorf("%+v", first)
		}
		if r := first.Record; r.ID != id || r.VendorID != "v1" || r.Cause != "" || !r.EndedAt.IsZero() || r.Tags["a"] != "b" || r.To != "138****0001" || r.Revision != 1 {
			t.Errorf("the first shows %+v", r)
		}
		if r := last.Record; r.Cause != "answered" || !r.EndedAt.Equal(w.now) || r.Revision != 2 || r.Timeline[len(r.Timeline)-1].State != record.Completed {
			t.Errorf("the last shows %+v", r)
		}
	})
}

func TestQuietJobsKeepNoEvents(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		w.wantEvents()
		if r := w.get(); r.Revision != 1 {
			t.Errorf("revision %d, want 1", r.Revision)
		}
	})
}

func TestEventsOfEnds(t *testing.T) {
	each(t, func(w *world) {
		w.create(telling())
		if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		w.wantEvents(id + ":1 canceled")
		if _, err := w.store.Missing(w.ctx, "g.lost", record.LostJob{Account: "acct", Kind: "notify", Retain: time.Hour, Tells: true}); err != nil {
			t.Fatal(err)
		}
		w.wantEvents("g.lost:1 unknown")
	})
}

// What a late proof changes about an end is a correction.
func TestCorrection(t *testing.T) {
	each(t, func(w *world) {
		w.create(telling())
		w.send(1, "t1")
		w.settle(record.Settlement{Attempt: 1, Token: "t1", Result: record.ResultAccepted, Sent: true, VendorID: "v1", GiveUpIn: time.Hour})
		w.now = w.now.Add(2 * time.Hour)
		w.tickAll()
		w.advance(record.Evidence{Attempt: 1, Source: "push", State: record.Busy, Cause: "busy", Strength: 1, VendorID: "v1"})
		events := w.wantEvents(id+":1 submitted", id+":2 unknown", id+":3 busy")
		if events[1].Corrected || !events[2].Corrected {
			t.Errorf("corrected: %v, %v; want only the last", events[1].Corrected, events[2].Corrected)
		}
	})
}

// One deliverer has an event at a time, and what one does whose lease ran out
// changes nothing; apart from the news that it was told.
func TestEventLeases(t *testing.T) {
	each(t, func(w *world) {
		w.create(telling())
		if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		slow := w.wantEvents(id + ":1 canceled")[0]
		w.wantEvents()
		w.now = w.now.Add(lease)
		e := w.wantEvents(id + ":1 canceled")[0]
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(w.store.EventFailed(w.ctx, slow, 0, "late"))
		must(w.store.EventPutOff(w.ctx, slow, 0))
		must(w.store.EventDead(w.ctx, slow, "late", time.Hour))
		w.wantEvents()
		must(w.store.EventFailed(w.ctx, e, time.Minute, "500"))
		w.now = w.now.Add(time.Minute - time.Millisecond)
		w.wantEvents()
		w.now = w.now.Add(time.Millisecond)
		e = w.wantEvents(id + ":1 canceled")[0]
		if e.Tries != 1 || e.LastError != "500" {
			t.Errorf("%+v", e)
		}
		must(w.store.EventPutOff(w.ctx, e, time.Second))
		w.now = w.now.Add(time.Second)
		if e = w.wantEvents(id + ":1 canceled")[0]; e.Tries != 1 {
			t.Errorf("put off, it has %d tries", e.Tries)
		}
		must(w.store.EventTold(w.ctx, slow))
		w.now = w.now.Add(time.Hour)
		w.wantEvents()
		if left := keysLeft(w, "event"); len(left) > 0 {
			t.Errorf("%q is left", left)
		}
		must(w.store.EventFailed(w.ctx, e, 0, "after the end"))
		w.wantEvents()
	})
}

func keysLeft(w *world, like string) []string {
	w.t.Helper()
	left, err := w.r.Client.Keys(w.ctx, "callpacer:{g}:"+like+"*").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	return left
}

func TestDeadLetters(t *testing.T) {
	each(t, func(w *world) {
		w.create(telling())
		if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		e := w.wantEvents(id + ":1 canceled")[0]
		made := w.now
		w.now = w.now.Add(time.Second)
		if done, err := w.store.ReplayEvent(w.ctx, e.ID); done || err != nil {
			t.Errorf("a living event was replayed: %v, %v", done, err)
		}
		if err := w.store.EventDead(w.ctx, e, "410 Gone", time.Hour); err != nil {
			t.Fatal(err)
		}
		dead := w.deadEvents()
		if len(dead) != 1 || dead[0] != (record.DeadEvent{
			ID: e.ID, Job: id, Account: "acct", Revision: 1, Tries: 1, At: dead[0].At, DiedAt: dead[0].DiedAt,
			State: record.Canceled, URL: "https://app.example.com/own", Why: "410 Gone",
		}) || !dead[0].At.Equal(made) || !dead[0].DiedAt.Equal(w.now) {
			t.Fatalf("%+v", dead)
		}
		if err := w.store.EachDeadEvent(w.ctx, "g", func(record.DeadEvent) error { return errStop }); !errors.Is(err, errStop) {
			t.Errorf("f's error came back as %v", err)
		}
		w.now = w.now.Add(lease)
		w.wantEvents()
		for _, want := range []bool{true, false} {
			if done, err := w.store.ReplayEvent(w.ctx, e.ID); done != want || err != nil {
				t.Errorf("replayed: %v, %v, want %v", done, err, want)
			}
		}
		e = w.wantEvents(id + ":1 canceled")[0]
		if e.Tries != 0 || e.LastError != "" || !e.Since.Equal(w.now) || !e.At.Equal(made) {
			t.Errorf("%+v", e)
		}
		if dead := w.deadEvents(); len(dead) != 0 {
			t.Errorf("%+v", dead)
		}
	})
}

var errStop = errors.New("stop")

func (w *world) deadEvents() (dead []record.DeadEvent) {
	w.t.Helper()
	if err := w.store.EachDeadEvent(w.ctx, "g", func(e record.DeadEvent) error {
		dead = append(dead, e)
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return dead
}

// An event that nobody can read keeps no other from being told.
func TestUnreadableEvent(t *testing.T) {
	each(t, func(w *world) {
		w.create(telling())
		if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		w.must(w.r.Client.HSet(w.ctx, key("event:", "g.aaa:1"), "job", "g.aaa", "record", "{}").Err())
		w.must(w.r.Client.ZAdd(w.ctx, key("events", ""), redis.Z{Score: 1, Member: "g.aaa:1"}).Err())
		w.wantEvents(id + ":1 canceled")
		if dead := w.deadEvents(); len(dead) != 1 || dead[0].ID != "g.aaa:1" {
			t.Errorf("%+v", dead)
		}
	})
}

func TestEventIDs(t *testing.T) {
	for text, want := range map[string]bool{
		"g.job:1": true, "g.01J/call:12": true, "g.job~1:3": true, "g.job": false, "g.push-ab": false, "job:1": false, "g.job:": false, "g.job:0": false, "g.job:1:2": false,
	} {
		if record.IsEvent(text) != want {
			t.Errorf("%s: %v, want %v", text, !want, want)
		}
	}
}
