package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// judgeBindings compares the records of an account's bindings with what the
// vendor saw: one binding for each request, whatever became of its answers.
func (f *fleet) judgeBindings(t *testing.T, p *platform) {
	t.Helper()
	if twice := p.vendor.BoundTwice(); len(twice) > 0 {
		t.Errorf("the vendor saw bindings made twice: %s", strings.Join(twice, "; "))
	}
	if changed := p.vendor.ChangedReqids(); len(changed) > 0 {
		t.Errorf("the vendor saw %d request ids come again with other content", len(changed))
	}
	times, last := p.made()
	states := map[record.State]int{}
	for i, id := range p.binds {
		r := f.record(id)
		states[r.State]++
		if err := p.wrongBind(i, r, times[r.RequestID], last[r.RequestID]); err != nil {
			t.Error(err)
		}
		delete(times, r.RequestID)
		if unbind, ok := p.unbinds[i]; ok {
			if err := p.wrongUnbind(f.record(unbind), r); err != nil {
				t.Error(err)
			}
		}
	}
	if len(times) > 0 {
		t.Errorf("the vendor saw %d requests of no job", len(times))
	}
	p.judgeReleases(t, last)
	counts := p.vendor.Counts()
	t.Logf("%d requests, %d bindings, %d repeats of what was bound, %v, %d calls over them, codes %v",
		counts.Requests, counts.Bound, counts.Replayed, states, len(p.calls), counts.Codes)
	if states[record.Active] < len(p.binds)/2 {
		t.Errorf("only %d of %d bindings stand", states[record.Active], len(p.binds))
	}
	if counts.Replayed == 0 {
		t.Error("no request came again after it had bound: the faults had nothing to show")
	}
}

// judgeReleases: nothing was released but what an unbind job asked for, and that once.
func (p *platform) judgeReleases(t *testing.T, made map[string]sandbox.InterlineBinding) {
	t.Helper()
	asked := map[string]bool{} // by what an unbind names: the subid, or X
	for i := range p.unbinds {
		for _, b := range made {
			switch {
			case b.A != numberOfA(i):
			case p.transfer(i):
				asked[b.X] = true
			default:
				asked[b.SubID] = true
			}
		}
	}
	released := map[string]int{}
	for _, u := range p.vendor.Unbinds() {
		name := u.SubID + u.X
		if !asked[name] {
			t.Error("the vendor was asked to release what no job asked for")
		}
		if u.Found {
			released[name]++
		}
	}
	for _, n := range released {
		if n != 1 {
			t.Errorf("a binding was released %d times", n)
		}
	}
	// Where a repeat tells nothing, hardly a binding of the troubled time has a name.
	if len(released) == 0 && !p.silent() {
		t.Error("nothing was released")
	}
}

// made counts the bindings that were made of each request, with the last of them.
func (p *platform) made() (times map[string]int, last map[string]sandbox.InterlineBinding) {
	times, last = map[string]int{}, map[string]sandbox.InterlineBinding{}
	for _, b := range p.vendor.Made() {
		times[b.ReqID]++
		last[b.ReqID] = b
	}
	return times, last
}

// wrongBind says what is wrong with how a bind job stands, after its binding was
// called where it stood; nil: nothing.
func (p *platform) wrongBind(i int, r *record.Record, times int, made sandbox.InterlineBinding) error {
	var wrong []string
	say := func(is bool, what string) {
		if is {
			wrong = append(wrong, what)
		}
	}
	unbound := !made.Released.IsZero()
	_, called := p.calls[i]
	switch r.State {
	case record.Canceled:
		say(!takenAtOnce(i) && !takenLater(i), "nobody took it back before it was sent")
		say(times != 0, "it is bound all the same")
		times = 1
	case record.Released:
		say(!unbound, "the vendor was not asked to release it")
	case record.Active:
		say(unbound, "the vendor released it")
		say(brief(i) || !called, "its binding is over, or nobody called it")
		say(r.VendorID != made.SubID, "it has another subid than the binding")
	case record.Expired:
		say(!brief(i), "its time is not over")
	case record.Unknown:
		say(!p.silent(), "a repeat would have told how it stands")
		say(called, "a call came over it, which proves it")
		say(!brief(i), "its binding stands, and could be called")
	default:
		wrong = append(wrong, "it can only be active, released, expired or canceled")
	}
	say(times != 1, fmt.Sprintf("%d bindings were made of it", times))
	say(r.State != record.Released && unbound, "it is released, and the job does not say so")
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("bind %d, %s, is %s: %s (%s)", i, r.ID, r.State, strings.Join(wrong, ", "), told(r))
}

// wrongUnbind says what is wrong with how an unbind job ended.
func (p *platform) wrongUnbind(r, bind *record.Record) error {
	if r.State == record.Completed && (bind.State == record.Released || bind.State == record.Canceled) {
		return nil
	}
	return errors.New("unbind of bind " + bind.ID + ", which is " + string(bind.State) + ", ended " + string(r.State) + ": " + told(r))
}
