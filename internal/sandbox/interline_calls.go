package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrNoBinding is the answer to a call or a message that no active binding takes.
var ErrNoBinding = errors.New("no active binding of this X takes this caller")

// InterlineOutcome is how calls end.
type InterlineOutcome struct {
	// Result is "answered" or a number of the document's list (云通信平台, 5.2).
	// Default "answered".
	Result string
	// Talked gives a call that did not end as "answered" an answer time, a
	// duration and a recording all the same.
	Talked bool
	// ReleaseDir is who hung up: "1" the caller (the default), "2" the callee,
	// "0" the platform.
	ReleaseDir string
}

// SetOutcome says how the calls from now on end. At the start they are answered.
func (v *Interline) SetOutcome(o InterlineOutcome) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.outcome = o
}

// InterlineCall is a call or a message that the platform passed on.
type InterlineCall struct {
	TaskID, SubID     string
	X, Caller, Callee string
	At                time.Time
	Result            string // empty for a message
	Text              string // of a message
	Recording         string // the path or address that the CDR tells, empty for none
}

// Calls returns every call and message in the order of passing on.
func (v *Interline) Calls() []InterlineCall {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.calls)
}

// Call has caller call X: the callee's phone rings, and the call's start and CDR
// are pushed. It returns at once. It fails with ErrNoBinding. A binding that
// ends meanwhile does not end the call.
func (v *Interline) Call(x, caller string) (taskID string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	b, c, err := v.passLocked(x, caller)
	if err != nil {
		return "", err
	}
	o := v.outcome
	if o.Result == "" {
		o.Result = "answered"
	}
	if o.ReleaseDir == "" {
		o.ReleaseDir = "1"
	}
	c.Result = o.Result
	lasts, talked := v.opts.RingFor, o.Talked || o.Result == "answered"
	if talked {
		lasts += v.opts.TalkFor
		if b.Record {
			c.Recording = v.recordLocked(c, c.At.Add(lasts))
		}
	}
	v.calls = append(v.calls, c)
	v.pushCallLocked(c.TaskID, lasts, v.pushOfStart(b, c), v.pushOfCDR(b, c, o.ReleaseDir, talked))
	return c.TaskID, nil
}

// SMS has from send a text to X, which is pushed as a call start with the text.
// It fails with ErrNoBinding.
func (v *Interline) SMS(x, from, text string) (taskID string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	b, c, err := v.passLocked(x, from)
	if err != nil {
		return "", err
	}
	c.Text = text
	v.calls = append(v.calls, c)
	v.pushCallLocked(c.TaskID, 0, v.pushOfStart(b, c), nil)
	return c.TaskID, nil
}

// passLocked finds who is behind X for a caller: the partner in a binding of
// the caller by AXB, else whoever X is transferred to.
func (v *Interline) passLocked(x, caller string) (*InterlineBinding, InterlineCall, error) {
	v.lastID++
	c := InterlineCall{TaskID: fmt.Sprintf("%d", v.lastID), X: x, Caller: caller, At: v.opts.Now()}
	var by *InterlineBinding
	for _, b := range v.activeLocked() {
		switch {
		case b.X != x:
		case b.Op == InterlineBindXA && by == nil:
			by, c.Callee = b, b.A
		case b.Op == InterlineBindAXB && b.A == caller:
			by, c.Callee = b, b.B
		case b.Op == InterlineBindAXB && b.B == caller:
			by, c.Callee = b, b.A
		}
	}
	if by == nil {
		return nil, c, ErrNoBinding
	}
	c.SubID = by.SubID
	return by, c, nil
}
