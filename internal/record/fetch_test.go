package record_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
)

const (
	fetchLease = 30 * time.Second
	keeps      = 30 * 24 * time.Hour
)

// withAudio is evidence of a call that was answered, whose vendor has the audio.
func withAudio() record.Evidence {
	return record.Evidence{
		State: record.Completed, Cause: "answered", Strength: 2, Facts: record.Facts{Recording: "/r/1.wav"},
		Fetch: &record.Fetch{After: 2 * time.Second, Keep: keeps},
	}
}

// calls makes jobs whose calls were answered and kept for so long by the vendor.
func (w *world) calls(kept map[string]time.Duration) {
	w.t.Helper()
	for id, keep := range kept {
		j := telling()
		j.ID = id
		w.create(j)
		e := withAudio()
		e.Attempt, e.Fetch.Keep = 1, keep
		_, err := ratelimitAdmit(w, id)
		w.must(err)
		_, _, err = w.store.Advance(w.ctx, id, nil, e)
		w.must(err)
	}
}

func (w *world) claimFetches(limit int, want ...string) []record.Lease {
	w.t.Helper()
	leases, err := w.store.ClaimFetches(w.ctx, "g", limit, fetchLease)
	w.must(err)
	var got []string
	for _, l := range leases {
		got = append(got, l.Member)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("due are the recordings of %q, want %q", got, want)
	}
	return leases
}

func (w *world) again(l record.Lease, in time.Duration, want record.FetchState) {
	w.t.Helper()
	if got, err := w.store.FetchAgain(w.ctx, l, in, "not yet"); got != want || err != nil {
		w.t.Errorf("again: %q, %v, want %q", got, err, want)
	}
}

var aFile = record.File{URL: "file:///r/g/job.wav", SHA256: "abc", Size: 44, Type: "audio/wav"}

func (w *world) stored(first bool) {
	w.t.Helper()
	if got, err := w.store.Stored(w.ctx, id, aFile); got != first || err != nil {
		w.t.Errorf("stored: first %v, %v, want %v", got, err, first)
	}
}

// wantKept fails unless the record is kept for so long; -1: without end.
func (w *world) wantKept(want time.Duration) {
	w.t.Helper()
	got, err := w.r.Client.PTTL(w.ctx, key("job:", id)).Result()
	w.must(err)
	if want < 0 && got >= 0 || want > 0 && (got <= want-time.Minute || got > want) {
		w.t.Errorf("the record is kept for %v, want %v (-1: without end)", got, want)
	}
}

// Those first that their vendor keeps for the shortest time, whatever became due first.
func TestFetchesByTheirEnd(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{"g.a": 3 * time.Hour, "g.b": time.Hour, "g.c": 2 * time.Hour, "g.d": time.Hour})
		w.claimFetches(9)
		w.later(2 * time.Second)
		w.claimFetches(3, "g.b", "g.d", "g.c")
		w.claimFetches(9, "g.a")
		w.claimFetches(9)
	})
}

// A lease that runs out lets another one claim it, and what the late one says of it
// then changes nothing; but what he stored is stored.
func TestFetchLeases(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{id: keeps})
		w.later(2 * time.Second)
		slow := w.claimFetches(9, id)[0]
		w.later(fetchLease - time.Millisecond)
		w.claimFetches(9)
		w.later(time.Millisecond)
		quick := w.claimFetches(9, id)[0]
		before := w.get()
		w.again(slow, 0, "")
		w.must(w.store.FetchLost(w.ctx, slow, "late"))
		if after := w.get(); after.File != before.File {
			t.Errorf("a late one changed %+v to %+v", before.File, after.File)
		}
		w.claimFetches(9)
		w.stored(true) // by the slow one
		w.again(quick, 0, "")
		w.must(w.store.FetchLost(w.ctx, quick, "late"))
		w.stored(false)
		f := w.get().File
		want := aFile
		want.Fetch, want.Until = record.FetchStored, before.File.Until
		if f != want {
			t.Errorf("%+v, want %+v", f, want)
		}
		w.later(fetchLease)
		w.claimFetches(9)
	})
}

// It is tried until the vendor's time ends, once more right then, and is lost after that.
func TestFetchAgain(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{id: time.Hour})
		ends := w.now.Add(time.Hour)
		w.later(2 * time.Second)
		w.again(w.claimFetches(9, id)[0], 10*time.Minute, record.FetchDue)
		if f := w.get().File; f.Tries != 1 || f.Why != "not yet" || f.Fetch != record.FetchDue || !f.Until.Equal(ends) {
			t.Errorf("%+v", f)
		}
		w.later(10*time.Minute - time.Millisecond)
		w.claimFetches(9)
		w.later(time.Millisecond)
		w.again(w.claimFetches(9, id)[0], 3*time.Hour, record.FetchDue)
		w.later(ends.Sub(w.now) - time.Millisecond)
		w.claimFetches(9)
		w.later(time.Millisecond)
		w.wantKept(-1)
		w.again(w.claimFetches(9, id)[0], time.Second, record.FetchLost)
		r := w.get()
		if last := r.Timeline[len(r.Timeline)-1]; r.File.Fetch != record.FetchLost || r.File.Tries != 3 || last.Detail != "recording lost: not yet" || r.State != record.Completed {
			t.Errorf("%+v; %+v", r.File, last)
		}
		w.wantKept(72 * time.Hour)
		w.later(fetchLease)
		w.claimFetches(9)
	})
}

