package app

import (
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// LaneStatus is how the lane of one account stands.
type LaneStatus struct {
	Account string       `json:"account"`
	Vendor  string       `json:"vendor"`
	Group   string       `json:"group"`
	State   string       `json:"state"`   // LaneOpen or LaneShut
	Reasons []LaneReason `json:"reasons"` // empty: nothing is shut
	Depth   LaneDepth    `json:"depth"`
	// Later are tasks that come back at a time of their own, Active those that a
	// worker has in its hands.
	Later  int64 `json:"later"`
	Active int64 `json:"active"`
	// InFlight are the calls that use a line, of MaxInFlight (null: any number).
	InFlight    int      `json:"in_flight"`
	MaxInFlight *int     `json:"max_in_flight"`
	Rate        LaneRate `json:"rate"`
	// Held are the jobs that wait for a time of their own, by reason.
	Held     map[string]int `json:"held"`
	InDoubt  int            `json:"in_doubt"`
	Reserved int            `json:"reserved"` // jobs that only wait for their slot
	Failures int            `json:"failures"` // in a row, as the breaker counts them
	// PausedQueues are those that asynq keeps shut just now. It follows the reasons
	// within a second, while a worker runs.
	PausedQueues []tasks.Queue `json:"paused_queues"`
	// Probe is how the vendor says that the account stands; nil: it was never asked.
	Probe *LaneProbe `json:"probe,omitempty"`
	// Workers are the processes that take its jobs. One whose clock is off takes none.
	Workers int `json:"workers"`
}

// The states of a lane. One of which some queues are shut is open.
const (
	LaneOpen = "open"
	LaneShut = "shut"
)

// LaneReason is why a lane, or with "/" and a priority one of its queues, is shut.
type LaneReason struct {
	Reason string     `json:"reason"`
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"` // null: until somebody opens it
	Detail string     `json:"detail"`
	Trial  bool       `json:"trial,omitempty"` // the breaker's trial call is under way: no queue is paused
}

// LaneProbe is what the vendor said of the account when it was asked last. Empty: it
// did not say.
type LaneProbe struct {
	At        *time.Time `json:"at"` // of its last answer; null: none came yet
	State     string     `json:"state"`
	Balance   string     `json:"balance"` // decimal
	Overdraft string     `json:"overdraft"`
	Currency  string     `json:"currency"`
	Low       bool       `json:"low"` // less is left than what is warned of
	Why       string     `json:"why"` // the last question brought no answer, for this reason
}

// LaneDepth is how many tasks wait in the lane's queues.
type LaneDepth struct {
	Urgent int64 `json:"urgent"`
	Normal int64 `json:"normal"`
	Bulk   int64 `json:"bulk"`
}

// LaneRate is how many calls went per second in the last ten, and how many may go;
// null: any number.
type LaneRate struct {
	Used  float64  `json:"used"`
	Limit *float64 `json:"limit"`
	Burst *int     `json:"burst"`
}
