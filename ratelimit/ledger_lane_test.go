package ratelimit_test

import (
	"math"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// laneLedger is what was asked of the lane and answered.
type laneLedger struct {
	slots     map[string]int64 // as leased, µs
	used      []int64          // slots with which something went, since the time was set back; µs
	moments   []int64          // at which it went; ms
	gates     map[string]int64 // shut until; 0: nobody knows
	locks     map[string]int64 // number -> until
	lines     map[string]*line // job -> its line
	failures  int              // in a row
	pausedTo  int64            // by the breaker; 0: it is closed
	pausedFor int64
	trial     *sent // since the pause
}

// line is what a call uses until its end is known.
type line struct {
	state record.State
	until int64 // and no longer than this
	span  int64
}

func newLaneLedger() laneLedger {
	return laneLedger{slots: map[string]int64{}, gates: map[string]int64{}, locks: map[string]int64{}, lines: map[string]*line{}}
}

func (l *ledger) leased(id string, at int64) { l.slots[id] = at }

// setBack: what was counted before is of another time.
func (l *ledger) setBack() { l.used, l.moments = nil, nil }

func (l *ledger) shut(reason string, now, span int64) {
	if old, was := l.gates[reason]; was && (old == 0 || span > 0 && old > now+span) {
		return
	}
	l.gates[reason] = 0
	if span > 0 {
		l.gates[reason] = now + span
	}
}

func (l *ledger) opened(reasons []string) {
	all := len(reasons) == 0
	if all || slices.Contains(reasons, "breaker") {
		l.closeBreaker()
	}
	for reason := range l.gates {
		if all || slices.Contains(reasons, reason) {
			delete(l.gates, reason)
		}
	}
}

func (l *ledger) closeBreaker() { l.failures, l.pausedTo, l.pausedFor, l.trial = 0, 0, 0, nil }

// proves: evidence of a request of which nobody knew what became of it is a
// success of the vendor's.
func (l *ledger) proves(was record.State, e record.Evidence, got record.Verdict) {
	told := e.State != "" && (got == record.Advanced || got == record.Same)
	if told && (was == record.InDoubt || was == record.Unknown) {
		l.closeBreaker()
	}
}

// laneAllows holds a permit against everything that the lane is shut or full for.
func (l *ledger) laneAllows(s *sent, r ratelimit.Request, a ratelimit.Answer) {
	l.rate(s, r, s.at+a.Wait.Milliseconds())
	for _, n := range s.numbers {
		if !s.free && l.locks[n] > s.at {
			l.breach("%s.%d was let out to %s, which is locked", s.job, s.attempt, n)
		}
	}
	if !r.Anytime {
		l.gatesAllow(s)
		l.dayAllows(s)
	}
	if r.LineFor == 0 {
		return
	}
	busy := 1
	for job, line := range l.lines {
		if job != s.job && line.until > s.at {
			busy++
		}
	}
	if limit := l.rules.MaxInFlight; limit > 0 && busy > limit && !r.Anytime {
		l.breach("%s.%d uses line %d of %d", s.job, s.attempt, busy, limit)
	}
	l.lines[s.job] = &line{record.Submitting, s.owned, r.LineFor.Milliseconds()}
}

func (l *ledger) gatesAllow(s *sent) {
	for reason, till := range l.gates {
		_, queue, one := strings.Cut(reason, "/")
		if (till == 0 || till > s.at) && (!one || queue == priorityOf(s.job)) {
			l.breach("%s.%d was let out at %d though the lane is shut: %s", s.job, s.attempt, s.at, reason)
		}
	}
	switch {
	case l.pausedTo == 0:
	case s.at < l.pausedTo:
		l.breach("%s.%d was let out %d ms before the breaker's pause is over", s.job, s.attempt, l.pausedTo-s.at)
	case l.trial != nil && !l.trial.over && l.trial.owned > s.at && l.trial.job != s.job:
		l.breach("%s.%d was let out though %s.%d tries already", s.job, s.attempt, l.trial.job, l.trial.attempt)
	default:
		l.trial = s
	}
}

func (l *ledger) dayAllows(s *sent) {
	s.inDay = true
	n := 1
	for _, o := range l.sent {
		if o.inDay && dayIndex(o.at) == dayIndex(s.at) && (o.told || !o.givenBack) {
			n++
		}
	}
	if l.rules.DailyCap > 0 && n > l.rules.DailyCap {
		l.breach("%s.%d is call %d of the day, of %d", s.job, s.attempt, n, l.rules.DailyCap)
	}
}

// rate: within no time t are there more slots used than burst + t times the rate
// less its margin; and as a call goes within 100 ms of its slot, the same is true
// of the calls, those 100 ms added.
func (l *ledger) rate(s *sent, r ratelimit.Request, moment int64) {
	if l.rules.Rate.PerSecond == 0 {
		return
	}
	at, leased := l.slots[r.Slot]
	if delete(l.slots, r.Slot); !leased {
		l.breach("%s.%d was let out without a slot", s.job, s.attempt)
		return
	}
	if late := moment - at/1000; late < 0 || late > 100 {
		l.breach("%s.%d goes %d ms after its slot", s.job, s.attempt, late)
	}
	l.used, l.moments = append(l.used, at), append(l.moments, moment)
	slices.Sort(l.used)
	slices.Sort(l.moments)
	per := l.rules.Rate.PerSecond / 1.02
	for i := range l.used {
		for j := range i {
			exact, around := float64(l.used[i]-l.used[j])/1e6, float64(l.moments[i]-l.moments[j]+101)/1000
			if most := float64(l.rules.Rate.Burst) + math.Min(exact, around)*per + 0.001; float64(i-j+1) > most {
				l.breach("%d slots within %.3f s, calls within %.3f s", i-j+1, exact, around-0.101)
			}
		}
	}
}

// laneNews is what the first settlement of a permit says of the lane.
func (l *ledger) laneNews(s *sent, t record.Settlement) {
	trial := l.trial == s
	if t.LockFor > 0 {
		for _, n := range s.numbers {
			l.locks[n] = max(l.locks[n], l.now+t.LockFor.Milliseconds())
		}
	}
	if trial {
		l.trial = nil
	}
	if t.Lane == nil {
		return
	}
	if t.Lane.Gate != "" {
		l.shut(t.Lane.Gate, l.now, t.Lane.GateFor.Milliseconds())
	}
	b := t.Lane.Breaker
	switch t.Lane.Health {
	case record.HealthOK:
		l.closeBreaker()
	case record.HealthFailed:
		switch {
		case trial:
			l.pausedFor = min(2*l.pausedFor, b.MaxOpen.Milliseconds())
			l.pausedTo = l.now + l.pausedFor
		case l.pausedTo == 0 && b.After > 0:
			if l.failures++; l.failures >= b.After {
				l.failures, l.pausedFor = 0, b.Open.Milliseconds()
				l.pausedTo = l.now + l.pausedFor
			}
		}
	case record.HealthNone:
	}
}

// seeLines learns from the records what the calls came to.
func (l *ledger) seeLines(v view) {
	for job, line := range l.lines {
		state := record.State(v["job "+job+" state"])
		rank := rankOf(state)
		switch {
		case state == "", rank == 0, rank >= 5, state == record.AwaitingDial:
			delete(l.lines, job)
		case state != line.state:
			line.state, line.until = state, l.now+line.span
		}
	}
}

// said is an operator's word about the job.
func (l *ledger) said(job string, as record.Word) {
	for _, s := range l.sent {
		if s.job != job {
			continue
		}
		if s.resolved = true; as == record.SayCompleted {
			s.seen = true
		}
	}
}
