package explain

import (
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// For how long after its last news a call is believed to use a line: a message is
// played in minutes, two people may talk for long.
const (
	NotifyLine  = 5 * time.Minute
	ConnectLine = 2 * time.Hour
)

// People are the numbers of those whom a job is about, who may be on the
// suppression list. A release is about nobody: it must always be possible.
func People(k tasks.Kind, c tasks.Content) ([]phone.Number, error) {
	var people []phone.Number
	if k == tasks.KindUnbind {
		return nil, nil
	}
	for _, digits := range []string{c.To, c.From, c.A, c.B} {
		if digits == "" {
			continue
		}
		number, err := phone.ParseAny(digits)
		if err != nil {
			return nil, fmt.Errorf("a number of the job cannot be read, so nobody can say whether it is suppressed: %w", err)
		}
		people = append(people, number)
	}
	return people, nil
}

// RequestOf is what the next run of a job will ask of the rules, as far as they
// look at it, and the rate that it goes by. bind is the record of the binding that
// an unbind names by its job, else nil.
func RequestOf(rec, bind *record.Record) (ratelimit.Request, ratelimit.Pace, error) {
	r, pace := ratelimit.Request{JobID: rec.ID, Numbers: rec.Numbers, Attempt: rec.Attempt + 1}, ratelimit.PaceCalls
	kind := tasks.Kind(rec.Kind)
	switch kind {
	case tasks.KindNotify:
		r.LineFor = NotifyLine
	case tasks.KindConnect:
		r.LineFor = ConnectLine
	case tasks.KindBind:
		r.Free = true
	case tasks.KindUnbind:
		r.Free, r.Anytime, pace = true, true, ratelimit.PaceAnytime
		if bind != nil {
			r.Numbers = bind.Numbers
		}
	case tasks.KindPoll, tasks.KindRecording, tasks.KindAccount, tasks.KindPush: // they pass no door, only the rate of queries
		r.Free, r.Anytime, r.Numbers = true, true, nil
		return r, ratelimit.PaceQueries, nil
	}
	content, err := tasks.DecodeContent(kind, rec.Content)
	if err != nil {
		return r, pace, unknownf("job %s: %v", rec.ID, err)
	}
	people, err := People(kind, content)
	if err != nil {
		return r, pace, unknownf("job %s: %v", rec.ID, err)
	}
	for _, number := range people {
		r.Suppress = append(r.Suppress, ratelimit.SuppressionKey(number))
	}
	return r, pace, nil
}

// numbersOf are the numbers of RequestOf, in its order, for people.
func numbersOf(rec, bind *record.Record) []string {
	switch tasks.Kind(rec.Kind) {
	case tasks.KindNotify:
		return []string{"to " + rec.To}
	case tasks.KindConnect:
		return []string{"from " + rec.From, "to " + rec.To}
	case tasks.KindBind:
		return []string{"x " + rec.X}
	case tasks.KindUnbind:
		if bind != nil {
			return []string{"x " + bind.X}
		}
		return []string{"x " + rec.X}
	case tasks.KindPoll, tasks.KindRecording, tasks.KindAccount, tasks.KindPush:
	}
	return nil
}
