package dispatch

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// TestFollow: a query or a repeat goes to its queue once, whatever stands there
// under its id.
func TestFollow(t *testing.T) {
	for name, tt := range map[string]struct {
		job   func([]string) tasks.Job
		kind  tasks.Kind
		queue tasks.Queue
		wait  time.Duration
	}{
		"a query":         {notifyJob, tasks.KindPoll, "phone:follow", time.Minute},
		"a foreign query": {foreignPoll, tasks.KindPoll, "phone:follow", 0},
		"a repeat":        {bindFor(forAges), tasks.KindBind, "phone:normal", 2 * time.Second},
	} {
		for taken, put := range map[string]func(*memBroker, string){
			"free":         func(*memBroker, string) {},
			"its own":      func(b *memBroker, task string) { b.tasks[task] = &memTask{entry: tasks.Entry{Kind: "x"}} },
			"will not run": func(b *memBroker, task string) { b.tasks[task] = &memTask{done: true} },
		} {
			t.Run(name+", "+taken, func(t *testing.T) {
				inScene(t, func(t *testing.T, s scene) {
					s.company.lost = map[bool]int{true: 1}[tt.kind == tasks.KindBind]
					id := s.enqueue(tt.job(nil))
					if s.get(id).State.Waiting() {
						if _, err := s.lane.Act(s.ctx, id, s.kind(id)); err != nil {
							t.Fatal(err)
						}
					}
					clear(s.broker.tasks)
					time.Sleep(tt.wait)
					seq := s.get(id).Seq
					task := tasks.Sequenced(id, seq)
					put(s.broker, task)
					if n, err := s.pump.Step(s.ctx); n != 1 || err != nil {
						t.Fatalf("%d, %v", n, err)
					}
					if taken == "will not run" {
						if rec := s.get(id); rec.Seq != seq+1 {
							t.Errorf("the record stays at %d", rec.Seq)
						}
						s.wantDue(id, 0)
						if _, err := s.pump.Step(s.ctx); err != nil {
							t.Fatal(err)
						}
						task = tasks.Sequenced(id, seq+1)
					}
					e := s.broker.tasks[task].entry
					if taken != "its own" && (e.Kind != tt.kind || e.Queue != tt.queue || e.ID != id || e.TaskID != task) {
						t.Errorf("on the queue is %+v", e)
					}
					s.wantDue(id, 5*time.Minute)
				})
			})
		}
	}
}

// away is a queue that does not answer.
type away struct{ put, live error }

func (a away) Put(context.Context, tasks.Entry) error                  { return a.put }
func (a away) Live(context.Context, tasks.Queue, string) (bool, error) { return false, a.live }

// TestFollowWhileTheQueueIsAway: the step is tried again, and nothing moves.
func TestFollowWhileTheQueueIsAway(t *testing.T) {
	trouble := errors.New("away")
	for _, broker := range []away{{put: trouble}, {put: tasks.ErrTaskExists, live: trouble}} {
		inScene(t, func(t *testing.T, s scene) {
			id := s.enqueue(foreignPoll(nil))
			pump := *s.pump
			pump.Broker = broker
			if _, err := pump.Step(s.ctx); !errors.Is(err, trouble) {
				t.Fatalf("%v", err)
			}
			if s.get(id).Seq != 1 {
				t.Error("the record moved on")
			}
			s.wantDue(id, 10*time.Second)
		})
	}
}

// TestRepeatsEnd: where the vendor never names the binding, and where nobody
// answers at all.
func TestRepeatsEnd(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.company.lost = 1 << 20
		s.company.replay, s.company.mute = saysRepeated, 1<<20
		id := s.enqueue(bindFor(forAges)(nil))
		for s.get(id).State != record.Unknown {
			if !s.turn(s.ctx) {
				time.Sleep(time.Second)
			}
			if time.Now().After(s.get(id).CreatedAt.Add(time.Hour)) {
				t.Fatalf("after an hour it is %s", s.get(id).State)
			}
		}
		if heard := len(s.company.heard[s.get(id).RequestID]); heard != 5 {
			t.Errorf("the company was asked %d times; want the first, and three and one repeats that said nothing", heard)
		}
	})
}
