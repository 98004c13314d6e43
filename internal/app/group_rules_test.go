package app

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestLaneKeepsWhatItsGroupCounts, and nothing for accounts of other groups.
func TestLaneKeepsWhatItsGroupCounts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := config(t, fileWith(r, "name: main", "name: wide, group: other, rules: {per_number: [{limit: 9, per: 960h}]}",
			"name: beside, rules: {per_number: [{limit: 3, per: 720h}]}"))
		store := record.New(r.Client).WithClock(func() time.Time { return noon })
		lane := newLane(&c.Accounts[0], c, nil, store, pushtoken.New([]byte("s")), quiet(), func() time.Time { return noon })
		numbers := []string{"n"}
		if _, err := store.Create(t.Context(), record.NewJob{ID: "jumdata.j", Account: "main", Kind: "notify", Numbers: numbers, ExpiresIn: time.Hour}); err != nil {
			t.Fatal(err)
		}
		slots, err := lane.Shared.Lease(t.Context(), ratelimit.PaceCalls, 1, 0)
		if err != nil || len(slots.Slots) != 1 {
			t.Fatalf("%+v, %v", slots, err)
		}
		a, err := lane.Admission.Admit(t.Context(), ratelimit.Request{
			JobID: "jumdata.j", Numbers: numbers, Attempt: 1, Token: "t", Go: true, Slot: slots.Slots[0].ID, Timeout: time.Second, Doubt: time.Minute,
		})
		if err != nil || a.Decision != ratelimit.Go {
			t.Fatalf("%+v, %v", a, err)
		}
		if kept := r.Client.PTTL(t.Context(), "callpacer:{jumdata}:number:n").Val(); kept < 720*time.Hour || kept > 2*720*time.Hour+2*time.Hour {
			t.Errorf("the number's history is kept for %v, want 720h and no more than the group counts", kept)
		}
	})
}
