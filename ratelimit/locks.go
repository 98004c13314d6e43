package ratelimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

//go:embed lua/lock_list.lua
var lockListBody string

//go:embed lua/lock_lift.lua
var lockLiftBody string

//go:embed lua/lock_add.lua
var lockAddBody string

var (
	lockListScript = record.NewScript("list locks", lockListBody)
	lockLiftScript = record.NewScript("lift a lock", lockLiftBody)
	lockAddScript  = record.NewScript("add a lock", lockAddBody)
)

// Lock is a number that nothing dials for a while. It was learnt from a vendor's
// answer, or added by an operator.
type Lock struct {
	Key     string    // of the number within its group (phone.Number.Key)
	Masked  string    // the number for people
	Account string    // whose vendor locked it; empty: an operator did
	Job     string    // whose attempt was refused; empty: none
	Reason  string    // the vendor's words, or the operator's
	Until   time.Time // to the millisecond
}

// Locks are the locked numbers of all groups.
type Locks struct{ store *record.Store }

// NewLocks returns the locks that the store's Redis keeps.
func NewLocks(store *record.Store) *Locks { return &Locks{store: store} }

// List returns what is locked in the group now, by the end of the lock.
func (l *Locks) List(ctx context.Context, group string) ([]Lock, error) {
	answer, err := l.store.RunGroup(ctx, lockListScript, group, nil)
	if err != nil {
		return nil, err
	}
	var locks []Lock
	for i := 0; i+1 < len(answer); i += 2 {
		lock, err := parseLock(answer[i], answer[i+1])
		if err != nil {
			return nil, fmt.Errorf("list locks: %w", err)
		}
		locks = append(locks, lock)
	}
	slices.SortFunc(locks, func(a, b Lock) int {
		if c := a.Until.Compare(b.Until); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	return locks, nil
}

// Lift unlocks the number with the key, and makes the jobs that waited for that
// due at once. It says whether there was a lock.
func (l *Locks) Lift(ctx context.Context, group, key string) (bool, error) {
	answer, err := l.store.RunGroup(ctx, lockLiftScript, group, map[string]any{"number": key})
	if err != nil {
		return false, err
	}
	return len(answer) > 0 && answer[0] == "1", nil
}

// ErrLockOver is a lock whose end is not in the future.
var ErrLockOver = errors.New("the lock would end before it begins")

// Add locks the number. A lock that ends later already stays as it is: lift it
// first to shorten it.
func (l *Locks) Add(ctx context.Context, group string, lock Lock) error {
	words := []string{orDash(lock.Account), orDash(lock.Job), orDash(lock.Masked), strings.TrimSpace(lock.Reason)}
	answer, err := l.store.RunGroup(ctx, lockAddScript, group, map[string]any{
		"number": lock.Key, "till": lock.Until.UnixMilli(), "words": strings.Join(words, " "),
	})
	if err != nil {
		return err
	}
	if len(answer) == 0 || answer[0] == "0" {
		return ErrLockOver
	}
	return nil
}

// parseLock reads "<until ms> <account> <job> <masked number> <reason>".
func parseLock(key, entry string) (Lock, error) {
	f := strings.SplitN(entry, " ", 5)
	until, err := record.Millis(f, 0)
	if err != nil {
		return Lock{}, err
	}
	f = append(f, "", "", "", "")
	return Lock{Key: key, Until: until, Account: noDash(f[1]), Job: noDash(f[2]), Masked: noDash(f[3]), Reason: f[4]}, nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(s, " ", "_") // one word in the entry
}

func noDash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
