package ratelimit_test

import (
	"context"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestSlotsFarFromRedis: who hears late of his slot gets one that he can still meet.
func TestSlotsFarFromRedis(t *testing.T) {
	for _, way := range []time.Duration{0, 30 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond} {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			far := redistest.NewFaults(func(redistest.Op) redistest.Verdict { return redistest.Delay(way) })
			store := record.New(redistest.Mini(t).NewClient(t, far))
			lane := ratelimit.NewLane(store, "g", "a", ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}}, time.Now)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			slot, err := ratelimit.NewPacer(lane, ratelimit.PaceCalls).Turn(ctx, 1)
			if err != nil {
				t.Fatalf("no turn within 5 s: %v", err)
			}
			if late := time.Since(slot.At); late > 100*time.Millisecond {
				t.Errorf("the turn came %s after the slot", late)
			}
		})
	}
}
