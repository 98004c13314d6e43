package sandbox

import (
	"slices"
	"strings"
	"time"
)

// CallStatus is how far a placed call has come.
type CallStatus string

// The states of a placed call.
const (
	CallUnderWay CallStatus = "under way"
	CallAnswered CallStatus = "answered"
	CallFailed   CallStatus = "failed"
)

// Call is a placed call: a phone that rang.
type Call struct {
	CallID string
	Mobile string
	Ref    string // notifyData of the request that placed it
	At     time.Time
	Ended  time.Time // zero while it is under way
	Status CallStatus
}

// Attempt is one authenticated send request.
type Attempt struct {
	Mobile string
	Ref    string // notifyData
	At     time.Time
	Method string
	// Result says in words what the vendor did; "under way" until it is done.
	Result string
	// CallID is the call it placed, empty for none.
	CallID string
	// LockedNumber is set when the number was locked as the request came: the
	// sender broke the vendor's rule, whatever became of the request.
	LockedNumber bool
}

// PushCounts tells how pushes went, each copy counted by itself.
type PushCounts struct {
	Delivered int // acknowledged by HTTP 200 and "success"
	Failed    int // given up after all tries, or cut off by Close
	Tries     int // requests made
	// LastFailure is why the last try that failed did, without its URL.
	LastFailure string
}

// Calls returns every placed call in the order of placing.
func (j *Jumdata) Calls() []Call {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.opts.Now()
	calls := make([]Call, len(j.calls))
	for i, placed := range j.calls {
		c := placed.Call
		switch {
		case now.Before(placed.endsAt):
			c.Status = CallUnderWay
		case placed.desc == "":
			c.Status, c.Ended = CallAnswered, placed.endsAt
		default:
			c.Status, c.Ended = CallFailed, placed.endsAt
		}
		calls[i] = c
	}
	return calls
}

// Attempts returns every authenticated send request in the order of arrival.
func (j *Jumdata) Attempts() []Attempt {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.attempts)
}

// AttemptsOnLocked returns the attempts that came while their number was locked.
func (j *Jumdata) AttemptsOnLocked() []Attempt {
	return slices.DeleteFunc(j.Attempts(), func(a Attempt) bool { return !a.LockedNumber })
}

// JobsCalledTwice returns, sorted, the jobs for which more than one call was
// placed. A job's id is what stands before the last dot of notifyData; calls
// without notifyData belong to no job and are not judged here.
func (j *Jumdata) JobsCalledTwice() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	count := map[string]int{}
	var twice []string
	for _, c := range j.calls {
		if c.Ref == "" {
			continue
		}
		job := c.Ref
		if dot := strings.LastIndexByte(job, '.'); dot >= 0 {
			job = job[:dot]
		}
		if count[job]++; count[job] == 2 {
			twice = append(twice, job)
		}
	}
	slices.Sort(twice)
	return twice
}

// MaxPerNumberInDay returns the most calls that any number got within any
// rolling Day. It counts the placed calls themselves, not what the limit
// remembers.
func (j *Jumdata) MaxPerNumberInDay() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	times := map[string][]time.Time{}
	for _, c := range j.calls {
		times[c.Mobile] = append(times[c.Mobile], c.At)
	}
	most := 0
	for _, at := range times {
		slices.SortFunc(at, time.Time.Compare)
		first := 0
		for last := range at {
			for at[last].Sub(at[first]) >= j.opts.Day {
				first++
			}
			most = max(most, last-first+1)
		}
	}
	return most
}

// Pushes returns how the pushes went so far.
func (j *Jumdata) Pushes() PushCounts {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pushes
}
