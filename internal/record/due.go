package record

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/claim.lua
var claimBody string

//go:embed lua/tick.lua
var tickBody string

//go:embed lua/returned.lua
var returnedBody string

//go:embed lua/bump.lua
var bumpBody string

var (
	claimScript    = NewScript("claim due entries", claimBody)
	tickScript     = NewScript("take a due step", tickBody)
	returnedScript = NewScript("note a task", returnedBody)
	bumpScript     = NewScript("move a due entry", bumpBody)
)

const (
	// leaseFor is how long one pump works on a due entry before another may.
	leaseFor = 10 * time.Second
	// againIn is when an enqueued follow-up that did not end its entry is
	// enqueued again.
	againIn = 5 * time.Minute
)

// Lease is a due entry that this pump works on.
type Lease struct {
	Member string // a job's id, or a push's
	until  int64
}

// Claim leases at most limit due entries of the group.
func (s *Store) Claim(ctx context.Context, group string, limit int) ([]Lease, error) {
	k := keysOf(group)
	answer, err := s.run(ctx, claimScript, []string{k.clock(), k.due(), k.due() + ":none"}, "", map[string]any{
		"limit": limit, "lease": leaseFor.Milliseconds(),
	})
	if err != nil {
		return nil, err
	}
	until, err := Millis(answer, 0)
	if err != nil {
		return nil, fmt.Errorf("claim due entries: %w", err)
	}
	var leases []Lease
	for _, m := range answer[1:] {
		leases = append(leases, Lease{Member: m, until: until.UnixMilli()})
	}
	return leases, nil
}

// Action is what a due record wants done outside of it.
type Action string

// The actions.
const (
	ActNone    Action = "done"    // the transition was the whole step
	ActMoved   Action = "moved"   // the entry changed meanwhile
	ActEnqueue Action = "enqueue" // bring the job's task to its queue
	ActPoll    Action = "poll"    // enqueue a query
	ActRepeat  Action = "repeat"  // bring a task for the same request again
	ActLook    Action = "look"    // see whether the job's task lives
	ActWait    Action = "wait"
	ActLive    Action = "live"
)

// Step is what a due record wants done.
type Step struct {
	Action                  Action
	Task                    string // the task that the action is about
	Account, Kind, Priority string // of the job: they name its queue
}

func stepOf(answer []string, err error) (Step, error) {
	return Step{
		Action: Action(at(answer, 0)), Task: at(answer, 1),
		Account: at(answer, 2), Kind: at(answer, 3), Priority: at(answer, 4),
	}, err
}

// Tick takes the due step of a leased record, as far as it lies in the record.
func (s *Store) Tick(ctx context.Context, l Lease) (Step, error) {
	return stepOf(s.Run(ctx, tickScript, l.Member, nil, map[string]any{"leased": l.until}))
}

// Returned notes whether asynq holds the task of a leased, waiting record. The
// answer ActEnqueue asks for another task under the id that it names.
func (s *Store) Returned(ctx context.Context, l Lease, task string, live bool) (Step, error) {
	return stepOf(s.Run(ctx, returnedScript, l.Member, nil,
		map[string]any{"leased": l.until, "task": task, "live": live}))
}

// Bump moves a leased entry five minutes ahead: its follow-up is enqueued, and
// whatever that brings removes the entry.
func (s *Store) Bump(ctx context.Context, l Lease) error {
	_, err := s.Run(ctx, bumpScript, l.Member, nil, map[string]any{"leased": l.until, "again_in": againIn.Milliseconds()})
	return err
}

// NextDue returns when the group's next entry is due; ok is false where none is.
func (s *Store) NextDue(ctx context.Context, group string) (at time.Time, ok bool, err error) {
	z, err := s.rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: keysOf(group).due(), Start: 0, Stop: 0}).Result()
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read due entries: %w", err)
	}
	if len(z) == 0 {
		return time.Time{}, false, nil
	}
	return time.UnixMilli(int64(z[0].Score)), true, nil
}
