package ratelimit_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

var (
	numberKeys = []string{"n1", "n2", "n3"}
	pushIDs    = []string{"g.push-1", "g.push-2"}
	callNames  = []string{"v1", "v2"}
)

// tape is where a history's choices come from; it ends.
type tape struct {
	bytes []byte
	at    int
}

func (t *tape) ended() bool { return t.at >= len(t.bytes) }

// pick chooses among n.
func (t *tape) pick(n int) int {
	if t.ended() {
		return 0
	}
	t.at++
	return int(t.bytes[t.at-1]) % n
}

func choose[T any](t *tape, from ...T) T { return from[t.pick(len(from))] }

// history runs the same operations on the scripts and on the model.
type history struct {
	t      testing.TB
	ctx    context.Context
	r      *redistest.Redis
	tape   *tape
	model  *model
	ledger *ledger
	store  *record.Store
	mix    mix
	ids    []string // of the jobs of the time, one of each kind of job
	calls  []string // over bindings
	clock  int64    // of the script's server
	skew   int64    // of the process that asks
	rules  ratelimit.Rules
	admit  *ratelimit.Admission
	leases []leased
	step   int

	lane     *ratelimit.Lane
	locks    *ratelimit.Locks
	laneSkew int64    // of the process that asks about the lane
	leaseds  []string // slots

	idle   bool     // the operation had nothing to do
	done   []string // what was done, for the report of a difference
	counts map[string]int
}

type leased struct {
	real  record.Lease
	model mLease
}

// historyStart is a Saturday, 20:55 in the zone of the rules.
var historyStart = time.Date(2026, 11, 21, 12, 55, 0, 0, time.UTC).UnixMilli()

// mix is what a history is about: its jobs, one of each letter, and how often
// something other than sending and settling happens, of a hundred.
type mix struct {
	name, jobs string
	asides     int
	refusals   bool // nearly every answer is one, and can be sent again at once
	lane       int  // how often something happens to the lane, of a hundred; 0: nothing does
}

var mixes = []mix{
	{"all", "abcdefg", 40, false, 0}, {"calls", "abcd", 35, false, 0}, {"doubt", "def", 12, false, 0}, {"bindings", "ef", 25, false, 0},
	{"retries", "abc", 20, true, 0}, {"lane", "abcdef", 12, false, 30}, {"failing lane", "abcdf", 6, true, 10},
}

// rivalry is about bindings that share their numbers.
var rivalry = mix{"ledger", "efhi", 25, false, 0}

func newHistory(t testing.TB, r *redistest.Redis, rules ratelimit.Rules, m mix, bytes []byte) *history {
	h := &history{
		t: t, ctx: t.Context(), r: r, tape: &tape{bytes: bytes}, model: newModel(rules), ledger: newLedger(rules),
		mix: m, clock: historyStart, rules: rules, counts: map[string]int{},
	}
	for _, letter := range m.jobs {
		h.ids = append(h.ids, group+"."+string(letter))
	}
	h.store = record.New(r.Client).WithClock(func() time.Time { return time.UnixMilli(h.clock) })
	h.locks = ratelimit.NewLocks(h.store)
	h.lane = ratelimit.NewLane(h.store, group, "acct", rules, func() time.Time { return h.laneGuess() })
	h.admit = ratelimit.NewAdmission(h.store, rules, func() time.Time { return time.UnixMilli(h.clock + h.skew) })
	return h
}

// run plays the tape and compares after every step.
func (h *history) run() {
	for _, id := range h.ids {
		h.model.at(h.clock)
		h.create(id)
	}
	for !h.tape.ended() {
		h.step++
		h.tickClock()
		seen, now, behind := h.model.seen, h.model.now, h.model.behind
		h.idle = false
		h.model.at(h.clock)
		name := h.operation()
		h.counts[name]++
		if h.idle { // no script saw the clock
			h.model.seen, h.model.now, h.model.behind = seen, now, behind
			continue
		}
		h.compare(name)
	}
}

