package record_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
)

// stand puts a bare record and its due entry where Census looks.
func (w *world) stand(id, account string, state record.State, more ...any) {
	w.t.Helper()
	w.r.Client.ZAdd(w.ctx, key("due", ""), redis.Z{Score: 1, Member: id})
	if err := w.r.Client.HSet(w.ctx, key("job:", id), append([]any{"account", account, "state", string(state)}, more...)...).Err(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) census() map[string]record.Census {
	w.t.Helper()
	c, err := w.store.Census(w.ctx, "g")
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func sameCensus(a, b record.Census) bool {
	held := maps.Equal(a.Held, b.Held)
	a.Held, b.Held = nil, nil
	return held && fmt.Sprint(a) == fmt.Sprint(b)
}

func TestCensusCountsWhereJobsStand(t *testing.T) {
	each(t, func(w *world) {
		if got := w.census(); len(got) != 0 {
			t.Errorf("of no job: %+v", got)
		}
		w.create(job()) // of account acct
		hold := func(in time.Duration) []any {
			return []any{"hold_until", w.now.Add(in).UnixMilli(), "hold_reason", "per_number"}
		}
		for i, s := range []record.State{
			record.Accepted, record.Queued, record.Reserved, record.Submitting, record.Submitted, record.AwaitingDial,
			record.Ringing, record.InProgress, record.InDoubt, record.Active, record.Completed, record.Unknown, "of a newer version",
		} {
			w.stand(fmt.Sprint("g.", i), "a", s)
		}
		w.stand("g.h1", "a", record.Held, hold(time.Millisecond)...)
		w.stand("g.h2", "a", record.Held, hold(time.Hour)...)
		w.stand("g.h3", "a", record.Held, hold(0)...) // its time has come
		w.stand("g.h4", "a", record.Held, "hold_until", w.now.Add(time.Second).UnixMilli(), "hold_reason", "retry")
		w.stand("g.b", "b", record.InDoubt)
		// A push, and a job whose record went since.
		w.r.Client.ZAdd(w.ctx, key("due", ""), redis.Z{Member: "g.push.x"}, redis.Z{Member: "g.gone"})
		want := map[string]record.Census{
			"acct": {Waiting: 1},
			"a": {
				Waiting: 4, Reserved: 1, Held: map[string]int{"per_number": 2, "retry": 1}, Submitting: 1, UnderWay: 4, InDoubt: 1, Active: 1,
			},
			"b": {InDoubt: 1},
		}
		if got := w.census(); !maps.EqualFunc(got, want, sameCensus) {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
}

// More than one page, and on a real server more than one turn of the cursor.
func TestCensusOfMany(t *testing.T) {
	each(t, func(w *world) {
		const many = 1500
		_, err := w.r.Client.Pipelined(w.ctx, func(p redis.Pipeliner) error {
			for i := range many {
				id := fmt.Sprint("g.", i)
				p.ZAdd(w.ctx, key("due", ""), redis.Z{Score: float64(i), Member: id})
				p.HSet(w.ctx, key("job:", id), "account", fmt.Sprint("a", i%3), "state", "queued")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got := w.census()
		for a := range 3 {
			if c := got[fmt.Sprint("a", a)]; c.Waiting != many/3 {
				t.Errorf("a%d: %+v, want %d", a, c, many/3)
			}
		}
	})
}

func TestCensusOfRedisAway(t *testing.T) {
	each(t, func(w *world) {
		if err := w.r.Client.Close(); err != nil {
			t.Fatal(err)
		}
		if c, err := w.store.Census(w.ctx, "g"); err == nil {
			t.Errorf("%+v", c)
		}
	})
}
