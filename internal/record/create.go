package record

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

//go:embed lua/create.lua
var createBody string

//go:embed lua/queued.lua
var queuedBody string

//go:embed lua/missing.lua
var missingBody string

var (
	createScript  = NewScript("create record", createBody)
	queuedScript  = NewScript("mark queued", queuedBody)
	missingScript = NewScript("record a lost job", missingBody)
)

// NewJob is a job as its producer knows it.
type NewJob struct {
	ID, Account, Vendor, Kind, Priority string
	Keyed                               bool              // the id names an idempotency key
	Content                             string            // opaque to records
	Digest                              string            // of the content
	Parts                               map[string]string // field of the content -> digest, to name what differs
	Numbers                             []string          // lookup keys of the numbers under the rules
	Mode                                string            // of a binding
	Parties                             []string          // of a binding: lookup keys of A and B
	To, From, X                         string            // masked, for people
	RequestID                           string            // the same in every request of the job, for vendors that know one
	TTL                                 time.Duration     // of a binding; 0: without end
	Asks                                string            // the vendor's id of a call that exists: the job only asks how it ends
	Tags                                map[string]string
	EventURL                            string
	Tells                               bool   // its application hears of its changes
	SubmitToken                         string // of this submit: its own repeat is no duplicate
	NotBefore                           time.Time
	ExpiresAt                           time.Time     // zero: ExpiresIn after acceptance
	ExpiresIn                           time.Duration // used where ExpiresAt is zero
	MadeBy                              time.Time     // no record is made from then on; zero: whenever
	Retain, KeyRetain                   time.Duration // after the end
}

// Created is what stands under the job's id after Create.
type Created struct {
	State     State
	Duplicate bool              // an earlier submit's job
	Differs   map[string]string // not nil: the id holds other content; its parts
	TooLate   bool              // it would have expired already, or it is MadeBy; nothing was written
}

// Create writes the record in state accepted, or says what stands there.
func (s *Store) Create(ctx context.Context, j NewJob) (Created, error) {
	args, err := j.arguments()
	if err != nil {
		return Created{}, err
	}
	answer, err := s.Run(ctx, createScript, j.ID, nil, args)
	if err != nil {
		return Created{}, err
	}
	return readCreated(answer)
}

func (j NewJob) arguments() (map[string]any, error) {
	fields, err := j.fields()
	if err != nil {
		return nil, err
	}
	parts, err := json.Marshal(j.Parts)
	if err != nil {
		return nil, fmt.Errorf("create record: %w", err)
	}
	var expires int64
	if !j.ExpiresAt.IsZero() {
		expires = j.ExpiresAt.UnixMilli()
	}
	var madeBy int64
	if !j.MadeBy.IsZero() {
		madeBy = j.MadeBy.UnixMilli()
	}
	return map[string]any{
		"made_by": madeBy, "token": j.SubmitToken, "digest": j.Digest, "parts": string(parts), "fields": fields,
		"expires_at": expires, "expires_in": j.ExpiresIn.Milliseconds(), "asks": j.Asks != "",
	}, nil
}

func readCreated(answer []string) (Created, error) {
	switch at(answer, 0) {
	case "created":
		return Created{State: State(at(answer, 1))}, nil
	case "repeated":
		return Created{State: State(at(answer, 1))}, nil
	case "duplicate":
		return Created{State: State(at(answer, 1)), Duplicate: true}, nil
	case "too_late":
		return Created{TooLate: true}, nil
	case "differs":
		c := Created{State: State(at(answer, 2)), Duplicate: true}
		if err := json.Unmarshal([]byte(at(answer, 1)), &c.Differs); err != nil {
			return Created{}, fmt.Errorf("create record: read the first submit's content: %w", err)
		}
		return c, nil
	}
	return Created{}, fmt.Errorf("create record: unexpected answer %q", answer)
}

func (j NewJob) fields() (map[string]string, error) {
	tags, err := json.Marshal(j.Tags)
	if err != nil {
		return nil, fmt.Errorf("create record: tags: %w", err)
	}
	keyed := "0"
	if j.Keyed {
		keyed = "1"
	}
	f := map[string]string{
		"account": j.Account, "vendor": j.Vendor, "kind": j.Kind, "priority": j.Priority,
		"keyed": keyed, "content": j.Content, "to": j.To,
		"retain_ms": ms(j.Retain), "key_retain_ms": ms(j.KeyRetain),
	}
	if len(j.Numbers) > 0 {
		f["numbers"] = strings.Join(j.Numbers, ",")
	}
	if j.TTL > 0 {
		f["ttl_ms"] = ms(j.TTL)
	}
	for name, value := range map[string]string{
		"from": j.From, "x": j.X, "request_id": j.RequestID, "vendor_id": j.Asks, "mode": j.Mode, "parties": strings.Join(j.Parties, ","),
	} {
		if value != "" {
			f[name] = value
		}
	}
	if len(j.Tags) > 0 {
		f["tags"] = string(tags)
	}
	if j.EventURL != "" {
		f["event_url"] = j.EventURL
	}
	if j.Tells {
		f["tells"] = "1"
	}
	if !j.NotBefore.IsZero() {
		f["not_before"] = unixMilli(j.NotBefore)
	}
	return f, nil
}

// MarkQueued says that asynq holds the job under the task id, and returns the
// state that the record has then: a worker may have been faster.
func (s *Store) MarkQueued(ctx context.Context, id, task string) (State, error) {
	answer, err := s.Run(ctx, queuedScript, id, nil, map[string]any{"task": task})
	return State(at(answer, 0)), err
}

// LostJob is what is known of a job whose record is gone.
type LostJob struct {
	Account, Vendor, Kind string
	Retain                time.Duration // of the record that says so
	Tells                 bool          // the application is to hear of it
}

// Missing says what to tell of a job whose task came without a record: the
// state in which a key marker saw it end, or else a new record that says unknown.
func (s *Store) Missing(ctx context.Context, id string, l LostJob) (State, error) {
	fields := map[string]string{"account": l.Account, "vendor": l.Vendor, "kind": l.Kind, "retain_ms": ms(l.Retain)}
	if l.Tells {
		fields["tells"] = "1"
	}
	answer, err := s.Run(ctx, missingScript, id, nil, map[string]any{"fields": fields})
	return State(at(answer, 0)), err
}
