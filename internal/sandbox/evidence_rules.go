package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxWithin returns the most of the times that lie within any half-open span,
// wherever it begins. It panics on a span that is not positive.
func MaxWithin(times []time.Time, span time.Duration) int {
	if span <= 0 {
		panic(fmt.Sprintf("sandbox: MaxWithin %s", span))
	}
	sorted := slices.SortedFunc(slices.Values(times), time.Time.Compare)
	most, first := 0, 0
	for last, at := range sorted {
		for at.Sub(sorted[first]) >= span {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// AcceptedTimes returns, sorted, when the acting requests arrived that placed a
// call or made a binding, whatever became of their answers. A group of callees is
// one request, and a repetition that binds nothing new is none.
func (v *vendor) AcceptedTimes() []time.Time {
	return v.times(func(a Attempt) bool { return a.Kind == Acts && a.CallID != "" })
}

// RequestTimes returns, sorted, when authenticated acting requests arrived, the
// refused ones and those that were never answered included. A body that the
// vendor cannot read is no request.
func (v *vendor) RequestTimes() []time.Time {
	return v.times(func(a Attempt) bool { return a.Kind == Acts })
}

// AttemptTimes returns, sorted, when acting requests arrived that name a number,
// as caller, callee or one of several callees, written in this very way.
func (v *vendor) AttemptTimes(number string) []time.Time {
	return v.times(func(a Attempt) bool {
		return a.Kind == Acts && (a.From == number || slices.Contains(strings.Split(a.Mobile, ","), number))
	})
}

func (v *vendor) times(which func(Attempt) bool) []time.Time {
	var times []time.Time
	for _, a := range v.Attempts() {
		if which(a) {
			times = append(times, a.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// OutsideWindow returns the acting requests, accepted or refused, that arrived
// when isOpen said no. Its argument is the vendor's time, in whatever zone its
// clock has.
func (v *vendor) OutsideWindow(isOpen func(time.Time) bool) []Attempt {
	return slices.DeleteFunc(v.Attempts(), func(a Attempt) bool { return a.Kind != Acts || isOpen(a.At) })
}

// MaxRequestsAtOnce returns the most acting requests that were being served at
// one instant: from their arrival until their answer is sent. A client that
// leaves without waiting for it is noticed a moment later.
func (v *vendor) MaxRequestsAtOnce() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.mostServing
}

// lasted is how long something was, half-open; a zero to is no end.
type lasted struct{ from, to time.Time }

// mostAtOnce returns the most of them that were at one instant.
func mostAtOnce(spans []lasted) int {
	type turn struct {
		at   time.Time
		more int
	}
	var turns []turn
	for _, s := range spans {
		turns = append(turns, turn{s.from, 1})
		if !s.to.IsZero() {
			turns = append(turns, turn{s.to, -1})
		}
	}
	// At one instant ends come before beginnings.
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.more, b.more)) })
	most, now := 0, 0
	for _, t := range turns {
		now += t.more
		most = max(most, now)
	}
	return most
}