func TestFetchLost(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{id: keeps})
		w.claimEvents()
		w.later(2 * time.Second)
		w.must(w.store.FetchLost(w.ctx, w.claimFetches(9, id)[0], "no such file"))
		if f := w.get().File; f.Fetch != record.FetchLost || f.Why != "no such file" || f.URL != "" {
			t.Errorf("%+v", f)
		}
		w.wantKept(72 * time.Hour)
		w.later(fetchLease)
		w.claimFetches(9)
		w.wantEvents(id + ":1 completed") // its own lease ran out; there is no other event
	})
}

// The record stays while its recording is to be fetched; its retention begins after it.
func TestRecordStaysUntilFetched(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{id: keeps})
		w.wantKept(-1)
		w.later(2 * time.Second)
		l := w.claimFetches(9, id)[0]
		w.wantKept(-1)
		w.again(l, time.Second, record.FetchDue)
		w.wantKept(-1)
		w.stored(true)
		w.wantKept(72 * time.Hour)
	})
}

// Who is at work on one keeps it, as long as the lease is still his.
func TestRenewFetch(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{id: keeps})
		w.later(2 * time.Second)
		first := w.claimFetches(9, id)[0]
		renew := func(l record.Lease, want bool) record.Lease {
			t.Helper()
			later, held, err := w.store.RenewFetch(w.ctx, l, 10*time.Second)
			if held != want || err != nil {
				t.Errorf("held: %v, %v, want %v", held, err, want)
			}
			return later
		}
		second := renew(first, true)
		renew(first, true) // its answer was lost, and it is asked again
		w.again(first, 0, "")
		w.later(fetchLease)
		w.claimFetches(9)
		w.later(10*time.Second - time.Millisecond)
		w.claimFetches(9)
		third := renew(second, true)
		w.later(time.Millisecond)
		w.claimFetches(9)
		w.later(10 * time.Second)
		w.claimFetches(9, id)
		renew(third, false)
		w.stored(true)
		renew(third, false)
	})
}

// recording.stored is one event of a revision of its own, which shows the file.
func TestStoredIsOneEvent(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{id: keeps})
		w.later(2 * time.Second)
		w.claimFetches(9, id)
		w.stored(true)
		w.stored(false)
		events := w.wantEvents(id+":1 completed", id+":2 completed")
		end, file := events[0], events[1]
		if end.About != "" || end.Record.File.Fetch == record.FetchStored {
			t.Errorf("the end's event is about %q, its file %+v", end.About, end.Record.File)
		}
		if file.About != "recording.stored" || file.Corrected || !file.At.Equal(w.now) || file.URL != "https://app.example.com/own" ||
			file.Record.File.URL != aFile.URL || file.Record.File.Size != aFile.Size || file.Record.File.Fetch != record.FetchStored {
			t.Errorf("%+v, its file %+v", file, file.Record.File)
		}
		if got := w.get().Revision; got != 2 {
			t.Errorf("revision %d", got)
		}
		// What the end is corrected to later is no correction of the file's event.
		w.later(lease)
		w.wantEvents(id+":1 completed", id+":2 completed")
	})
}

func TestQuietJobsFileIsNoEvent(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Submitted)
		w.advance(withAudio())
		w.stored(true)
		w.wantEvents()
		if r := w.get(); r.Revision != 3 || r.File.URL != aFile.URL {
			t.Errorf("revision %d, %+v", r.Revision, r.File)
		}
	})
}

// A recording job of its own kind has no lease: it ends by itself.
func TestStoredByAJobOfItsOwn(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Queued)
		w.stored(true)
		w.wantKept(-1)
		w.stored(false)
		_, err := w.store.Done(w.ctx, id, nil, "recording stored")
		w.must(err)
		w.is(record.Completed)
		w.wantKept(72 * time.Hour)
		w.claimFetches(9)
	})
}

// Somebody deleted the record: what is left of it in the table goes away.
func TestFetchOfADeletedRecord(t *testing.T) {
	each(t, func(w *world) {
		w.calls(map[string]time.Duration{id: keeps, "g.other": keeps})
		w.later(2 * time.Second)
		l := w.claimFetches(9, id, "g.other")[0]
		w.must(w.r.Client.Del(w.ctx, key("job:", id)).Err())
		w.again(l, 0, "")
		w.stored(false)
		w.must(w.store.FetchLost(w.ctx, l, "gone"))
		if n := w.r.Client.Exists(w.ctx, key("job:", id)).Val(); n != 0 {
			t.Error("a record was made of a step")
		}
		w.later(fetchLease)
		w.claimFetches(9, "g.other")
		if _, err := w.r.Client.ZScore(w.ctx, key("fetches", ""), id).Result(); err != redis.Nil { //nolint:errorlint // go-redis returns it bare
			t.Errorf("the table still names it: %v", err)
		}
	})
}
