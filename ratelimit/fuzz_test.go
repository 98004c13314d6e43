package ratelimit_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// rulesOf reads a set of rules off a tape; each of them can be kept.
func rulesOf(t *tape) ratelimit.Rules {
	rules := ratelimit.Rules{OneAtATime: t.pick(2) == 0}
	if t.pick(3) != 0 {
		w := &ratelimit.Window{
			Open: time.Duration(t.pick(48)) * 30 * time.Minute, Close: time.Duration(1+t.pick(48)) * 30 * time.Minute, Location: shanghai,
		}
		if t.pick(2) == 0 {
			w.OpenGuard, w.CloseGuard = time.Duration(t.pick(15))*time.Minute/2, time.Duration(t.pick(15))*time.Minute/2
		}
		switch t.pick(4) {
		case 0:
			w.Blackout = map[string]bool{"2026-11-22": true, "2026-11-23": true}
		case 1:
			w.Weekdays = map[time.Weekday]bool{time.Weekday(t.pick(7)): true, time.Saturday: true}
		}
		rules.Window = w
	}
	for range t.pick(4) {
		p := rolling(1+t.pick(4), choose(t, time.Second, time.Minute, time.Hour, day), choose(t, 0, 2*time.Second))
		if t.pick(3) == 0 {
			p = ratelimit.PerNumber{Limit: p.Limit, Calendar: true, Location: shanghai}
		}
		rules.PerNumber = append(rules.PerNumber, p)
	}
	return rules
}

// askUntilGo asks at each answered time until the call goes out. No answer is
// before the present, none is refused again by the rule that gave it, and the
// model says the same.
func askUntilGo(t testing.TB, r *redistest.Redis, bytes []byte) {
	tp := &tape{bytes: bytes}
	h := newHistory(t, r, rulesOf(tp), mixes[1], nil)
	h.tape = &tape{bytes: bytes[min(len(bytes), tp.at):]}
	for _, id := range h.ids {
		h.model.at(h.clock)
		h.create(id)
		h.clock += int64(tp.pick(256)) * int64(1+tp.pick(256)) * 1000
	}
	for round := range 12 {
		id := h.ids[(round+h.tape.pick(4))%len(h.ids)]
		j := h.model.jobs[id]
		if j == nil || !waiting(j.state) {
			continue
		}
		h.untilGo(id, j)
		h.opSettleOf(id)
		h.compare("a call")
	}
}

func (h *history) untilGo(id string, j *mJob) {
	r := ratelimit.Request{
		JobID: id, Numbers: numbersOf(id), Attempt: j.attempt + 1, Token: "t", Go: true, Waited: true,
		Timeout: 10 * time.Second, Doubt: time.Minute,
	}
	refused := map[string]int{}
	for range 80 { // a call in flight may cost 45 of them
		h.model.at(h.clock)
		want := h.model.admit(r)
		got, err := h.admit.Admit(h.ctx, r)
		h.same("admit "+id, got, want, err)
		h.ledger.admitted(r, got)
		if got.Decision != ratelimit.Hold {
			return
		}
		if !got.Until.After(got.Now) {
			h.fatalf("held until %v, which is not after %v", got.Until, got.Now)
		}
		if refused[got.Reason]++; refused[got.Reason] > 1 && got.Reason != "one_at_a_time" {
			h.fatalf("%s refused again at the time that it gave", got.Reason)
		}
		h.clock = got.Until.UnixMilli()
	}
	h.fatalf("eighty holds in a row")
}

func FuzzAdmit(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(randomTape(2000+seed, 200))
	}
	r := redistest.Mini(f)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		askUntilGo(t, r, bytes)
	})
}
