package dispatch

import (
	"context"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// probe enqueues the question how an account stands. Whoever asks it moves the entry to
// the next one; until then the same task comes again.
func (p *Pump) probe(ctx context.Context, l record.Lease, account string) error {
	number := 0
	e := tasks.Entry{Queue: tasks.FollowQueue(account), Kind: tasks.KindAccount, ID: l.Member}
	return p.put(ctx, l, e, func(int) (_ string, err error) {
		number, err = p.Store.ProbeNumber(ctx, p.Group, account, number)
		return tasks.Sequenced(l.Member, number), err
	})
}
