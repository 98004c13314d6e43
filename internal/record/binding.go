package record

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

//go:embed lua/bound.lua
var boundBody string

//go:embed lua/released.lua
var releasedBody string

//go:embed lua/put_off.lua
var putOffBody string

var (
	boundScript    = NewScript("note that a binding stands", boundBody)
	releasedScript = NewScript("release a binding", releasedBody)
	putOffScript   = NewScript("put off", putOffBody)
)

// Bound says that something happened over a binding, so that it was made.
// numbers are those that the binding's job took, call is
// the id of the call's record, if it has one.
func (s *Store) Bound(ctx context.Context, id string, numbers []string, names Names, call string) (Verdict, State, error) {
	answer, err := s.runNamed(ctx, boundScript, id, numbers, names, map[string]any{"vendor_id": names.VendorID, "call": call})
	verdict := Verdict(at(answer, 0))
	if verdict == "bound" {
		verdict = Advanced
	}
	return verdict, State(at(answer, 1)), err
}

// Released says that the vendor released the binding, and returns the state that
// it has then; "" where there is no record. number is the lookup key of its X.
func (s *Store) Released(ctx context.Context, id, number, detail string) (State, error) {
	answer, err := s.Run(ctx, releasedScript, id, nil, map[string]any{"detail": detail, "number": number})
	return State(at(answer, 0)), err
}

// Delay is why a waiting job that asks for no permit, or not yet, has to wait.
type Delay struct {
	In             time.Duration
	Reason, Detail string
	Code, Text     string // the vendor's words
	Cause          string // of its failure, where its attempts are used up
	MaxAttempts    int    // 0: this was no attempt
	WaitsOn        string // the bind job that brings it back when it is told or named; empty: none
}

// PutOff holds a waiting job; until is when it may run again, zero where it has
// ended.
func (s *Store) PutOff(ctx context.Context, id string, d Delay) (state State, until time.Time, err error) {
	answer, err := s.Run(ctx, putOffScript, id, nil, map[string]any{
		"next_in": d.In.Milliseconds(), "reason": d.Reason, "detail": d.Detail, "code": d.Code, "text": d.Text,
		"cause": d.Cause, "max_attempts": d.MaxAttempts, "waits_on": d.WaitsOn,
	})
	if err != nil {
		return "", time.Time{}, err
	}
	if state = State(at(answer, 0)); state != Held {
		return state, time.Time{}, nil
	}
	if until, err = Millis(answer, 1); err != nil {
		return "", time.Time{}, fmt.Errorf("put off: %w", err)
	}
	return state, until, nil
}
