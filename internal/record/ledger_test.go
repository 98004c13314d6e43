package record_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// holdings are the bindings that may stand, as the ledger has them.
func (w *world) holdings(f record.HoldingFilter) []record.Holding {
	w.t.Helper()
	var out []record.Holding
	for h, err := range w.store.Holdings(w.ctx, "g", f) {
		w.must(err)
		out = append(out, h)
	}
	return out
}

// wantHolding: the ledger has the test's job alone, in the state, for so long from now
// (0: without end). An empty state: it has nothing.
func (w *world) wantHolding(state string, ends time.Duration) {
	w.t.Helper()
	w.sound()
	got := w.holdings(record.HoldingFilter{})
	if state == "" {
		if len(got) != 0 {
			w.t.Errorf("%s: the ledger has %+v", w.get().State, got)
		}
		return
	}
	if len(got) != 1 || got[0].Job != id || got[0].State != state {
		w.t.Fatalf("%s: the ledger has %+v, want it %s", w.get().State, got, state)
	}
	if until := got[0].Until; until.IsZero() != (ends == 0) || ends != 0 && !until.Equal(w.now.Add(ends)) {
		w.t.Errorf("%s until %v, want in %v", state, until.Sub(w.now), ends)
	}
}

// sound: all that the group keeps is as the records have it, and nothing collides.
func (w *world) sound() {
	w.t.Helper()
	broken, err := redistest.Broken(w.ctx, w.r.Client, "g", w.now)
	w.must(err)
	collisions, err := redistest.Collisions(w.ctx, w.r.Client, "g", w.now)
	w.must(err)
	for _, what := range slices.Concat(broken, collisions) {
		w.t.Error(what)
	}
}

// TestLedgerFollowsTheRecord through every state of a bind job.
func TestLedgerFollowsTheRecord(t *testing.T) {
	const ttl = time.Hour
	for name, c := range map[string]struct {
		do    func(*world)
		state string
		ends  time.Duration // from now
	}{
		"accepted": {func(w *world) { j := bindJob(); w.create(j) }, "", 0},
		"sent":     {func(w *world) {}, "sent", ttl + owned},
		"bound":    {func(w *world) { w.later(time.Second); w.settle(bound) }, "active", ttl},
		"in doubt": {func(w *world) { w.later(time.Second); w.settle(lost(1)) }, "in_doubt", ttl + owned - time.Second},
		"its worker dies": {func(w *world) { w.later(owned); w.tickAll() },
			"in_doubt", ttl},
		"sent again in doubt": {func(w *world) { w.settle(lost(1)); w.later(time.Minute); w.repeat(2, "u") },
			"sent", ttl + owned},
		"bound after all": {func(w *world) {
			w.settle(lost(1))
			w.later(time.Minute)
			w.repeat(2, "u")
			w.settle(withToken(bound, 2, "u"))
		},
			"active", ttl},
		"the first answer came late": {func(w *world) {
			w.settle(lost(1))
			w.later(time.Minute)
			w.repeat(2, "u")
			w.settle(lost2())
			w.settle(bound)
		},
			"active", ttl},
		"unknown": {func(w *world) { w.settle(lost(1)); w.later(30 * time.Minute); w.tickAll() },
			"unknown", ttl + owned - 30*time.Minute},
		"refused for now":  {func(w *world) { w.settle(refused(1, "t")) }, "", 0},
		"failed":           {func(w *world) { w.settle(record.Settlement{Result: record.ResultFailed, Cause: "platform"}) }, "", 0},
		"released":         {func(w *world) { w.settle(bound); w.release() }, "", 0},
		"released unknown": {func(w *world) { w.settle(lost(1)); w.later(30 * time.Minute); w.tickAll(); w.release() }, "", 0},
		"its time is over": {func(w *world) { w.settle(bound); w.later(ttl); w.tickAll() }, "", 0},
		"nobody looked":    {func(w *world) { w.settle(bound); w.later(ttl) }, "", 0},
		"a call over what is in doubt": {func(w *world) { w.settle(lost(1)); w.later(time.Minute); w.bound(subid, "") },
			"active", ttl + owned - time.Minute},
		"a call over what is unknown": {func(w *world) {
			w.settle(lost(1))
			w.later(30 * time.Minute)
			w.tickAll()
			w.is(record.Unknown)
			w.bound(subid, "")
		}, "active", ttl + owned - 30*time.Minute},
		"a call over what failed": {func(w *world) {
			w.settle(record.Settlement{Result: record.ResultFailed, Cause: "platform"})
			w.bound(subid, "")
		}, "active", ttl + owned},
		"a call over what is released": {func(w *world) { w.settle(bound); w.release(); w.bound(subid, "") }, "", 0},
		"a call while it is sent": {func(w *world) { w.bound(subid, ""); w.later(time.Second); w.settle(lost(1)) },
			"active", ttl},
		"an operator says completed": {func(w *world) {
			w.settle(lost(1))
			w.later(time.Minute)
			w.wantResolved(record.SayCompleted, record.InDoubt, record.Active)
		}, "active", ttl + owned - time.Minute},
		"an operator says failed": {func(w *world) {
			w.settle(lost(1))
			w.wantResolved(record.SayFailed, record.InDoubt, record.Failed)
		}, "", 0},
		"an operator has it sent again": {func(w *world) {
			w.givenUpBind()
			w.wantResolved(record.SayResend, record.Unknown, record.InDoubt)
		}, "in_doubt", ttl + owned - 30*time.Minute},
		"sent again by an operator": {func(w *world) {
			w.givenUpBind()
			w.wantResolved(record.SayResend, record.Unknown, record.InDoubt)
			w.repeat(2, "u")
		}, "sent", ttl + owned},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				if name != "accepted" {
					w.bind()
				}
				c.do(w)
				w.wantHolding(c.state, c.ends)
			})
		})
	}
}

