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
	seen    int64 // what is kept of it; 0: nothing since somebody set it right
	behind  int64 // how far the server's own clock is behind it
	lane    mLane
	counts  map[string]int // what happened
	jobs    map[string]*mJob
	markers map[string]*mMarker
	due     map[string]int64
	numbers map[string]*mNumber
	pushes  map[string]string // id -> state
	calls   map[string]string // a name that leads to an attempt -> that
	last    map[string]int64  // middle number -> the generation given last
	orphans []mEntry          // of the ledger, whose records left when nobody knew whether they stood
}

type mJob struct {
	id, kind, token, submitToken           string
	digest, task                           string
	keyed                                  bool
	soft                                   bool // its end waits for evidence
	lost                                   bool // its content
	keeps                                  bool // its numbers, while in doubt
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
	x, callTask                            string
	evidence                               int
	facts                                  map[string]string
	lines                                  []string // "<ms> <state>"

	seen     *mSeen // told of an attempt while it, or a later one, had no answer yet
	stands   record.Result
	placed   int // the last attempt of which somebody told
	lastCall string

	repeatable            bool  // the last attempt was of a request that the vendor knows by its id
	doubted               int   // the earliest attempt that may have taken effect
	doubtUntil, repeatAt  int64 // 0: not in doubt, no repeat
	repeats, bounded      int
	timeToLive, bindingTo int64 // of a binding

	priority string
	line     int64 // for how long after its last news it uses a line; 0: it uses none
	slotAt   int64
	capped   bool   // an attempt of it was charged to the day
	mode     string // of a binding
	parties  []string
	gen      int64
	conflict int64  // since when another binding, which stands, leaves it no room
	rivalJob string // that of this job

	extraAnswered int // another call of its connection was answered
	word          mWord
	answered      int // the attempt whose answer came after an operator's resend
}

// mSeen is evidence that was kept.
type mSeen struct {
	attempt         int
	state           record.State
	cause, vendorID string
	poll, giveUp    int64
}

type mMarker struct{ state, digest, token string }

type mNumber struct {
	charges map[string]int64 // attempt -> when
	fly     string
	flyTill int64
	lock    int64
	keep    int
	hopeful map[string]bool // jobs held by the attempt in flight
	locked  map[string]bool // jobs held by the lock
}

func newModel(rules ratelimit.Rules) *model {
	return &model{
		rules: rules, lane: newLane(), counts: map[string]int{}, jobs: map[string]*mJob{}, markers: map[string]*mMarker{}, due: map[string]int64{},
		numbers: map[string]*mNumber{}, pushes: map[string]string{}, calls: map[string]string{}, last: map[string]int64{},
	}
}

// at is a step at the server's time t. The group's clock never runs backwards.
func (m *model) at(t int64) {
	m.now = max(m.seen, t)
	m.seen, m.behind = m.now, m.now-t
}

func (m *model) number(key string) *mNumber {
	if m.numbers[key] == nil {
		m.numbers[key] = &mNumber{charges: map[string]int64{}, hopeful: map[string]bool{}, locked: map[string]bool{}}
	}
	return m.numbers[key]
}

func waiting(s record.State) bool {
	return s == record.Accepted || s == record.Queued || s == record.Held || s == record.Reserved
}

func ended(s record.State) bool {
	switch s {
	case record.Completed, record.Busy, record.NoAnswer, record.Rejected, record.Failed, record.Canceled, record.Expired, record.Released:
		return true
	}
	return false
}

func (j *mJob) rank() int {
	if j.soft {
		return 8
	}
	return rankOf(j.state)
}

// rankOf is the table of states.
func rankOf(s record.State) int {
	switch {
	case ended(s):
		return 9
	case s == record.Unknown:
		return 8
	case s == record.Active:
		return 5
	case s == record.InProgress:
		return 4
	case s == record.Ringing:
		return 3
	case s == record.Submitted || s == record.InDoubt || s == record.AwaitingDial:
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
	if rankOf(s) >= 2 && (j.state != "" || s.Final()) { // that it came to be is no news
		j.revision++
	}
	j.state, j.since, j.soft = s, m.now, false
	m.lineNews(j)
	m.line(j, s, rankOf(s) >= 2)
}

func (m *model) clearHold(j *mJob) {
	j.holdReason, j.holdUntil, j.retryAt, j.retryReason = "", 0, 0, ""
	j.adrift, j.missing, j.checks = false, false, 0
}

// end leaves nothing due and tells the marker.
func (m *model) end(j *mJob, s record.State, cause string) {
	m.clearHold(j)
	doubted := j.doubted
	m.endDoubt(j)
	if s == record.Unknown { // nobody proved anything
		j.doubted = doubted
	}
	j.cancel, j.runs, j.cause, j.ended, j.stands = false, 0, cause, m.now, ""
	m.enter(j, s)
	delete(m.due, j.id)
	if j.keyed {
		if m.markers[j.id] == nil {
			m.markers[j.id] = &mMarker{}
		}
		m.markers[j.id].state = string(s)
	}
}

// enterDoubt: an attempt may have taken effect. The same request goes out again
// only where the vendor knows it, and never after the doubt's or the job's end.
func (m *model) enterDoubt(j *mJob, again int64) {
	if j.doubted == 0 {
		j.doubted, j.doubtUntil = j.attempt, m.now+j.doubt
	}
	if j.state != record.InDoubt {
		m.enter(j, record.InDoubt)
	}
	j.repeatAt, m.due[j.id] = 0, j.doubtUntil
	if at := m.now + again; j.repeatable && again >= 0 && at < min(j.doubtUntil, j.expires) {
		j.repeatAt, m.due[j.id] = at, at
		j.seq++
	}
}

func (m *model) endDoubt(j *mJob) { j.doubted, j.doubtUntil, j.repeatAt, j.bounded = 0, 0, 0, 0 }

// activate: the binding stands, made at the latest then.
func (m *model) activate(j *mJob, made int64) {
	m.endDoubt(j)
	j.cancel, j.stands = false, ""
	m.enter(j, record.Active)
	m.due[j.id] = m.now + 30*dayMS
	if j.timeToLive > 0 {
		j.bindingTo = made + j.timeToLive
		m.due[j.id] = j.bindingTo
	}
}

// expire: the job was not sent in time, because of what it was held for, of what
// its lane is shut for, or of what it was held for last.
func (m *model) expire(j *mJob) {
	reason := j.holdReason
	if noted := m.noted(j.priority); noted != "" && (j.state != record.Held || j.holdUntil <= m.now) {
		reason = noted
		m.counts["expired: lane "+reason]++
	}
	cause := "platform"
	switch reason {
	case "window", record.HoldVendorWindow:
		cause = "policy_window"
	case "per_number", "one_at_a_time", "daily_cap", record.HoldLockout, record.HoldVendorFrequency:
		cause = "policy_frequency"
	case record.HoldHalted, record.GateHalt:
		cause = "account"
	case record.HoldLineBusy:
		cause = "busy"
	case record.HoldConflict:
		cause = "binding_conflict"
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
