package ratelimit_test

import (
	"slices"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// model is what the scripts' headers promise, in plain Go and in memory. It
// shares no code with them or with the rules' arithmetic.
type model struct {
	rules   ratelimit.Rules
	now     int64 // the group's clock in ms: the latest that any step saw
	jobs    map[string]*mJob
	markers map[string]*mMarker
	due     map[string]int64
	numbers map[string]*mNumber
	pushes  map[string]string // id -> state
}

type mJob struct {
	id, token, submitToken, digest, task   string
	keyed                                  bool
	numbers                                []string
	state                                  record.State
	cause, holdReason, retryReason         string
	created, since, expires, notBefore     int64
	ended, holdUntil, retryAt, giveUp      int64
	sendBefore, ownedUntil, doubt          int64
	runs, attempt, settled, attempts       int
	failures, polls, seq, revision, checks int
	refunded                               int
	late                                   map[int]record.State // told of earlier attempts
	adrift, missing, cancel                bool
	vendorID, vendorTask, code, text       string
	evidence, sip                          int
	duration, billable                     string
	lines                                  []string // "<ms> <state>"
}

type mMarker struct{ state, digest, token string }

type mNumber struct {
	charges map[string]int64 // attempt -> when
	fly     string
	flyTill int64
	lock    int64
	keep    int
	hopeful map[string]bool // jobs held by the attempt in flight
}

func newModel(rules ratelimit.Rules) *model {
	return &model{
		rules: rules, jobs: map[string]*mJob{}, markers: map[string]*mMarker{}, due: map[string]int64{},
		numbers: map[string]*mNumber{}, pushes: map[string]string{},
	}
}

func (m *model) at(t int64) { m.now = max(m.now, t) }

func (m *model) number(key string) *mNumber {
	if m.numbers[key] == nil {
		m.numbers[key] = &mNumber{charges: map[string]int64{}, hopeful: map[string]bool{}}
	}
	return m.numbers[key]
}

func waiting(s record.State) bool {
	return s == record.Accepted || s == record.Queued || s == record.Held
}

func ended(s record.State) bool {
	switch s {
	case record.Completed, record.Busy, record.NoAnswer, record.Rejected, record.Failed, record.Canceled, record.Expired:
		return true
	}
	return false
}

// rankOf is the table of states.
func rankOf(s record.State) int {
	switch {
	case ended(s):
		return 9
	case s == record.Unknown:
		return 8
	case s == record.Submitted || s == record.InDoubt:
		return 2
	case s == record.Submitting:
		return 1
	}
	return 0
}

func (m *model) line(j *mJob, s record.State, always bool) {
	if len(j.lines) < 60 || always {
		j.lines = append(j.lines, strconv.FormatInt(m.now, 10)+" "+string(s))
	}
}

func (m *model) enter(j *mJob, s record.State) {
	j.state, j.since = s, m.now
	if rankOf(s) >= 2 {
		j.revision++
	}
	m.line(j, s, rankOf(s) >= 2)
}

func (m *model) clearHold(j *mJob) {
	j.holdReason, j.holdUntil, j.retryAt, j.retryReason = "", 0, 0, ""
	j.adrift, j.missing, j.checks = false, false, 0
}

// end leaves nothing due and tells the marker.
func (m *model) end(j *mJob, s record.State, cause string) {
	m.clearHold(j)
	j.cancel, j.runs, j.cause, j.ended = false, 0, cause, m.now
	m.enter(j, s)
	delete(m.due, j.id)
	if j.keyed {
		if m.markers[j.id] == nil {
			m.markers[j.id] = &mMarker{}
		}
		m.markers[j.id].state = string(s)
	}
}

func (m *model) expire(j *mJob) {
	cause := "platform"
	switch j.holdReason {
	case "window", record.HoldVendorWindow:
		cause = "policy_window"
	case "per_number", "one_at_a_time", record.HoldLockout, record.HoldVendorFrequency:
		cause = "policy_frequency"
	case record.HoldHalted:
		cause = "account"
	}
	m.end(j, record.Expired, cause)
}

// look is when somebody should see whether a waiting job's task lives.
func (m *model) look(j *mJob, from int64) {
	after := 2 * time.Minute
	for i := 0; i < j.checks && after < 32*time.Minute; i++ {
		after *= 2
	}
	m.due[j.id] = min(max(from, m.now)+after.Milliseconds(), j.expires)
}

func (m *model) hold(j *mJob, till int64, reason string) {
	if j.state != record.Held || j.holdReason != reason {
		j.holdReason = reason
		m.enter(j, record.Held)
	}
	j.holdUntil, j.missing, j.adrift, j.checks = till, false, false, 0
	m.look(j, till)
}

func attemptID(j *mJob, n int) string {
	return j.id + "." + strconv.Itoa(n) + "@" + strconv.FormatInt(j.created, 10)
}

// rolling returns the charges later than since, rising.
func (n *mNumber) later(since int64) []int64 {
	var out []int64
	for _, at := range n.charges {
		if at > since {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	return out
}