var bound = record.Settlement{Result: record.ResultBound, VendorID: "subid"}

func withToken(s record.Settlement, n int, token string) record.Settlement {
	s.Attempt, s.Token = n, token
	return s
}

func lost2() record.Settlement { return withToken(lost(2), 2, "u") }

func (w *world) release() {
	w.t.Helper()
	s, err := w.store.Released(w.ctx, id, num, "by a test")
	w.must(err)
	if s != record.Released {
		w.t.Fatalf("released: it is %s", s)
	}
}

func (w *world) givenUpBind() {
	w.t.Helper()
	w.settle(lost(1))
	w.later(30 * time.Minute)
	w.tickAll()
	w.is(record.Unknown)
}

// TestLedgerWithoutEnd: what has no time to live stands until it is released.
func TestLedgerWithoutEnd(t *testing.T) {
	each(t, func(w *world) {
		j := bindJob()
		j.TTL = 0
		w.create(j)
		w.repeat(1, "t")
		w.wantHolding("sent", 0)
		w.settle(lost(1))
		w.wantHolding("in_doubt", 0)
		w.later(30 * time.Minute)
		w.tickAll()
		w.later(1000 * 24 * time.Hour)
		w.wantHolding("unknown", 0)
		w.bound(subid, "")
		w.wantHolding("active", 0)
		w.release()
		w.wantHolding("", 0)
	})
}

// TestLedgerOutlivesARecord: of a binding of which nobody knew whether it stood nobody
// knows more when its record is gone.
func TestLedgerOutlivesARecord(t *testing.T) {
	each(t, func(w *world) {
		gone := func() {
			w.must(w.r.Client.Del(w.ctx, key("job:", id), key("key:", id)).Err())
			w.sound()
		}
		w.bind()
		w.givenUpBind()
		gone()
		w.wantRival("h", time.Second)
		w.later(31 * time.Minute) // of the hour, and the time that its owner had
		if got := w.holdings(record.HoldingFilter{}); len(got) != 0 {
			t.Errorf("its time is over: %+v", got)
		}
		w.must(w.r.Client.FlushAll(w.ctx).Err())
		w.bind()
		w.givenUpBind()
		gone()
		for range 2 {
			if s, err := w.store.Released(w.ctx, id, num, "by a test"); err != nil || s != "" {
				t.Errorf("%s, %v", s, err)
			}
		}
		if got := w.holdings(record.HoldingFilter{}); len(got) != 0 {
			t.Errorf("released: %+v", got)
		}
		w.sound()
		if ttl := w.r.Client.PTTL(w.ctx, key("x:", num)).Val(); ttl <= 0 || ttl > 7*24*time.Hour {
			t.Errorf("the idle number is remembered for %v", ttl)
		}
	})
}

// TestLedgerIsSwept: what nobody ends leaves it when its time is over.
func TestLedgerIsSwept(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		w.givenUpBind()
		w.must(w.r.Client.Del(w.ctx, key("job:", id), key("key:", id)).Err())
		w.later(time.Hour)
		other := bindJob()
		other.ID, other.Numbers = "g.other", []string{"m"}
		w.create(other)
		w.askFor("g.other", []string{"m"}, 1)
		if w.r.Client.HExists(w.ctx, key("x:", num), id).Val() || w.r.Client.ZScore(w.ctx, key("bindings", ""), num+"/"+id).Err() == nil {
			t.Error("it stays for ever")
		}
		w.sound()
	})
}

