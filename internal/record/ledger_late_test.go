package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// An operator said that it failed; then the vendor's own answer comes, out of a spool.
func TestVendorsAnswerAfterAnOperatorsWord(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		w := newWorld(t, r)
		w.bind()
		w.later(time.Minute)
		w.tickAll()
		w.is(record.InDoubt)
		w.wantResolved(record.SayFailed, record.InDoubt, record.Failed)
		w.settle(bound)
		w.is(record.Active)
		w.rival("b")
		if a := w.askFor("g.b", numbers, 1); a.Decision == ratelimit.Go {
			t.Errorf("a second binding of A on X goes out while the first one stands (record: %s)", w.get().State)
		}
	})
}

// A handler read the job while it was sent with a number that it has not any more.
func TestHandlerThatReadAnotherX(t *testing.T) {
	for _, rechosen := range []bool{false, true} {
		redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
			w := newWorld(t, r)
			w.create(autoJob("a", "A", "B"))
			w.chosen("a", pool[0])
			if a := w.askFor("g.a", []string{"k1"}, 1); a.Decision != ratelimit.Go {
				t.Fatal(a)
			}
			// Another handler reads the record here.
			s := refused(1, "t")
			s.OtherX, s.RefusesX = "R2", true
			_, err := w.store.Settle(w.ctx, "g.a", []string{"k1"}, s)
			w.must(err)
			if rechosen {
				w.chosen("a", pool[1])
			}
			w.later(2 * time.Second)
			a := w.askFor("g.a", []string{"k1"}, 2)
			if a.Decision == ratelimit.Go {
				t.Errorf("rechosen %v: the stale handler has a permit for k1; the record knows %v", rechosen, w.of("a").Numbers)
			}
		})
	}
}

// A phone has one binding on an X, whatever the mode.
func TestTwoModesShareNoPhone(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		w := newWorld(t, r)
		w.bind()
		w.settle(bound)
		j := bindJob()
		j.ID, j.Mode, j.Parties = "g.xa", "xa", []string{"A"}
		w.create(j)
		if a := w.askFor("g.xa", numbers, 1); a.Decision == ratelimit.Go {
			t.Errorf("a second binding of A on X goes out")
		}
	})
}
