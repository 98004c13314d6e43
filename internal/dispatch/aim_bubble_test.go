package dispatch

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// TestAim: what an unbind that names a bind job releases, ends as, or waits for.
func TestAim(t *testing.T) {
	axb := &providers.Unbinding{Mode: providers.ModeAXB, X: x1, VendorID: "sub", Known: true}
	xa := &providers.Unbinding{Mode: providers.ModeXA, X: x1, Known: true}
	ms := func(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of bubbles
	past := ms(begin.Add(-time.Hour))
	named, sent := []string{"vendor_id", "sub"}, []string{"attempt", "1", "send_before", ms(begin)}
	for name, tt := range map[string]struct {
		state  record.State
		rank   int
		fields []string
		xa     bool

		releases *providers.Unbinding
		ends     record.State // of the unbind
		cause    string
		waits    time.Duration // -1: until at once
		bind     record.State  // after it; "": as before
	}{
		"accepted":           {state: record.Accepted, waits: -1, ends: record.Held, bind: record.Canceled},
		"held":               {state: record.Held, waits: -1, ends: record.Held, bind: record.Canceled},
		"being sent":         {state: record.Submitting, rank: 1, waits: 5 * time.Second, ends: record.Held},
		"in doubt":           {state: record.InDoubt, rank: 2, waits: 5 * time.Second, ends: record.Held},
		"active":             {state: record.Active, rank: 5, fields: named, releases: axb},
		"active xa":          {state: record.Active, rank: 5, xa: true, releases: xa},
		"active, not named":  {state: record.Active, rank: 5, waits: 5 * time.Second, ends: record.Held},
		"unknown, but named": {state: record.Unknown, rank: 8, fields: slices.Concat(sent, named), releases: axb},
		"unknown, not named": {state: record.Unknown, rank: 8, fields: sent, waits: 5 * time.Second, ends: record.Held},
		"active, time over":  {state: record.Active, rank: 5, fields: slices.Concat(named, []string{"ends_at", past}), ends: record.Completed},
		"unknown, time over": {state: record.Unknown, rank: 8, fields: slices.Concat(named, []string{"attempt", "1", "ttl_ms", "1000", "send_before", past}), ends: record.Completed},
		"released":           {state: record.Released, rank: 9, fields: named, ends: record.Completed},
		"its time ended":     {state: record.Expired, rank: 9, fields: named, ends: record.Completed},
		"canceled":           {state: record.Canceled, rank: 9, ends: record.Completed},
		"failed":             {state: record.Failed, rank: 9, ends: record.Completed},
		"of another account": {state: record.Active, rank: 5, fields: []string{"vendor_id", "sub", "account", "other"}, ends: record.Failed, cause: "binding_missing"},
		"unknown xa":         {state: record.Unknown, rank: 8, fields: sent, xa: true, releases: xa},
		"no binding":         {state: record.Completed, rank: 9, fields: []string{"kind", "notify"}, ends: record.Failed, cause: "binding_missing"},
		"broken content":     {state: record.Active, rank: 5, fields: []string{"vendor_id", "sub", "content", "{"}, ends: record.Failed, cause: "platform"},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				job := bindFor(forAges)(nil)
				if tt.xa {
					job = bindXA(nil)
				}
				bind := s.enqueue(job)
				s.with(bind, tt.state, tt.rank, tt.fields...)
				id := s.enqueue(unbindJob("u")([]string{bind}))
				var got providers.Unbinding
				s.lane.Vendor = catcher{s.lane.Vendor.(phoneLine), &got}
				content, err := tasks.DecodeContent(tasks.KindUnbind, s.get(id).Content)
				s.must(err)
				what := order{}
				ready, state, err := s.lane.aim(s.ctx, s.get(id), content, &what)
				var later *Later
				switch {
				case tt.waits != 0:
					if ready || !asLater(err, &later) || later.Reason != record.HoldBinding || time.Until(later.At) != max(tt.waits, 0) {
						t.Errorf("ready %v, %v; want it to wait %s", ready, err, tt.waits)
					}
				case err != nil:
					t.Errorf("%v", err)
				}
				if ready != (tt.releases != nil) || !ready && state != tt.ends {
					t.Errorf("ready %v, the unbind is %s; want %s", ready, state, tt.ends)
				}
				if tt.ends != "" && (s.get(id).State != tt.ends || s.get(id).Cause != tt.cause) {
					t.Errorf("the unbind is %s (%s), want %s (%s)", s.get(id).State, s.get(id).Cause, tt.ends, tt.cause)
				}
				if want := tt.bind; want != "" && s.get(bind).State != want || want == "" && s.get(bind).State != tt.state {
					t.Errorf("the bind is %s", s.get(bind).State)
				}
				if tt.releases == nil || !ready {
					return
				}
				if !what.free || !what.anytime || !what.repeatable || what.result != record.ResultDone {
					t.Errorf("the order is %+v", what)
				}
				if what.send(s.ctx, nil, providers.Permit{}, 1); got != *tt.releases {
					t.Errorf("it releases %+v, want %+v", got, *tt.releases)
				}
				s.must(s.lane.released(s.ctx, what.released(), id))
				s.must(s.lane.released(s.ctx, what.released(), id)) // after a crash
				if s.get(bind).State != record.Released {
					t.Errorf("then the bind is %s", s.get(bind).State)
				}
			})
		})
	}
}

// TestAimWithoutJob: an unbind by the vendor's id or by X releases that, of
// which our records know nothing.
func TestAimWithoutJob(t *testing.T) {
	for name, tt := range map[string]struct {
		job  tasks.Job
		want providers.Unbinding
	}{
		"subid": {tasks.Job{Subid: "sub-7"}, providers.Unbinding{Mode: providers.ModeAXB, VendorID: "sub-7"}},
		"xa":    {tasks.Job{Mode: tasks.ModeXA, X: x1}, providers.Unbinding{Mode: providers.ModeXA, X: x1}},
	} {
		inScene(t, func(t *testing.T, s scene) {
			var got providers.Unbinding
			s.lane.Vendor = catcher{s.lane.Vendor.(phoneLine), &got}
			tt.job.Kind, tt.job.Account = tasks.KindUnbind, "phone"
			if state, err := s.lane.Act(s.ctx, s.enqueue(tt.job), tasks.KindUnbind); err != nil || state != record.Completed || got != tt.want {
				t.Errorf("%s: %s, %v; released %+v, want %+v", name, state, err, got, tt.want)
			}
		})
	}
}

// TestAimOfNoRecord: the bind job was there when the unbind was accepted.
func TestAimOfNoRecord(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.bind()
		id := s.enqueue(unbindJob("u")([]string{bind}))
		s.must(s.redis.Client.Del(s.ctx, jobKey(bind)).Err())
		if state, err := s.lane.Act(s.ctx, id, tasks.KindUnbind); err != nil || state != record.Failed || s.get(id).Cause != "binding_missing" {
			t.Errorf("%s (%s), %v", state, s.get(id).Cause, err)
		}
	})
}
