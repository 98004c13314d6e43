package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// badPushes is how badly the vendors of these tests push: a tenth is lost, three
// tenths come again, two tenths come late. What is not acknowledged comes again.
func badPushes(seed uint64) sandbox.PushFaults {
	return sandbox.PushFaults{Seed: seed, Lose: 0.1, Duplicate: 0.3, Reorder: 0.2, Tries: 200, Pause: 400 * time.Millisecond}
}

// pushesOnce are the same, but no push is ever tried again.
func pushesOnce(seed uint64) sandbox.PushFaults {
	f := badPushes(seed)
	f.Tries, f.Pause = 1, 0
	return f
}

// teller is a simulated vendor that places calls and tells of them.
type teller interface {
	caller
	telling
}

type telling interface {
	PushLog() []sandbox.Push
	PushesOpen() int
	SetPushFaults(sandbox.PushFaults)
}

// toldJobs is an account with jobs whose ends are told by pushes, by answers to polls,
// or by both.
type toldJobs struct {
	batch
	vendor teller
	pushes bool
	polls  bool
}

// life is a fleet whose vendors push badly, and the applications that hear of its
// jobs: most of them at app, those with an own event_url at other.
type life struct {
	*fleet
	app, other *sandbox.Application
	otherURL   string
	calls      []*toldJobs
	bindings   *bound
	giveUp     time.Duration // where no poll is answered
	n          int           // jobs of each account
	killed     bool          // a worker was
}

const eventSections = "events: {url: %q, secret: %q, allowed_prefixes: [%q]}\n"

// newLife has no vendors yet; giveUp is when calls that are told by nothing are given
// up, n how many jobs each account has.
func newLife(f *fleet, giveUp time.Duration, n int) *life {
	f.t.Helper()
	key := make([]byte, 24)
	_, _ = rand.Read(key) // it never fails
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	l := &life{fleet: f, giveUp: giveUp, n: n}
	var appURL string
	l.app, appURL = l.application(secret)
	l.other, l.otherURL = l.application(secret)
	f.sections = fmt.Sprintf(eventSections, appURL+"/hooks/calls", secret, l.otherURL+"/")
	return l
}

func (l *life) application(secret string) (*sandbox.Application, string) {
	l.t.Helper()
	a := sandbox.NewApplication(sandbox.ApplicationOptions{Secret: secret})
	server := httptest.NewServer(a)
	l.t.Cleanup(func() { a.Close(); server.Close() })
	return a, server.URL
}

const lifeRules = alwaysOpen + `, rate: {per_second: 30, burst: 10}, query_rate: {per_second: 50, burst: 20}`

// never is longer than any of these tests.
const never = time.Hour

// add takes the account that was made last.
func (l *life) add(v teller, jobs []tasks.Job, f sandbox.PushFaults, pushes, polls bool) {
	account := l.polls(polls)
	v.SetPushFaults(f)
	b := &toldJobs{batch: batch{account: account, vendor: v, jobs: jobs}, vendor: v, pushes: pushes, polls: polls}
	for i := range jobs {
		if i%16 == 5 {
			jobs[i].EventURL = l.otherURL + "/own/" + account
		}
	}
	l.calls = append(l.calls, b)
}

// polls says how the account that was made last asks after its calls.
func (l *life) polls(answered bool) (account string) {
	a := &l.accounts[len(l.accounts)-1]
	first, giveUp := l.giveUp/2, l.giveUp
	if answered {
		first, giveUp = time.Second, never
	}
	a.poll = fmt.Sprintf("first: %s, backoff: [2s], give_up: %s", first, giveUp)
	a.inDoubt = l.giveUp // nobody can ask after a call whose answer was lost
	return a.name
}

// Numbers that end so have a call that ends otherwise than answered, or an answer
// that is lost after the call was placed.
var endings = []string{"01", "11", "02", "12", "15", "13", "03", "04"}

func (l *life) numbers(lostAnswers bool) []string {
	numbers := make([]string, l.n)
	for i := range numbers {
		end := endings[i%len(endings)]
		if end == "15" && !lostAnswers {
			end = "05"
		}
		numbers[i] = fmt.Sprintf("13%d%06d%s", len(l.calls), i, end) // each account its own
	}
	return numbers
}

func (l *life) notices(account string, lostAnswers bool) []tasks.Job {
	numbers := l.numbers(lostAnswers)
	return messages(account, l.n, func(i int) string { return numbers[i] })
}

func (l *life) connections(account string) []tasks.Job {
	jobs := pairs(account, l.n, l.n*len(l.calls))
	for i, number := range l.numbers(true) {
		jobs[i].To = number
	}
	return jobs
}

// wanted is how a call to a number ends.
func wanted(number string) record.State {
	switch number[len(number)-2:] {
	case "11":
		return record.NoAnswer
	case "12":
		return record.Busy
	case "13":
		return record.Rejected
	}
	return record.Completed
}

// start brings the jobs on their way.
func (l *life) start() {
	l.t.Helper()
	for _, b := range l.calls {
		b.ids = l.enqueue(b.jobs)
	}
	if l.bindings != nil {
		l.bindings.ids = l.enqueue(l.bindings.jobs)
	}
}

// eventIDOf is the webhook-id of a job's revision.
func eventIDOf(job string, revision int) string {
	return strings.NewReplacer(".", "_", "/", "_", ":", "_").Replace(fmt.Sprintf("%s:%d", job, revision))
}
