package main

import (
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// recordJSON is a record as status prints it. What is not known is left out,
// apart from the fields that every job has.
type recordJSON struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind"`
	Account    string            `json:"account"`
	Vendor     string            `json:"vendor"`
	State      record.State      `json:"state"`
	Cause      string            `json:"cause"`
	Hold       *holdJSON         `json:"hold,omitempty"` // only while held, or while its lane is shut
	VendorID   string            `json:"vendor_id"`      // of a binding: its subid
	VendorTask string            `json:"vendor_task,omitempty"`
	Parent     string            `json:"parent,omitempty"` // of a call over a binding: the binding's id
	Attempts   int               `json:"attempts"`
	To         string            `json:"to"`             // masked; of a binding: B
	From       string            `json:"from,omitempty"` // masked; of a binding: A
	X          string            `json:"x,omitempty"`    // of a binding: masked; of a connection: the number to dial
	CreatedAt  time.Time         `json:"created_at,omitzero"`
	ExpiresAt  time.Time         `json:"expires_at,omitzero"`
	NotBefore  time.Time         `json:"not_before,omitzero"`
	EndsAt     time.Time         `json:"ends_at,omitzero"` // of a binding
	EndedAt    time.Time         `json:"ended_at,omitzero"`
	Priority   string            `json:"priority"`
	Tags       map[string]string `json:"tags,omitempty"`
	Code       string            `json:"vendor_code,omitempty"`
	Text       string            `json:"vendor_text,omitempty"`
	factsJSON
	Timeline []entryJSON `json:"timeline"`
}

// factsJSON is what the vendor told of a call.
type factsJSON struct {
	SIP       int      `json:"sip,omitempty"`
	Q850      int      `json:"q850,omitempty"`
	Duration  *float64 `json:"duration_seconds,omitempty"`
	Billed    *float64 `json:"billed_seconds,omitempty"`
	Billable  *bool    `json:"billable,omitempty"`
	Cost      string   `json:"cost,omitempty"`
	Currency  string   `json:"currency,omitempty"`
	DTMF      string   `json:"dtmf,omitempty"`
	HangupBy  string   `json:"hangup_by,omitempty"`
	Recording string   `json:"recording,omitempty"`
	UserData  string   `json:"user_data,omitempty"` // what the application gave with the binding
	// The vendor's times.
	Began    time.Time `json:"began_at,omitzero"`
	Answered time.Time `json:"answered_at,omitzero"`
	Released time.Time `json:"released_at,omitzero"`
	Conflict bool      `json:"conflict,omitempty"` // its own fields contradict each other
}

type holdJSON struct {
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

type entryJSON struct {
	At     time.Time    `json:"at"`
	State  record.State `json:"state"`
	Detail string       `json:"detail"`
}

func holdOf(r *record.Record) *holdJSON {
	switch {
	case r.Shut != nil:
		return &holdJSON{Reason: r.Shut.Reason, Until: utc(r.Shut.Until)}
	case r.State == record.Held:
	default:
		return nil
	}
	return &holdJSON{Reason: r.HoldReason, Until: utc(r.HoldUntil)}
}

func (h holdJSON) words() string {
	if h.Until.IsZero() {
		return h.Reason
	}
	return h.Reason + " until " + h.Until.Format(time.RFC3339Nano)
}

// utc leaves the zero time zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

func (s sight) view() recordJSON {
	r, clean := s.rec, s.cleaner()
	v := recordJSON{
		ID: r.ID, Kind: r.Kind, Account: r.Account, Vendor: r.Vendor, State: r.State, Cause: clean(r.Cause),
		Hold: holdOf(r), VendorID: clean(r.VendorID), VendorTask: clean(r.VendorTask), Parent: r.Parent, Attempts: r.Attempts,
		To: clean(r.To), From: clean(r.From), X: clean(r.X),
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt), NotBefore: utc(r.NotBefore), EndsAt: utc(r.EndsAt), EndedAt: utc(r.EndedAt),
		Priority: r.Priority, Code: clean(r.VendorCode), Text: clean(r.VendorText),
		factsJSON: factsOf(r.Facts, clean),
		Timeline:  []entryJSON{},
	}
	for name, value := range r.Tags {
		if v.Tags == nil {
			v.Tags = map[string]string{}
		}
		v.Tags[clean(name)] = clean(value)
	}
	for _, e := range r.Timeline {
		v.Timeline = append(v.Timeline, entryJSON{At: utc(e.At), State: e.State, Detail: clean(e.Detail)})
	}
	return v
}

func factsOf(f record.Facts, clean func(string) string) factsJSON {
	return factsJSON{
		SIP: f.SIP, Q850: f.Q850, Duration: seconds(f.Duration), Billed: seconds(f.Billed), Billable: f.Billable,
		Cost: clean(f.Cost), Currency: clean(f.Currency), DTMF: clean(f.DTMF), HangupBy: clean(f.HangupBy),
		Recording: clean(f.Recording), UserData: clean(f.UserData),
		Began: utc(f.Began), Answered: utc(f.Answered), Released: utc(f.Released), Conflict: f.Conflict,
	}
}

func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := d.Seconds()
	return &s
}
