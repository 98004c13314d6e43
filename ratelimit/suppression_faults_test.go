package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// TestSuppressionBrokenOff: a process dies between any two steps. What Add
// answered holds at once; everything else holds after one Sync of anybody.
func TestSuppressionBrokenOff(t *testing.T) {
	groups := suppressionGroups
	for name, act := range map[string]func(*blocklist, redis.UniversalClient) error{
		"add": func(b *blocklist, rdb redis.UniversalClient) error {
			err := b.through(rdb).Add(b.ctx, groups, append(many("n", 7), blocked("key"))...)
			if err == nil {
				b.wantIn(groups, "key", true)
			}
			return err
		},
		"remove": func(b *blocklist, rdb redis.UniversalClient) error {
			_, err := b.through(rdb).Remove(b.ctx, groups, "old", "old7")
			if err == nil {
				b.wantIn(groups, "old", false)
			}
			return err
		},
		"sync": func(b *blocklist, rdb redis.UniversalClient) error {
			return b.through(rdb).Sync(b.ctx, append([]string{"new"}, groups...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				steps := redistest.CrashWalk(t, func(t *testing.T, dying *redistest.Faults) {
					b := newBlocklist(t, r)
					b.must(r.Client.FlushAll(b.ctx).Err())
					b.must(b.Add(b.ctx, groups, append(many("old", 20), blocked("old"), blocked("stays"))...))
					if name == "sync" { // something to do: half an add, and an end
						b.halfAnAdd(t, r, groups)
					}
					if err := act(b, r.NewClient(t, dying)); (err == nil) == dying.Dead() {
						t.Errorf("dead %v, and the answer is %v", dying.Dead(), err)
					}
					b.wantIn(groups, "stays", true)
					b.must(b.Sync(b.ctx, groups))
					b.wantConverged(groups)
					b.wantIn(groups, "stays", true)
					if name == "sync" && !dying.Dead() {
						b.wantConverged([]string{"new"})
					}
				})
				if steps < 8 {
					t.Errorf("only %d steps: the scenario does too little", steps)
				}
			})
		})
	}
}

// halfAnAdd leaves entries that no group has yet, and one that is over.
func (b *blocklist) halfAnAdd(t *testing.T, r *redistest.Redis, groups []string) {
	t.Helper()
	over := blocked("over")
	over.Until = b.now.Add(time.Minute)
	b.must(b.Add(b.ctx, groups, over))
	b.now = b.now.Add(time.Hour)
	first := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if op.Name == "hget" {
			return redistest.Verdict{Action: redistest.DieBefore}
		}
		return redistest.Verdict{}
	})
	if err := b.through(r.NewClient(t, first)).Add(b.ctx, groups, many("half", 7)...); !errors.Is(err, redistest.ErrDead) {
		t.Fatalf("the add did not die: %v", err)
	}
}

// TestSuppressionLateCopy: a Sync is frozen with what it has read in its hands,
// while others add and remove. It must not bring back what it read.
func TestSuppressionLateCopy(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		group := []string{"jumdata"}
		b.must(b.Sync(b.ctx, group))
		b.must(b.Add(b.ctx, nil, blocked("removed")))
		b.must(r.Client.Del(b.ctx, "callpacer:{jumdata}:suppressed").Err()) // it is to be copied anew
		scripts := 0
		frozen := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if op.Name != "evalsha" {
				return redistest.Verdict{}
			}
			if scripts++; scripts != 3 { // it has changed nothing, and read; now it writes
				return redistest.Verdict{}
			}
			return redistest.Verdict{Before: func(context.Context) error {
				_, err := b.Remove(b.ctx, group, "removed")
				b.must(err)
				b.must(b.Add(b.ctx, group, blocked("added")))
				return nil
			}}
		})
		b.must(b.through(r.NewClient(t, frozen)).Sync(b.ctx, group))
		if scripts < 3 {
			t.Fatalf("%d scripts: nothing was frozen", scripts)
		}
		b.wantIn(group, "added", true)
		b.wantIn(group, "removed", false)
		b.wantConverged(group)
	})
}

// TestSuppressionNeverMissingWhileCopied: at every step of a Sync of a long list
// a suppressed number is in the copy.
func TestSuppressionNeverMissingWhileCopied(t *testing.T) {
	r := redistest.Mini(t)
	b := newBlocklist(t, r)
	group := []string{"jumdata"}
	b.must(b.Add(b.ctx, group, blocked("key")))
	b.must(b.Add(b.ctx, group, many("n", 23)...))
	for _, lost := range []bool{false, true} {
		if lost { // the list's last writes: all is copied again
			b.must(r.Client.DecrBy(b.ctx, "callpacer:{callpacer}:suppression:revision", 1).Err())
		} else {
			changed := many("n", 23)
			for i := range changed {
				changed[i].Reason = "another"
			}
			b.must(b.Add(b.ctx, nil, changed...))
		}
		steps := 0
		watch := redistest.NewFaults(func(redistest.Op) redistest.Verdict {
			steps++
			b.wantIn(group, "key", true)
			b.wantIn(group, "n22", true)
			return redistest.Verdict{}
		})
		b.must(b.through(r.NewClient(t, watch)).Sync(b.ctx, group))
		b.wantConverged(group)
		if lost && steps < 10 {
			t.Errorf("%d steps: nothing was copied again", steps)
		}
	}
}

