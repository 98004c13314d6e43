package dispatch

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// chapter is one job that the application submits, some time after it was told
// that the one before was accepted. ids are those of the jobs before.
type chapter struct {
	after time.Duration
	job   func(ids []string) tasks.Job
}

// walk is one run of a story: a first process that fate strikes at one step, and
// a second one that goes on from there.
type walk struct {
	first, second *process
	redis         *redistest.Redis
	broker        *memBroker
	company       *phoneCompany
	story         []chapter
	orders        []errand
	wake          chan struct{} // something came from outside

	mu   sync.Mutex
	ids  []string // of the jobs that were accepted, as far as the application was told
	told time.Time
	done int // orders
}

// newWalk is a world in which nobody dies, with one job in it.
func newWalk(t *testing.T, r *redistest.Redis, company *phoneCompany, story ...chapter) *walk {
	t.Helper()
	if len(story) == 0 {
		story = []chapter{{0, notifyJob}}
	}
	w := &walk{redis: r, broker: newMemBroker(), company: company, story: story, wake: make(chan struct{}, 1)}
	w.first = newProcess(r.Client, w.broker, company, newSteps(0, lives))
	if w.tell(t.Context(), w.first); len(w.accepted()) == 0 {
		t.Fatal("the job was not accepted")
	}
	return w
}

func (w *walk) accepted() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.ids...)
}

// next is the next chapter and when it begins; nil where all are told.
func (w *walk) next() (c *chapter, ids []string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ids) == len(w.story) {
		return nil, w.ids, time.Time{}
	}
	c = &w.story[len(w.ids)]
	return c, append([]string(nil), w.ids...), w.told.Add(c.after)
}

// tell submits what is its turn, as an application does that tries again until
// it is told that the job was accepted.
func (w *walk) tell(ctx context.Context, p *process) {
	for {
		c, ids, at := w.next()
		if c == nil {
			w.obey(ctx, p)
			return
		}
		if time.Now().Before(at) {
			return
		}
		r, err := p.client.Enqueue(ctx, c.job(ids))
		if err != nil {
			return
		}
		w.mu.Lock()
		if len(w.ids) == len(ids) { // no other process was faster
			w.ids, w.told = append(w.ids, r.ID), time.Now()
		}
		w.mu.Unlock()
	}
}

// deliver pushes to whichever process is there, as a vendor does: up to four
// times until it is acknowledged.
func (w *walk) deliver(token string, reports ...providers.Report) {
	if token == "" {
		token = signer.Account("phone")
	}
	for _, pause := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second} {
		time.Sleep(pause)
		p := w.second
		if p == nil || !w.first.steps.isDead() {
			p = w.first
		}
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, callbackrx.Path+"phone/"+token, strings.NewReader(pushed(reports...)))
		p.receiver.Routes().ServeHTTP(answer, request)
		if answer.Code == 200 && !p.steps.isDead() {
			select {
			case w.wake <- struct{}{}:
			default:
			}
			return
		}
	}
}

// live drives a process until the story has ended and nothing is left to do.
func (w *walk) live(t *testing.T, p *process, patience time.Duration) {
	t.Helper()
	ctx, deadline, idle := t.Context(), time.Now().Add(patience), 0
	looked := false // since something was done
	for !p.steps.isDead() && time.Now().Before(deadline) {
		w.tell(ctx, p)
		if p.turn(ctx) || p.steps.isDead() {
			looked = false
			continue
		}
		if !looked {
			w.dueEntries(t)
			looked = true
		}
		at, ok := w.nextThing(ctx)
		if !ok {
			at, idle = time.Now().Add(time.Second), idle+1
			if w.ended(ctx) || idle > 600 {
				return // it has ended, or nothing will ever move it
			}
		}
		if at.After(deadline) {
			at = deadline
		}
		select {
		case <-time.After(max(time.Until(at), 10*time.Millisecond)):
		case <-w.wake:
		}
	}
}

// nextThing is when a task, a due entry or the application is next.
func (w *walk) nextThing(ctx context.Context) (at time.Time, ok bool) {
	earliest := func(t time.Time, some bool) {
		if some && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	earliest(w.broker.next())
	due, some, err := record.New(w.redis.Client).NextDue(ctx, walkGroup)
	earliest(due, some && err == nil)
	c, _, begins := w.next()
	earliest(begins, c != nil)
	o, begins := w.nextOrder()
	earliest(begins, o != nil)
	earliest(w.nextEvent(ctx))
	return at, ok
}

func (w *walk) ended(ctx context.Context) bool {
	ids := w.accepted()
	for i := range ids {
		if r := w.recordOf(ctx, i); r == nil || !r.State.Final() {
			return false
		}
	}
	return len(ids) == len(w.story)
}
