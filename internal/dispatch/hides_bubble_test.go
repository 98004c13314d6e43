package dispatch

import (
	"slices"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
)

// The record of a call over a binding knows which numbers its texts must not show.
func TestACallHidesItsBindingsNumbers(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.bind()
		report := about1(bind, answered(""))
		report.Task, report.From, report.To = "t1", "13700000009", "13900000002"
		s.wantPush(signer.Account("phone"), pushed(report), pushDone)
		rec := s.get(record.ChildID(bind, "t1"))
		for _, number := range []string{"13700000009", a1} {
			if !slices.Contains(rec.Hides, number) {
				t.Errorf("it hides %d numbers, and not one of them", len(rec.Hides))
			}
		}
	})
}
