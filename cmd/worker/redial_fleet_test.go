package main

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// TestWhoCouldNotBeReachedIsCalledAgain: two workers, one of which is killed. Whoever is
// busy or does not answer is called twice more, each time as a job of its own and not
// before its time; nobody else is.
func TestWhoCouldNotBeReachedIsCalledAgain(t *testing.T) {
	t.Parallel()
	const again, each = 2 * time.Second, 4
	endings := []sandbox.Behaviour{sandbox.Busy, sandbox.NoAnswer, sandbox.Rejected, sandbox.NoSuchNumber, sandbox.Answered}
	behave := func(to string) sandbox.Behaviour { return endings[int(to[len(to)-1]-'0')%len(endings)] }
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: behave}, alwaysOpen)
	f.more("    redial: {busy: 2s, no_answer: 2s, max: 2}\n")
	f.accounts[0].poll = `first: 1s, backoff: [1s], give_up: 60s`
	f.crew(2)
	first := f.enqueue(notifications("fleet", "138", each*len(endings), tasks.Normal))
	f.until(20*time.Second, "some were called", func() bool { return len(v.Calls()) >= each*len(endings) })
	f.workers[0].restart()
	f.ended(60*time.Second, first)
	calls := map[string][]time.Time{}
	var lasts []string
	for _, id := range first {
		lasts = append(lasts, f.lastOf(id, again))
	}
	f.leave()
	for _, c := range v.Calls() {
		calls[c.Mobile] = append(calls[c.Mobile], c.At)
	}
	for number, at := range calls {
		want := 1
		if b := behave(number); b == sandbox.Busy || b == sandbox.NoAnswer {
			want = 3
		}
		if len(at) != want {
			t.Errorf("a number that is %v was called %d times, want %d", behave(number), len(at), want)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < again {
				t.Errorf("it was called again after %s", gap)
			}
		}
	}
	if twice := v.JobsCalledTwice(); len(twice) > 0 {
		t.Errorf("the vendor saw jobs called twice: %s", strings.Join(twice, ", "))
	}
	if len(calls) != len(first) || len(lasts) != len(first) {
		t.Errorf("%d numbers of %d were called", len(calls), len(first))
	}
}

// lastOf follows the jobs that call again after this one, and checks each link.
func (f *fleet) lastOf(id string, after time.Duration) string {
	f.t.Helper()
	for n := 1; ; n++ {
		r := f.record(id)
		if r.Redial == "" {
			return id
		}
		f.ended(60*time.Second, []string{r.Redial})
		next := f.record(r.Redial)
		if next.RedialOf != id || next.RedialNumber != n || n > 2 || next.CreatedAt.Before(r.EndedAt) ||
			next.NotBefore.Sub(next.CreatedAt) != after || r.State != record.Busy && r.State != record.NoAnswer {
			f.t.Errorf("after %s (%s) %s calls again: of %s, number %d, not before %s", id, r.State, next.ID, next.RedialOf, next.RedialNumber, next.NotBefore)
		}
		id = next.ID
	}
}