// tickClock moves the server's clock; sometimes an older server answers.
func (h *history) tickClock() {
	const minute = 60 * int64(1000)
	if h.model.behind > 0 && h.tape.pick(4) == 0 { // the right one answers again
		h.clock = h.model.now
	}
	if h.mix.lane > 0 && h.model.behind > 0 && h.tape.pick(3) != 0 {
		return
	}
	if h.mix.lane > 0 { // what happens to lanes is quick
		h.clock += choose(h.tape, 0, 1, 20, 50, 99, 100, 200, 500, 1000, 0, 900, 5000, 10000, 10001, 0, 12000, 20000, minute, 0, -5000)
		if h.tape.pick(40) == 39 {
			h.clock += choose(h.tape, 31*minute, 9*hourMS)
		}
		return
	}
	h.clock += choose(h.tape, 0, 1, 100, 1000, 0, 900, 5000, 12000, 0, 45000, 3*minute, 31*minute, 0, 0, 1, -5000, 0, 0, 100, 1000)
	if h.tape.pick(60) == 59 {
		h.clock -= choose(h.tape, 2*hourMS, 5001)
	}
	if h.tape.pick(24) == 23 {
		h.clock += choose(h.tape, 3*hourMS, 9*hourMS+7, 24*hourMS)
	}
}

type operation struct {
	weight int
	name   string
	do     func(*history)
}

var (
	steps = []operation{
		{8, "create", (*history).opCreate}, {24, "admit", (*history).opAdmit}, {12, "settle", (*history).opSettle},
		{14, "pump", (*history).opPump},
	}
	asides = []operation{
		{2, "queued", (*history).opQueued}, {2, "start", (*history).opStart}, {1, "missing", (*history).opMissing},
		{10, "advance", (*history).opAdvance}, {5, "earlier", (*history).opEarlier}, {4, "late answer", (*history).opLateAnswer},
		{3, "polled", (*history).opPolled}, {2, "cancel", (*history).opCancel},
		{1, "fail", (*history).opFail}, {1, "done", (*history).opDone}, {1, "put off", (*history).opPutOff},
		{2, "bound", (*history).opBound}, {1, "released", (*history).opReleased}, {4, "call", (*history).opCall},
		{1, "stale lease", (*history).opStaleLease}, {1, "push", (*history).opPush}, {1, "forget", (*history).opForget},
		{3, "resolve", (*history).opResolve}, {1, "lift", (*history).opLift},
	}
)

func (h *history) operation() string {
	from := steps
	switch n := h.tape.pick(100); {
	case n < h.mix.asides:
		from = asides
	case n < h.mix.asides+h.mix.lane && h.mix.refusals:
		from = laneSteps[:2]
	case n < h.mix.asides+h.mix.lane:
		from = laneSteps
	}
	total := 0
	for _, o := range from {
		total += o.weight
	}
	n := h.tape.pick(total)
	for _, o := range from {
		if n -= o.weight; n < 0 {
			o.do(h)
			return o.name
		}
	}
	return ""
}

func (h *history) logf(format string, args ...any) {
	h.done = append(h.done, fmt.Sprintf("%3d %d ", h.step, h.model.now-historyStart)+fmt.Sprintf(format, args...))
}

func (h *history) fatalf(format string, args ...any) {
	h.t.Helper()
	for _, line := range h.done[max(0, len(h.done)-140):] {
		h.t.Log(line)
	}
	h.t.Fatalf(format, args...)
}

// same fails where the script's answer is not the model's.
func (h *history) same(what string, got, want any, err error) {
	h.t.Helper()
	h.logf("%s = %+v", what, got)
	if err != nil {
		h.fatalf("%s: %v", what, err)
	}
	if !reflect.DeepEqual(got, want) {
		h.fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func (h *history) compare(name string) {
	h.t.Helper()
	got, ttl, err := stored(h.ctx, h.r.Client, h.model.now, append(h.calls, h.ids...))
	if err != nil {
		h.fatalf("%v", err)
	}
	broken := ledgerTTLs(got, ttl)
	for _, n := range numberKeys {
		delete(got, "entries on "+n)
	}
	if d := differences(h.model.view(), got); len(d) > 0 {
		h.fatalf("after %s the record is another than the model's:\n%s", name, join(d))
	}
	if d := append(brokenInvariants(got, ttl), broken...); len(d) > 0 {
		h.fatalf("after %s:\n%s", name, join(d))
	}
	h.ledger.now = h.model.now
	h.ledger.judge(got)
	if d := h.ledger.broken; len(d) > 0 {
		h.fatalf("after %s:\n%s", name, join(d))
	}
}

func join(lines []string) string {
	out := ""
	for _, l := range lines {
		out += "  " + l + "\n"
	}
	return out
}
