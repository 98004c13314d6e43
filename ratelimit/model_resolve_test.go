package ratelimit_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func splitWords(s string, n int) []string { return strings.SplitN(s, " ", n) }

// mWord is what an operator said last.
type mWord struct {
	as      record.Word
	attempt int
	was     record.State
	token   string
}

func (w mWord) String() string {
	if w.as == "" {
		return ""
	}
	return fmt.Sprintf("%s %d %s %s", w.as, w.attempt, w.was, w.token)
}

// resolve: an operator says what became of a job. why: it is refused.
func (m *model) resolve(id string, names record.Names, r record.Resolution) record.Resolved {
	j := m.jobs[id]
	if j == nil {
		return record.Resolved{Missing: true}
	}
	out := record.Resolved{State: j.state}
	if j.saidAlready(r) {
		out.Was = j.word.was
		return out
	}
	if why, when := m.whyUnresolved(j, r.As); why != "" {
		out.Refused, out.When = why, when
		return out
	}
	out.Was, j.word = j.state, mWord{r.As, j.attempt, j.state, r.Token}
	switch {
	case r.As == record.SayResend:
		m.resend(j)
	case j.kind == "bind" && r.As == record.SayCompleted:
		m.release(j, j.attempt)
		m.clearHold(j)
		j.seen, j.ended, j.cause = nil, 0, ""
		m.activate(j, max(j.ownedUntil, j.sendBefore)) // at the latest
		m.name(j, j.attempt, names)
	default:
		m.release(j, j.attempt)
		j.seen, j.evidence = nil, 1
		m.end(j, record.State(r.As), map[record.Word]string{record.SayFailed: "unknown"}[r.As])
	}
	out.State = j.state
	return out
}

// saidAlready: the same word about the same attempt changes nothing, as long as
// the job is what it made of it; nor does the very same wish.
func (j *mJob) saidAlready(r record.Resolution) bool {
	if j.word.as != r.As {
		return false
	}
	stays := string(r.As) == string(j.state) || r.As == record.SayCompleted && j.state == record.Active ||
		r.As == record.SayResend && (waiting(j.state) || j.state == record.InDoubt && j.repeatAt != 0)
	return j.word.token == r.Token || stays && j.word.attempt == j.attempt
}

// whyUnresolved is not empty where the word cannot be taken.
func (m *model) whyUnresolved(j *mJob, as record.Word) (why string, when time.Time) {
	switch {
	case waiting(j.state):
		return "waits", time.Time{}
	case j.state == record.Submitting:
		return "its owner has time", time.UnixMilli(j.ownedUntil)
	case j.state == record.Active, j.rank() == 9:
		return "stands, or has ended", time.Time{}
	case as == record.SayCompleted && j.kind == "bind" && j.lost:
		return "nobody knows for how long it would stand", time.Time{}
	case as != record.SayResend:
		return "", time.Time{}
	case j.state != record.InDoubt && j.state != record.Unknown:
		return "accepted", time.Time{}
	case j.lost, j.attempt == 0, j.cancel:
		return "nothing to send", time.Time{}
	case j.seen != nil, j.placed != 0, len(j.late) > 0:
		return "placed", time.Time{}
	case m.now < j.ownedUntil:
		return "on its way", time.UnixMilli(j.ownedUntil)
	}
	return "", time.Time{}
}

// resend: the job goes out again, where the vendor knows it as the same request.
func (m *model) resend(j *mJob) {
	j.ended, j.cause = 0, ""
	if m.now >= j.expires {
		j.expires = m.now + hourMS
	}
	m.clearHold(j)
	j.runs, j.giveUp = 0, 0
	if !j.repeatable {
		m.endDoubt(j)
		told := len(j.lines)
		if m.enter(j, record.Queued); len(j.lines) == told { // an operator's word is always told
			m.line(j, j.state, true)
		}
		j.adrift = true
		j.seq++
		m.due[j.id] = m.now
		return
	}
	if j.doubted == 0 {
		j.doubted = j.attempt
	}
	j.doubtUntil, j.bounded = m.now+j.doubt, 0
	if j.state == record.InDoubt {
		m.line(j, j.state, true)
	}
	m.enterDoubt(j, 0)
}
