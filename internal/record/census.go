package record

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Census is how many jobs of an account stand where. Jobs that have ended are in
// none of its counts.
type Census struct {
	// Waiting have not been sent and wait for no time of their own: a hold whose
	// time has come counts here. Reserved are those of them that only wait for
	// their slot.
	Waiting, Reserved int
	Held              map[string]int // by reason
	Submitting        int            // the request is on its way
	UnderWay          int            // accepted by the vendor, their end not known
	InDoubt           int
	Active            int // bindings that stand
}

// censusChunk is how many entries of the outbox are asked for at once: Redis
// serves others between two chunks.
const censusChunk = 1000

// Census counts the jobs of each account of a group that have not ended. It walks
// the group's outbox, in which each of them has exactly one entry, and keeps no
// more than one chunk of it: a job whose entry moves meanwhile may, rarely, be
// counted twice, so the counts are for people.
func (s *Store) Census(ctx context.Context, group string) (map[string]Census, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]Census{}
	for cursor := uint64(0); ; {
		// Members and their scores, in turn.
		var page []string
		if page, cursor, err = s.rdb.ZScan(ctx, keysOf(group).due(), cursor, "", censusChunk).Result(); err != nil {
			return nil, fmt.Errorf("count the jobs of group %s: walk its outbox: %w", group, err)
		}
		// What is small Redis answers at once, however much was asked for.
		for len(page) > 0 {
			n := min(len(page), 2*censusChunk)
			if err := s.countJobs(ctx, group, page[:n], func(job []any) { countJob(out, job, now.UnixMilli()) }); err != nil {
				return nil, err
			}
			page = page[n:]
		}
		if cursor == 0 {
			return out, nil
		}
	}
}

// countJobs reads what countJob wants to know of the members of a page.
func (s *Store) countJobs(ctx context.Context, group string, page []string, add func(job []any)) error {
	k := keysOf(group)
	var cmds []*redis.SliceCmd
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := 0; i < len(page); i += 2 {
			cmds = append(cmds, p.HMGet(ctx, k.job(page[i]), "account", "state", "hold_reason", "hold_until"))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count the jobs of group %s: read their records: %w", group, err)
	}
	for _, c := range cmds {
		add(c.Val())
	}
	return nil
}

// countJob adds one record: its account, state, hold_reason and hold_until. Of a
// push, and of a job that ended since its entry was seen, there is nothing to add.
func countJob(out map[string]Census, job []any, now int64) {
	text := func(i int) string {
		s, _ := job[i].(string) // nil: the field is not there
		return s
	}
	c, account := out[text(0)], text(0)
	switch State(text(1)) {
	case Held:
		if instant(text(3)).UnixMilli() <= now {
			c.Waiting++
			break
		}
		if c.Held == nil {
			c.Held = map[string]int{}
		}
		c.Held[text(2)]++
	case Reserved:
		c.Waiting++
		c.Reserved++
	case Accepted, Queued:
		c.Waiting++
	case Submitting:
		c.Submitting++
	case Submitted, AwaitingDial, Ringing, InProgress:
		c.UnderWay++
	case InDoubt:
		c.InDoubt++
	case Active:
		c.Active++
	case Unknown, Completed, Busy, NoAnswer, Rejected, Failed, Canceled, Expired, Released, "":
		return
	default:
		return // of a newer version
	}
	out[account] = c
}
