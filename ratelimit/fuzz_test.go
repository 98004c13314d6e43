package ratelimit_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
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
	if t.pick(2) == 0 {
		rules.DailyCap, rules.Day = 1+t.pick(4), shanghai
	}
	if t.pick(2) == 0 {
		rules.Rate = ratelimit.Rate{PerSecond: choose(t, 0.3, 2, 20), Burst: 1 + t.pick(3)}
	}
	if t.pick(3) == 0 {
		rules.MaxInFlight = 1 + t.pick(2)
	}
	return rules
}

// shutSometimes shuts the lane for a while, for several reasons.
func (h *history) shutSometimes() {
	reasons := []string{record.GateHalt, record.GateWindow, record.GateFrequency, ratelimit.GateOperator, "operator/urgent", "operator/bulk"}
	for !h.tape.ended() && h.tape.pick(3) == 0 {
		reason := choose(h.tape, reasons...)
		span := choose(h.tape, 1, 999, 60000, hourMS, 20*hourMS, 0)
		h.model.at(h.clock)
		h.model.shut(reason, span, "")
		h.same("shut "+reason, nil, nil, h.lane.Shut(h.ctx, reason, time.Duration(span)*time.Millisecond, ""))
		h.ledger.shut(reason, h.model.now, span)
	}
}

// askUntilGo asks at each answered time until the call goes out. No answer is
// before the present, none is refused again by the rule that gave it, and the
// model says the same.
func askUntilGo(t testing.TB, r *redistest.Redis, bytes []byte) {
	tp := &tape{bytes: bytes}
	h := newHistory(t, r, rulesOf(tp), mixes[len(mixes)-1], nil)
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
		h.shutSometimes()
		h.untilGo(id, j)
		h.model.at(h.clock)
		h.opSettleOf(id)
		h.compare("a call")
	}
}

func (h *history) untilGo(id string, j *mJob) {
	r := ratelimit.Request{
		JobID: id, Numbers: numbersOf(id), Attempt: j.attempt + 1, Token: "t", Go: true, Waited: true,
		Timeout: 10 * time.Second, Doubt: time.Minute, LineFor: lineOf(id), Suppress: suppressedBy(id),
	}
	refused := map[string]int{}
	for range 400 { // a call in flight may cost 45 of them, one on a line 300
		h.model.at(h.clock)
		r.Slot = h.anySlot()
		want := h.model.admit(r)
		got, err := h.admit.Admit(h.ctx, r)
		h.same("admit "+id, got, want, err)
		h.ledger.admitted(r, got)
		switch {
		case got.Decision == ratelimit.Again: // later, then
			h.clock += 1000
			continue
		case got.Decision != ratelimit.Hold && got.Decision != ratelimit.Shut:
			return
		case got.Decision == ratelimit.Shut && got.Until.IsZero(): // somebody must open it
			h.same("open "+got.Reason, nil, nil, h.openNow(got.Reason))
			continue
		case !got.Until.After(got.Now):
			h.fatalf("%s until %v, which is not after %v", got.Decision, got.Until, got.Now)
		}
		by := string(got.Decision) + " " + got.Reason
		if refused[by]++; refused[by] > 1 && got.Reason != "one_at_a_time" {
			h.fatalf("%s refused again at the time that it gave", got.Reason)
		}
		h.clock = got.Until.UnixMilli()
	}
	h.fatalf("four hundred refusals in a row")
}

// anySlot is a new slot, be the lane shut or not.
func (h *history) anySlot() string {
	if h.rules.Rate.PerSecond == 0 {
		return ""
	}
	h.lease(ratelimit.PaceAnytime, 1, 0)
	if _, ok := h.model.lane.slots[strconv.Itoa(h.model.lane.leased)]; ok {
		return strconv.Itoa(h.model.lane.leased)
	}
	return ""
}

func (h *history) openNow(reason string) error {
	h.model.open(reason)
	h.ledger.opened([]string{reason})
	_, err := h.lane.Open(h.ctx, reason)
	return err
}

func FuzzAdmit(f *testing.F) {
	seeds := uint64(60)
	if redistest.Raced {
		seeds = 15
	}
	for seed := range seeds {
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
