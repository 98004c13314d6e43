package dispatch

import (
	"fmt"
	"slices"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// replay is how the company answers a request whose id made a binding before.
type replay int

const (
	tellsAgain replay = iota // the first answer once more
	saysRepeated
	saysConflict // as it answers a request that conflicts with somebody else's binding
)

// register is the company's book of bindings.
type register struct {
	replay       replay
	mute         int                 // saysRepeated: so many times without the binding's name; -1: always
	lostReleases int                 // so many answers to releases are lost
	tells        bool                // of a call over each binding
	refusesX     int                 // so many middle numbers, those asked for first
	refused      []string            // them
	releases     int                 // requests to release that arrived
	heard        map[string][]string // request id -> what came with it
	idOf         map[string]string   // our reference and X -> request id
	bindings     []*pair
	wrongs       []string // what no process of ours may do
}

// pair is one binding that was made.
type pair struct {
	id, requestID, ref string
	x, a, b            string
	mode               providers.Mode
	until              time.Time // zero: without end
	released           bool
}

func (s *pair) stands() bool {
	return !s.released && (s.until.IsZero() || time.Now().Before(s.until))
}

// strangers are bindings of other people.
func strangers() []*pair {
	return []*pair{
		{id: "sub-of-others", requestID: "others-1", x: "17000000001", mode: providers.ModeAXB},
		{requestID: "others-2", x: "17000000009", mode: providers.ModeXA},
	}
}

func unclear(tries int) providers.Outcome {
	return providers.Outcome{
		Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Repeatable: true, MaxTries: tries,
		VendorCode: "1004", VendorText: "submitted repeatedly",
	}
}

func repeatable(o providers.Outcome) providers.Outcome {
	o.Repeatable = o.Class == providers.ClassUncertain
	return o
}

// bind is the moment at which a request for a binding arrives.
func (c *phoneCompany) bind(b providers.Binding) providers.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	repeated := b.Repeated
	c.hear(b)
	if answer, ok := c.refusal(); ok {
		return answer
	}
	for _, s := range c.bindings {
		if s.requestID == b.RequestID {
			return c.bindAgain(s, repeated)
		}
	}
	if o, ok := c.noneOfOurs(b.X, repeated); ok {
		return o
	}
	c.wantRoom(b)
	taken := func(s *pair) bool { return b.Mode == providers.ModeXA && s.mode == b.Mode && s.x == b.X && s.stands() }
	if slices.ContainsFunc(c.bindings, taken) {
		return providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, VendorCode: "1302"}
	}
	made := &pair{requestID: b.RequestID, ref: b.Ref, x: b.X, a: b.A, b: b.B, mode: b.Mode}
	if b.Mode == providers.ModeAXB { // the answer of xa names no binding
		made.id = fmt.Sprintf("sub-%d", len(c.bindings)+1)
	}
	if b.TTL > 0 {
		made.until = time.Now().Add(b.TTL)
	}
	c.bindings = append(c.bindings, made)
	if c.tells && c.push != nil {
		time.AfterFunc(c.talks, func() { c.push("", overBinding(made, "t-1", providers.StateCompleted)) })
	}
	return repeatable(c.says(providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: made.id}, &c.lost))
}

// noneOfOurs refuses middle numbers that the account may not use.
func (c *phoneCompany) noneOfOurs(x string, repeated bool) (o providers.Outcome, ok bool) {
	switch {
	case slices.Contains(c.refused, x) && !repeated:
		c.wrongs = append(c.wrongs, "asked again for a middle number that was refused")
	case slices.Contains(c.refused, x):
	case len(c.refused) < c.refusesX:
		c.refused = append(c.refused, x)
	default:
		return o, false
	}
	return providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform, OtherX: true, VendorCode: "1204"}, true
}

// wantRoom: whoever calls X can reach one only.
func (c *phoneCompany) wantRoom(b providers.Binding) {
	for _, s := range c.bindings {
		if s.stands() && s.mode == b.Mode && s.mode == providers.ModeAXB && s.x == b.X &&
			(s.a != "" && (s.a == b.A || s.a == b.B) || s.b != "" && (s.b == b.A || s.b == b.B)) {
			c.wrongs = append(c.wrongs, "two bindings of one number on one X")
		}
	}
}

// hear notes a request. All of a job's for one X have one id, and one content.
func (c *phoneCompany) hear(b providers.Binding) {
	b.Repeated = false
	what := fmt.Sprintf("%+v", b)
	if c.heard == nil {
		c.heard, c.idOf = map[string][]string{}, map[string]string{}
	}
	if first, ok := c.idOf[b.Ref+" "+b.X]; ok && first != b.RequestID || b.RequestID == "" {
		c.wrongs = append(c.wrongs, "one job made requests under different ids")
	}
	if heard := c.heard[b.RequestID]; len(heard) > 0 && heard[0] != what {
		c.wrongs = append(c.wrongs, "different requests came under one id: "+heard[0]+", "+what)
	}
	c.idOf[b.Ref+" "+b.X] = b.RequestID
	c.heard[b.RequestID] = append(c.heard[b.RequestID], what)
}

func (c *phoneCompany) bindAgain(s *pair, repeated bool) providers.Outcome {
	if !repeated {
		c.wrongs = append(c.wrongs, "a repeated request does not say that it is one")
	}
	named := providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: s.id}
	switch {
	case c.replay == saysConflict && !repeated:
		return providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform}
	case c.replay == saysConflict, c.replay == saysRepeated && c.mute < 0:
		return unclear(3)
	case c.replay == saysRepeated && c.mute > 0:
		c.mute--
		return unclear(3)
	}
	return named
}

// unbind is the moment at which a request to release arrives.
func (c *phoneCompany) unbind(u providers.Unbinding) providers.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.releases++
	if answer, ok := c.refusal(); ok {
		return answer
	}
	gone := providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes}
	for _, s := range c.bindings {
		named := u.Mode == providers.ModeAXB && s.id != "" && s.id == u.VendorID || u.Mode == providers.ModeXA && s.mode == u.Mode && s.x == u.X
		if named && s.stands() {
			s.released = true
			return repeatable(c.says(gone, &c.lostReleases))
		}
	}
	if u.Known || u.Repeated {
		return gone
	}
	return providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CauseBindingMissing}
}

// overBinding is a report of a call over a binding, as it comes to the whole
// account's address.
func overBinding(s *pair, task string, state providers.State) providers.Report {
	r := answered(s.id)
	r.Ref, r.Task, r.State = s.ref, task, state
	return r
}
