package record

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

//go:embed lua/resolve.lua
var resolveBody string

var resolveScript = NewScript("resolve", resolveBody)

// Word is what an operator says of a job of which nobody else knows what became
// of it.
type Word string

// The words.
const (
	// SayCompleted: it took effect. A binding is active then.
	SayCompleted Word = "completed"
	SayFailed    Word = "failed" // it did not
	// SayResend: it shall go out once more, whatever became of it. A request that the
	// vendor knows by its id goes out as it was; any other is a new attempt.
	SayResend Word = "resend"
)

// Resolution is an operator's word about a job.
type Resolution struct {
	As Word
	// Token names this one wish: asked again with it, the answer is the same.
	Token string
	Note  string // for the timeline; it must hold no phone number
}

// Resolved is what a record made of an operator's word.
type Resolved struct {
	State, Was State
	Refused    string    // why nothing changed, in words; empty: it is done
	When       time.Time // the time with which these words end; zero: none
	Missing    bool      // there is no record
}

// resendExtends is how long a job may still be sent that is sent again when its
// time was over.
const resendExtends = time.Hour

// Resolve takes an operator's word. numbers are those that the job took; names
// lead to a binding that turns out to stand. Saying the same again changes
// nothing. An end by an operator's word is weaker than any evidence.
func (s *Store) Resolve(ctx context.Context, id string, numbers []string, names Names, r Resolution) (Resolved, error) {
	text := "an operator says: " + string(r.As)
	if r.Note != "" {
		text += ": " + r.Note
	}
	answer, err := s.runNamed(ctx, resolveScript, id, numbers, names, map[string]any{
		"as": r.As, "token": r.Token, "text": text, "extend": resendExtends.Milliseconds(),
	})
	if err != nil {
		return Resolved{}, err
	}
	out := Resolved{State: State(at(answer, 1))}
	switch at(answer, 0) {
	case "resolved":
		out.Was = State(at(answer, 2))
	case "refused":
		out.Refused = at(answer, 2)
		out.When = instant(at(answer, 3))
	case "missing":
		out.Missing = true
	default:
		return Resolved{}, fmt.Errorf("resolve: unexpected answer %q", answer)
	}
	return out, nil
}
