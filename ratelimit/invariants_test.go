package ratelimit_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// ledger knows only what was asked and answered. It judges the promises without
// the model and without the records.
type ledger struct {
	rules  ratelimit.Rules
	sent   []*sent
	broken []string
	now    int64 // of the last step
	laneLedger
}

// sent is one permit that was given.
type sent struct {
	job, token string
	attempt    int
	numbers    []string
	at, owned  int64
	over       bool // its owner told what came of it
	givenBack  bool // and that nothing was placed
	seen       bool // the vendor told an end of it
	free       bool // of the rules per number
	repeatable bool // the vendor knows the request by its id
	refused    bool // its owner told that it did not take effect
	resolved   bool // somebody else told what became of it
	inDay      bool // daily_cap counts it
	told       bool // the vendor told of this very one
}

// open says that the attempt may have taken effect, for all that is known. What
// the vendor knows by its id is known when one attempt is.
func (l *ledger) open(s *sent) bool {
	return !s.refused && !s.resolved && (!s.repeatable || l.placed(s.job) == nil)
}

// placed is an attempt of which somebody told that it took effect.
func (l *ledger) placed(job string) *sent {
	for _, s := range l.sent {
		if s.job == job && s.seen {
			return s
		}
	}
	return nil
}

func newLedger(rules ratelimit.Rules) *ledger {
	return &ledger{rules: rules, laneLedger: newLaneLedger()}
}

func (l *ledger) find(job string, attempt int) *sent {
	for i := len(l.sent) - 1; i >= 0; i-- {
		if s := l.sent[i]; s.job == job && s.attempt == attempt {
			return s
		}
	}
	return nil
}

func (l *ledger) breach(format string, args ...any) {
	l.broken = append(l.broken, fmt.Sprintf(format, args...))
}

func (l *ledger) admitted(r ratelimit.Request, a ratelimit.Answer) {
	if a.Decision != ratelimit.Go {
		return
	}
	now := a.Now.UnixMilli()
	if s := l.find(r.JobID, r.Attempt); s != nil {
		if s.token != r.Token {
			l.breach("%s.%d was given to %s and to %s", r.JobID, r.Attempt, s.token, r.Token)
		}
		return
	}
	s := &sent{
		job: r.JobID, token: r.Token, attempt: r.Attempt, numbers: r.Numbers, at: now,
		free: r.Free, repeatable: r.Repeatable,
		owned: now + (a.Left + r.Timeout + 30*time.Second).Milliseconds(),
	}
	if a.Left <= 0 || a.Left > 5*time.Second {
		l.breach("%s.%d got a permit of %v", r.JobID, r.Attempt, a.Left)
	}
	l.sentBefore(s)
	for _, n := range r.Numbers {
		l.inFlight(s, n)
		l.counted(s, n)
	}
	l.laneAllows(s, r, a)
	l.sent = append(l.sent, s)
	if w := l.rules.Window; w != nil && !r.Anytime {
		if from, closes := firstOpen(w, now); from != now || closes < now+a.Left.Milliseconds() {
			l.breach("%s.%d was let out at %d, the window opens at %d", r.JobID, r.Attempt, now, from)
		}
	}
}

func (l *ledger) touching(number string, f func(*sent)) {
	for _, s := range l.sent {
		for _, n := range s.numbers {
			if n == number {
				f(s)
			}
		}
	}
}

func (l *ledger) inFlight(now *sent, number string) {
	if !l.rules.OneAtATime && !now.free {
		return
	}
	l.touching(number, func(s *sent) {
		if !l.rules.OneAtATime && (!s.free || l.countedSince(number, s.at)) {
			return // a call that minds nobody took the number over
		}
		if !s.over && s.owned > now.at {
			l.breach("%s has %s.%d and %s.%d in flight", number, s.job, s.attempt, now.job, now.attempt)
		}
	})
}

func (l *ledger) countedSince(number string, at int64) (found bool) {
	l.touching(number, func(s *sent) { found = found || !s.free && s.at >= at })
	return found
}

