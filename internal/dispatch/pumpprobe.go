package dispatch

import (
	"context"
	"errors"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// probe enqueues the question how an account stands. Whoever asks it moves the entry to
// the next one; until then the same task comes again.
func (p *Pump) probe(ctx context.Context, l record.Lease, account string) error {
	skip := 0
	for range takenIDs {
		n, err := p.Store.ProbeNumber(ctx, p.Group, account, skip)
		if err != nil {
			return err
		}
		e := tasks.Entry{Queue: tasks.FollowQueue(account), Kind: tasks.KindAccount, TaskID: tasks.Sequenced(l.Member, n), ID: l.Member}
		err = p.Broker.Put(ctx, e)
		if err == nil {
			return p.Store.Bump(ctx, l)
		}
		if !errors.Is(err, tasks.ErrTaskExists) {
			return err
		}
		live, err := p.Broker.Live(ctx, e.Queue, e.TaskID)
		if err != nil {
			return err
		}
		if live {
			return p.Store.Bump(ctx, l)
		}
		skip = n
	}
	return errTaken
}
