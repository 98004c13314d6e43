package dispatch

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// memSpool keeps entries for the test.
type memSpool struct {
	entries [][]byte
	err     error
}

func (m *memSpool) Append(_ context.Context, entry []byte) error {
	if m.err == nil {
		m.entries = append(m.entries, entry)
	}
	return m.err
}

// cutOff gives the lane a Redis that is away while the switch is on.
func (s scene) cutOff() (away *atomic.Bool) {
	away = &atomic.Bool{}
	faults := redistest.NewFaults(func(redistest.Op) redistest.Verdict {
		if away.Load() {
			return redistest.Verdict{Action: redistest.FailBefore}
		}
		return redistest.Verdict{}
	})
	s.lane.Store = record.New(s.redis.NewClient(s.t, faults))
	return away
}

// An answer that Redis cannot be told is on disk at once, and settles the job whenever
// it is replayed: also after a crash, after the job came into doubt, and twice.
func TestResultsAreWrittenDown(t *testing.T) {
	for name, tt := range map[string]struct {
		job   tasks.Job
		says  *providers.Outcome
		after time.Duration // until the replay
		state record.State
	}{
		"accepted":                     {notifyJob(nil), nil, time.Second, record.Submitted},
		"accepted, in doubt meanwhile": {notifyJob(nil), nil, 3 * time.Minute, record.Submitted},
		"accepted, given up meanwhile": {notifyJob(nil), nil, 2 * time.Hour, record.Submitted},
		"bound":                        {bindFor(forAges)(nil), nil, time.Second, record.Active},
		"refused for good": {
			notifyJob(nil), &providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CauseInvalidNumber}, time.Second, record.Failed,
		},
		"refused for now, in doubt meanwhile": {
			notifyJob(nil), &providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo}, 3 * time.Minute, record.Held,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				spool := &memSpool{}
				s.lane.Spool = spool
				id := s.enqueue(tt.job)
				if tt.says != nil {
					s.company.answers = []providers.Outcome{*tt.says}
				}
				away := s.cutOff()
				s.lane.Vendor = strike{s.lane.Vendor.(phoneLine), away}
				e, lease, _ := s.broker.take(time.Now())
				_, err := s.lane.Act(s.ctx, id, e.Kind)
				if err == nil || len(spool.entries) != 1 {
					t.Fatalf("%v; %d entries", err, len(spool.entries))
				}
				s.broker.end(e.TaskID, lease, err, time.Now())
				for range 10 {
					time.Sleep(tt.after / 10)
					_, err := s.pump.Step(s.ctx) // its Redis is there
					s.must(err)
				}
				away.Store(false)
				for range 2 {
					s.must(s.lane.Replay(s.ctx, spool.entries[0]))
				}
				rec := s.get(id)
				if rec.State != tt.state || rec.Attempts != 1 {
					t.Errorf("the job is %s after %d attempts, want %s: %+v", rec.State, rec.Attempts, tt.state, rec.Timeline)
				}
				if tt.says == nil && rec.VendorID == "" {
					t.Error("the vendor's id is lost")
				}
				if tt.says == nil && len(s.company.calls())+len(s.company.bindings) != 1 {
					t.Error("the vendor was asked more than once")
				}
			})
		})
	}
}

// The release of a binding is told, too.
func TestWrittenDownRelease(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.bind()
		spool := &memSpool{}
		s.lane.Spool = spool
		id := s.enqueue(tasks.Job{Kind: tasks.KindUnbind, Account: "phone", Binding: bind})
		away := s.cutOff()
		s.lane.Vendor = strike{s.lane.Vendor.(phoneLine), away}
		if _, err := s.lane.Act(s.ctx, id, tasks.KindUnbind); err == nil || len(spool.entries) != 1 {
			t.Fatalf("%v; %d entries", err, len(spool.entries))
		}
		away.Store(false)
		s.must(s.lane.Replay(s.ctx, spool.entries[0]))
		if u, b := s.get(id), s.get(bind); u.State != record.Completed || b.State != record.Released {
			t.Errorf("the unbind is %s, its bind %s", u.State, b.State)
		}
	})
}

// A disk that is full keeps no job from being settled, nor a bad entry the others.
func TestSpoolThatFails(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.lane.Spool = &memSpool{err: errors.New("disk full")}
		id := s.enqueue(notifyJob(nil))
		away := s.cutOff()
		s.lane.Vendor = strike{s.lane.Vendor.(phoneLine), away}
		go func() {
			time.Sleep(30 * time.Second)
			away.Store(false)
		}()
		if state, err := s.lane.Act(s.ctx, id, tasks.KindNotify); err != nil || state != record.Submitted {
			t.Errorf("%s, %v", state, err)
		}
		for _, entry := range []string{"{", `{"job":"walk.gone","attempt":1}`} {
			if strings.HasPrefix(entry, `{"`) {
				entry = strings.Replace(entry, "walk", walkGroup, 1)
			}
			s.must(s.lane.Replay(s.ctx, []byte(entry)))
		}
	})
}

// strike cuts Redis off when the vendor has answered.
type strike struct {
	phoneLine
	away *atomic.Bool
}

func (v strike) Notify(ctx context.Context, line providers.Line, p providers.Permit, n providers.Notification) providers.Outcome {
	defer v.away.Store(true)
	return v.phoneLine.Notify(ctx, line, p, n)
}

func (v strike) Bind(ctx context.Context, line providers.Line, p providers.Permit, b providers.Binding) providers.Outcome {
	defer v.away.Store(true)
	return v.phoneLine.Bind(ctx, line, p, b)
}

func (v strike) Unbind(ctx context.Context, line providers.Line, p providers.Permit, u providers.Unbinding) providers.Outcome {
	defer v.away.Store(true)
	return v.phoneLine.Unbind(ctx, line, p, u)
}
