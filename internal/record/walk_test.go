package record_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// TestManyRecordsAreReadAsOneIs: in the order asked for, with nil where there is
// none, calls over bindings too.
func TestManyRecordsAreReadAsOneIs(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Active)
		created := w.get().CreatedAt
		w.later(time.Minute)
		_, _, err := w.store.AdvanceChild(w.ctx, record.Child{Parent: w.get(), Retain: time.Hour}, record.Evidence{Task: "t1", State: record.Completed})
		w.must(err)
		call := record.ChildID(id, "t1")

		births, err := w.store.Births(w.ctx, []string{call, "g.gone", id})
		w.must(err)
		want := []record.Birth{{"acct", created.Add(time.Minute)}, {}, {"acct", created}}
		if !reflect.DeepEqual(births, want) {
			t.Errorf("births %v, want %v", births, want)
		}
		records, err := w.store.GetMany(w.ctx, []string{call, "g.gone", id})
		w.must(err)
		child, err := w.store.Get(w.ctx, call)
		w.must(err)
		if !reflect.DeepEqual(records, []*record.Record{child, nil, w.get()}) || child == nil {
			t.Errorf("records %v", records)
		}
	})
}

func TestManyRecordsOfNoIDs(t *testing.T) {
	each(t, func(w *world) {
		for _, ids := range [][]string{nil, {}} {
			if births, err := w.store.Births(w.ctx, ids); err != nil || len(births) != 0 {
				t.Errorf("%v, %v", births, err)
			}
			if records, err := w.store.GetMany(w.ctx, ids); err != nil || len(records) != 0 {
				t.Errorf("%v, %v", records, err)
			}
		}
		if _, err := w.store.Births(w.ctx, []string{id, "nothing"}); err == nil || !strings.Contains(err.Error(), "nothing") {
			t.Errorf("%v", err)
		}
		w.must(w.r.Client.Set(w.ctx, key("job:", id), "no record", 0).Err())
		if _, err := w.store.GetMany(w.ctx, []string{"g.gone", id}); err == nil {
			t.Error("a key that holds no record is none")
		}
	})
}
