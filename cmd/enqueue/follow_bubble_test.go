package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

// A job moves on by the record's own scripts while a command waits for it: each
// step is on standard error before the next one comes, and once only.
func TestStatusFollowsLive(t *testing.T) {
	for _, format := range []string{"--json", "--json=false"} {
		redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
			publish(t, r)
			id := enqueued(t, r)
			store := record.New(r.Client)
			g := appOn(t, r)
			done := waiting(t.Context(), g, "status", id, "--wait", format)
			heard := 0
			expect := func(lines ...string) {
				t.Helper()
				time.Sleep(time.Minute)
				synctest.Wait()
				got := strings.Split(strings.TrimSuffix(g.errors.String()[heard:], "\n"), "\n")
				heard = g.errors.Len()
				if len(got) != len(lines) {
					t.Fatalf("heard %q, want %q", got, lines)
				}
				for i, line := range lines {
					if words := strings.Split(line, "…"); !strings.HasPrefix(got[i], "enqueue: "+id+words[0]) || !strings.HasSuffix(got[i], words[len(words)-1]) {
						t.Errorf("heard %q, want %q", got[i], line)
					}
				}
			}
			putOff := func(reason string) string {
				t.Helper()
				_, until, err := store.PutOff(t.Context(), id, record.Delay{In: time.Hour, Reason: reason, Detail: "of " + number + " for 69564903663951243279"})
				if err != nil {
					t.Fatal(err)
				}
				return ": " + reason + " until " + until.UTC().Format(time.RFC3339Nano)
			}
			advance := func(state record.State) {
				t.Helper()
				e := record.Evidence{Attempt: 1, Source: "push", State: state, VendorID: "V1", PollIn: time.Hour, GiveUpIn: time.Hour}
				if v, _, err := store.Advance(t.Context(), id, nil, e); v != record.Advanced || err != nil {
					t.Fatal(v, err)
				}
			}

			time.Sleep(time.Second)                            // it has looked once
			const lane = "callpacer:{jumdata}:lane:" + account // as workers note that it is shut
			if err := r.Client.HSet(t.Context(), lane, "g:halt", "0 ").Err(); err != nil {
				t.Fatal(err)
			}
			expect(" is held: halt")
			if err := r.Client.Del(t.Context(), lane).Err(); err != nil {
				t.Fatal(err)
			}
			expect(" is held no more")
			until := putOff("window")
			expect(": …held  window: of "+masked+" for 69564903663951243279", " is held"+until)
			until = putOff("window")
			expect(" is held" + until) // of one reason the record has one line
			until = putOff("per_number")
			expect(": …held  per_number: of "+masked+" for 69564903663951243279", " is held"+until)
			set(t, r, id, "state", "submitted", "rank", 2, "attempt", 1, "attempts", 1) // without a line of its own
			expect(" is submitted")
			advance(record.Ringing)
			expect(": …ringing  push")
			advance(record.Completed)
			o := <-done
			if got := g.errors.String()[heard:]; strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "completed  push\n") {
				t.Errorf("of the end was heard: %q", got)
			}
			o.want(0, "completed", id)
			if format == "--json" {
				if timeline := o.only()["timeline"].([]any); len(timeline) != 6 {
					t.Errorf("timeline %v", timeline)
				}
			}
		})
	}
}

// The record's own bound is told as soon as it can have left lines out.
func TestTimelineThatIsFull(t *testing.T) {
	r := mini(t)
	id := notify(t, r)
	store := record.New(r.Client)
	const hint = "about waiting; some may be left out"
	for i := range 80 {
		if _, _, err := store.PutOff(t.Context(), id, record.Delay{In: time.Hour, Reason: fmt.Sprintf("reason-%d", i)}); err != nil {
			t.Fatal(err)
		}
		if i == 56 {
			if o := on(t, r, "status", id).want(0, "reason-56\n", ""); strings.Contains(o.stdout, hint) {
				t.Errorf("nothing is left out of %s", o.stdout)
			}
		}
	}
	if _, _, err := store.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	o := on(t, r, "status", id).want(0, "reason-57\n", "").want(0, hint, "")
	if strings.Contains(o.stdout, "reason-58\n  ") || !strings.Contains(o.stdout, "before it was sent\n  (after 60 lines") {
		t.Errorf("printed %s", o.stdout)
	}
	if timeline := on(t, r, "status", id, "--json").only()["timeline"].([]any); len(timeline) != timelineBound+1 {
		t.Errorf("%d lines", len(timeline))
	}
}
