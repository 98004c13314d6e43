package sandbox

import (
	"slices"
	"testing"
	"time"
)

const someC, someD = "13800000003", "13900000004"

// TestInterlineSharedX has a platform that keeps no rule bind what clashes: only what
// stood on one X at the same time is told.
func TestInterlineSharedX(t *testing.T) {
	type step func(t *testing.T, v *Interline, c *handClock)
	pair := func(x, reqid, a, b, ttl string) step {
		return func(t *testing.T, v *Interline, _ *handClock) {
			t.Helper()
			wantBound(t, bindAXB(t, v, x, axb(reqid, "anum", a, "bnum", b, "ttl", ttl)))
		}
	}
	transfer := func(x, reqid, a, ttl string) step {
		return func(t *testing.T, v *Interline, _ *handClock) {
			t.Helper()
			wantError(t, bindXA(t, v, x, xa(reqid, "anum", a, "ttl", ttl)), interlineOK)
		}
	}
	pass := func(d time.Duration) step {
		return func(_ *testing.T, _ *Interline, c *handClock) { c.move(d) }
	}
	release := func(t *testing.T, v *Interline, _ *handClock) {
		t.Helper()
		made := v.Made()
		wantError(t, unbindAXB(t, v, made[len(made)-1].SubID), interlineOK)
	}
	releaseXA := func(t *testing.T, v *Interline, _ *handClock) {
		t.Helper()
		wantError(t, unbindXA(t, v, someX), interlineOK)
	}
	axbLine, xaLine := "reqids r1 and r2 stood on one X at once (bind axb)", "reqids r1 and r2 stood on one X at once (bind xa)"
	for _, c := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"A again", []step{pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someA, someC, "60")}, []string{axbLine}},
		{"B again", []step{pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someC, someB, "60")}, []string{axbLine}},
		{"A is the other's B", []step{pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someC, someA, "60")}, []string{axbLine}},
		{"B is the other's A", []step{pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someB, someC, "60")}, []string{axbLine}},
		{"the same pair", []step{pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someA, someB, "60")}, []string{axbLine}},
		{"other numbers", []step{pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someC, someD, "60")}, nil},
		{"another X", []step{pair(someX, "r1", someA, someB, "60"), pair(otherX, "r2", someA, someB, "60")}, nil},
		{"the ttl is over", []step{pair(someX, "r1", someA, someB, "60"), pass(time.Minute), pair(someX, "r2", someA, someC, "60")}, nil},
		{"the ttl is nearly over", []step{
			pair(someX, "r1", someA, someB, "60"), pass(time.Minute - time.Millisecond), pair(someX, "r2", someA, someC, "60"),
		}, []string{axbLine}},
		{"released before", []step{pair(someX, "r1", someA, someB, "60"), release, pair(someX, "r2", someA, someC, "60")}, nil},
		{"released after", []step{pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someA, someC, "60"), release}, []string{axbLine}},
		{"over by now, and were together", []step{
			pair(someX, "r1", someA, someB, "60"), pair(someX, "r2", someA, someC, "60"), pass(time.Hour),
		}, []string{axbLine}},
		{"two of XA", []step{transfer(someX, "r1", someA, "60"), transfer(someX, "r2", someB, "60")}, []string{xaLine}},
		{"XA without end", []step{transfer(someX, "r1", someA, "0"), pass(1e4 * time.Hour), transfer(someX, "r2", someB, "60")}, []string{xaLine}},
		{"XA released before", []step{transfer(someX, "r1", someA, "0"), releaseXA, transfer(someX, "r2", someB, "60")}, nil},
		{"XA on two X", []step{transfer(someX, "r1", someA, "0"), transfer(otherX, "r2", someA, "0")}, nil},
		{"one of each", []step{transfer(someX, "r1", someA, "0"), pair(someX, "r2", someA, someB, "60")}, nil},
		{"three, of which two at a time", []step{
			pair(someX, "r1", someA, someB, "60"), pass(30 * time.Second), pair(someX, "r2", someA, someC, "60"),
			pass(30 * time.Second), pair(someX, "r3", someA, someD, "60"),
		}, []string{axbLine, "reqids r2 and r3 stood on one X at once (bind axb)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newHandClock(t, "2026-03-02T10:00:00")
			v := newInterline(t, InterlineOptions{Now: clock.now, AllowConflicts: true})
			for _, do := range c.steps {
				do(t, v, clock)
			}
			if got := v.SharedX(); !slices.Equal(got, c.want) {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}
