package record

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
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
	failScript    = NewScript("end a waiting job", failBody)
)

// Evidence is what a push or a query says about an attempt.
type Evidence struct {
	Attempt    int
	Source     string // "push" or "poll"
	State      State  // "": tells nothing that changes the job
	Cause      string
	Strength   int // of two ends the stronger stays
	VendorID   string
	Task       string // which of several calls under VendorID; empty: there is one
	Code, Text string
	Facts      Facts
	Fetch      *Fetch // nil: no recording is to be fetched because of it
	// PollIn and GiveUpIn are the next steps of a call that turns out to be under
	// way; PollIn 0: the vendor answers no queries.
	PollIn, GiveUpIn time.Duration
}

// Facts are what evidence tells of a call besides its state. Zero values are
// not told.
type Facts struct {
	SIP, Q850        int
	Duration, Billed *time.Duration
	Billable         *bool
	Cost, Currency   string
	DTMF, HangupBy   string
	Recording        string // where the audio lies, as the vendor told
	UserData         string // what the application gave with the binding
	// Began, Answered and Released are the vendor's times; zero: not told.
	Began, Answered, Released time.Time
	Conflict                  bool // the vendor's own fields contradict each other
}

func (f Facts) fields() map[string]string {
	out := map[string]string{}
	set := func(name, value string, told bool) {
		if told {
			out[name] = value
		}
	}
	set("sip", strconv.Itoa(f.SIP), f.SIP > 0)
	set("q850", strconv.Itoa(f.Q850), f.Q850 > 0)
	if f.Duration != nil {
		out["duration_ms"] = ms(*f.Duration)
	}
	if f.Billed != nil {
		out["billed_ms"] = ms(*f.Billed)
	}
	if f.Billable != nil {
		out["billable"] = map[bool]string{true: "1", false: "0"}[*f.Billable]
	}
	set("cost", f.Cost, f.Cost != "")
	set("currency", f.Currency, f.Currency != "")
	set("dtmf", f.DTMF, f.DTMF != "")
	set("hangup_by", f.HangupBy, f.HangupBy != "")
	set("recording", f.Recording, f.Recording != "")
	set("conflict", "1", f.Conflict)
	set("user_data", f.UserData, f.UserData != "")
	for name, at := range map[string]time.Time{"began_at": f.Began, "answered_at": f.Answered, "released_at": f.Released} {
		if !at.IsZero() {
			out[name] = unixMilli(at)
		}
	}
	return out
}

// Child is the record of one call over a binding, or of one more call of a
// connection, made by its first evidence.
type Child struct {
	Parent   *Record
	From, To string        // masked
	Hides    []string      // numbers in clear that its texts may repeat
	Retain   time.Duration // after its end
}

var (
	plainTask = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	phoneLike = regexp.MustCompile(`^(86)?1[0-9]{10}$`)
)

// ChildID names the record of a call over a binding. A vendor's name of the call
// that is no plain word, or looks like a phone number, is not shown.
func ChildID(binding, task string) string {
	if !plainTask.MatchString(task) || phoneLike.MatchString(task) {
		sum := sha256.Sum256([]byte(task))
		task = hex.EncodeToString(sum[:16])
	}
	return binding + "/" + task
}

func (c Child) fields() map[string]string {
	f := map[string]string{
		"account": c.Parent.Account, "vendor": c.Parent.Vendor, "kind": "call", "priority": c.Parent.Priority,
		"parent": c.Parent.ID, "x": c.Parent.X, "keyed": "0", "retain_ms": ms(c.Retain),
		"from": c.From, "to": c.To,
	}
	if len(c.Hides) > 0 {
		f["hides"] = strings.Join(c.Hides, ",")
	}
	if c.Parent.Tells {
		f["tells"] = "1"
	}
	if c.Parent.EventURL != "" {
		f["event_url"] = c.Parent.EventURL
	}
	if tags, err := json.Marshal(c.Parent.Tags); err == nil && len(c.Parent.Tags) > 0 { // of strings: no error
		f["tags"] = string(tags)
	}
	return f
}

// Verdict is what a record made of evidence.
type Verdict string

// The verdicts.
const (
	Advanced Verdict = "advanced"
	Same     Verdict = "same"    // nothing that was not known
	Stale    Verdict = "stale"   // about another attempt
	Foreign  Verdict = "foreign" // about another call
	Extra    Verdict = "extra"   // about one more call of this connection; see AdvanceChild
	NoRecord Verdict = "missing"
)

