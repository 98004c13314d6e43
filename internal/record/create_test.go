package record_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func dumpHash(h map[string]string) string {
	out := ""
	for _, f := range slices.Sorted(maps.Keys(h)) {
		out += fmt.Sprintf("%s=%q\n", f, h[f])
	}
	return out
}

func TestCreateAgain(t *testing.T) {
	each(t, func(w *world) {
		if c := w.create(job()); c.State != record.Accepted || c.Duplicate || c.Differs != nil {
			t.Fatalf("the first: %+v", c)
		}
		w.wantDue(30 * time.Second)
		before := w.dump()
		if c := w.create(job()); c.State != record.Accepted || c.Duplicate {
			t.Errorf("the same submit again: %+v, want no duplicate", c)
		}
		other := job()
		other.SubmitToken = "other"
		if c := w.create(other); c.State != record.Accepted || !c.Duplicate || c.Differs != nil {
			t.Errorf("another submit of the same: %+v, want a duplicate", c)
		}
		other.Digest, other.Parts = "x", map[string]string{"to": "x"}
		if c := w.create(other); !c.Duplicate || c.Differs["to"] != "d-to" || c.Differs["template"] != "d-template" {
			t.Errorf("other content: %+v, want the first submit's parts", c)
		}
		if after := w.dump(); after != before {
			t.Errorf("it changed:\n%s\nwas:\n%s", after, before)
		}
	})
}

func TestMarkerOutlivesRecord(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Completed)
		if ttl := w.r.Client.PTTL(w.ctx, key("job:", id)).Val(); ttl <= 71*time.Hour || ttl > 72*time.Hour {
			t.Errorf("the record is kept for %v, want 72h", ttl)
		}
		if ttl := w.r.Client.PTTL(w.ctx, key("key:", id)).Val(); ttl <= 719*time.Hour || ttl > 720*time.Hour {
			t.Errorf("the marker is kept for %v, want 720h", ttl)
		}
		w.must(w.r.Client.Del(w.ctx, key("job:", id)).Err())
		other := job()
		other.SubmitToken = "other"
		if c := w.create(other); c.State != record.Completed || !c.Duplicate {
			t.Errorf("create: %+v, want the marker's completed", c)
		}
		other.Digest = "x"
		if c := w.create(other); c.Differs["to"] != "d-to" {
			t.Errorf("create with other content: %+v, want the first one's parts", c)
		}
		if s, err := w.store.MarkerState(w.ctx, id); err != nil || s != record.Completed {
			t.Errorf("marker: %q, %v", s, err)
		}
		// A task that comes now tells nothing and dials nothing.
		if s, err := w.store.Missing(w.ctx, id, record.LostJob{Account: "acct", Kind: "notify", Retain: time.Hour}); err != nil || s != record.Completed {
			t.Errorf("missing: %q, %v; want completed", s, err)
		}
		if n := w.r.Client.Exists(w.ctx, key("job:", id)).Val(); n != 0 {
			t.Error("a record was made where the marker knew the end")
		}
		if a := w.send(1, "t"); a.Decision != "missing" {
			t.Errorf("admit: %+v, want missing", a)
		}
		w.must(w.r.Client.Del(w.ctx, key("key:", id)).Err())
		if s, err := w.store.Missing(w.ctx, id, record.LostJob{Account: "acct", Kind: "notify", Retain: time.Hour}); err != nil || s != record.Unknown || w.get().Cause != "record_missing" {
			t.Errorf("without a marker: %q, %v", s, err)
		}
		if _, ok := w.due(); ok {
			t.Error("the record of a lost job is due")
		}
		if a := w.send(1, "t"); a.Decision != "over" {
			t.Errorf("admit: %+v, want over", a)
		}
	})
}

func TestJobWithoutKeyHasNoMarker(t *testing.T) {
	each(t, func(w *world) {
		j := job()
		j.Keyed = false
		w.create(j)
		if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		if n := w.r.Client.Exists(w.ctx, key("key:", id)).Val(); n != 0 {
			t.Error("a job without a key left a marker")
		}
	})
}

func TestCreateTooLate(t *testing.T) {
	each(t, func(w *world) {
		j := job()
		j.ExpiresAt = w.now
		if c := w.create(j); !c.TooLate {
			t.Errorf("expired at its acceptance: %+v, want too late", c)
		}
		if s := w.dump(); s != "" {
			t.Errorf("something was written: %s", s)
		}
		j.ExpiresAt = w.now.Add(time.Millisecond)
		if c := w.create(j); c.TooLate {
			t.Errorf("one ms before its end: %+v", c)
		}
	})
}

// TestRecordReads: what was given comes back.
func TestRecordReads(t *testing.T) {
	each(t, func(w *world) {
		j := job()
		j.Content, j.NotBefore, j.EventURL = "张三 \"<&>\" \x00 \u2028", w.now.Add(time.Hour), "https://app.example/hook"
		w.create(j)
		r := w.get()
		if r.Content != j.Content || !r.NotBefore.Equal(j.NotBefore) || r.EventURL != j.EventURL || r.Tags["a"] != "b" ||
			r.To != j.To || !slices.Equal(r.Numbers, numbers) || !r.ExpiresAt.Equal(w.now.Add(24*time.Hour)) || !r.CreatedAt.Equal(w.now) {
			t.Errorf("read %+v", r)
		}
		if len(r.Timeline) != 1 || r.Timeline[0].State != record.Accepted || !r.Timeline[0].At.Equal(w.now) {
			t.Errorf("timeline %+v", r.Timeline)
		}
	})
}

// TestTimeNeverRunsBackwards: an older server's clock changes nothing.
func TestTimeNeverRunsBackwards(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		_, before, err := w.store.Start(w.ctx, id)
		w.must(err)
		w.now = w.now.Add(-time.Hour)
		if _, at, err := w.store.Start(w.ctx, id); err != nil || !at.Equal(before) {
			t.Errorf("an hour back: %v, %v; want %v", at, err, before)
		}
		// And without a clock of ours it is the server's.
		rec, at, err := record.New(w.r.Client).Start(w.ctx, "h.job")
		if off := time.Since(at).Abs(); err != nil || rec != nil || off > time.Minute {
			t.Errorf("the server's time is %v off (%v)", off, err)
		}
	})
}
