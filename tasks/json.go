package tasks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MarshalJSON implements json.Marshaler: expires_in and ttl are durations in
// words ("2h"), and what is not set is left out.
func (j Job) MarshalJSON() ([]byte, error) {
	type plain Job // the same fields, without this method
	b, err := json.Marshal(struct {
		plain
		ExpiresIn words `json:"expires_in,omitempty"`
		TTL       words `json:"ttl,omitempty"`
	}{plain(j), words(j.ExpiresIn), words(j.TTL)})
	if err != nil {
		return nil, fmt.Errorf("encode a job: %w", err)
	}
	return b, nil
}

// UnmarshalJSON implements json.Unmarshaler. It is strict, for a misspelt field
// would change what is said to somebody: an unknown field, one given twice and
// one of the wrong type are a *FieldError. Fields that are absent or null keep
// the value they have in j.
func (j *Job) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	switch start, err := d.Token(); {
	case err != nil:
		return fmt.Errorf("read a job: %w", err)
	case start == nil: // null
		return nil
	case start != json.Delim('{'):
		return errors.New("read a job: it is not a JSON object")
	}
	seen := make(map[string]bool)
	for d.More() {
		var value json.RawMessage
		token, err := d.Token()
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			return fmt.Errorf("read a job: %w", err)
		}
		name, _ := token.(string) // the keys of an object are strings
		if seen[name] {
			return fieldErrorf(name, "is given twice")
		}
		seen[name] = true
		if err := j.set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// set reads one field; the error is a *FieldError and quotes no value.
func (j *Job) set(name string, value json.RawMessage) error {
	target, shape := j.field(name)
	switch {
	case target == nil:
		return fieldErrorf(name, "is not a field of a job")
	case !utf8.Valid(value):
		return fieldErrorf(name, "is not UTF-8")
	case json.Unmarshal(value, target) != nil:
		return fieldErrorf(name, "must be %s", shape)
	}
	return nil
}

// field returns where a field is kept and what it looks like, or nil.
func (j *Job) field(name string) (target any, shape string) {
	const (
		text     = "a string"
		list     = "a list of strings"
		instant  = "a time such as \"2026-01-02T09:00:00+08:00\""
		duration = "a duration such as \"2h\""
	)
	fields := map[string]struct {
		target any
		shape  string
	}{
		"kind": {&j.Kind, text}, "account": {&j.Account, text}, "priority": {&j.Priority, text},
		"to": {&j.To, text}, "template": {&j.Template, text}, "params": {&j.Params, list}, "times": {&j.Times, "a whole number"},
		"from": {&j.From, text}, "mode": {&j.Mode, text}, "x": {&j.X, text}, "a": {&j.A, text}, "b": {&j.B, text},
		"ttl": {(*words)(&j.TTL), duration}, "record": {&j.Record, "true or false"}, "display": {&j.Display, text},
		"prompts": {&j.Prompts, list}, "answer_prompts": {&j.AnswerPrompts, list}, "user_data": {&j.UserData, text},
		"job": {&j.Binding, text}, "subid": {&j.Subid, text}, "vendor_id": {&j.VendorID, text},
		"idempotency_key": {&j.IdempotencyKey, text}, "not_before": {&j.NotBefore, instant},
		"expires_at": {&j.ExpiresAt, instant}, "expires_in": {(*words)(&j.ExpiresIn), duration},
		"tags": {&j.Tags, "an object of strings"}, "event_url": {&j.EventURL, text},
	}
	f := fields[name]
	return f.target, f.shape
}

// words is a duration that is text in JSON, and nothing but text.
type words time.Duration

// MarshalText implements encoding.TextMarshaler: "2h" rather than "2h0m0s".
func (w words) MarshalText() ([]byte, error) {
	s := time.Duration(w).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return []byte(s), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *words) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("not a duration: %w", err)
	}
	*w = words(d)
	return nil
}
