package record

import (
	"context"
	_ "embed"
)

//go:embed lua/message.lua
var messageBody string

var messageScript = NewScript("record a message", messageBody)

// KindSMS is the kind of a message's record.
const KindSMS = "sms"

// Message records that a text was sent over a binding: a record of its own, made once,
// that knows nothing of what it says. task is the vendor's name of it.
func (s *Store) Message(ctx context.Context, c Child, task string, f Facts) (Verdict, State, error) {
	fields := c.fields()
	fields["kind"] = KindSMS
	answer, err := s.Run(ctx, messageScript, ChildID(c.Parent.ID, task), nil, map[string]any{"fields": fields, "facts": f.fields()})
	return Verdict(at(answer, 0)), State(at(answer, 1)), err
}
