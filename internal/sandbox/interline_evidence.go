package sandbox

import (
	"maps"
	"slices"
	"time"
)

// InterlineOp is an operation of the platform.
type InterlineOp string

// The operations.
const (
	InterlineStatus    InterlineOp = "status"
	InterlineBindAXB   InterlineOp = "bind axb"
	InterlineUnbindAXB InterlineOp = "unbind axb"
	InterlineBindXA    InterlineOp = "bind xa"
	InterlineUnbindXA  InterlineOp = "unbind xa"
)

// InterlineBinding is a binding that was made.
type InterlineBinding struct {
	Op       InterlineOp // the bind operation that made it
	X, A, B  string      // B is empty for XA
	ReqID    string
	SubID    string // a binding by XA has one too, which only pushes tell
	UserData string
	Display  string // as it came
	Record   bool
	Since    time.Time
	Until    time.Time // Since and ttl; zero is forever
	Released time.Time // zero unless an unbind ended it
}

// InterlineRequest is one authenticated request.
type InterlineRequest struct {
	Op         InterlineOp
	X, A, B    string
	ReqID      string
	SubID      string // of an unbind
	Content    string // operation, X and all fields, in one order
	At         time.Time
	Result     string // what the platform did, in words; "under way" until it is done
	BoundSubID string // of the binding it made, empty for none
	StrayBody  bool   // a body came where none is read
}

// InterlineUnbind is an unbind request in order.
type InterlineUnbind struct {
	Op    InterlineOp
	X     string // XA only
	SubID string // AXB only
	At    time.Time
	Found bool
}

// InterlineCounts are the platform's numbers so far.
type InterlineCounts struct {
	Requests     int         // authenticated ones
	Unauthorized int         // refused for their Authorization header
	Bound        int         // bindings made
	Replayed     int         // repetitions of a reqid that had bound
	Recordings   int         // downloads of all of a recording
	Codes        map[int]int // true answers by code, whatever became of them on the way
}

// Requests returns every authenticated request in the order of arrival.
func (v *Interline) Requests() []InterlineRequest {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := slices.Clone(v.requests)
	for i := range all {
		all[i].Result, all[i].BoundSubID = v.attempts[i].Result, v.attempts[i].CallID
	}
	return all
}

// RequestsOf returns the requests of one reqid.
func (v *Interline) RequestsOf(reqid string) []InterlineRequest {
	return slices.DeleteFunc(v.Requests(), func(r InterlineRequest) bool { return r.ReqID != reqid })
}

// ChangedReqids returns, sorted, the reqids that came with more than one
// content: a repetition must repeat everything.
func (v *Interline) ChangedReqids() []string {
	first, changed := map[string]string{}, map[string]bool{}
	for _, r := range v.Requests() {
		content, seen := first[r.ReqID]
		switch {
		case r.ReqID == "":
		case !seen:
			first[r.ReqID] = r.Content
		case content != r.Content:
			changed[r.ReqID] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}

// Bindings returns the bindings that are active now, in the order of binding.
func (v *Interline) Bindings() []InterlineBinding {
	v.mu.Lock()
	defer v.mu.Unlock()
	return copyOf(v.activeLocked())
}

// Made returns every binding ever made, in the order of binding.
func (v *Interline) Made() []InterlineBinding {
	v.mu.Lock()
	defer v.mu.Unlock()
	return copyOf(v.made)
}

func copyOf(bindings []*InterlineBinding) []InterlineBinding {
	all := make([]InterlineBinding, len(bindings))
	for i, b := range bindings {
		all[i] = *b
	}
	return all
}

// Unbinds returns the unbind requests that were in order.
func (v *Interline) Unbinds() []InterlineUnbind {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.unbinds)
}

// Counts returns the numbers so far.
func (v *Interline) Counts() InterlineCounts {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.counts
	c.Recordings = v.shelf.downloads()
	c.Requests, c.Bound, c.Codes = len(v.requests), len(v.made), maps.Clone(c.Codes)
	return c
}
