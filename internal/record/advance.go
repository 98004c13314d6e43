package record

import (
	"context"
	_ "embed"
	"time"
)

//go:embed lua/advance.lua
var advanceBody string

//go:embed lua/polled.lua
var polledBody string

//go:embed lua/cancel.lua
var cancelBody string

//go:embed lua/fail.lua
var failBody string

var (
	advanceScript = NewScript("advance", advanceBody)
	polledScript  = NewScript("schedule the next poll", polledBody)
	cancelScript  = NewScript("cancel", cancelBody)
	failScript    = NewScript("fail", failBody)
)

// Evidence is what a push or a query says about an attempt.
type Evidence struct {
	Attempt    int
	Source     string // "push" or "poll"
	State      State  // "": tells nothing that changes the job
	Cause      string
	Strength   int // of two ends the stronger stays
	VendorID   string
	Code, Text string
	SIP        int
	Duration   *time.Duration
	Billable   *bool
}

// Verdict is what a record made of evidence.
type Verdict string

// The verdicts.
const (
	Advanced Verdict = "advanced"
	Same     Verdict = "same"    // nothing that was not known
	Stale    Verdict = "stale"   // about another attempt
	Foreign  Verdict = "foreign" // about another call
	NoRecord Verdict = "missing"
)

// Advance merges evidence into the record: lower ranks never overwrite higher
// ones, completed beats every end, and of other ends the stronger stays.
func (s *Store) Advance(ctx context.Context, id string, numbers []string, e Evidence) (Verdict, State, error) {
	duration, billable := int64(-1), -1
	if e.Duration != nil {
		duration = e.Duration.Milliseconds()
	}
	if e.Billable != nil {
		billable = 0
		if *e.Billable {
			billable = 1
		}
	}
	answer, err := s.Run(ctx, advanceScript, id, numbers, map[string]any{
		"attempt": e.Attempt, "source": e.Source, "state": e.State, "cause": e.Cause, "evidence": e.Strength,
		"vendor_id": e.VendorID, "code": e.Code, "text": e.Text, "sip": e.SIP, "duration": duration, "billable": billable,
	})
	return Verdict(at(answer, 0)), State(at(answer, 1)), err
}

// PollAgain says that query number seq brought no end and when to ask again. A
// query that is not the record's newest changes nothing.
func (s *Store) PollAgain(ctx context.Context, id string, seq int, in time.Duration) error {
	_, err := s.Run(ctx, polledScript, id, nil, map[string]any{"seq": seq, "next_in": in.Milliseconds()})
	return err
}

// Cancellation is the answer to a wish to cancel.
type Cancellation string

// The answers.
const (
	CancelDone      Cancellation = "canceled"
	CancelRequested Cancellation = "requested" // being sent: counts only if nothing is placed
	CancelRefused   Cancellation = "refused"
	CancelMissing   Cancellation = "missing"
)

// Cancel ends a waiting job; the state is the one it has then.
func (s *Store) Cancel(ctx context.Context, id string) (Cancellation, State, error) {
	answer, err := s.Run(ctx, cancelScript, id, nil, nil)
	return Cancellation(at(answer, 0)), State(at(answer, 1)), err
}

// Fail ends a waiting job that no attempt can help; "" where there is no record.
func (s *Store) Fail(ctx context.Context, id, cause, detail string) (State, error) {
	answer, err := s.Run(ctx, failScript, id, nil, map[string]any{"cause": cause, "detail": detail})
	return State(at(answer, 0)), err
}
