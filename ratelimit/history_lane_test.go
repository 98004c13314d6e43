package ratelimit_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

var laneSteps = []operation{
	{4, "lease", (*history).opLease}, {3, "project", (*history).opProject}, {3, "shut", (*history).opShut},
	{6, "open", (*history).opOpen}, {2, "suppress", (*history).opSuppress}, {2, "lift", (*history).opLift},
	{1, "lock", (*history).opLock}, {1, "list locks", (*history).opListLocks},
}

// priorityOf is the queue that the job lies in.
func priorityOf(id string) string {
	return map[byte]string{'a': "urgent", 'c': "bulk"}[id[2]] + map[bool]string{true: "normal"}[id[2] != 'a' && id[2] != 'c']
}

// lineOf is for how long the job's call uses a line after its last news at the most.
func lineOf(id string) time.Duration {
	switch {
	case bind(id):
		return 0
	case id[2] == 'c':
		return 2 * time.Hour
	}
	return 5 * time.Minute
}

// suppressedBy are the keys of the job's people on the suppression list.
func suppressedBy(id string) []string {
	var keys []string
	for _, n := range numbersOf(id) {
		keys = append(keys, "s"+n)
	}
	return keys
}

func (h *history) laneGuess() time.Time { return time.UnixMilli(h.model.now + h.laneSkew) }

func (h *history) opLease() {
	h.lease(choose(h.tape, ratelimit.PaceCalls, ratelimit.PaceCalls, ratelimit.PaceAnytime, ratelimit.PaceQueries),
		choose(h.tape, 1, 1, 2, 6), choose(h.tape, time.Millisecond, 0, 100*time.Millisecond, 700*time.Millisecond))
}

func (h *history) lease(p ratelimit.Pace, n int, lead time.Duration) {
	if p == ratelimit.PaceQueries && h.rules.QueryRate.PerSecond == 0 || h.rules.Rate.PerSecond == 0 {
		h.idle = true
		return
	}
	h.laneSkew = choose(h.tape, 0, 0, 3*hourMS, -40*dayMS)
	before := time.Now()
	got, err := h.lane.Lease(h.ctx, p, n, lead)
	after := time.Now()
	want := h.model.lease(p, n, lead)
	what := fmt.Sprintf("lease %d of pace %d", n, p)
	if want.gate.reason != "" {
		gate := &ratelimit.Gate{Reason: want.gate.reason}
		if want.gate.till > 0 {
			gate.Until = time.UnixMilli(want.gate.till)
		}
		h.counts["lease: gate"]++
		h.same(what, got, ratelimit.Lease{Shut: gate}, err)
		return
	}
	// Its times are of this process's clock, which Redis's now is somewhere within.
	since := func(ms float64) time.Duration { return time.Duration((ms - float64(h.model.now)) * 1e6) }
	if err == nil && (got.AskAt.Before(before.Add(since(want.askFrom))) || got.AskAt.After(after.Add(since(want.askTo)+time.Millisecond))) {
		h.fatalf("%s: ask again %v after the answer, want %v to %v", what, got.AskAt.Sub(after), since(want.askFrom), since(want.askTo))
	}
	here := before
	if len(got.Slots) > 0 && len(want.at) > 0 {
		here = got.Slots[0].At.Add(-time.Duration(want.at[0]-h.model.now*1000) * time.Microsecond)
		if here.Before(before) || here.After(after) {
			h.fatalf("%s: the first slot is %v after the answer, want %v", what, got.Slots[0].At.Sub(after), since(float64(want.at[0])/1000))
		}
	}
	var ids []string
	var at []int64
	for _, s := range got.Slots {
		ids = append(ids, s.ID)
		at = append(at, h.model.now*1000+s.At.Sub(here).Microseconds())
		if p != ratelimit.PaceQueries {
			h.leaseds = append(h.leaseds, s.ID)
			h.ledger.leased(s.ID, at[len(at)-1])
		}
	}
	h.same(what, []any{ids, at}, []any{want.ids, want.at}, err)
	h.counts[fmt.Sprintf("lease: pace %d, %d", p, len(ids))]++
}

