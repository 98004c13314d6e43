package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// BoundTwice says, one line each and sorted, which reqids made more than one
// binding, and which bindings of one pair on one X (for XA: of one A) were in
// force at the same time. It names reqids and no number. It judges the bindings
// themselves, not what the platform remembers of reqids.
func (v *Interline) BoundTwice() []string {
	type place struct {
		op         InterlineOp
		x, one, to string
	}
	var twice []string
	perReqid := map[string]int{}
	perPlace := map[place][]InterlineBinding{}
	for _, b := range v.Made() {
		if perReqid[b.ReqID]++; perReqid[b.ReqID] == 2 {
			twice = append(twice, fmt.Sprintf("reqid %s bound more than once", b.ReqID))
		}
		at := place{b.Op, b.X, min(b.A, b.B), max(b.A, b.B)}
		for _, other := range perPlace[at] {
			if other.overlaps(b) {
				twice = append(twice, fmt.Sprintf("reqids %s and %s bound one pair at once", other.ReqID, b.ReqID))
			}
		}
		perPlace[at] = append(perPlace[at], b)
	}
	slices.Sort(twice)
	return twice
}

// end is when a binding stopped being in force; false for not yet, as far as
// anybody knows.
func (b *InterlineBinding) end() (time.Time, bool) {
	switch {
	case !b.Released.IsZero():
		return b.Released, true
	default:
		return b.Until, !b.Until.IsZero()
	}
}

// overlaps says whether a binding that was made later began before this one ended.
func (b *InterlineBinding) overlaps(later InterlineBinding) bool {
	end, ended := b.end()
	return !ended || later.Since.Before(end)
}

// samePair says whether two bindings connect the same numbers, in whatever order.
func (b *InterlineBinding) samePair(other InterlineBinding) bool {
	return b.A == other.A && b.B == other.B || b.A == other.B && b.B == other.A
}

func (b *InterlineBinding) has(number string) bool { return number == b.A || number == b.B }
