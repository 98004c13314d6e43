package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

// act checks one acting request against everything that can happen to it.
func (s *suite) act(t *testing.T, act Act) {
	run := func(name string, check func(*testing.T, Act)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, act)
		})
	}
	for _, code := range act.Codes {
		run("code "+code.Name, func(t *testing.T, act Act) { s.code(t, act, code) })
	}
	run("accepted", s.accepted)
	run("accepted by many at once", s.acceptedConcurrently)
	run("unknown codes", s.unknownCodes)
	run("success that names nothing", s.emptyData)
	run("answers that are none", s.unreadable)
	run("statuses", s.statuses)
	run("401", s.unauthorised)
	run("429", s.tooManyRequests)
	run("redirects", s.redirects)
	run("transport errors", s.transportErrors)
	run("permit", s.permits)
	run("nobody listens", s.nobodyListens)
	for name, script := range s.cuts(act) {
		run(name, func(t *testing.T, act Act) { s.cut(t, act, script) })
	}
	run("hang", s.hangs)
	run("canceled", s.canceled)
	run("clock", s.clock)
}

// accepted checks the plain success, however the vendor dresses it.
func (s *suite) accepted(t *testing.T, act Act) {
	check := func(t *testing.T, what string, got providers.Outcome) {
		t.Helper()
		if got.Class != providers.ClassOK || got.Placed != providers.PlacedYes || got.VendorID != act.VendorID {
			t.Errorf("%s: %+v", what, got)
		}
	}
	v := serve(t, answers(0, nil, act.Accepted))
	check(t, "as documented", s.over(t.Context(), t, act, v, s.adapter(t, s.settings(v.url())), Lasting()))
	if v.requests.Load() != 1 {
		t.Errorf("%d requests, want 1", v.requests.Load())
	}
	for how, body := range rewritten(act.Accepted) {
		check(t, how, s.canned(t, act, replied(0, nil, body)))
	}
	// Where the vendor's own words are there, they are believed, not the gateway.
	for _, status := range []int{201, 500, 502} {
		check(t, fmt.Sprintf("on HTTP %d", status), s.canned(t, act, replied(status, nil, act.Accepted)))
	}
	s.echoes(t, act, Code{Body: act.Accepted})
}

// acceptedConcurrently is for the race detector: an adapter serves a whole lane.
func (s *suite) acceptedConcurrently(t *testing.T, act Act) {
	adapter := s.adapter(t, s.settings(nowhere))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got := s.on(context.Background(), t, act, adapter, replied(0, nil, act.Accepted), Lasting())
			if got.Class != providers.ClassOK || got.VendorID != act.VendorID {
				t.Errorf("got %+v", got)
			}
		})
	}
	all.Wait()
}

// unknownCodes replaces each field of the success: no code that the adapter does
// not know may come to "not placed", and the one that decides is in doubt.
func (s *suite) unknownCodes(t *testing.T, act Act) {
	object, ok := readObject([]byte(act.Accepted))
	if !ok {
		t.Skip("the success is no JSON object")
	}
	doubts := 0
	for i := range object {
		if _, nested := object[i].value.([]member); nested {
			continue
		}
		for _, unknown := range []any{json.Number("98765"), "98765", json.Number("-98765"), "E_UNKNOWN"} {
			changed := append([]member{}, object...)
			changed[i].value = unknown
			got := s.canned(t, act, replied(0, nil, string(writeJSON(changed))))
			if got.Placed == providers.PlacedNo {
				t.Errorf("%s = %v: nothing was placed? %+v", object[i].name, unknown, got)
			}
			if got.Class == providers.ClassUncertain {
				doubts++
			}
		}
	}
	if doubts < 4 {
		t.Errorf("an unknown code was in doubt %d times of 4", doubts)
	}
}

// emptyData: a success that names no call cannot be followed, nor be undone.
func (s *suite) emptyData(t *testing.T, act Act) {
	object, ok := readObject([]byte(act.Accepted))
	if !ok || act.VendorID == "" {
		t.Skip("the success names nothing anyway")
	}
	for i, m := range object {
		if m.name != "data" {
			continue
		}
		for _, nothing := range []any{nil, "", []any{}, []member{}, "no data", json.Number("0"), true, []any{nil}} {
			changed := append([]member{}, object...)
			changed[i].value = nothing
			got := s.canned(t, act, replied(0, nil, string(writeJSON(changed))))
			wantOutcome(t, fmt.Sprintf("data %s", writeJSON(nothing)), got, lost(act))
		}
	}
}

// lost is the outcome of a request whose answer nobody can read.
func lost(act Act) providers.Outcome {
	return providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Repeatable: act.Repeatable}
}
