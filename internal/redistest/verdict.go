package redistest

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// The errors that Faults injects.
var (
	// ErrInjected is one operation that failed, by FailBefore or FailAfter.
	ErrInjected = errors.New("redistest: injected fault")
	// ErrDead is every operation of a caller that was killed.
	ErrDead = errors.New("redistest: the caller is dead")
)

// Op is one operation as the client's user asked for it: a command, or a
// pipeline or transaction as a whole. A script is one operation; where the
// server does not know it yet, Script.Run asks twice (EVALSHA, answered
// NOSCRIPT, then EVAL), and these are two operations, as they are two requests.
// Setting up connections (HELLO, AUTH, SELECT, CLIENT, READONLY) and
// subscriptions are not operations, and the client's own repeats after network
// errors happen inside one.
type Op struct {
	// N counts the operations of this Faults from 1.
	N int
	// Name is the command in lower case, "pipeline" or "multi".
	Name string
	// Cmds are the commands, one unless it is a pipeline or transaction. They may
	// be read, not changed.
	Cmds []redis.Cmder
}

// Action is what becomes of an operation.
type Action int

// The actions.
const (
	// Pass executes it.
	Pass Action = iota
	// FailBefore does not execute it.
	FailBefore
	// FailAfter executes it and loses the reply.
	FailAfter
	// DieBefore is FailBefore, and every later operation fails with ErrDead.
	DieBefore
	// DieAfter is FailAfter, and every later operation fails with ErrDead.
	DieAfter
)

// Verdict is a test's decision about one operation. The zero Verdict passes.
type Verdict struct {
	Action Action
	// Before, if set, is called first: block, delay or change the world here. Its
	// error is the operation's, which is then not executed.
	Before func(ctx context.Context) error
	// After, if set, is called when the operation was executed and its reply not
	// yet delivered: here a caller is frozen with its work done. Its error is the
	// operation's.
	After func(ctx context.Context) error
	// Err replaces ErrInjected.
	Err error
}

// Delay passes the operation after d (in a bubble: of virtual time).
func Delay(d time.Duration) Verdict {
	return Verdict{Before: func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

func (v Verdict) err() error {
	if v.Err != nil {
		return v.Err
	}
	return ErrInjected
}
