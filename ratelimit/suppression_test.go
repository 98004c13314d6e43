package ratelimit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

func TestSuppressionReachesEveryGroup(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		groups := suppressionGroups
		a := blocked("a")
		b.must(b.Add(b.ctx, groups, a, blocked("b")))
		b.wantIn(groups, "a", true)
		b.wantConverged(groups)
		a.Reason, a.Until = "<律师> & \"co\"", b.now.Add(time.Hour+1)
		began := b.now
		b.now = b.now.Add(time.Minute)
		b.must(b.Add(b.ctx, groups, a))
		b.wantConverged(groups)
		got := b.listed()["a"]
		if got.Reason != a.Reason || !got.Until.Equal(began.Add(time.Hour+time.Millisecond)) || !got.Added.Equal(began) || got.Masked != a.Masked {
			t.Errorf("%+v", got)
		}
		if n, err := b.Remove(b.ctx, groups, "a", "x"); n != 1 || err != nil {
			t.Errorf("removed %d, %v; want 1", n, err)
		}
		b.wantIn(groups, "a", false)
		b.wantIn(groups, "b", true)
		b.wantConverged(groups)
		if n, err := b.Remove(b.ctx, groups, "a"); n != 0 || err != nil {
			t.Errorf("removed %d, %v; want none, it is gone", n, err)
		}
		b.wantConverged(groups)
	})
}

// TestSuppressionOfANewGroup: a group that begins later has all from its first
// Sync on, and is then known to those who never heard of it.
func TestSuppressionOfANewGroup(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		b.must(b.Add(b.ctx, nil, many("n", 100)...)) // no worker ever ran
		b.must(b.Sync(b.ctx, []string{"new"}))
		if n := len(b.copied("new")); n != 100 {
			t.Errorf("%d numbers were copied, want 100", n)
		}
		b.must(b.Add(b.ctx, nil, blocked("late")))
		b.wantIn([]string{"new"}, "late", true)
		if _, err := b.Remove(b.ctx, nil, "n7"); err != nil {
			t.Fatal(err)
		}
		b.wantIn([]string{"new"}, "n7", false)
		b.wantConverged([]string{"new"})
	})
}

// TestSuppressionEnds: an entry that is over counts no more, and is gone some time later.
func TestSuppressionEnds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		groups := suppressionGroups
		short := blocked("short")
		short.Until = b.now.Add(time.Hour)
		b.must(b.Add(b.ctx, groups, short, blocked("long")))
		b.now = b.now.Add(time.Hour - time.Millisecond)
		b.wantIn(groups, "short", true)
		b.now = b.now.Add(time.Millisecond)
		b.wantIn(groups, "short", false)
		if l := sorted(b.listed()); len(l) != 1 || l[0] != "long" {
			t.Errorf("listed are %v, want long only", l)
		}
		if n, err := b.Remove(b.ctx, groups, "short"); n != 0 || err != nil {
			t.Errorf("removed %d, %v; want none: it is over", n, err)
		}
		short.Until = b.now.Add(time.Hour)
		b.must(b.Add(b.ctx, groups, short))
		if got := b.listed()["short"]; !got.Added.Equal(b.now) {
			t.Errorf("added at %v; want %v: what was over is new", got.Added, b.now)
		}
		b.now = b.now.Add(2 * time.Hour)
		b.must(b.Sync(b.ctx, nil))
		b.wantConverged(groups)
		want := map[string]int64{"": 1, ":changes": 1, ":removed": 0, ":ends": 0}
		for key, n := range want {
			if got := b.size("callpacer:{callpacer}:suppression" + key); got != n {
				t.Errorf("suppression%s has %d entries, want %d: nothing may pile up", key, got, n)
			}
		}
	})
}

// TestSuppressionMadeEndless: an end that was taken back ends nothing.
func TestSuppressionMadeEndless(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		a := blocked("a")
		a.Until = b.now.Add(time.Hour)
		b.must(b.Add(b.ctx, suppressionGroups, a))
		a.Until = time.Time{}
		b.must(b.Add(b.ctx, suppressionGroups, a))
		b.now = b.now.Add(2 * time.Hour)
		b.must(b.Sync(b.ctx, nil))
		b.wantIn(suppressionGroups, "a", true)
	})
}

