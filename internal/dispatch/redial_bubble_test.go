package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
)

// again is a policy of calling again: the account has one in these tests.
func again() *ratelimit.Redial {
	return &ratelimit.Redial{After: map[string]time.Duration{"busy": 10 * time.Minute, "no_answer": 30 * time.Minute}, Max: 2}
}

func ended(state providers.State, cause providers.Cause) providers.Report {
	return providers.Report{State: state, Cause: cause, Evidence: providers.EvidencePush}
}

// passes lets the process work for so long.
func (s scene) passes(d time.Duration) {
	s.t.Helper()
	s.worksUntil(s.t, time.Now().Add(d))
}

// worksUntil has the process do what is due, until then or its death.
func (p *process) worksUntil(t *testing.T, until time.Time) {
	for time.Now().Before(until) && !p.steps.isDead() {
		if p.turn(t.Context()) {
			continue
		}
		next := until
		if at, ok := p.broker.next(); ok && at.Before(next) {
			next = at
		}
		at, ok, err := p.lane.Store.NextDue(t.Context(), walkGroup)
		if ok && err == nil && at.Before(next) {
			next = at
		}
		time.Sleep(max(time.Until(next), 10*time.Millisecond))
	}
}

// callsAt are the company's calls, by how long after begin they came.
func (c *phoneCompany) callsAt(begin time.Time) (at []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.placedAt {
		at = append(at, t.Sub(begin))
	}
	return at
}

func (s scene) lookOf(id string) (state record.State, redial string) {
	rec, err := s.lane.Store.Get(s.ctx, id)
	s.must(err)
	if rec == nil {
		return "", ""
	}
	return rec.State, rec.Redial
}

// TestBusyIsCalledAgain as a job of its own, after its wait and under the rules; how
// it all ended stands in the records, and the company was asked for so many calls.
func TestBusyIsCalledAgain(t *testing.T) {
	busy, noAnswer := ended(providers.StateBusy, providers.CauseBusy), ended(providers.StateNoAnswer, providers.CauseNoAnswer)
	once := ratelimit.PerNumber{Limit: 1, Width: 2 * time.Hour}
	for name, tt := range map[string]struct {
		results []providers.Report
		limit   ratelimit.PerNumber
		want    []record.State  // of the first call, and those after it
		apart   []time.Duration // at least, from each call to the next
	}{
		"busy, then answered":       {[]providers.Report{busy}, ratelimit.PerNumber{}, []record.State{record.Busy, record.Completed}, []time.Duration{10 * time.Minute}},
		"no answer, then answered":  {[]providers.Report{noAnswer}, ratelimit.PerNumber{}, []record.State{record.NoAnswer, record.Completed}, []time.Duration{30 * time.Minute}},
		"busy, no answer, answered": {[]providers.Report{busy, noAnswer}, ratelimit.PerNumber{}, []record.State{record.Busy, record.NoAnswer, record.Completed}, []time.Duration{10 * time.Minute, 30 * time.Minute}},
		"busy for ever":             {[]providers.Report{busy, busy, busy, busy}, ratelimit.PerNumber{}, []record.State{record.Busy, record.Busy, record.Busy}, []time.Duration{10 * time.Minute, 10 * time.Minute}},
		"held by a rule":            {[]providers.Report{busy}, once, []record.State{record.Busy, record.Completed}, []time.Duration{2 * time.Hour}},
		"rejected":                  {[]providers.Report{ended(providers.StateRejected, providers.CauseRejected)}, ratelimit.PerNumber{}, []record.State{record.Rejected}, nil},
		"busy, for it was rejected": {[]providers.Report{ended(providers.StateBusy, providers.CauseRejected)}, ratelimit.PerNumber{}, []record.State{record.Busy}, nil},
		"invalid":                   {[]providers.Report{ended(providers.StateFailed, providers.CauseInvalidNumber)}, ratelimit.PerNumber{}, []record.State{record.Failed}, nil},
		"answered":                  {nil, ratelimit.PerNumber{}, []record.State{record.Completed}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				rules := ratelimit.Rules{OneAtATime: true, Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}, QueryRate: ratelimit.Rate{PerSecond: 10, Burst: 5}}
				if tt.limit.Limit > 0 {
					rules.PerNumber = append(rules.PerNumber, tt.limit)
				}
				s.lane.under(rules, time.Now)
				s.lane.Redial, s.company.results = again(), tt.results
				begin, job := time.Now(), notifyJob(nil)
				job.Tags = map[string]string{"order": "1"}
				first := s.enqueue(job)
				s.passes(6 * time.Hour)
				ids := []string{first, first + "r1", first + "r2", first + "r3"}
				for i, id := range ids {
					state, redial := s.lookOf(id)
					if i >= len(tt.want) {
						if state != "" {
							t.Errorf("there is a job %s, %s", id, state)
						}
						continue
					}
					rec := s.get(id)
					next := ""
					if i+1 < len(tt.want) {
						next = ids[i+1]
					}
					if state != tt.want[i] || redial != next || rec.Attempts != 1 || rec.RedialNumber != i {
						t.Errorf("job %d is %s after %d attempts, number %d, called again by %q; want it %s, %q: %v", i, state, rec.Attempts, rec.RedialNumber, redial, tt.want[i], next, rec.Timeline)
					}
					if i > 0 && (rec.RedialOf != ids[i-1] || rec.Content != s.get(first).Content || rec.Tags["order"] != "1" || !rec.ExpiresAt.Equal(s.get(first).ExpiresAt) || rec.Revision == 0) {
						t.Errorf("job %d: %+v", i, rec)
					}
				}
				at := s.company.callsAt(begin)
				if len(at) != len(tt.want) {
					t.Fatalf("calls at %v", at)
				}
				for i, least := range tt.apart {
					if gap := at[i+1] - at[i]; gap < least || gap > least+3*time.Minute {
						t.Errorf("%s from call %d to the next, want %s", gap, i+1, least)
					}
				}
			})
		})
	}
}

