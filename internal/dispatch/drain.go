package dispatch

import (
	"context"
	"sync"

	"github.com/callpacer/callpacer/tasks"
)

// drain tells waiting handlers to give their job back.
type drain struct {
	mu     sync.Mutex      // between the last departure and the drain
	ctx    context.Context //nolint:containedctx // it is the signal itself
	cancel context.CancelFunc
}

func (d *drain) signal() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current()
}

// current is the signal; d.mu is held.
func (d *drain) current() context.Context {
	if d.ctx == nil {
		d.ctx, d.cancel = context.WithCancel(context.Background())
	}
	return d.ctx
}

func (d *drain) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current()
	d.cancel()
}

// over lets handlers wait again, where they were drained.
func (d *drain) over() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current().Err() != nil {
		d.ctx, d.cancel = context.WithCancel(context.Background())
	}
}

func (d *drain) draining() bool { return d.signal().Err() != nil }

// depart counts a request as in flight; false: nothing departs any more.
func (d *drain) depart(inFlight *sync.WaitGroup) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current().Err() != nil {
		return false
	}
	inFlight.Add(1)
	return true
}

// waitable returns a context that also ends when the drain starts.
func (d *drain) waitable(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(d.signal(), cancel)
	return ctx, func() { stop(); cancel() }
}

// Drain lets go of every handler that has not taken a permit, at once.
func (l *Lane) Drain() {
	l.acting.start()
	l.follow.start()
}

// drainOf is the drain of the handlers of a kind.
func (l *Lane) drainOf(k tasks.Kind) *drain {
	switch k {
	case tasks.KindNotify, tasks.KindConnect, tasks.KindBind:
		return &l.acting
	case tasks.KindUnbind, tasks.KindPoll, tasks.KindRecording, tasks.KindAccount, tasks.KindPush:
	}
	return &l.follow
}

// Wait returns when every request in flight is settled, or ctx ends.
func (l *Lane) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { l.inFlight.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
