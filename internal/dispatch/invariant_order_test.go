package dispatch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/record"
)

// errand is what somebody does with the jobs, some time after the one before; the
// first after the story is told. It is done again until it comes through, by
// whichever process is there.
type errand struct {
	after time.Duration
	do    func(ctx context.Context, w *walk, p *process, ids []string) error
}

// enoughLooks is after how many steps a story only idles.
const enoughLooks = 200

// given prepares a walk for its orders (nil: there are none) and returns its
// application. What Redis keeps is looked at before every step where nobody dies, or
// one dies before a step; in the other walks wherever nothing is left to do.
func (w *walk) given(t *testing.T, o *orderly, f fate) *application {
	t.Helper()
	if f == lives || f == diesBefore && o != nil {
		var looks atomic.Int64
		watch := func() {
			if looks.Add(1) < enoughLooks {
				w.dueEntries(t)
			}
		}
		w.first.steps.watch, w.second.steps.watch = watch, watch
	}
	app := &application{}
	if o == nil {
		return app
	}
	if o.app != nil {
		app = o.app()
	}
	app.due = func(ctx context.Context) bool {
		at, ok := w.nextEvent(ctx)
		return ok && !at.After(time.Now())
	}
	w.orders, w.first.app, w.second.app = o.orders, app, app
	return app
}

// nextOrder is the next order and when it is given; nil where there is none.
func (w *walk) nextOrder() (o *errand, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ids) < len(w.story) || w.done == len(w.orders) {
		return nil, time.Time{}
	}
	o = &w.orders[w.done]
	return o, w.told.Add(o.after)
}

// obey carries out what is ordered by now.
func (w *walk) obey(ctx context.Context, p *process) {
	for {
		o, at := w.nextOrder()
		if o == nil || time.Now().Before(at) || p.steps.isDead() {
			return
		}
		if o.do(ctx, w, p, w.accepted()) != nil {
			return
		}
		w.mu.Lock()
		if w.done < len(w.orders) && o == &w.orders[w.done] { // no other process was faster
			w.done, w.told = w.done+1, time.Now()
		}
		w.mu.Unlock()
	}
}

func cancelIt(ctx context.Context, _ *walk, p *process, ids []string) error {
	_, _, err := p.lane.Store.Cancel(ctx, ids[0])
	return err
}

// resolveAs is an operator's word about the first job.
func resolveAs(word record.Word) func(context.Context, *walk, *process, []string) error {
	return func(ctx context.Context, _ *walk, p *process, ids []string) error {
		rec, err := p.lane.Store.Get(ctx, ids[0])
		if err != nil {
			return err
		}
		_, err = p.lane.Store.Resolve(ctx, ids[0], rec.Numbers, record.Names{VendorID: rec.VendorID}, record.Resolution{As: word, Token: "op"})
		return err
	}
}

// emptyQueues is a person who deletes every task.
func emptyQueues(_ context.Context, w *walk, p *process, _ []string) error {
	return p.steps.do(func() {
		w.broker.mu.Lock()
		defer w.broker.mu.Unlock()
		clear(w.broker.tasks)
	})
}

// pushOfAStranger comes to the account's address and is about nobody's call.
func pushOfAStranger(_ context.Context, _ *walk, p *process, _ []string) error {
	answer := httptest.NewRecorder()
	body := strings.NewReader(pushed(answered("call-of-nobody")))
	p.receiver.Routes().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, callbackrx.Path+"phone/"+signer.Account("phone"), body))
	if answer.Code != http.StatusOK {
		return errors.New("the push was not taken")
	}
	return nil
}

// replayPushes has every push read again that ended as an orphan.
func replayPushes(ctx context.Context, _ *walk, p *process, _ []string) error {
	return p.lane.Store.EachPush(ctx, walkGroup, func(kept record.StoredPush) error {
		_, err := p.lane.Store.ReplayPush(ctx, kept.ID, pushOrphan)
		return err
	})
}

// answersAgain: the application is well from now on, and its dead letters are
// delivered after all.
func answersAgain(ctx context.Context, _ *walk, p *process, _ []string) error {
	p.app.recover()
	return p.lane.Store.EachDeadEvent(ctx, walkGroup, func(dead record.DeadEvent) error {
		_, err := p.lane.Store.ReplayEvent(ctx, dead.ID)
		return err
	})
}
