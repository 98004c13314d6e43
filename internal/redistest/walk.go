package redistest

import (
	"fmt"
	"testing"
)

// maxSteps bounds a walk whose scenario never ends by itself.
const maxSteps = 500

// CrashWalk runs a scenario again and again, its caller killed before its first
// Redis operation, after it, before its second, and so on, until a run comes
// through alive. Every run is a subtest and builds its own Redis:
//
//	redistest.CrashWalk(t, func(t *testing.T, dying *redistest.Faults) {
//		r := redistest.Mini(t)
//		_ = step(t.Context(), r.NewClient(t, dying)) // may die at any operation
//		recoverAfter(t.Context(), r.Client)          // a fresh process takes over
//		… assert what must hold wherever it died; dying.Dead() says whether it did
//	})
//
// A scenario whose caller has operations in the background dies at whatever
// happens to be the nth. It says how many operations the scenario has.
func CrashWalk(t *testing.T, scenario func(t *testing.T, dying *Faults)) int {
	t.Helper()
	var f *Faults // nil where go test -run filters the step out
	for n := 1; n <= maxSteps; n++ {
		for _, side := range []Action{DieBefore, DieAfter} {
			f = nil
			t.Run(stepName(n, side), func(t *testing.T) {
				f = NewFaults(dieAt(n, side))
				scenario(t, f)
			})
			if f != nil && !f.Dead() {
				return n - 1
			}
		}
	}
	if f != nil {
		t.Errorf("redistest: still dying at operation %d: the scenario does not end", maxSteps)
	}
	return maxSteps
}

func dieAt(n int, side Action) func(Op) Verdict {
	return func(op Op) Verdict {
		if op.N == n {
			return Verdict{Action: side}
		}
		return Verdict{}
	}
}

func stepName(n int, side Action) string {
	if side == DieBefore {
		return fmt.Sprintf("before-%03d", n)
	}
	return fmt.Sprintf("after-%03d", n)
}
