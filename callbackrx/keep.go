package callbackrx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

var (
	errNoJournal = errors.New("there is no journal on this machine")
	errClosed    = errors.New("the receiver is closed")
)

// keep makes the push durable: in Redis, or where Redis has not answered within
// our patience, in the journal too. Whichever confirms first is enough: a push
// in both is one push, by its id. Where Redis is known to be away it is asked
// only if the journal fails.
func (r *Receiver) keep(ctx context.Context, p kept) error {
	// A vendor that hangs up does not undo its push.
	ctx = context.WithoutCancel(ctx)
	within, cancel := context.WithTimeout(ctx, durableWithin)
	defer cancel()
	var tried, written <-chan error
	if !r.away.Load() {
		tried = r.try(ctx, p, false)
	}
	if tried == nil {
		written = r.write(within, p)
	}
	patience := time.NewTimer(r.patience())
	defer patience.Stop()
	asked := tried != nil
	for errs := []error(nil); ; {
		select {
		case err := <-tried:
			if err == nil {
				return nil
			}
			errs, tried = append(errs, err), nil
			if written == nil && len(errs) == 1 {
				written = r.write(within, p)
			}
		case err := <-written:
			if err == nil {
				return nil
			}
			errs, written = append(errs, err), nil
			if !asked {
				tried, asked = r.try(ctx, p, true), true
			}
		case <-patience.C:
			if written == nil && len(errs) == 0 {
				written = r.write(within, p)
			}
		case <-within.Done():
			return errors.Join(append(errs, within.Err())...)
		}
		if tried == nil && written == nil {
			return errors.Join(errs...)
		}
	}
}

// try stores the push in Redis and brings it to its queue. It goes on when
// nobody waits any more. nil: too many tries are under way, and the caller does
// not want to wait for one to end.
func (r *Receiver) try(ctx context.Context, p kept, wait bool) <-chan error {
	slots := r.slots()
	if !wait && r.Journal != nil {
		select {
		case slots <- struct{}{}:
		default:
			return nil
		}
		return r.start(func() error {
			defer func() { <-slots }()
			return r.attempt(ctx, p)
		})
	}
	return r.start(func() error {
		ctx, cancel := context.WithTimeout(ctx, durableWithin)
		defer cancel()
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("wait for other pushes to be stored: %w", ctx.Err())
		}
		defer func() { <-slots }()
		return r.attempt(ctx, p)
	})
}

func (r *Receiver) attempt(ctx context.Context, p kept) error {
	err := r.store(ctx, p)
	if err != nil {
		r.away.Store(true)
	}
	return err
}

// write appends the push to the journal.
func (r *Receiver) write(ctx context.Context, p kept) <-chan error {
	return r.start(func() error {
		if r.Journal == nil {
			return errNoJournal
		}
		entry, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("encode a push: %w", err)
		}
		if err := r.Journal.Append(ctx, entry); err != nil {
			return err
		}
		r.fell()
		return nil
	})
}

// start runs f in a goroutine that Close waits for.
func (r *Receiver) start(f func() error) <-chan error {
	answer := make(chan error, 1) // nobody may wait any more
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		answer <- errClosed
		return answer
	}
	r.running.Go(func() {
		defer func() {
			if p := recover(); p != nil { // as net/http does for a handler
				r.Log.Errorf("keeping a push panicked: %v", p)
				answer <- errors.New("keeping a push panicked")
			}
		}()
		answer <- f()
	})
	return answer
}