// slot is what the handler of a request has for a slot.
func (h *history) slot(r ratelimit.Request) string {
	if h.rules.Rate.PerSecond == 0 || !r.Go {
		return ""
	}
	if h.tape.pick(10) == 0 {
		return choose(h.tape, append(h.leaseds, "", "nobody's")...) // used, or late, perhaps
	}
	usable := func() string {
		for _, id := range h.leaseds {
			if at, ok := h.model.lane.slots[id]; ok && at > (h.model.now-100)*1000 {
				return id
			}
		}
		return ""
	}
	id := usable()
	if id == "" {
		pace := ratelimit.PaceCalls
		if r.Anytime || h.tape.pick(4) == 0 {
			pace = ratelimit.PaceAnytime
		}
		h.lease(pace, choose(h.tape, 1, 1, 3), time.Millisecond)
		id = usable()
	}
	if at, ok := h.model.lane.slots[id]; ok && h.tape.pick(5) == 0 && h.model.behind == 0 { // its handler is late
		h.clock = max(h.clock, (at+999)/1000+choose(h.tape, int64(0), 99, 100, 101))
		h.model.at(h.clock)
	}
	return id
}

func (h *history) opProject() {
	h.laneSkew = choose(h.tape, 0, 0, 20*60000, -59*60000, 40*dayMS)
	peek := h.tape.pick(3) == 0
	ask := h.lane.Project
	if peek {
		ask = h.lane.Peek
	}
	got, err := ask(h.ctx)
	for i, g := range got.Gates {
		if followsFromRules(g.Reason) {
			got.Gates[i].Detail = ""
		}
	}
	h.same(fmt.Sprintf("project, peek %v", peek), got, h.model.project(h.model.now+h.laneSkew, peek), err)
	for _, g := range got.Gates {
		h.counts["project: "+g.Reason]++
	}
	if got.Used > 0 {
		h.counts["project: used"]++
	}
	if h.tape.pick(3) == 0 { // an edge comes
		h.clock = max(h.clock, got.Next.UnixMilli()-choose(h.tape, int64(0), 1))
	}
}

func (h *history) opShut() {
	reason := choose(h.tape, ratelimit.GateOperator, "operator/urgent", "operator/normal", "operator/bulk", record.GateHalt, record.GateWindow)
	span := choose(h.tape, 0, time.Second, 10*time.Minute, time.Minute, 9*time.Hour)
	detail := choose(h.tape, "by a test", "")
	h.model.shut(reason, span.Milliseconds(), detail)
	h.same(fmt.Sprintf("shut %s for %v", reason, span), nil, nil, h.lane.Shut(h.ctx, reason, span, detail))
	h.ledger.shut(reason, h.model.now, span.Milliseconds())
}

func (h *history) opOpen() {
	if h.model.behind > 5000 && h.tape.pick(3) == 0 {
		h.opProject() // somebody looks first
		return
	}
	var reasons []string
	if h.tape.pick(2) == 0 {
		reasons = append(reasons, choose(h.tape, ratelimit.GateOperator, "operator/urgent", "operator/normal", "breaker", "clock", record.GateHalt, record.GateFrequency))
	}
	if h.model.behind > 5000 && h.tape.pick(2) == 0 {
		reasons = choose(h.tape, []string{"clock"}, nil)
	}
	behind := h.model.behind
	want := h.model.open(reasons...)
	got, err := h.lane.Open(h.ctx, reasons...)
	h.same(fmt.Sprintf("open %v", reasons), got, want, err)
	for _, r := range got {
		h.counts["opened: "+r]++
	}
	h.ledger.opened(reasons)
	if h.model.seen == 0 && behind > 0 { // the server's time counts from now on
		h.counts["the clock runs backwards"]++
		h.leaseds = nil
		h.restoreLedger()
		h.ledger.setBack()
		h.model.at(h.clock)
		h.lease(choose(h.tape, ratelimit.PaceCalls, ratelimit.PaceAnytime), 2, time.Millisecond)
		h.idle = false
	}
}

