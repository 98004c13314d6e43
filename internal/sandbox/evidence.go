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
	CallAwaitingDial CallStatus = "awaiting dial" // accepted; nothing rings until the caller dials
	CallUnderWay     CallStatus = "under way"
	CallAnswered     CallStatus = "answered"
	CallFailed       CallStatus = "failed"
)

// Call is a placed call: a phone that rang.
type Call struct {
	CallID string
	From   string // the caller, where the request names one that is a phone
	Mobile string // the callee, as the request wrote it
	Ref    string // "<job>.<attempt>" of the request that placed it
	At     time.Time
	Ended  time.Time // zero while it is under way
	Status CallStatus
}

// asOf is a call as it stands at a time, given when and how it ends.
func (c Call) asOf(now, endsAt time.Time, answered bool) Call {
	switch {
	case now.Before(endsAt):
		c.Status = CallUnderWay
	case answered:
		c.Status, c.Ended = CallAnswered, endsAt
	default:
		c.Status, c.Ended = CallFailed, endsAt
	}
	return c
}

// RequestKind is what a logged request asks for.
type RequestKind int

// The kinds. Acting requests are what the evidence of rates, windows and lines
// counts.
const (
	Acts     RequestKind = iota // places a call, or makes a binding
	Releases                    // ends a binding
	Reads                       // changes nothing
)

// Attempt is one authenticated send request.
type Attempt struct {
	Kind   RequestKind
	From   string // the caller, where the request names one that is a phone
	Mobile string // the callee or callees, as they came
	Ref    string // "<job>.<attempt>", or whatever came in its place
	At     time.Time
	Method string
	// Result says in words what the vendor did; "under way" until it is done.
	Result string
	// CallID is the call it placed, the first of several; empty for none.
	CallID string
	// LockedNumber is set when the number was locked as the request came: the
	// sender broke the vendor's rule, whatever became of the request. It is not set
	// for the attempt that a lock begins with, whose answer first tells of it, be
	// it a number LockedFromStart.
	LockedNumber bool
}

// PushCounts tells how pushes went, each copy counted by itself.
type PushCounts struct {
	Delivered int // acknowledged as the vendor wants it
	Failed    int // given up after all tries, or cut off by Close
	Tries     int // requests made
	// LastFailure is why the last try that failed did, without its URL.
	LastFailure string
}

// jobsCalledTwice returns, sorted, the jobs whose id stands more than once among
// the refs of placed calls. A job's id is what stands before the last dot of a
// ref; empty refs belong to no job and are not judged.
func jobsCalledTwice(refs []string) []string {
	count := map[string]int{}
	var twice []string
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		job := ref
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

// maxPerKeyInDay returns the most times that any number was called within any
// rolling day.
func maxPerKeyInDay(times map[string][]time.Time, day time.Duration) int {
	most := 0
	for _, at := range times {
		most = max(most, MaxWithin(at, day))
	}
	return most
}
