package dispatch

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// scene is one process that nobody strikes, and what it stands on.
type scene struct {
	*process
	t       *testing.T
	ctx     context.Context
	redis   *redistest.Redis
	broker  *memBroker
	company *phoneCompany
}

// inScene runs f in virtual time.
func inScene(t *testing.T, f func(t *testing.T, s scene)) {
	t.Helper()
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		b, c := newMemBroker(), &phoneCompany{}
		f(t, scene{newProcess(r.Client, b, c, newSteps(0, lives)), t, t.Context(), r, b, c})
	})
}

func (s scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s scene) enqueue(j tasks.Job) string {
	s.t.Helper()
	r, err := s.client.Enqueue(s.ctx, j)
	s.must(err)
	return r.ID
}

// bookAnew writes a bind's entry in the ledger of middle numbers, as every change of
// its record does.
var bookAnew = record.NewScript("write the ledger anew", "flush()\nreturn {'written'}")

// with sets fields of a record by hand: what brought it there does not matter.
func (s scene) with(id string, state record.State, rank int, fields ...string) {
	s.t.Helper()
	s.must(s.redis.Client.HSet(s.ctx, jobKey(id), append([]string{"state", string(state), "rank", strconv.Itoa(rank)}, fields...)).Err())
	_, err := s.lane.Store.Run(s.ctx, bookAnew, id, nil, nil)
	s.must(err)
}

func jobKey(id string) string { return "callpacer:{" + walkGroup + "}:job:" + id }

func (s scene) get(id string) *record.Record {
	s.t.Helper()
	rec, err := s.lane.Store.Get(s.ctx, id)
	s.must(err)
	if rec == nil {
		s.t.Fatalf("job %s has no record", id)
	}
	return rec
}

// due is when the job is due, from now; ok is false where it is not.
func (s scene) due(id string) (in time.Duration, ok bool) {
	score, err := s.redis.Client.ZScore(s.ctx, "callpacer:{"+walkGroup+"}:due", id).Result()
	return time.Until(time.UnixMilli(int64(score))), err == nil
}

func (s scene) wantDue(id string, in time.Duration) {
	s.t.Helper()
	if got, ok := s.due(id); !ok || got.Round(time.Second) != in {
		s.t.Errorf("job %s is %s and due in %v (%v), want %v", id, s.get(id).State, got, ok, in)
	}
}

// wantOwner is the bind job to which a middle number leads, by its lookup key.
func (s scene) wantOwner(number, want string) {
	s.t.Helper()
	owner, err := s.lane.Store.LeadingOn(s.ctx, walkGroup, number)
	s.must(err)
	if owner == nil || owner.Job != want {
		s.t.Errorf("the number leads to %+v, want job %s", owner, want)
	}
}

// catcher notes what it is asked to release.
type catcher struct {
	phoneLine
	got *providers.Unbinding
}

func (c catcher) Unbind(_ context.Context, _ providers.Line, _ providers.Permit, u providers.Unbinding) providers.Outcome {
	*c.got = u
	return providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes}
}
