package redistest

import (
	"context"
	"net"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Faults is a go-redis hook between a caller and its Redis. Give it to
// NewClient or AddHook. It may be shared by several clients of one caller.
type Faults struct {
	mu     sync.Mutex
	decide func(Op) Verdict
	n      int
	dead   bool
}

var _ redis.Hook = (*Faults)(nil)

// NewFaults asks decide about every operation, from the goroutine of the
// operation and so possibly from several at once. A nil decide passes all.
func NewFaults(decide func(Op) Verdict) *Faults { return &Faults{decide: decide} }

// Count is the number of operations so far, those of a dead caller left out.
func (f *Faults) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

// Dead says whether the caller was killed.
func (f *Faults) Dead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// Kill makes the caller dead: later operations fail with ErrDead, and replies
// that are under way never arrive.
func (f *Faults) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}

// DialHook implements redis.Hook: connections are left alone.
func (f *Faults) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return next(ctx, network, addr)
	}
}

// ProcessHook implements redis.Hook.
func (f *Faults) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return f.apply(ctx, cmd.Name(), []redis.Cmder{cmd}, func(cmds []redis.Cmder) error {
			return next(ctx, cmds[0])
		})
	}
}

// ProcessPipelineHook implements redis.Hook.
func (f *Faults) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		name := "pipeline"
		if len(cmds) > 0 && cmds[0].Name() == "multi" {
			name = "multi"
		}
		return f.apply(ctx, name, cmds, func(cmds []redis.Cmder) error { return next(ctx, cmds) })
	}
}

func (f *Faults) apply(ctx context.Context, name string, cmds []redis.Cmder, run func([]redis.Cmder) error) error {
	if !slices.ContainsFunc(cmds, isOperation) {
		return run(cmds)
	}
	v, ok := f.verdict(name, cmds)
	if !ok {
		return fail(cmds, ErrDead)
	}
	if v.Before != nil {
		if err := v.Before(ctx); err != nil {
			return fail(cmds, err)
		}
	}
	if f.Dead() { // killed while it was blocked
		return fail(cmds, ErrDead)
	}
	switch v.Action {
	case FailBefore:
		return fail(cmds, v.err())
	case DieBefore:
		f.Kill()
		return fail(cmds, ErrDead)
	}
	return f.execute(ctx, v, cmds, run)
}

func (f *Faults) execute(ctx context.Context, v Verdict, cmds []redis.Cmder, run func([]redis.Cmder) error) error {
	lost := v.Action == FailAfter || v.Action == DieAfter
	ran := cmds
	if lost { // the caller's own commands must not learn the reply
		ran = make([]redis.Cmder, len(cmds))
		for i, cmd := range cmds {
			ran[i] = cmd.Clone()
		}
	}
	err := run(ran)
	if v.After != nil {
		if afterErr := v.After(ctx); afterErr != nil {
			return fail(cmds, afterErr)
		}
	}
	if v.Action == DieAfter {
		f.Kill()
	}
	if f.Dead() {
		return fail(cmds, ErrDead)
	}
	if lost {
		return fail(cmds, v.err())
	}
	return err
}

// verdict counts and decides; ok is false for the dead, whom nobody counts.
func (f *Faults) verdict(name string, cmds []redis.Cmder) (v Verdict, ok bool) {
	f.mu.Lock()
	if f.dead {
		f.mu.Unlock()
		return Verdict{}, false
	}
	f.n++
	op := Op{N: f.n, Name: name, Cmds: cmds}
	f.mu.Unlock()
	if f.decide != nil {
		v = f.decide(op)
	}
	return v, true
}

func fail(cmds []redis.Cmder, err error) error {
	for _, cmd := range cmds {
		cmd.SetErr(err)
	}
	return err
}

func isOperation(cmd redis.Cmder) bool {
	switch cmd.Name() {
	case "hello", "auth", "select", "client", "readonly":
		return false
	}
	return true
}
