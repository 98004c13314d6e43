package record

import (
	"context"
	_ "embed"
)

//go:embed lua/replay_push.lua
var replayPushBody string

var replayPushScript = NewScript("replay a push", replayPushBody)

// Replayed is what became of the wish to have a push read again.
type Replayed struct {
	Done bool   // it is in state received again, and due
	Was  string // its state before; empty: there is no such push (any more)
}

// ReplayPush has a push read again that ended in one of the states of from. One
// in another state is left alone: replaying twice is replaying once.
func (s *Store) ReplayPush(ctx context.Context, id string, from ...string) (Replayed, error) {
	names, err := pushKeys(id)
	if err != nil {
		return Replayed{}, err
	}
	answer, err := s.run(ctx, replayPushScript, names, id, map[string]any{"from": from})
	if err != nil {
		return Replayed{}, err
	}
	return Replayed{Done: at(answer, 0) == "replayed", Was: at(answer, 1)}, nil
}
