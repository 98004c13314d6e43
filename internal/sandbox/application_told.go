package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ApplicationTrouble is what is wrong with a simulated application; the zero
// value is nothing.
type ApplicationTrouble struct {
	FailEvery int           // every n-th request is answered with 500
	FailMost  int           // but no event more often than so; 0: without end
	Hang      time.Duration // no answer for so long; then 204, if anybody still waits
	Slow      time.Duration // answers are held back for so long
	Off       bool          // connections are reset
}

// SetTrouble says how requests that arrive from now on fare.
func (a *Application) SetTrouble(t ApplicationTrouble) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trouble = t
}

// ApplicationCounts tell how requests fared.
type ApplicationCounts struct {
	Requests     int // that arrived, whatever became of them
	Taken        int // answered 204
	Failed       int // answered 500 on purpose
	Unverifiable int // not signed with the secret, too old, or no event of a job
	// LastRefusal is why the last unverifiable one was.
	LastRefusal string
}

// Counts returns how requests fared so far.
func (a *Application) Counts() ApplicationCounts {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counts
}

// Told is one event as the application knows it, by its webhook-id.
type Told struct {
	ID       string
	Type     string
	At       time.Time // of the change, as the event says
	Job      string
	Revision int    // 0 where the event names none
	State    string // empty where the event names none
	Body     []byte // as it came first

	First  time.Time // when it was first heard
	Times  int       // verified requests with this id
	Taken  int       // of them answered 204
	Failed int       // of them answered 500 on purpose
	// Again counts those that came although one had been taken before.
	Again  int
	bodies map[[sha256.Size]byte]bool
}

// toldOf is what an event says (events to the application, JSON).
type toldOf struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		ID       string `json:"id"`
		Job      string `json:"job"` // of events about something else of a job
		Revision int    `json:"revision"`
		State    string `json:"state"`
	} `json:"data"`
}

func readEvent(body []byte) (toldOf, error) {
	var e toldOf
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("read an event: %w", err)
	}
	if e.Data.ID == "" {
		e.Data.ID = e.Data.Job
	}
	if e.Type == "" || e.Timestamp.IsZero() || e.Data.ID == "" {
		return e, errors.New("an event without type, timestamp or job")
	}
	return e, nil
}

func (a *Application) count(change func(*ApplicationCounts)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.counts)
}

// arrived counts a request and says how it is to fare.
func (a *Application) arrived() (t ApplicationTrouble, nth int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counts.Requests++
	return a.trouble, a.counts.Requests
}

func (a *Application) refuse(why error) {
	a.count(func(c *ApplicationCounts) { c.Unverifiable++; c.LastRefusal = why.Error() })
}

// hear keeps a verified event, whatever the answer to it will be.
func (a *Application) hear(id string, e toldOf, body []byte) *Told {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := a.events[id]
	if told == nil {
		told = &Told{
			ID: id, Type: e.Type, At: e.Timestamp, Job: e.Data.ID, Revision: e.Data.Revision, State: e.Data.State,
			Body: body, First: a.now(), bodies: map[[sha256.Size]byte]bool{},
		}
		a.events[id] = told
		a.order = append(a.order, told)
	}
	told.Times++
	told.bodies[sha256.Sum256(body)] = true
	if told.Taken > 0 {
		told.Again++
	}
	return told
}

// fails says that the nth request, which tells this, is one to fail.
func (a *Application) fails(told *Told, t ApplicationTrouble, nth int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.FailEvery == 0 || nth%t.FailEvery != 0 || t.FailMost > 0 && told.Failed >= t.FailMost {
		return false
	}
	told.Failed++
	a.counts.Failed++
	return true
}

func (a *Application) take(told *Told) {
	a.mu.Lock()
	defer a.mu.Unlock()
	told.Taken++
	a.counts.Taken++
}