func (b *blocklist) size(key string) int64 {
	if b.rdb.Type(b.ctx, key).Val() == "hash" {
		return b.rdb.HLen(b.ctx, key).Val()
	}
	return b.rdb.ZCard(b.ctx, key).Val()
}

// TestSuppressionSyncIsCheap: each worker does it every half minute.
func TestSuppressionSyncIsCheap(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		b := newBlocklist(t, r)
		b.must(b.Add(b.ctx, suppressionGroups, many("n", 30)...))
		_, err := b.Remove(b.ctx, suppressionGroups, "n1", "n2")
		b.must(err)
		b.must(b.Add(b.ctx, suppressionGroups, many("n", 3)[0])) // as it stands
		count := redistest.NewFaults(nil)
		s := b.through(r.NewClient(t, count))
		b.must(s.Sync(b.ctx, suppressionGroups))
		if n := count.Count(); n != 1+len(suppressionGroups) {
			t.Errorf("a Sync without a change took %d commands, want one and one for each group", n)
		}
		before := count.Count()
		b.must(s.Add(b.ctx, suppressionGroups, many("n", 1)...))
		if n := count.Count() - before; n != 1+len(suppressionGroups) {
			t.Errorf("an Add of what is there took %d commands, want one and one for each group", n)
		}
	})
}

func TestSuppressionRefuses(t *testing.T) {
	b := newBlocklist(t, redistest.Mini(t))
	for words, change := range map[string]func(*ratelimit.Suppressed){
		"no key":            func(s *ratelimit.Suppressed) { s.Key = "" },
		"is empty":          func(s *ratelimit.Suppressed) { s.Reason = "" },
		"201 characters":    func(s *ratelimit.Suppressed) { s.Reason = strings.Repeat("长", 201) },
		"control character": func(s *ratelimit.Suppressed) { s.Reason = "a\nb" },
		"UTF-8":             func(s *ratelimit.Suppressed) { s.Reason = "a\xff" },
		"1970":              func(s *ratelimit.Suppressed) { s.Until = time.UnixMilli(0) }, // which would be for ever
	} {
		s := blocked("a")
		change(&s)
		if err := b.Add(b.ctx, suppressionGroups, blocked("good"), s); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v; want %q", err, words)
		}
	}
	if n := len(b.listed()); n != 0 {
		t.Errorf("%d entries of refused changes", n)
	}
	long := blocked("a")
	long.Reason, long.Until = strings.Repeat("长", 200), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	b.must(b.Add(b.ctx, suppressionGroups, long))
	b.wantIn(suppressionGroups, "a", true)
	if got := b.listed()["a"]; !got.Until.Equal(long.Until) {
		t.Errorf("until %v, want %v", got.Until, long.Until)
	}
}

// TestSuppressionKeyIsOfThePhone: one phone has one key, however it is written.
func TestSuppressionKeyIsOfThePhone(t *testing.T) {
	keys := map[string]bool{}
	for _, written := range []string{"13800138000", "+86 138-0013-8000", "0086 13800138000", "１３８００１３８０００", "013800138000"} {
		n, err := phone.ParseAny(written)
		if err != nil {
			t.Fatal(err)
		}
		keys[ratelimit.SuppressionKey(n)] = true
	}
	if len(keys) != 1 {
		t.Errorf("%d keys of one phone", len(keys))
	}
}

func TestSuppressionWithoutRedis(t *testing.T) {
	r := redistest.Mini(t)
	dead := redistest.NewFaults(func(redistest.Op) redistest.Verdict { return redistest.Verdict{Action: redistest.FailBefore} })
	s := ratelimit.NewSuppression(r.NewClient(t, dead))
	for _, err := range s.List(t.Context()) {
		if err == nil {
			t.Error("a list without an error")
		}
	}
	if err := s.Sync(t.Context(), suppressionGroups); err == nil {
		t.Error("Sync returned nil")
	}
	if err := s.Add(t.Context(), nil, blocked("13800138000")); err == nil || strings.Contains(fmt.Sprint(err), "13800138000") {
		t.Errorf("Add returned %v", err)
	}
}
