package ratelimit_test

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func (m *model) create(j record.NewJob) record.Created {
	digest, token, state := "", "", record.State("")
	if old := m.jobs[j.ID]; old != nil {
		digest, token, state = old.digest, old.submitToken, old.state
	} else if mark := m.markers[j.ID]; mark != nil {
		digest, token, state = mark.digest, mark.token, record.State(mark.state)
	}
	switch {
	case state != "" && digest == "": // a lost job, of which nothing is known
		return record.Created{State: state, Duplicate: true, Differs: map[string]string{}}
	case state != "" && digest != j.Digest:
		return record.Created{State: state, Duplicate: true, Differs: map[string]string{"to": digest}}
	case state != "":
		return record.Created{State: state, Duplicate: token != j.SubmitToken}
	}
	expires := m.now + j.ExpiresIn.Milliseconds()
	if !j.ExpiresAt.IsZero() {
		expires = j.ExpiresAt.UnixMilli()
	}
	if expires <= m.now {
		return record.Created{TooLate: true}
	}
	x := &mJob{
		id: j.ID, kind: j.Kind, timeToLive: j.TTL.Milliseconds(), x: j.X, digest: j.Digest, submitToken: j.SubmitToken, keyed: j.Keyed, numbers: j.Numbers, priority: j.Priority,
		mode: j.Mode, parties: j.Parties,
		created: m.now, expires: expires,
	}
	if !j.NotBefore.IsZero() {
		x.notBefore = j.NotBefore.UnixMilli()
	}
	m.jobs[j.ID] = x
	if j.Asks != "" { // the call exists already
		x.seq, x.giveUp, x.vendorID = 1, expires, j.Asks
		m.enter(x, record.Submitted)
		m.due[j.ID] = max(m.now, x.notBefore)
	} else {
		m.enter(x, record.Accepted)
		m.due[j.ID] = min(m.now+30000, m.jobs[j.ID].expires)
	}
	if j.Keyed {
		m.markers[j.ID] = &mMarker{string(x.state), j.Digest, j.SubmitToken}
	}
	return record.Created{State: x.state}
}

func (m *model) queued(id, task string) record.State {
	j := m.jobs[id]
	if j == nil {
		return ""
	}
	if j.state == record.Accepted {
		j.task = task
		m.enter(j, record.Queued)
		m.look(j, j.notBefore)
	}
	return j.state
}

func (m *model) missing(id string) record.State {
	if j := m.jobs[id]; j != nil {
		return j.state
	}
	if mark := m.markers[id]; mark != nil {
		return record.State(mark.state)
	}
	j := &mJob{id: id, kind: kindOf(id), created: m.now, priority: "normal"}
	m.jobs[id] = j
	j.lost = true
	m.end(j, record.Unknown, "record_missing")
	return record.Unknown
}

func (m *model) start(id string) *mJob {
	j := m.jobs[id]
	if j == nil || rankOf(j.state) > 1 {
		return j
	}
	if j.runs++; j.runs > 20 && waiting(j.state) {
		m.end(j, record.Failed, "poison")
	}
	return j
}

func (m *model) cancel(id string) (record.Cancellation, record.State) {
	j := m.jobs[id]
	switch {
	case j == nil:
		return record.CancelMissing, ""
	case waiting(j.state), j.kind == "poll" && j.rank() < 8:
		m.end(j, record.Canceled, "canceled")
	case j.state == record.Submitting:
		j.cancel = true
		m.line(j, j.state, false)
		return record.CancelRequested, j.state
	}
	if j.state == record.Canceled {
		return record.CancelDone, j.state
	}
	return record.CancelRefused, j.state
}

func (m *model) fail(id, cause string) record.State {
	j := m.jobs[id]
	if j == nil {
		return ""
	}
	if waiting(j.state) {
		m.end(j, record.Failed, cause)
	}
	return j.state
}

func (m *model) done(id string) record.State {
	j := m.jobs[id]
	if j == nil {
		return ""
	}
	if waiting(j.state) || j.state == record.InDoubt && j.repeatAt != 0 {
		m.release(j, j.attempt)
		m.end(j, record.Completed, "")
	}
	return j.state
}

func (m *model) putOff(id string, d record.Delay) (record.State, int64) {
	j := m.jobs[id]
	switch {
	case j == nil:
		return "", 0
	case !waiting(j.state):
		return j.state, 0
	}
	j.runs = 0
	j.words(d.Code, d.Text)
	if d.MaxAttempts > 0 {
		j.failures++
		j.attempts++
	}
	switch {
	case m.now >= j.expires:
		m.expire(j)
	case d.MaxAttempts > 0 && j.failures >= d.MaxAttempts:
		m.end(j, record.Failed, d.Cause)
	default:
		m.hold(j, m.now+d.In.Milliseconds(), d.Reason)
	}
	return j.state, j.holdUntil
}

// followed is the job whose newest follow-up has that number.
func (m *model) followed(id string, seq int) *mJob {
	j := m.jobs[id]
	if j == nil || j.rank() < 2 || j.rank() > 4 || j.seq != seq {
		return nil
	}
	return j
}

