package ratelimit_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// view adds what is kept of the lane, under the names that Redis has for it.
func (l *mLane) view(v view) {
	for reason, g := range l.gates {
		v.gate("lane g:"+reason, fmt.Sprintf("%d %d %s", g.till, g.since, g.detail))
	}
	v.set("lane b:fails", l.fails)
	v.set("lane b:until", l.openTill)
	v.set("lane b:for", l.openFor)
	if l.trial != "" {
		v.set("lane b:probe", fmt.Sprintf("%s %d", l.trial, l.trialTill))
	}
	if l.frequent > 0 {
		v.set("lane frequent", fmt.Sprintf("%d %d", l.frequent, l.frequentTill))
	}
	v.set("lane tat", l.tat)
	v.set("lane qtat", l.queryTat)
	v.set("lane slots", l.leased)
	for digit, u := range l.used {
		v.set(fmt.Sprintf("lane s:%d", digit), fmt.Sprintf("%d %d", u.second, u.n))
	}
	for name, set := range map[string]map[string]int64{"slots": l.slots, "lines": l.lines, "day": l.day} {
		for member, at := range set {
			v.set(name+" "+member, at)
		}
	}
	for key, entry := range l.locks {
		v.set("locked "+key, entry)
	}
}

// gate keeps the words only of what somebody else said: of what follows from rules
// and time they are for people.
func (v view) gate(field, value string) {
	if words := splitWords(value, 3); len(words) > 2 && followsFromRules(strings.TrimPrefix(field, "lane g:")) {
		value = words[0] + " " + words[1]
	}
	v.set(field, value)
}

// storedLane is what Redis keeps of it.
type storedLane struct {
	hash, locks *redis.MapStringStringCmd
	sets        map[string]*redis.ZSliceCmd
}

func askLane(ctx context.Context, pipe redis.Pipeliner) storedLane {
	l := storedLane{
		hash: pipe.HGetAll(ctx, redisKey("lane:", "acct")), locks: pipe.HGetAll(ctx, redisKey("locks", "")),
		sets: map[string]*redis.ZSliceCmd{},
	}
	for _, part := range []string{"slots", "lines", "day"} {
		l.sets[part] = pipe.ZRangeWithScores(ctx, redisKey("lane:", "acct:"+part), 0, -1)
	}
	return l
}

func (l storedLane) view(v view) {
	for field, value := range l.hash.Val() {
		if strings.HasPrefix(field, "g:") {
			v.gate("lane "+field, value)
		} else {
			v.set("lane "+field, value)
		}
	}
	for key, entry := range l.locks.Val() {
		v.set("locked "+key, entry)
	}
	for name, set := range l.sets {
		for _, z := range set.Val() {
			v.set(name+" "+z.Member.(string), int64(z.Score))
		}
	}
}
