package ratelimit

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/suppression_change.lua
var suppressionChangeBody string

//go:embed lua/suppression_after.lua
var suppressionAfterBody string

//go:embed lua/suppression_copy.lua
var suppressionCopyBody string

//go:embed lua/suppression_forget.lua
var suppressionForgetBody string

var (
	suppressionChange = redis.NewScript(suppressionChangeBody)
	suppressionAfter  = redis.NewScript(suppressionAfterBody)
	suppressionCopy   = redis.NewScript(suppressionCopyBody)
	suppressionForget = redis.NewScript(suppressionForgetBody)
)

// The list and all about it are in one slot of a cluster, each copy in that of
// its group: no script sees two of them.
const (
	listKey    = "callpacer:{callpacer}:suppression"
	changesKey = listKey + ":changes"
	removedKey = listKey + ":removed"
	endsKey    = listKey + ":ends"
	groupsKey  = listKey + ":groups"
	revKey     = listKey + ":revision"
)

func copyKey(group string) string { return "callpacer:{" + group + "}:suppressed" }

// change is what one script does to the list.
type change struct {
	Groups []string    `json:"groups"`
	Add    [][3]string `json:"add"`
	Remove []string    `json:"remove"`
}

// turn is how the list stands after a change.
type turn struct {
	revision int64
	removed  int
	onRecord int64 // removals that some copy may not have seen yet
	groups   []string
}

func (s *Suppression) change(ctx context.Context, c change) (turn, error) {
	c.Groups, c.Add, c.Remove = orEmpty(c.Groups), orEmpty(c.Add), orEmpty(c.Remove)
	args, err := json.Marshal(c)
	if err != nil {
		return turn{}, fmt.Errorf("encode the change: %w", err)
	}
	now := ""
	if s.clock != nil {
		now = strconv.FormatInt(s.clock().UnixMilli(), 10)
	}
	keys := []string{listKey, changesKey, removedKey, endsKey, groupsKey, revKey}
	answer, err := suppressionChange.Run(ctx, s.rdb, keys, now, args).StringSlice()
	if err != nil {
		return turn{}, err
	}
	n, err := numbersOf(answer, 3)
	if err != nil {
		return turn{}, err
	}
	slices.Sort(answer[3:]) // so that a broken-off change is always broken off alike
	return turn{revision: n[0], removed: int(n[1]), onRecord: n[2], groups: answer[3:]}, nil
}

// orEmpty keeps null out of the script's JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// follow brings the copies of all groups to the turn at least. One that cannot
// be reached keeps no other from it.
func (s *Suppression) follow(ctx context.Context, t turn) error {
	var failed []error
	for _, group := range t.groups {
		if err := s.ship(ctx, group, t.revision); err != nil {
			failed = append(failed, fmt.Errorf("copy the suppression list to group %s: %w", group, err))
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	if t.onRecord == 0 {
		return nil
	}
	for {
		n, err := suppressionForget.Run(ctx, s.rdb, []string{changesKey, removedKey}, t.revision, s.chunk).Int()
		if err != nil {
			return fmt.Errorf("clean the suppression list: %w", err)
		}
		if n < s.chunk {
			return nil
		}
	}
}

// ship brings a group's copy to the revision at least, chunk by chunk. Others
// may do so at the same time: the copy takes only what follows on what it has.
func (s *Suppression) ship(ctx context.Context, group string, revision int64) error {
	has, err := s.rdb.HGet(ctx, copyKey(group), copyRevision).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for has != revision {
		next, err := s.changesAfter(ctx, has)
		switch {
		case err != nil:
			return err
		case next.after == has && has > revision: // somebody was faster
			return nil
		case next.upTo == has:
			return errors.New("the list lost its last changes meanwhile; repeat this")
		}
		if has, err = s.copyTo(ctx, group, has, next); err != nil {
			return err
		}
	}
	return nil
}

// stretch is the entries that changed after a revision, and up to which one this
// is all.
type stretch struct {
	after, upTo int64
	entries     []kept
}

func (s *Suppression) changesAfter(ctx context.Context, after int64) (stretch, error) {
	answer, err := suppressionAfter.Run(ctx, s.rdb, []string{listKey, changesKey, revKey}, after, s.chunk).StringSlice()
	if err != nil {
		return stretch{}, err
	}
	n, err := numbersOf(answer, 2)
	if err != nil {
		return stretch{}, err
	}
	c := stretch{after: n[0], upTo: n[1]}
	for pair := answer[2:]; len(pair) > 1; pair = pair[2:] {
		e, err := readKept(pair[0], pair[1])
		if err != nil {
			return stretch{}, err
		}
		c.entries = append(c.entries, e)
	}
	return c, nil
}

// copyTo returns the revision that the copy has then.
func (s *Suppression) copyTo(ctx context.Context, group string, has int64, c stretch) (int64, error) {
	args := []any{copyRevision, has, c.upTo}
	for _, e := range c.entries {
		args = append(args, e.key, e.copied())
	}
	return suppressionCopy.Run(ctx, s.rdb, []string{copyKey(group)}, args...).Int64()
}

// numbersOf reads the first n answers of a script.
func numbersOf(answer []string, n int) ([]int64, error) {
	if len(answer) < n {
		return nil, fmt.Errorf("unexpected answer of %d words", len(answer))
	}
	out := make([]int64, n)
	for i := range out {
		v, err := strconv.ParseInt(answer[i], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("unexpected answer %q", answer[i])
		}
		out[i] = v
	}
	return out, nil
}
