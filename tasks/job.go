// Package tasks is what travels on the queue, and the client with which an
// application puts it there: kinds of jobs, their content and its validation,
// ids and queue names.
package tasks

import (
	"fmt"
	"time"
)

// Kind is what a job does.
type Kind string

// The kinds. Which of them an account serves is published by its workers.
const (
	KindNotify Kind = "notify" // play a template to one phone
	KindPoll   Kind = "poll"   // ask a vendor how a call ended
	KindPush   Kind = "push"   // process one push of a vendor
)

// Priority chooses the queue of a lane.
type Priority string

// The priorities; the empty one is normal.
const (
	Urgent Priority = "urgent"
	Normal Priority = "normal"
	Bulk   Priority = "bulk"
)

// Job is one wish of an application. Field names in JSON are those of the
// command line and the HTTP API.
type Job struct {
	Kind    Kind   `json:"kind"`    // empty: notify
	Account string `json:"account"` // as configured at the workers

	To       string   `json:"to"`               // 11-digit mainland mobile; +86, spaces and dashes are taken off
	Template string   `json:"template"`         // the vendor's template id
	Params   []string `json:"params,omitempty"` // template variables, in order
	Times    int      `json:"times,omitempty"`  // how often to play, 1..3; 0: the vendor's default

	// IdempotencyKey makes every submit of it one call, also long after the end
	// (records.key_retention). Empty: each submit is a new call.
	IdempotencyKey string            `json:"idempotency_key,omitempty"`
	Priority       Priority          `json:"priority,omitempty"`
	NotBefore      time.Time         `json:"not_before,omitzero"`
	ExpiresAt      time.Time         `json:"expires_at,omitzero"`  // a job not sent by then ends expired
	ExpiresIn      time.Duration     `json:"expires_in,omitempty"` // instead of ExpiresAt; both unset: 24 h after acceptance
	Tags           map[string]string `json:"tags,omitempty"`
	EventURL       string            `json:"event_url,omitempty"`
}

// Receipt is the answer to an accepted job.
type Receipt struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Kind    Kind   `json:"kind"`
	// State is "queued", or "accepted" where the queue could not be reached and a
	// worker will bring the job there; for a duplicate, the first submit's state.
	State     string `json:"state"`
	Duplicate bool   `json:"duplicate"`
}

// FieldError is a job that cannot be accepted: which field, and what to do.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error implements error. It quotes no number and no parameter.
func (e *FieldError) Error() string { return e.Field + ": " + e.Message }

func fieldErrorf(field, format string, a ...any) *FieldError {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, a...)}
}
