package ratelimit_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

var suppressionGroups = []string{"dingxin", "jumdata", "itnio"}

// blocklist is a suppression list as its users and the admission script see it.
type blocklist struct {
	*ratelimit.Suppression
	t   testing.TB
	ctx context.Context
	rdb redis.UniversalClient
	now time.Time
}

func newBlocklist(t testing.TB, r *redistest.Redis) *blocklist {
	b := &blocklist{t: t, ctx: t.Context(), rdb: r.Client, now: wall("2026-11-22 12:00:00")}
	b.Suppression = b.through(r.Client)
	return b
}

// through is the same list over another client.
func (b *blocklist) through(rdb redis.UniversalClient) *ratelimit.Suppression {
	return ratelimit.NewSuppression(rdb).WithClock(func() time.Time { return b.now }).WithChunk(5)
}

func blocked(key string) ratelimit.Suppressed {
	return ratelimit.Suppressed{Key: key, Masked: "138****0001", Reason: "asked to be left alone"}
}

// many are entries with keys of their own.
func many(prefix string, n int) []ratelimit.Suppressed {
	out := make([]ratelimit.Suppressed, n)
	for i := range out {
		out[i] = blocked(prefix + strconv.Itoa(i))
	}
	return out
}

func (b *blocklist) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// copied is what the admission script finds in a group: until and reason by key.
func (b *blocklist) copied(group string) map[string]string {
	b.t.Helper()
	h, err := b.rdb.HGetAll(b.ctx, "callpacer:{"+group+"}:suppressed").Result()
	if err != nil {
		b.t.Error(err) // not its goroutine, perhaps
	}
	maps.DeleteFunc(h, func(field, _ string) bool { return strings.HasPrefix(field, "#") })
	return h
}

// inGroup says whether the group may not dial the number at the time.
func (b *blocklist) inGroup(group, key string) bool {
	until, _, ok := strings.Cut(b.copied(group)[key], " ")
	ms, err := strconv.ParseInt(until, 10, 64)
	return ok && err == nil && (ms == 0 || ms > b.now.UnixMilli())
}

func (b *blocklist) wantIn(groups []string, key string, want bool) {
	b.t.Helper()
	for _, g := range groups {
		if b.inGroup(g, key) != want {
			b.t.Errorf("group %s: %s suppressed is %v, want %v", g, key, !want, want)
		}
	}
}

func (b *blocklist) listed() map[string]ratelimit.Suppressed {
	b.t.Helper()
	out := map[string]ratelimit.Suppressed{}
	for s, err := range b.List(b.ctx) {
		b.must(err)
		if _, twice := out[s.Key]; twice {
			b.t.Errorf("%s is listed twice", s.Key)
		}
		out[s.Key] = s
	}
	return out
}

// wantConverged fails unless each group's copy holds what the list holds.
func (b *blocklist) wantConverged(groups []string) {
	b.t.Helper()
	want := map[string]string{}
	for key, s := range b.listed() {
		until := int64(0)
		if !s.Until.IsZero() {
			until = s.Until.UnixMilli()
		}
		want[key] = strconv.FormatInt(until, 10) + " " + s.Reason
	}
	for _, g := range groups {
		if got := b.copied(g); !maps.Equal(got, want) {
			b.t.Errorf("group %s has %d numbers %.200v, the list %d %.200v", g, len(got), sorted(got), len(want), sorted(want))
		}
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
