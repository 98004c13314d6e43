package sandbox

import (
	"fmt"
	"slices"
)

// SharedX says, one line each and sorted, which bindings stood on one X at the same
// time though the platform could not tell their calls apart: two by AXB that have A
// or B in common, in whatever role, and two by XA. It names reqids and no number. A
// binding stands from when it was made until it was released or its ttl ended, by the
// platform's clock. It judges the bindings themselves, so it also tells of a platform
// with AllowConflicts.
func (v *Interline) SharedX() []string {
	var shared []string
	made := v.Made()
	onX := map[string][]InterlineBinding{} // those that were made before
	for _, b := range made {
		for _, other := range onX[b.X] {
			if other.clashes(b) && other.overlaps(b) {
				shared = append(shared, fmt.Sprintf("reqids %s and %s stood on one X at once (%s)", other.ReqID, b.ReqID, b.Op))
			}
		}
		onX[b.X] = append(onX[b.X], b)
	}
	slices.Sort(shared)
	return shared
}

// clashes says whether two bindings of one X may not stand at the same time. AXB and
// XA do not clash: the first takes the calls of A and B, the second everybody else's.
func (b *InterlineBinding) clashes(other InterlineBinding) bool {
	if b.X != other.X || b.Op != other.Op {
		return false
	}
	return b.Op == InterlineBindXA || b.has(other.A) || b.has(other.B)
}