// Advance merges evidence into the record: lower ranks never overwrite higher
// ones, completed beats every end, and of other ends the stronger stays.
func (s *Store) Advance(ctx context.Context, id string, numbers []string, e Evidence) (Verdict, State, error) {
	return s.advance(ctx, id, numbers, e, nil)
}

// AdvanceChild merges evidence into the record of a call of its parent, and
// makes that record where there is none.
func (s *Store) AdvanceChild(ctx context.Context, c Child, e Evidence) (Verdict, State, error) {
	return s.advance(ctx, ChildID(c.Parent.ID, e.Task), nil, e, c.fields())
}

func (s *Store) advance(ctx context.Context, id string, numbers []string, e Evidence, child map[string]string) (Verdict, State, error) {
	args := map[string]any{
		"attempt": e.Attempt, "source": e.Source, "state": e.State, "cause": e.Cause, "evidence": e.Strength,
		"vendor_id": e.VendorID, "task": e.Task, "call": ChildID(id, e.Task), "code": e.Code, "text": e.Text, "facts": e.Facts.fields(),
		"poll_in": e.PollIn.Milliseconds(), "give_up_in": e.GiveUpIn.Milliseconds(),
	}
	if e.Fetch != nil {
		args["fetch"] = map[string]any{"path": e.Facts.Recording, "after": e.Fetch.After.Milliseconds(), "keep": e.Fetch.Keep.Milliseconds()}
	}
	if child != nil {
		args["child"] = child
	}
	names := Names{VendorID: e.VendorID}
	if child != nil {
		names = Names{VendorID: callName(e.Task)} // its parent has the vendor's id
	}
	answer, err := s.runNamed(ctx, advanceScript, id, numbers, names, args)
	return Verdict(at(answer, 0)), State(at(answer, 1)), err
}

// PollAgain says that follow-up number seq brought no end and when the next one
// is due: a query, or for a job in doubt the same request again. One that is not
// the record's newest changes nothing.
func (s *Store) PollAgain(ctx context.Context, id string, seq int, in time.Duration) error {
	_, err := s.Run(ctx, polledScript, id, nil, map[string]any{"seq": seq, "next_in": in.Milliseconds()})
	return err
}

// PollLater says that query number seq was not made, and when the next one is due.
func (s *Store) PollLater(ctx context.Context, id string, seq int, in time.Duration) error {
	_, err := s.Run(ctx, polledScript, id, nil, map[string]any{"seq": seq, "next_in": in.Milliseconds(), "unasked": true})
	return err
}

// PollHopeless says that the vendor will never answer query number seq: the job
// ends unknown.
func (s *Store) PollHopeless(ctx context.Context, id string, seq int, code, text string) error {
	_, err := s.Run(ctx, polledScript, id, nil, map[string]any{
		"seq": seq, "next_in": 0, "hopeless": true, "code": code, "text": text,
	})
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

// Cancel ends a waiting job, or of a call that has ended the one that is to be made
// again after it; the state is the one that job has then.
func (s *Store) Cancel(ctx context.Context, id string) (Cancellation, State, error) {
	answer, err := s.Run(ctx, cancelScript, id, nil, nil)
	if err == nil && Cancellation(at(answer, 0)) == CancelRefused && at(answer, 2) != "" {
		again, state, err := s.Cancel(ctx, at(answer, 2))
		if err != nil || again != CancelMissing {
			return again, state, err
		}
	}
	return Cancellation(at(answer, 0)), State(at(answer, 1)), err
}

// Fail ends a waiting job that no attempt can help; "" where there is no record.
func (s *Store) Fail(ctx context.Context, id, cause, detail string) (State, error) {
	return s.end(ctx, id, nil, Failed, cause, detail)
}

// Done ends a job for which nothing needs to be sent, or not again; "" where
// there is no record. numbers are those that it took.
func (s *Store) Done(ctx context.Context, id string, numbers []string, detail string) (State, error) {
	return s.end(ctx, id, numbers, Completed, "", detail)
}

func (s *Store) end(ctx context.Context, id string, numbers []string, state State, cause, detail string) (State, error) {
	answer, err := s.Run(ctx, failScript, id, numbers, map[string]any{"state": state, "cause": cause, "detail": detail})
	return State(at(answer, 0)), err
}
