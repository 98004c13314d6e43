package dispatch

import (
	"context"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// teller answers queries with what the test says.
type teller struct {
	phoneLine
	says  *providers.PollResult
	asked *[]providers.Query
}

func (v teller) Poll(_ context.Context, q providers.Query) providers.PollResult {
	*v.asked = append(*v.asked, q)
	return *v.says
}

// submitted is a call that the vendor accepted, or for a poll one of others.
func (s scene) submitted(job tasks.Job) string {
	s.t.Helper()
	id := s.enqueue(job)
	if job.Kind != tasks.KindPoll {
		if state, err := s.lane.Act(s.ctx, id, s.kind(id)); err != nil || state != record.Submitted {
			s.t.Fatalf("%s, %v", state, err)
		}
	}
	return id
}

func (s scene) kind(id string) tasks.Kind { return tasks.Kind(s.get(id).Kind) }

// TestPoll: what each answer does to the job, and when it is asked after again.
func TestPoll(t *testing.T) {
	told := func(state providers.State) providers.PollResult {
		r := providers.PollResult{Class: providers.ClassOK, Report: answered("call-1")}
		r.Report.State = state
		return r
	}
	of := func(c providers.Class, after time.Duration) providers.PollResult {
		return providers.PollResult{Class: c, RetryAfter: after, VendorCode: "7", VendorText: "words"}
	}
	foreign := told(providers.StateCompleted)
	foreign.Report.VendorID = "call-2"
	for name, tt := range map[string]struct {
		says  providers.PollResult
		job   tasks.Job
		state record.State
		due   time.Duration // 0: not
	}{
		"it rings":                        {told(providers.StateRinging), notifyJob(nil), record.Ringing, 2 * time.Minute},
		"they talk":                       {told(providers.StateInProgress), notifyJob(nil), record.InProgress, 2 * time.Minute},
		"it ended":                        {told(providers.StateBusy), notifyJob(nil), record.Busy, 0},
		"a state that we do not know":     {told(""), notifyJob(nil), record.Submitted, 2 * time.Minute},
		"another call's answer":           {foreign, notifyJob(nil), record.Submitted, 2 * time.Minute},
		"not yet":                         {of(providers.ClassPending, 0), notifyJob(nil), record.Submitted, 2 * time.Minute},
		"not before an hour":              {of(providers.ClassRateLimited, time.Hour), notifyJob(nil), record.Submitted, time.Hour},
		"never, of a call that we placed": {of(providers.ClassPermanent, 0), notifyJob(nil), record.Submitted, 2 * time.Minute},
		"never, of a connection":          {of(providers.ClassPermanent, 0), connectJob(nil), record.Submitted, 2 * time.Minute},
		"never, of a foreign call":        {of(providers.ClassPermanent, 0), foreignPoll(nil), record.Unknown, 0},
		"later, of a foreign call":        {of(providers.ClassHalted, 0), foreignPoll(nil), record.Submitted, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				id := s.submitted(tt.job)
				var asked []providers.Query
				s.lane.Vendor = teller{s.lane.Vendor.(phoneLine), &tt.says, &asked}
				before := s.get(id)
				state, err := s.lane.Poll(s.ctx, tasks.Sequenced(id, before.Seq))
				rec := s.get(id)
				if err != nil || state != tt.state || rec.State != tt.state || len(asked) != 1 {
					t.Fatalf("%s, on record %s, %v; asked %d times", state, rec.State, err, len(asked))
				}
				if q := asked[0]; q.To != a1 || q.VendorID != before.VendorID || !q.Submitted.Equal(before.Since) {
					t.Errorf("asked %+v", q)
				}
				if tt.due == 0 {
					if _, due := s.due(id); due {
						t.Error("it is still due")
					}
					return
				}
				s.wantDue(id, tt.due)
				if rec.Seq != before.Seq+1 || rec.Polls != before.Polls+1 {
					t.Errorf("sequence %d, polls %d; before %d, %d", rec.Seq, rec.Polls, before.Seq, before.Polls)
				}
				if _, err := s.lane.Poll(s.ctx, tasks.Sequenced(id, before.Seq)); err != nil || len(asked) != 1 {
					t.Errorf("the old task asked once more: %v", err)
				}
			})
		})
	}
}

// TestPollOfACallThatGoesOn: it rings, they talk, it ends.
func TestPollOfACallThatGoesOn(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		id := s.submitted(notifyJob(nil))
		says := providers.PollResult{Class: providers.ClassOK, Report: answered("call-1")}
		var asked []providers.Query
		s.lane.Vendor = teller{s.lane.Vendor.(phoneLine), &says, &asked}
		for _, state := range []providers.State{providers.StateRinging, providers.StateRinging, providers.StateInProgress, providers.StateRinging, providers.StateCompleted} {
			says.Report.State = state
			if _, err := s.lane.Poll(s.ctx, tasks.Sequenced(id, s.get(id).Seq)); err != nil {
				t.Fatal(err)
			}
			want := record.State(state)
			if len(asked) == 4 { // ringing is told after the talk began
				want = record.InProgress
			}
			if got := s.get(id).State; got != want {
				t.Errorf("answer %d: %s, want %s", len(asked), got, want)
			}
		}
		if len(asked) != 5 {
			t.Errorf("asked %d times", len(asked))
		}
	})
}

// TestPollThatAsksNothing: nothing to ask with or about, and no task is lost.
func TestPollThatAsksNothing(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		id := s.submitted(notifyJob(nil))
		var asked []providers.Query
		s.lane.Vendor = teller{s.lane.Vendor.(phoneLine), &providers.PollResult{}, &asked}
		for _, task := range []string{"nonsense", id, id + "~x", walkGroup + ".gone~1", tasks.Sequenced(id, 7)} {
			if state, err := s.lane.Poll(s.ctx, task); err != nil || state != "" {
				t.Errorf("%s: %s, %v", task, state, err)
			}
		}
		s.wantDue(id, time.Minute)
		s.must(s.redis.Client.HDel(s.ctx, jobKey(id), "vendor_id").Err())
		if state, err := s.lane.Poll(s.ctx, tasks.Sequenced(id, s.get(id).Seq)); err != nil || state != record.Submitted {
			t.Errorf("%s, %v", state, err)
		}
		s.wantDue(id, 24*time.Hour) // it is given up then
		if len(asked) != 0 {
			t.Errorf("asked %v", asked)
		}
	})
}
