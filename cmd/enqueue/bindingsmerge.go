package main

import (
	"context"
	"iter"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// holdings are the wanted bindings of all groups, those that end first first. An
// error ends them.
func (l *link) holdings(ctx context.Context, groups []string, w wanted) iter.Seq2[record.Holding, error] {
	return func(yield func(record.Holding, error) bool) {
		heads := make([]*head, 0, len(groups))
		defer func() {
			for _, h := range heads {
				h.stop()
			}
		}()
		for _, group := range groups {
			next, stop := iter.Pull2(l.store.Holdings(ctx, group, w.in(group)))
			h := &head{next: next, stop: stop}
			heads = append(heads, h)
			h.step()
		}
		for {
			h := first(heads)
			if h == nil || !yield(h.holding, h.err) || h.err != nil {
				return
			}
			h.step()
		}
	}
}

// head is the next binding of a group that was not told yet.
type head struct {
	holding record.Holding
	err     error
	more    bool
	next    func() (record.Holding, error, bool)
	stop    func()
}

func (h *head) step() { h.holding, h.err, h.more = h.next() }

// first is the head that is to be told next: a group that cannot be read, else the
// binding that ends first; nil: there is none.
func first(heads []*head) *head {
	var best *head
	for _, h := range heads {
		switch {
		case !h.more:
		case h.err != nil:
			return h
		case best == nil || endsBefore(h.holding.Until, best.holding.Until):
			best = h
		}
	}
	return best
}

// endsBefore compares ends; zero is none.
func endsBefore(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) }