// TestAnsweredAfterAll: while the next call waits, a late report says that the first
// one was answered. Nobody is called again.
func TestAnsweredAfterAll(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.lane.Redial = again()
		first := s.placed(notifyJob(nil))
		busy := ended(providers.StateBusy, providers.CauseBusy)
		busy.VendorID = "call-1"
		s.wantPush(signer.Attempt("phone", first, 1), pushed(busy), pushDone)
		second := s.get(first).Redial
		if rec := s.get(second); rec.State != record.Held || rec.HoldReason != record.HoldRedial || rec.RedialOf != first {
			t.Fatalf("%+v", rec)
		}
		s.wantPush(signer.Attempt("phone", first, 1), pushed(answered("call-1")), pushDone)
		if state := s.get(first).State; state != record.Completed {
			t.Fatalf("the first call is %s", state)
		}
		s.passes(time.Hour)
		if rec := s.get(second); rec.State != record.Canceled || rec.Attempts != 0 || len(s.company.calls()) != 1 {
			t.Errorf("the second is %s after %d attempts; %d calls", rec.State, rec.Attempts, len(s.company.calls()))
		}
	})
}

// TestRedialCanceled: whoever cancels the first call means the next one.
func TestRedialCanceled(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.lane.Redial, s.company.results = again(), []providers.Report{ended(providers.StateBusy, providers.CauseBusy)}
		first := s.enqueue(notifyJob(nil))
		s.passes(5 * time.Minute)
		what, state, err := s.lane.Store.Cancel(s.ctx, first)
		if err != nil || what != record.CancelDone || state != record.Canceled {
			t.Errorf("%s, %s, %v", what, state, err)
		}
		s.passes(time.Hour)
		if a, b := s.get(first).State, s.get(first+"r1").State; a != record.Busy || b != record.Canceled || len(s.company.calls()) != 1 {
			t.Errorf("%s, %s; %d calls", a, b, len(s.company.calls()))
		}
		if !strings.HasPrefix(s.get(first+"r1").RedialOf, walkGroup+".") {
			t.Errorf("it is of %q", s.get(first+"r1").RedialOf)
		}
	})
}
