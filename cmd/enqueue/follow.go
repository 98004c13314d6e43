package main

import (
	"fmt"
	"strings"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// follower tells on standard error what becomes of a job that is waited for.
type follower struct {
	app *app
	id  string
	// live: every line of the timeline and every state; else only why it is held.
	live bool

	begun bool
	lines int // of the timeline, looked at before
	state record.State
	hold  string // last told
}

// look tells what is new.
func (f *follower) look(s sight) {
	if s.rec == nil {
		return
	}
	v := recordjson.Of(s.rec, s.parent)
	was := f.state
	if f.live {
		f.timeline(v)
	}
	switch {
	case v.Hold != nil && v.Hold.String() != f.hold:
		f.hold = v.Hold.String()
		f.line("%s is held: %s", f.id, f.hold)
	case v.Hold == nil && f.hold != "" && f.live:
		f.hold = ""
		if f.state == was { // its lane was shut, and is open
			f.line("%s is held no more", f.id)
		}
	}
}

// timeline tells the lines that came since the last look, and the state where none
// of them did. What was there at the first look is not told: the whole record is
// printed in the end.
func (f *follower) timeline(v recordjson.Record) {
	if !f.begun {
		f.begun, f.lines, f.state = true, len(v.Timeline), v.State
		return
	}
	for _, e := range v.Timeline[min(f.lines, len(v.Timeline)):] {
		f.line("%s: %s %s", f.id, clock(e.At), entryWords(e))
		f.state = e.State
	}
	f.lines = len(v.Timeline)
	if f.state != v.State && v.State != record.Held { // of a hold, the reason is told
		f.line("%s is %s", f.id, v.State)
	}
	f.state = v.State
}

// line is written as it is: it comes from a record whose numbers are masked
// already, and say would mask the vendor's ids as well.
func (f *follower) line(format string, args ...any) {
	fmt.Fprintln(f.app.stderr, "enqueue: "+oneLine(fmt.Sprintf(format, args...)))
}

func entryWords(e recordjson.Entry) string {
	return strings.TrimSpace(string(e.State) + "  " + e.Detail)
}