// TestSuppressionAfterLostWrites: Redis loses the list's last second, which the
// copies have seen. What is added then reaches them all the same.
func TestSuppressionAfterLostWrites(t *testing.T) {
	r := redistest.StartServer(t, redistest.Options{}).Redis() // miniredis dumps no hash
	for _, noticed := range []bool{true, false} {
		b := newBlocklist(t, r)
		groups := suppressionGroups
		b.must(r.Client.FlushAll(b.ctx).Err())
		b.must(b.Add(b.ctx, groups, blocked("early")))
		keys, err := r.Client.Keys(b.ctx, "callpacer:{callpacer}:*").Result()
		b.must(err)
		kept := map[string]string{}
		for _, key := range keys {
			kept[key] = r.Client.Dump(b.ctx, key).Val()
		}
		b.now = b.now.Add(time.Second)
		b.must(b.Add(b.ctx, groups, blocked("lost")))
		for key, value := range kept {
			b.must(r.Client.RestoreReplace(b.ctx, key, 0, value).Err())
		}
		if noticed { // before there is a new change
			b.must(b.Sync(b.ctx, groups))
			b.wantIn(groups, "early", true)
		}
		b.now = b.now.Add(time.Second)
		b.must(b.Add(b.ctx, groups, blocked("after1"), blocked("after2")))
		b.wantIn(groups, "early", true)
		b.wantIn(groups, "after1", true)
		b.wantIn(groups, "after2", true)
		_, err = b.Remove(b.ctx, groups, "lost") // not on the list, and still in the copies
		b.must(err)
		b.wantIn(groups, "lost", false)
		b.wantConverged(groups)
	}
}

// TestSuppressionBackAfterBrokenRemoval: what was half removed and is added
// again is known to groups that begin later.
func TestSuppressionBackAfterBrokenRemoval(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		b.must(b.Add(b.ctx, suppressionGroups, blocked("key")))
		dying := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if op.Name == "hget" {
				return redistest.Verdict{Action: redistest.DieBefore}
			}
			return redistest.Verdict{}
		})
		if _, err := b.through(r.NewClient(t, dying)).Remove(b.ctx, nil, "key"); err == nil {
			t.Fatal("the removal did not break off")
		}
		b.must(b.Add(b.ctx, nil, blocked("key")))
		_, err := b.Remove(b.ctx, nil, "nothing") // cleans up
		b.must(err)
		b.must(b.Sync(b.ctx, []string{"new"}))
		b.wantIn(append([]string{"new"}, suppressionGroups...), "key", true)
	})
}

// TestSuppressionTogether: many change and copy at once. Each looks after its
// own numbers, and what it was told holds for it at every moment.
func TestSuppressionTogether(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		b.Suppression = b.through(r.Client)
		rounds := 30
		if r.Name == redistest.NameMini {
			rounds = 8 // it is slow
		}
		var workers sync.WaitGroup
		for w := range 6 {
			workers.Go(func() {
				random := rand.New(rand.NewPCG(uint64(w), 7))
				list := b.through(r.Client)
				mine := fmt.Sprintf("w%d", w)
				for range rounds {
					if err := list.Add(b.ctx, suppressionGroups, blocked(mine), blocked("shared")); err != nil {
						t.Error(err)
						return
					}
					b.wantIn(suppressionGroups, mine, true)
					if random.IntN(2) == 0 {
						if err := list.Sync(b.ctx, []string{"extra"}); err != nil {
							t.Error(err)
						}
						b.wantIn(append([]string{"extra"}, suppressionGroups...), mine, true)
					}
					if n, err := list.Remove(b.ctx, suppressionGroups, mine); n != 1 || err != nil {
						t.Errorf("removed %d, %v", n, err)
					}
					b.wantIn(suppressionGroups, mine, false)
					if random.IntN(3) == 0 {
						if _, err := list.Remove(b.ctx, suppressionGroups, "shared"); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		workers.Wait()
		b.must(b.Sync(b.ctx, suppressionGroups))
		b.wantConverged(append([]string{"extra"}, suppressionGroups...))
	})
}

// TestSuppressionInACluster: each script touches one slot, which a node in
// cluster mode insists on.
func TestSuppressionInACluster(t *testing.T) {
	server := redistest.StartServer(t, redistest.Options{Args: []string{"--cluster-enabled", "yes"}})
	r := server.Redis()
	if err := r.Client.Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		_, err := r.Client.Get(t.Context(), "x").Result()
		if errors.Is(err, redis.Nil) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the node does not serve: %v", err)
		}
	}
	b := newBlocklist(t, r)
	short := blocked("short")
	short.Until = b.now.Add(time.Minute)
	b.must(b.Add(b.ctx, suppressionGroups, append(many("n", 20), short)...))
	_, err := b.Remove(b.ctx, suppressionGroups, "n1", "n2")
	b.must(err)
	b.now = b.now.Add(time.Hour)
	b.must(b.Sync(b.ctx, suppressionGroups))
	b.wantConverged(suppressionGroups)
	if n := len(b.listed()); n != 18 {
		t.Errorf("%d entries, want 18", n)
	}
}