// counted holds the new permit against every permit to the number before it.
func (l *ledger) counted(now *sent, number string) {
	if now.free {
		return
	}
	for _, rule := range l.rules.PerNumber {
		n := 1
		l.touching(number, func(s *sent) {
			in := s.at > now.at-(rule.Width+rule.Margin).Milliseconds()
			if rule.Calendar {
				in = dayIndex(s.at) == dayIndex(now.at)
			}
			if in && !s.free && (s.seen || !s.givenBack) {
				n++
			}
		})
		if n > rule.Limit {
			l.breach("%s.%d is call %d to %s, of %d", now.job, now.attempt, n, number, rule.Limit)
		}
	}
}

func (l *ledger) settled(job string, t record.Settlement, got record.Settled) {
	s := l.find(job, t.Attempt)
	if got.Stale || s == nil || s.over {
		return
	}
	l.laneNews(s, t)
	s.over = true
	notPlaced := t.Result == record.ResultAgain || t.Result == record.ResultFailed && !t.Maybe
	s.givenBack = !t.KeepCharge && notPlaced
	switch t.Result {
	case record.ResultAgain, record.ResultFailed:
		s.refused = true
	case record.ResultAccepted, record.ResultBound, record.ResultDone:
		l.resolved(job) // every attempt was the same request
	case record.ResultInDoubt:
	}
}

// resolved says that it is known what the job's attempts came to.
func (l *ledger) resolved(job string) {
	for _, s := range l.sent {
		if s.job == job {
			s.resolved = true
		}
	}
}

// sentBefore: while an attempt may have taken effect no other one goes out, but
// the very same request to a vendor that knows it.
func (l *ledger) sentBefore(now *sent) {
	if s := l.placed(now.job); s != nil {
		l.breach("%s.%d was let out though attempt %d was placed", now.job, now.attempt, s.attempt)
	}
	for _, s := range l.sent {
		if s.job == now.job && l.open(s) && (!s.repeatable || !now.repeatable) {
			l.breach("%s.%d was let out though attempt %d may have taken effect", now.job, now.attempt, s.attempt)
		}
	}
}

// judge: a job of which an attempt may have taken effect neither waits to be sent
// nor has ended as if it had not.
func (l *ledger) judge(v view) {
	l.seeLines(v)
	for _, s := range l.sent {
		state := record.State(v["job "+s.job+" state"])
		if s.seen && waiting(state) {
			l.breach("%s is %s though attempt %d was placed", s.job, state, s.attempt)
		}
		if !l.open(s) {
			continue
		}
		if state == record.Expired && v["job "+s.job+" ends_at"] != "" {
			continue // it stood, and its time ended
		}
		switch state {
		case record.Accepted, record.Queued, record.Held, record.Reserved, record.Expired, record.Canceled, record.Failed:
			l.breach("%s is %s though attempt %d may have taken effect", s.job, state, s.attempt)
		}
	}
}

func (l *ledger) seen(job string, e record.Evidence) {
	if s := l.find(job, e.Attempt); s != nil && e.State != "" {
		s.seen, s.told = true, true
	}
}

// tookEffect: a request that the vendor knows by its id is known to have had one.
func (l *ledger) tookEffect(job string) {
	for _, s := range l.sent {
		if s.job == job {
			s.seen = true
		}
	}
}

// brokenInvariants judges what Redis holds by itself.
func brokenInvariants(v view, ttl map[string]time.Duration) []string {
	var out []string
	for name, left := range ttl {
		kind, id, _ := strings.Cut(name, " ")
		state := record.State(v[name+" state"])
		due := v["due "+id] != ""
		switch {
		case left == -2: // there is none
			if kind == "job" && due {
				out = append(out, id+" is due and has no record")
			}
		case kind == "key" && left >= 0 && v["job "+id+" state"] != "" && !record.State(v["job "+id+" state"]).Final():
			out = append(out, "the key of "+id+" is forgotten before its end")
		case kind == "number" && left < 0:
			out = append(out, "the history of "+id+" stays forever")
		case kind == "call" && left < time.Minute: // every record here is kept longer
			out = append(out, fmt.Sprintf("the name %s leads to a job for %v", id, left))
		case state == record.Unknown && left == -1 && !due && v[name+" gen"] != "":
			// A binding without ttl may stand for ever.
		case kind == "job" && state.Final() && (left < 0 || due):
			out = append(out, fmt.Sprintf("%s is %s: due %v, kept %v", id, state, due, left))
		case kind == "job" && !state.Final() && (left >= 0 || !due):
			out = append(out, fmt.Sprintf("%s is %s: due %v, kept %v", id, state, due, left))
		}
	}
	return out
}
