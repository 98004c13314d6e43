package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

const owned = 45 * time.Second // the permit, the vendor's timeout and 30 s

// resolve says a word about the job, as one command.
func (w *world) resolve(as record.Word, token string) record.Resolved {
	w.t.Helper()
	rec, err := w.store.Get(w.ctx, id)
	w.must(err)
	names := record.Names{}
	if rec != nil {
		names.VendorID = rec.VendorID
	}
	out, err := w.store.Resolve(w.ctx, id, numbers, names, record.Resolution{As: as, Token: token, Note: "told by phone"})
	w.must(err)
	return out
}

// wantResolved fails unless the word was taken, and is taken as the same again.
func (w *world) wantResolved(as record.Word, was, state record.State) {
	w.t.Helper()
	want, token := record.Resolved{State: state, Was: was}, w.now.String()
	if out := w.resolve(as, token); out != want {
		w.t.Fatalf("%s: %+v, want %+v", as, out, want)
	}
	w.is(state)
	if r := w.get(); !strings.Contains(r.Timeline[len(r.Timeline)-1].Detail, "an operator says: "+string(as)+": told by phone") {
		w.t.Errorf("the timeline ends with %+v", r.Timeline[len(r.Timeline)-1])
	}
	before := w.dump()
	for _, token := range []string{token, "another"} {
		if out := w.resolve(as, token); out != want || w.dump() != before {
			w.t.Errorf("said again with token %s: %+v\n%s\nwas\n%s", token, out, w.dump(), before)
		}
	}
}

// wantRefused fails unless the word is refused so and nothing changes.
func (w *world) wantRefused(as record.Word, why string, when time.Duration) {
	w.t.Helper()
	before, state := w.dump(), w.get().State
	out := w.resolve(as, "another command")
	if !strings.Contains(out.Refused, why) || out.State != state || out.Was != "" || w.dump() != before {
		w.t.Errorf("%s of %s: %+v, want it refused: %s\n%s\nwas\n%s", as, state, out, why, w.dump(), before)
	}
	if out.When.IsZero() != (when == 0) || when > 0 && !out.When.Equal(w.now.Add(when)) {
		w.t.Errorf("%s of %s: when %v, want in %v", as, state, out.When, when)
	}
}

// TestResolveInEveryState: what callpacer cannot know an operator may say, and
// nothing else.
func TestResolveInEveryState(t *testing.T) {
	const ends, both, waits, sending, over = "ends", "both", "it waits to be sent", "it is being sent", "it has ended"
	rows := map[record.State]string{
		record.InDoubt: both, record.Unknown: both,
		record.Submitted: ends, record.Ringing: ends, record.InProgress: ends, record.AwaitingDial: ends,
		record.Accepted: waits, record.Queued: waits, record.Held: waits, record.Submitting: sending,
		record.Completed: over, record.Busy: over, record.NoAnswer: over, record.Rejected: over, record.Failed: over,
		record.Canceled: over, record.Expired: over, record.Released: over, record.Active: "the binding stands",
	}
	for s, may := range rows {
		t.Run(string(s), func(t *testing.T) {
			each(t, func(w *world) {
				for as, state := range map[record.Word]record.State{record.SayCompleted: record.Completed, record.SayFailed: record.Failed, record.SayResend: record.Queued} {
					w.must(w.r.Client.FlushAll(w.ctx).Err())
					w.in(s)
					switch {
					case may == sending:
						w.wantRefused(as, sending, owned)
					case may != both && may != ends:
						w.wantRefused(as, may, 0)
					case as == record.SayResend && may == ends:
						w.wantRefused(as, "the vendor accepted it", 0)
					default:
						w.later(owned)
						w.wantResolved(as, s, state)
						if _, due := w.due(); due == state.Final() {
							t.Errorf("%s and due: %v", state, due)
						}
					}
				}
			})
		})
	}
	each(t, func(w *world) {
		if out := w.resolve(record.SayFailed, "x"); !out.Missing || w.dump() != "" {
			t.Errorf("no record: %+v", out)
		}
		w.in(record.AwaitingDial) // nobody dialled: a soft end
		w.later(2 * time.Hour)
		w.tickAll()
		w.is(record.Expired)
		w.wantRefused(record.SayResend, "the vendor accepted it", 0)
		w.wantResolved(record.SayCompleted, record.Expired, record.Completed)
	})
}

// TestEndByAnOperator: it ends the doubt, and is kept as every end is.
func TestEndByAnOperator(t *testing.T) {
	for _, s := range []record.State{record.InDoubt, record.Unknown} {
		each(t, func(w *world) {
			w.in(s)
			revision := w.get().Revision
			w.wantResolved(record.SayFailed, s, record.Failed)
			r := w.get()
			if r.Cause != "unknown" || !r.EndedAt.Equal(w.now) || r.Revision != revision+1 || w.charge() == 0 {
				t.Errorf("charged %v: %+v", w.charge(), r)
			}
			if ttl := w.r.Client.PTTL(w.ctx, key("job:", id)).Val(); ttl < 71*time.Hour {
				t.Errorf("its record is kept for %v", ttl)
			}
			if marker := w.r.Client.HGet(w.ctx, key("key:", id), "state").Val(); marker != "failed" {
				t.Errorf("its key marker says %q", marker)
			}
			w.wantNoMore(2)
			if out := w.resolve(record.SayCompleted, "z"); out.Refused != "it has ended" {
				t.Errorf("and another word: %+v", out)
			}
		})
	}
}

// TestEvidenceAfterAnOperatorsEnd: any proof is stronger; a call that is told
// completed stays that, as always.
func TestEvidenceAfterAnOperatorsEnd(t *testing.T) {
	for _, row := range []struct {
		as        record.Word
		then      record.State
		want      record.State
		verdict   record.Verdict
		conflicts int
	}{
		{record.SayFailed, record.Completed, record.Completed, record.Advanced, 1},
		{record.SayFailed, record.Busy, record.Busy, record.Advanced, 1},
		{record.SayFailed, record.Failed, record.Failed, record.Same, 0},
		{record.SayFailed, record.Ringing, record.Failed, record.Same, 0},
		{record.SayCompleted, record.Completed, record.Completed, record.Same, 0},
		{record.SayCompleted, record.Busy, record.Completed, record.Same, 1},
	} {
		each(t, func(w *world) {
			w.in(record.InDoubt)
			w.resolve(row.as, "x")
			revision := w.get().Revision
			v, s := w.advance(record.Evidence{State: row.then, Strength: 2, Code: "17", VendorID: "call", Cause: "told"})
			r := w.get()
			if v != row.verdict || s != row.want || conflicts(r) != row.conflicts || r.VendorID != "call" || w.charge() == 0 {
				t.Errorf("%s, then %s: %s, %s, %+v", row.as, row.then, v, s, r)
			}
			if told := r.Revision - revision; told != map[bool]int{true: 1}[v == record.Advanced] {
				t.Errorf("%s, then %s: %d revisions", row.as, row.then, told)
			}
			if row.want != record.Failed && row.as == record.SayFailed { // it is no operator's end any more
				w.wantRefused(record.SayCompleted, "it has ended", 0)
			}
			if known := r.VendorCode == "17"; known != (row.want == row.then) {
				t.Errorf("%s, then %s: the vendor's code is %q", row.as, row.then, r.VendorCode)
			}
		})
	}
}
