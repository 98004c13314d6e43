package redistest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
)

func always(a Action) *Faults { return NewFaults(func(Op) Verdict { return Verdict{Action: a} }) }

func TestFaultsActions(t *testing.T) {
	for _, tc := range []struct {
		name   string
		action Action
		err    error
		ran    string // the counter in Redis afterwards
		dead   bool
	}{
		{"pass", Pass, nil, "1", false},
		{"fail before", FailBefore, ErrInjected, "", false},
		{"fail after", FailAfter, ErrInjected, "1", false},
		{"die before", DieBefore, ErrDead, "", true},
		{"die after", DieAfter, ErrDead, "1", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			Each(t, func(t *testing.T, r *Redis) {
				f := always(tc.action)
				got, err := r.NewClient(t, f).Incr(t.Context(), "n").Result()
				if !errors.Is(err, tc.err) {
					t.Errorf("err %v, want %v", err, tc.err)
				}
				if err != nil && got != 0 {
					t.Errorf("a lost reply told %d", got)
				}
				if ran := r.Client.Get(t.Context(), "n").Val(); ran != tc.ran {
					t.Errorf("counter %q, want %q", ran, tc.ran)
				}
				if f.Dead() != tc.dead || f.Count() != 1 {
					t.Errorf("dead %v, count %d; want %v, 1", f.Dead(), f.Count(), tc.dead)
				}
			})
		})
	}
}

func TestFaultsScriptsAndTransactions(t *testing.T) {
	script := redis.NewScript(`return redis.call('INCRBY', KEYS[1], ARGV[1])`)
	for _, tc := range []struct {
		name string
		run  func(context.Context, redis.UniversalClient) error
		ops  []string
	}{
		{"script", func(ctx context.Context, c redis.UniversalClient) error {
			return script.Run(ctx, c, []string{"n"}, 2).Err()
		}, []string{"evalsha"}},
		{"transaction", func(ctx context.Context, c redis.UniversalClient) error {
			_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Incr(ctx, "n")
				p.Incr(ctx, "n")
				return nil
			})
			return err
		}, []string{"multi"}},
		{"pipeline", func(ctx context.Context, c redis.UniversalClient) error {
			_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.Incr(ctx, "n")
				p.Incr(ctx, "n")
				return nil
			})
			return err
		}, []string{"pipeline"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			Each(t, func(t *testing.T, r *Redis) {
				ctx := t.Context()
				if err := script.Load(ctx, r.Client).Err(); err != nil {
					t.Fatal(err)
				}
				var ops []string
				action := DieBefore
				run := func() error {
					return tc.run(ctx, r.NewClient(t, NewFaults(func(op Op) Verdict {
						ops = append(ops, op.Name)
						return Verdict{Action: action}
					})))
				}
				if err := run(); !errors.Is(err, ErrDead) || r.Client.Exists(ctx, "n").Val() != 0 {
					t.Errorf("before: %v, n = %q; want dead and nothing done", err, r.Client.Get(ctx, "n").Val())
				}
				action = DieAfter
				if err := run(); !errors.Is(err, ErrDead) || r.Client.Get(ctx, "n").Val() != "2" {
					t.Errorf("after: %v, n = %q; want dead and done", err, r.Client.Get(ctx, "n").Val())
				}
				if want := slices.Concat(tc.ops, tc.ops); !slices.Equal(ops, want) {
					t.Errorf("operations %v, want %v", ops, want)
				}
			})
		})
	}
}

func TestFaultsUnknownScriptIsTwoRequests(t *testing.T) {
	r := Mini(t)
	f := always(Pass)
	c := r.NewClient(t, f)
	script := redis.NewScript(`return 1`)
	for range 2 {
		if err := script.Run(t.Context(), c, nil).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if f.Count() != 3 {
		t.Errorf("%d operations, want EVALSHA, EVAL, EVALSHA", f.Count())
	}
}

func TestFaultsTheDeadDoNothing(t *testing.T) {
	r := Mini(t)
	f := always(Pass)
	c := r.NewClient(t, f)
	ctx := t.Context()
	c.Incr(ctx, "n")
	f.Kill()
	if err := c.Incr(ctx, "n").Err(); !errors.Is(err, ErrDead) {
		t.Errorf("command: %v, want ErrDead", err)
	}
	_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error { return p.Incr(ctx, "n").Err() })
	if !errors.Is(err, ErrDead) {
		t.Errorf("pipeline: %v, want ErrDead", err)
	}
	if n := r.Client.Get(ctx, "n").Val(); n != "1" || f.Count() != 1 {
		t.Errorf("n = %s, count %d; want 1, 1", n, f.Count())
	}
}

func TestFaultsKilledWhileBlocked(t *testing.T) {
	r := Mini(t)
	for _, tc := range []struct {
		name  string
		block func(func(context.Context) error) Verdict
		want  string
	}{
		{"before", func(b func(context.Context) error) Verdict { return Verdict{Before: b} }, ""},
		{"after", func(b func(context.Context) error) Verdict { return Verdict{After: b} }, "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			blocked, release := make(chan struct{}), make(chan struct{})
			f := NewFaults(func(Op) Verdict {
				return tc.block(func(context.Context) error {
					close(blocked)
					<-release
					return nil
				})
			})
			key, c, result := "n-"+tc.name, r.NewClient(t, f), make(chan error)
			go func() { result <- c.Incr(context.Background(), key).Err() }()
			<-blocked
			f.Kill()
			close(release)
			if err := <-result; !errors.Is(err, ErrDead) {
				t.Errorf("err %v, want ErrDead", err)
			}
			if got := r.Client.Get(t.Context(), key).Val(); got != tc.want {
				t.Errorf("counter %q, want %q", got, tc.want)
			}
		})
	}
}

func TestFaultsErrorsOfTheTest(t *testing.T) {
	mine := errors.New("mine")
	broken := func(context.Context) error { return mine }
	for name, tc := range map[string]struct {
		verdict Verdict
		want    string
	}{
		"err":    {Verdict{Action: FailAfter, Err: mine}, "1"},
		"before": {Verdict{Before: broken}, ""},
		"after":  {Verdict{After: broken}, "1"},
	} {
		r := Mini(t)
		c := r.NewClient(t, NewFaults(func(Op) Verdict { return tc.verdict }))
		if err := c.Incr(t.Context(), "n").Err(); !errors.Is(err, mine) {
			t.Errorf("%s: %v, want mine", name, err)
		}
		if got := r.Client.Get(t.Context(), "n").Val(); got != tc.want {
			t.Errorf("%s: counter %q, want %q", name, got, tc.want)
		}
	}
}

// The walk visits every state that a caller can leave behind, each once per
// side, and ends with a run that nobody killed.
func TestCrashWalk(t *testing.T) {
	var left []string
	n := CrashWalk(t, func(t *testing.T, dying *Faults) {
		r := Mini(t)
		c := r.NewClient(t, dying)
		for _, key := range []string{"a", "b"} {
			if c.Set(t.Context(), key, 1, 0).Err() != nil {
				break
			}
		}
		state := "dead:"
		if !dying.Dead() {
			state = "alive:"
		}
		keys := r.Client.Keys(t.Context(), "*").Val()
		slices.Sort(keys)
		for _, key := range keys {
			state += key
		}
		left = append(left, state)
	})
	want := []string{"dead:", "dead:a", "dead:a", "dead:ab", "alive:ab"}
	if n != 2 || !slices.Equal(left, want) {
		t.Errorf("%d operations, states %v; want 2, %v", n, left, want)
	}
}
