package ratelimit_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// scene is one waiting job, with state around it that tests write by hand.
type scene struct {
	*desk
	id  string
	req ratelimit.Request
}

const whyAccount = "acct"

// newScene puts a job to two numbers on record.
func newScene(t testing.TB, r *redistest.Redis, rules ratelimit.Rules, at time.Time) *scene {
	t.Helper()
	d := newDesk(t, r, rules)
	d.now = at
	id := d.create(func(j *record.NewJob) {
		j.Numbers, j.Priority, j.Kind = []string{"n", "m"}, "normal", "connect"
		j.ExpiresIn = 400 * 24 * time.Hour
	})
	return &scene{desk: d, id: id, req: ratelimit.Request{
		JobID: id, Numbers: []string{"n", "m"}, Attempt: 1, Token: "t1", Waited: true,
		Timeout: 10 * time.Second, Doubt: time.Hour, LineFor: time.Hour, Suppress: []string{"sn", "sm"},
	}}
}

func (s *scene) hset(key string, values ...any) {
	s.t.Helper()
	if err := s.r.Client.HSet(s.ctx, "callpacer:{g}:"+key, values...).Err(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) zadd(key, member string, score int64) {
	s.t.Helper()
	if err := s.r.Client.Do(s.ctx, "ZADD", "callpacer:{g}:"+key, score, member).Err(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) job(values ...any)  { s.t.Helper(); s.hset("job:"+s.id, values...) }
func (s *scene) lane(values ...any) { s.t.Helper(); s.hset("lane:"+whyAccount, values...) }

// in is the time so long from now, in ms, as scripts keep it.
func (s *scene) in(d time.Duration) int64 { return s.now.Add(d).UnixMilli() }

func (s *scene) gate(reason string, until int64, detail string) {
	s.t.Helper()
	s.lane("g:"+reason, strconv.FormatInt(until, 10)+" "+strconv.FormatInt(s.in(0), 10)+" "+detail)
}

func (s *scene) why() ratelimit.Why {
	s.t.Helper()
	w, ok, err := s.door.Why(s.ctx, s.req, ratelimit.PaceCalls)
	if err != nil || !ok {
		s.t.Fatalf("why: %v, %v", ok, err)
	}
	return w
}

func (s *scene) admit() ratelimit.Answer {
	s.t.Helper()
	a, err := s.door.Admit(s.ctx, s.req)
	if err != nil {
		s.t.Fatalf("admit: %v", err)
	}
	return a
}

// state is everything in Redis but the group's clock.
func (s *scene) state() map[string]string {
	s.t.Helper()
	ctx := context.WithoutCancel(s.ctx)
	out := map[string]string{}
	keys, err := s.r.Client.Keys(ctx, "*").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, key := range keys {
		if key == "callpacer:{g}:clock" {
			continue
		}
		switch kind := s.r.Client.Type(ctx, key).Val(); kind {
		case "hash":
			h := s.r.Client.HGetAll(ctx, key).Val()
			for _, field := range slices.Sorted(maps.Keys(h)) {
				out[key+" "+field] = h[field]
			}
		case "zset":
			for _, z := range s.r.Client.ZRangeWithScores(ctx, key, 0, -1).Val() {
				out[key+" "+z.Member.(string)] = strconv.FormatFloat(z.Score, 'f', -1, 64)
			}
		default:
			out[key] = kind + " " + s.r.Client.Get(ctx, key).Val()
		}
	}
	return out
}

// chance draws what happens in a random scene.
type chance struct{ *rand.Rand }

func (c chance) one(in int) bool { return c.IntN(in) == 0 }

// span is up to 40 hours, often short.
func (c chance) span() time.Duration {
	return time.Duration(1+c.Int64N([]int64{5_000, 3_600_000, 40 * 3_600_000}[c.IntN(3)])) * time.Millisecond
}

// failing are the rules that do not pass, without those that only make a call wait
// for its slot.
func failing(w ratelimit.Why) (out []ratelimit.RuleOf) {
	for _, r := range w.Rules {
		switch r.Rule {
		case "rate", "max_in_flight", "expires":
		default:
			if !r.Passes && r.Detail != "a trial call is under way" {
				out = append(out, r)
			}
		}
	}
	return out
}
