package dispatch

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

func (w *walk) run(t *testing.T) {
	var wg sync.WaitGroup
	wg.Go(func() { w.live(t, w.first, 48*time.Hour) })
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	select {
	case <-w.first.steps.struck:
		w.dueEntries(t)
		w.live(t, w.second, 48*time.Hour)
	case <-finished:
	}
	<-finished
	time.Sleep(2*freezeTime + time.Minute) // a push may be under way in a frozen receiver
	w.live(t, w.second, 48*time.Hour)
}

func play(t *testing.T, sc scenario, at int, f fate) (steps int) {
	t.Helper()
	return playWith(t, sc, nil, at, f)
}

// playWith plays a scenario in which somebody gives orders (nil: nobody does, and
// nobody hears of it).
func playWith(t *testing.T, sc scenario, o *orderly, at int, f fate) (steps int) {
	t.Helper()
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company, broker := sc.company(), newMemBroker()
		if company.talks == 0 {
			company.talks = 20 * time.Second
		}
		company.bindings = strangers()
		s := newSteps(at, f)
		w := &walk{
			redis: r, broker: broker, company: company, story: sc.story, wake: make(chan struct{}, 1),
			first:  newProcess(r.NewClient(t, s.redis()), broker, company, s),
			second: newProcess(r.Client, broker, company, newSteps(0, lives)),
		}
		if sc.push {
			company.push = w.deliver
		}
		app := w.given(t, o, f)
		w.run(t)
		steps = s.count()
		w.judge(t, sc, at, f)
		w.judgeEvents(t, app)
	})
	return steps
}

func (w *walk) judge(t *testing.T, sc scenario, at int, f fate) {
	w.dueEntries(t)
	if len(w.accepted()) != len(sc.story) {
		t.Fatalf("%d of %d jobs were accepted", len(w.accepted()), len(sc.story))
	}
	asked := map[string]bool{} // bindings that somebody wants released
	for i := range sc.story {
		rec := w.recordOf(t.Context(), i)
		if rec == nil {
			t.Fatalf("job %d has no record", i)
		}
		allowed := []record.State{sc.alive[i]}
		if f != lives && at <= w.first.steps.count() {
			allowed = append(allowed, sc.states[i]...)
		}
		if !slices.Contains(allowed, rec.State) {
			t.Errorf("job %d ended %s (%s), want one of %v; its timeline: %v", i, rec.State, rec.Cause, allowed, rec.Timeline)
		}
		w.company.judgeBinding(t, rec)
		w.judgeRedial(t, rec)
		if sc.push && !w.company.wide && len(w.company.calls()) > 0 && rec.State != record.Completed {
			t.Errorf("somebody was called, a push said how it ended, and the job is %s", rec.State)
		}
		if c, err := tasks.DecodeContent(tasks.Kind(rec.Kind), rec.Content); err == nil && rec.Kind == string(tasks.KindUnbind) {
			for _, id := range w.accepted()[:i] {
				asked[id] = asked[id] || c.Binding == "" || c.Binding == id
			}
		}
	}
	w.company.judge(t, asked)
}

// judgeRedial: who was busy is called again, by one more job, and no more often than the
// results say.
func (w *walk) judgeRedial(t *testing.T, rec *record.Record) {
	if w.company.redial == nil {
		return
	}
	if rec.State == record.Busy && rec.Redial != rec.ID+"r1" {
		t.Errorf("the job is %s, and called again by %q", rec.State, rec.Redial)
	}
	if rec.Redial == "" {
		return
	}
	again, err := record.New(w.redis.Client).Get(t.Context(), rec.Redial)
	if err != nil || again == nil || !again.State.Final() || again.RedialOf != rec.ID {
		t.Errorf("the job that calls again: %+v, %v", again, err)
	}
	if n := len(w.company.calls()); n < 1 || n > 2 || n != 2 && again.State == record.Completed {
		t.Errorf("%d calls, and the second job is %s", n, again.State)
	}
}

// judge asks the company alone.
func (c *phoneCompany) judge(t *testing.T, asked map[string]bool) {
	calls := map[string]int{}
	for _, ref := range c.calls() {
		if calls[ref[:strings.LastIndexByte(ref, '.')]]++; calls[ref[:strings.LastIndexByte(ref, '.')]] > 1 {
			t.Errorf("called twice: %v", c.called)
		}
	}
	made := map[string]int{}
	for _, s := range c.bindings {
		if made[s.requestID]++; made[s.requestID] > 1 {
			t.Errorf("request id %s made two bindings", s.requestID)
		}
		if s.released && !asked[s.ref] {
			t.Errorf("the binding of %q was released, and nobody had asked for it", s.ref)
		}
	}
	for _, wrong := range c.wrongs {
		t.Error(wrong)
	}
}

// judgeBinding compares what a bind job says with what the company did.
func (c *phoneCompany) judgeBinding(t *testing.T, rec *record.Record) {
	if rec.Kind != string(tasks.KindBind) {
		return
	}
	i := slices.IndexFunc(c.bindings, func(s *pair) bool { return s.ref == rec.ID })
	if i < 0 {
		if rec.State == record.Active || rec.State == record.Released {
			t.Errorf("the job is %s, and no binding was made", rec.State)
		}
		return
	}
	s := c.bindings[i]
	switch stands := s.stands(); {
	case rec.State == record.Canceled, rec.State == record.Failed:
		t.Errorf("the job is %s, and a binding was made", rec.State)
	case stands != (rec.State == record.Active) && rec.State != record.Unknown:
		t.Errorf("the job is %s; the binding stands: %v", rec.State, stands)
	case rec.State != record.Unknown && rec.VendorID != s.id:
		t.Errorf("the binding is %q, on record %q", s.id, rec.VendorID)
	case !s.until.IsZero() && rec.EndsAt.Before(s.until.Truncate(time.Millisecond)) && rec.State != record.Unknown:
		t.Errorf("it counts as ended at %v, and stands until %v", rec.EndsAt, s.until)
	}
}

// longStory is from how many steps on a process is struck before its steps only:
// to stop after one is nearly always to stop before the next.
const longStory = 37

// TestCrashWalk strikes a process before and after every single operation on
// Redis, on the queue and on the vendor, by death and by a freeze of 90 s, while
// a second process takes over. Nobody is called twice, nothing is bound twice,
// nothing is released that was not asked for, and no job is stranded.
func TestCrashWalk(t *testing.T) {
	for _, sc := range slices.Concat(callStories(), bindStories()) {
		t.Run(sc.name, func(t *testing.T) {
			total := play(t, sc, 0, lives)
			if total < 8 {
				t.Fatalf("the scenario has only %d steps: operations escape the hook", total)
			}
			t.Logf("%d steps", total)
			for f, name := range fates {
				if total > longStory && (f == diesAfter || f == freezesAfter) {
					continue
				}
				for at := 1; at <= total; at++ {
					if redistest.Raced && at%100 != int(f)*20 {
						continue // .ci/run walks them all without the detector
					}
					t.Run(fmt.Sprintf("%s-%03d", name, at), func(t *testing.T) {
						t.Parallel()
						play(t, sc, at, f)
					})
				}
			}
		})
	}
}
