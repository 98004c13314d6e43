package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/phone"
)

// Suppressed is a number that nothing may dial, in whatever group.
type Suppressed struct {
	Key    string    // SuppressionKey of the number
	Masked string    // the number as people may see it
	Reason string    // see CheckReason
	Until  time.Time // to the millisecond, rounded up; zero: for ever
	Added  time.Time // by Redis's clock; an entry that is replaced keeps it. Add ignores it
}

// SuppressionKey is the name of a number on the list, the same in every group.
func SuppressionKey(n phone.Number) string { return n.Key("suppression") }

// LongestReason is how many characters a reason may have.
const LongestReason = 200

// CheckReason says what is wrong with a reason: it is one line of text, and
// there must be one.
func CheckReason(reason string) error {
	switch n := utf8.RuneCountInString(reason); {
	case reason == "":
		return errors.New("is empty; say why nobody may dial the number")
	case !utf8.ValidString(reason):
		return errors.New("is not UTF-8")
	case n > LongestReason:
		return fmt.Errorf("has %d characters; at most %d are kept", n, LongestReason)
	}
	for _, r := range reason {
		if unicode.IsControl(r) {
			return errors.New("holds a line break or another control character")
		}
	}
	return nil
}

// Suppression is the list of numbers that nothing may dial. The list is one for
// all groups; each group has a copy, which admission reads. Every change is
// written to the list first, under a new revision, and the copies follow the
// revisions in their order: a change that was broken off in the middle is
// completed by whoever is next, and no copy goes back.
type Suppression struct {
	rdb   redis.UniversalClient
	clock func() time.Time
	chunk int // entries that one script reads or writes at most
}

// listChunk keeps a Redis busy for no more than some milliseconds at a time.
const listChunk = 200

// NewSuppression returns the list on rdb, which stays the caller's to close.
func NewSuppression(rdb redis.UniversalClient) *Suppression {
	return &Suppression{rdb: rdb, chunk: listChunk}
}

// WithClock returns a Suppression that takes its time from clock instead of
// Redis. It is a switch for tests.
func (s *Suppression) WithClock(clock func() time.Time) *Suppression {
	return &Suppression{rdb: s.rdb, clock: clock, chunk: s.chunk}
}

// Add puts entries on the list. Once it has returned nil no job of groups, nor
// of any group that was ever named to Sync, can get a permit for their numbers;
// after an error that is open until the next Sync. To repeat an Add is harmless,
// and a later one replaces reason and end. An entry that is over already counts
// no more than none.
func (s *Suppression) Add(ctx context.Context, groups []string, entries ...Suppressed) error {
	written := make([][3]string, 0, len(entries))
	for _, e := range entries {
		w, err := e.written()
		if err != nil {
			return fmt.Errorf("add to the suppression list: %w", err)
		}
		written = append(written, w)
	}
	var t turn
	for chunk := range slices.Chunk(written, s.chunk) {
		var err error
		if t, err = s.change(ctx, change{Groups: groups, Add: chunk}); err != nil {
			return fmt.Errorf("add to the suppression list: %w", err)
		}
	}
	return s.follow(ctx, t)
}

// Remove takes numbers off the list and says how many of them were on it. Once
// it has returned nil their jobs get permits again; after an error some groups
// may hold them until the next Sync.
func (s *Suppression) Remove(ctx context.Context, groups []string, keys ...string) (removed int, err error) {
	var t turn
	for chunk := range slices.Chunk(keys, s.chunk) {
		if t, err = s.change(ctx, change{Groups: groups, Remove: chunk}); err != nil {
			return removed, fmt.Errorf("remove from the suppression list: %w", err)
		}
		removed += t.removed
	}
	return removed, s.follow(ctx, t)
}

// Sync completes the copies of groups and of every group that was ever named to
// it or to a change. A group dials nobody on the list once the first Sync with
// its name has returned nil. Where nothing has changed it costs one command, and
// one for each group.
func (s *Suppression) Sync(ctx context.Context, groups []string) error {
	t, err := s.change(ctx, change{Groups: groups})
	if err != nil {
		return fmt.Errorf("read the suppression list: %w", err)
	}
	return s.follow(ctx, t)
}

// List gives the entries that are not over, those that changed last at the end.
// An entry that is changed meanwhile may come twice. An error is the last item.
func (s *Suppression) List(ctx context.Context) iter.Seq2[Suppressed, error] {
	return func(yield func(Suppressed, error) bool) {
		now, err := s.now(ctx)
		for after := int64(0); err == nil; {
			var found stretch
			if found, err = s.changesAfter(ctx, after); err != nil {
				break
			}
			for _, e := range found.entries {
				if e.removed || e.over(now) {
					continue
				}
				if !yield(e.suppressed(), nil) {
					return
				}
			}
			if len(found.entries) < s.chunk {
				return
			}
			after = found.upTo
		}
		yield(Suppressed{}, fmt.Errorf("list the suppressed numbers: %w", err))
	}
}

func (s *Suppression) now(ctx context.Context) (time.Time, error) {
	if s.clock != nil {
		return s.clock(), nil
	}
	return s.rdb.Time(ctx).Result()
}
