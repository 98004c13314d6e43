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
	KindNotify    Kind = "notify"    // play a template or a file to one phone
	KindConnect   Kind = "connect"   // connect two phones through a middle number
	KindBind      Kind = "bind"      // bind a privacy number
	KindUnbind    Kind = "unbind"    // release a privacy number
	KindPoll      Kind = "poll"      // ask a vendor how a call ended
	KindRecording Kind = "recording" // fetch the audio of a call
	KindAccount   Kind = "account"   // ask a vendor how the account stands
	KindPush      Kind = "push"      // process one push of a vendor; never a job
)

// Priority chooses the queue of a lane.
type Priority string

// The priorities; the empty one is normal.
const (
	Urgent Priority = "urgent"
	Normal Priority = "normal"
	Bulk   Priority = "bulk"
)

// The modes of a binding.
const (
	ModeAXB = "axb" // A and B reach each other through X
	ModeXA  = "xa"  // whoever calls X reaches A
)

// AutoX as the X of a bind has a worker choose a free number of the account's pool. The
// job's record tells which.
const AutoX = "auto"

// Job is one wish of an application. Field names in JSON are those of the
// command line and the HTTP API. Which fields a kind takes is checked: one that
// it does not take is an error.
type Job struct {
	Kind    Kind   `json:"kind"`    // empty: notify
	Account string `json:"account"` // as configured at the workers

	// notify; To also connect (the callee) and poll (the number called).
	To       string   `json:"to,omitempty"`       // separators are taken off
	Template string   `json:"template,omitempty"` // the vendor's template or file id
	Params   []string `json:"params,omitempty"`   // template variables, in order
	Times    int      `json:"times,omitempty"`    // how often to play; 0: the vendor's default

	From string `json:"from,omitempty"` // connect: the caller

	// bind and unbind.
	Mode          string        `json:"mode,omitempty"` // axb or xa; empty: axb
	X             string        `json:"x,omitempty"`    // the privacy number; bind: or AutoX
	A             string        `json:"a,omitempty"`
	B             string        `json:"b,omitempty"`       // axb
	TTL           time.Duration `json:"ttl,omitempty"`     // whole seconds; xa: 0 is without end, where the account allows it
	Record        bool          `json:"record,omitempty"`  // record the calls
	Display       string        `json:"display,omitempty"` // axb: "0,0".."1,1" (what B sees, what A sees: 0 X, 1 the real number); xa: "0" or "1"
	Prompts       []string      `json:"prompts,omitempty"` // ids of announcements before the connection; axb: up to 3 (B to X, A to X, others to X), xa: 1
	AnswerPrompts []string      `json:"answer_prompts,omitempty"`
	UserData      string        `json:"user_data,omitempty"` // told again with each call

	Binding  string `json:"job,omitempty"`       // unbind: the bind job's id, whose record must be there
	Subid    string `json:"subid,omitempty"`     // unbind: the binding at the vendor
	VendorID string `json:"vendor_id,omitempty"` // poll, recording: the call at the vendor

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
	// worker will bring the job there; "submitted" for a poll, whose call exists;
	// for a duplicate, the first submit's state.
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