func (h *history) opSuppress() {
	key := redisKey("suppressed", "")
	if h.tape.pick(2) == 0 {
		clear(h.model.lane.suppressions)
		h.same("nobody is suppressed", nil, nil, h.r.Client.Del(h.ctx, key).Err())
		h.idle = true
		return
	}
	n := "s" + choose(h.tape, numberKeys...)
	till := choose(h.tape, int64(0), h.model.now, h.model.now+1, h.model.now+60000, h.model.now+5*hourMS)
	value := strconv.FormatInt(till, 10) + choose(h.tape, " asked us not to", "")
	h.model.lane.suppressions[n] = value
	h.same("suppress "+n+" "+value, nil, nil, h.r.Client.HSet(h.ctx, key, n, value).Err())
	h.idle = true // no script runs
}

func (h *history) opLift() {
	key := choose(h.tape, numberKeys...)
	for i := range numberKeys { // mostly one that is locked
		if next := numberKeys[i]; len(h.model.number(next).locked) > 0 && h.tape.pick(4) != 0 {
			key = next
		}
	}
	if len(h.model.number(key).locked) > 0 {
		h.counts["lift: somebody waits"]++
	}
	got, err := h.locks.Lift(h.ctx, group, key)
	h.same("lift "+key, got, h.model.lift(key), err)
	h.counts[fmt.Sprintf("lift: %v", got)]++
	h.ledger.locks[key] = 0
}

func (h *history) opLock() {
	l := ratelimit.Lock{Key: choose(h.tape, numberKeys...), Reason: "by a test"}
	l.Until = time.UnixMilli(h.model.now + choose(h.tape, int64(0), 1, 60000, 3*hourMS))
	err := h.locks.Add(h.ctx, group, l)
	over := errors.Is(err, ratelimit.ErrLockOver)
	if over {
		err = nil
	} else {
		h.ledger.locks[l.Key] = max(h.ledger.locks[l.Key], l.Until.UnixMilli())
	}
	h.same(fmt.Sprintf("lock %s %d", l.Key, l.Until.UnixMilli()-h.model.now), !over, h.model.lock(l), err)
	h.counts[fmt.Sprintf("lock: %v", !over)]++
}

func (h *history) opListLocks() {
	locks, err := h.locks.List(h.ctx, group)
	var got []string
	for _, l := range locks {
		words := []string{l.Key, strconv.FormatInt(l.Until.UnixMilli(), 10), dash(l.Account), dash(l.Job), dash(l.Masked), l.Reason}
		got = append(got, fmt.Sprintf("%s %s %s %s %s %s", words[0], words[1], words[2], words[3], words[4], words[5]))
	}
	slices.Sort(got)
	h.same("locks", got, h.model.listLocks(), err)
	h.counts[fmt.Sprintf("locks: %d", len(got))]++
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (h *history) opResolve() {
	id := h.jobIn(func(j *mJob) bool {
		return j.state == record.InDoubt || j.state == record.Unknown || j.word.as != "" && j.rank() < 9
	})
	was := h.stateOf(id)
	r := record.Resolution{As: choose(h.tape, record.SayCompleted, record.SayFailed, record.SayResend, record.SayResend), Token: choose(h.tape, "w1", "w2", "w3")}
	names := record.Names{VendorID: choose(h.tape, "", "v1")}
	got, err := h.store.Resolve(h.ctx, id, numbersOf(id), names, r)
	want := h.model.resolve(id, names, r)
	refused := [2]bool{got.Refused != "", want.Refused != ""} // its words are for people
	got.Refused, want.Refused = "", ""
	if refused[0] {
		h.counts["resolved: refused"]++
	}
	h.same(fmt.Sprintf("resolve %s as %s", id, r.As), []any{got, refused[0]}, []any{want, refused[1]}, err)
	h.counts[fmt.Sprintf("resolve: %s as %s %s", was, r.As, got.State)]++
	if !refused[0] && !got.Missing {
		h.ledger.said(id, r.As)
		if r.As == record.SayResend && h.tape.pick(2) == 0 {
			h.opSettleOf(id) // its owner lives after all
		}
	}
}
