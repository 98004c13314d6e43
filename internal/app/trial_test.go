package app

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
)

// TestTrialUnderWayIsSaidAndFreed: while the breaker's trial call is out nothing else
// goes; people see why, and resuming the lane ends it.
func TestTrialUnderWayIsSaidAndFreed(t *testing.T) {
	for _, reasons := range [][]string{{"breaker"}, nil} {
		redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
			y := newYard(t, r)
			till := y.now.Add(95 * time.Second)
			probe := func() {
				r.Client.HSet(t.Context(), mainKey(""), "b:until", y.now.Add(-time.Second).UnixMilli(), "b:for", 10000,
					"b:probe", fmt.Sprintf("jumdata.dead %d", till.UnixMilli()))
			}
			probe()
			s := y.main()
			if s.State != LaneShut || len(s.Reasons) != 1 || s.Reasons[0].Reason != "breaker" || !s.Reasons[0].Trial ||
				s.Reasons[0].Until == nil || !s.Reasons[0].Until.Equal(till) || len(s.PausedQueues) != 0 {
				t.Errorf("%+v", s)
			}
			out := y.open("main", reasons...)
			wantNames(t, "opened", out.Opened, "breaker")
			if len(out.Still) != 0 || y.main().State != LaneOpen {
				t.Errorf("%+v, %+v", out, y.main())
			}
			for _, field := range []string{"b:probe", "b:until", "b:for"} {
				if r.Client.HExists(t.Context(), mainKey(""), field).Val() {
					t.Errorf("%s is still there", field)
				}
			}
			// A trial whose time is over gives way by itself.
			probe()
			y.now = till
			if s := y.main(); s.State != LaneOpen {
				t.Errorf("%+v", s)
			}
		})
	}
}