// TestHoldingsShowAndFilter what a person asks for; the soonest to end first.
func TestHoldingsShowAndFilter(t *testing.T) {
	each(t, func(w *world) {
		for i, name := range []string{"g.one", "g.two", "g.three"} {
			j := bindJob()
			j.ID, j.TTL, j.Mode = name, time.Duration(3-i)*time.Hour, []string{"axb", "axb", "xa"}[i]
			j.Parties = [][]string{{"A", "B"}, {"C", "D"}, {"A"}}[i]
			j.Account = []string{"acct", "acct", "other"}[i]
			j.Numbers = [][]string{{"n"}, {"n"}, {"m"}}[i]
			w.create(j)
			if a := w.askFor(name, j.Numbers, 1); a.Decision != ratelimit.Go {
				w.t.Fatalf("%+v", a)
			}
			if name == "g.one" { // in its turn on the X
				_, err := w.store.Settle(w.ctx, name, numbers, withToken(bound, 1, "t"))
				w.must(err)
			}
		}
		for name, c := range map[string]struct {
			f    record.HoldingFilter
			want []string
		}{
			"all":       {record.HoldingFilter{}, []string{"g.three", "g.two", "g.one"}},
			"X":         {record.HoldingFilter{X: "n"}, []string{"g.two", "g.one"}},
			"A":         {record.HoldingFilter{A: "A"}, []string{"g.three", "g.one"}},
			"A as B":    {record.HoldingFilter{A: "D"}, []string{"g.two"}},
			"B":         {record.HoldingFilter{B: "B"}, []string{"g.one"}},
			"A and B":   {record.HoldingFilter{A: "A", B: "B"}, []string{"g.one"}},
			"not these": {record.HoldingFilter{A: "A", B: "D"}, nil},
			"account":   {record.HoldingFilter{Account: "other"}, []string{"g.three"}},
			"state":     {record.HoldingFilter{State: "active"}, []string{"g.one"}},
		} {
			var got []string
			for _, h := range w.holdings(c.f) {
				got = append(got, h.Job)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("by %s: %q, want %q", name, got, c.want)
			}
		}
		h := w.holdings(record.HoldingFilter{B: "B"})[0]
		if h.Account != "acct" || h.Mode != "axb" || h.X != "170****0000" || h.A != "139****0002" || h.B != "138****0001" || h.Generation != w.now.UnixMilli() {
			t.Errorf("%+v", h)
		}
		if two := w.holdings(record.HoldingFilter{A: "C"})[0]; two.Generation != h.Generation+1 {
			t.Errorf("generations %d and %d of one moment", h.Generation, two.Generation)
		}
		if got, err := w.store.LeadingOn(w.ctx, "g", "m"); err != nil || got == nil || got.Job != "g.three" {
			t.Errorf("m leads by %+v, %v", got, err)
		}
		if got, err := w.store.LeadingOn(w.ctx, "g", "n"); err != nil || got != nil {
			t.Errorf("n leads to one by %+v, %v", got, err)
		}
		for _, err := range w.store.Holdings(w.ctx, "g", record.HoldingFilter{}) {
			w.must(err)
			break // whoever has seen enough gets no more
		}
	})
}

// TestLedgerKeepsNoNumber: an entry shows what a record shows.
func TestLedgerKeepsNoNumber(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		var entry map[string]any
		w.must(json.Unmarshal([]byte(w.r.Client.HGet(w.ctx, key("x:", num), id).Val()), &entry))
		want := map[string]any{"gen": float64(w.now.UnixMilli()), "state": "sent", "mode": "axb", "a": "A", "b": "B", "account": "acct",
			"xm": "170****0000", "am": "139****0002", "bm": "138****0001", "until": float64(w.now.Add(time.Hour + owned).UnixMilli())}
		if len(entry) != len(want) {
			t.Errorf("%v", entry)
		}
		for field, value := range want {
			if entry[field] != value {
				t.Errorf("%s is %v, want %v", field, entry[field], value)
			}
		}
		w.must(w.r.Client.HSet(w.ctx, key("x:", num), id, "?").Err())
		for _, err := range w.store.Holdings(w.ctx, "g", record.HoldingFilter{}) {
			if err == nil {
				t.Error("what is no entry was read")
			}
		}
	})
}