func (m *model) polled(id string, seq int, in time.Duration) {
	j, at := m.followed(id, seq), m.now+in.Milliseconds()
	switch {
	case j == nil:
	case j.state != record.InDoubt:
		j.seq++
		j.polls++
		m.due[id] = min(at, j.giveUp)
	case j.repeatAt != 0:
		j.seq++
		j.repeatAt = at
		m.due[id] = min(at, j.doubtUntil)
	}
}

func (m *model) hopeless(id string, seq int, code, text string) {
	if j := m.followed(id, seq); j != nil {
		j.words(code, text)
		m.end(j, record.Unknown, "unknown")
	}
}

type mLease struct {
	member string
	until  int64
}

func (m *model) claim(limit int) []mLease {
	var ids []string
	for id, at := range m.due {
		if at <= m.now {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(m.due[a], m.due[b]), cmp.Compare(a, b)) })
	var out []mLease
	for _, id := range ids[:min(limit, len(ids))] {
		m.due[id] = m.now + 10000
		out = append(out, mLease{id, m.due[id]})
	}
	return out
}

// owns says that the entry is still as it was leased.
func (m *model) owns(l mLease) bool {
	at, ok := m.due[l.member]
	return ok && at == l.until
}

func (j *mJob) brings(a record.Action, task string) record.Step {
	return record.Step{Action: a, Task: task, Account: "acct", Kind: j.kind, Priority: j.priority}
}

func (j *mJob) sequenced() string { return j.id + "~" + strconv.Itoa(j.seq) }

func (m *model) tick(l mLease) record.Step {
	done := func(s record.State) record.Step { return record.Step{Action: record.ActNone, Task: string(s)} }
	j := m.jobs[l.member]
	switch {
	case !m.owns(l):
		return record.Step{Action: record.ActMoved}
	case j == nil:
		delete(m.due, l.member)
		return done("")
	case waiting(j.state) && m.now >= j.expires:
		m.expire(j)
	case waiting(j.state):
		return m.waitingStep(j)
	case j.state == record.Submitting && m.now < j.ownedUntil:
		m.due[j.id] = j.ownedUntil
	case j.state == record.Submitting:
		m.ownerDied(j)
	case j.state == record.InDoubt && j.repeatAt != 0 && m.now < min(j.doubtUntil, j.expires):
		return j.brings(record.ActRepeat, j.sequenced())
	case j.state == record.InDoubt && m.now < j.doubtUntil:
		j.repeatAt, m.due[j.id] = 0, j.doubtUntil
	case j.state == record.Active && (j.bindingTo == 0 || m.now < j.bindingTo):
		m.due[j.id] = m.now + 30*dayMS
		if j.bindingTo != 0 {
			m.due[j.id] = j.bindingTo
		}
	case j.state == record.Active:
		m.end(j, record.Expired, "")
	case j.state == record.AwaitingDial && m.now >= j.giveUp:
		j.evidence = 1
		m.end(j, record.Expired, "unknown")
		j.soft = true
	case j.state == record.InDoubt, m.now >= j.giveUp:
		j.evidence = 1
		m.end(j, record.Unknown, "unknown")
	default:
		return j.brings(record.ActPoll, j.sequenced())
	}
	return done(j.state)
}

func (m *model) waitingStep(j *mJob) record.Step {
	if j.state == record.Held && !j.adrift && m.now < j.holdUntil { // woken: there is room
		j.adrift = true
		j.seq++
	}
	task := j.task
	if task == "" {
		task = j.id
	}
	switch {
	case j.state == record.Accepted:
		return j.brings(record.ActEnqueue, task)
	case j.adrift:
		return j.brings(record.ActEnqueue, j.sequenced())
	}
	return j.brings(record.ActLook, task)
}

func (m *model) returned(l mLease, task string, live bool) record.Step {
	j := m.jobs[l.member]
	switch {
	case !m.owns(l), j == nil, !waiting(j.state):
		return record.Step{Action: record.ActMoved}
	case live:
		if j.state == record.Accepted {
			m.enter(j, record.Queued)
		}
		j.task, j.missing, j.adrift = task, false, false
		j.checks++
		m.look(j, max(j.holdUntil, j.notBefore))
		return record.Step{Action: record.ActLive}
	case !j.missing && !j.adrift && j.state != record.Accepted:
		j.missing = true
		m.due[j.id] = min(m.now+120000, j.expires)
		return record.Step{Action: record.ActWait}
	}
	j.adrift, j.missing = true, false
	j.seq++
	if j.state == record.Accepted {
		j.task = j.sequenced()
	}
	return j.brings(record.ActEnqueue, j.sequenced())
}

func (m *model) bump(l mLease) {
	if !m.owns(l) {
		return
	}
	m.due[l.member] = m.now + 300000
	j := m.jobs[l.member]
	if j != nil && j.giveUp != 0 {
		m.due[l.member] = min(m.now+300000, max(j.giveUp, m.now))
	}
	if j != nil && j.state == record.InDoubt {
		m.due[l.member] = min(m.due[l.member], max(j.doubtUntil, m.now))
	}
}

func (m *model) storePush(id string) (duplicate, done bool) {
	if s := m.pushes[id]; s != "" {
		return true, s != "received"
	}
	m.pushes[id], m.due[id] = "received", m.now+5000
	return false, false
}

func (m *model) endPush(id, state string) {
	delete(m.due, id)
	if m.pushes[id] != "" {
		m.pushes[id] = state
	}
}
