// Package recordjson is the JSON form of a record: what status prints, and what
// applications are told in events. Numbers are masked in it, wherever they stand, but
// for the middle number that somebody is to dial.
package recordjson

import (
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// Record is a record for machines. What is not known is left out, apart from the
// fields that every job has. Times are in UTC.
type Record struct {
	ID           string            `json:"id"`
	Kind         string            `json:"kind"`
	Account      string            `json:"account"`
	Vendor       string            `json:"vendor"`
	State        record.State      `json:"state"`
	Cause        string            `json:"cause"`
	Revision     int               `json:"revision"`       // rises with every change that the application is to hear of
	Hold         *Hold             `json:"hold,omitempty"` // only while held, or while its lane is shut
	VendorID     string            `json:"vendor_id"`      // of a binding: its subid
	VendorTask   string            `json:"vendor_task,omitempty"`
	Parent       string            `json:"parent,omitempty"`        // of a call or message over a binding: the binding's id
	Redial       string            `json:"redial,omitempty"`        // the job that calls again
	RedialOf     string            `json:"redial_of,omitempty"`     // it calls again after this job
	RedialNumber int               `json:"redial_number,omitempty"` // for the n-th time
	Attempts     int               `json:"attempts"`
	To           string            `json:"to"`             // masked; of a binding: B
	From         string            `json:"from,omitempty"` // masked; of a binding: A
	X            string            `json:"x,omitempty"`    // of a binding: masked, unless callpacer chose it; of a connection: the number to dial
	CreatedAt    time.Time         `json:"created_at,omitzero"`
	ExpiresAt    time.Time         `json:"expires_at,omitzero"`
	NotBefore    time.Time         `json:"not_before,omitzero"`
	EndsAt       time.Time         `json:"ends_at,omitzero"` // of a binding
	EndedAt      time.Time         `json:"ended_at,omitzero"`
	Priority     string            `json:"priority"`
	Tags         map[string]string `json:"tags,omitempty"`
	Code         string            `json:"vendor_code,omitempty"`
	Text         string            `json:"vendor_text,omitempty"`
	Facts
	File     *File   `json:"recording_file,omitempty"` // what became of the call's audio
	Timeline []Entry `json:"timeline"`
}

// File is where a call's audio is kept, or why it is not yet.
type File struct {
	State  record.FetchState `json:"state"` // due, stored or lost
	URL    string            `json:"url,omitempty"`
	SHA256 string            `json:"sha256,omitempty"`
	Size   int64             `json:"size,omitempty"` // bytes
	Type   string            `json:"type,omitempty"`
	Until  time.Time         `json:"until,omitzero"` // due: the vendor keeps it no longer
	Why    string            `json:"why,omitempty"`  // the last try failed
}

func fileOf(f record.File, clean func(string) string) *File {
	if f.Fetch == "" {
		return nil
	}
	out := &File{State: f.Fetch, URL: f.URL, SHA256: f.SHA256, Size: f.Size, Type: f.Type, Why: clean(f.Why)}
	if f.Fetch == record.FetchDue {
		out.Until = utc(f.Until)
	}
	return out
}

// Facts is what the vendor told of a call.
type Facts struct {
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

// Hold is why a job waits, or its lane is shut, and until when.
type Hold struct {
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"` // zero: not known
}

// Entry is one line of a job's timeline.
type Entry struct {
	At     time.Time    `json:"at"`
	State  record.State `json:"state"`
	Detail string       `json:"detail"`
}

func holdOf(r *record.Record) *Hold {
	switch {
	case r.Shut != nil:
		return &Hold{Reason: r.Shut.Reason, Until: utc(r.Shut.Until)}
	case r.State == record.Held:
	default:
		return nil
	}
	return &Hold{Reason: r.HoldReason, Until: utc(r.HoldUntil)}
}

// String is the hold in words.
func (h Hold) String() string {
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

// xOf shows the middle number that callpacer chose: its application learns it nowhere
// else.
func xOf(r *record.Record, clean func(string) string) string {
	if r.Chosen {
		return r.X
	}
	return clean(r.X)
}

// Of returns r for machines. The parent of a call or message over a binding knows the
// numbers that are not to be seen in its record; nil: r has none, or it is gone.
func Of(r, parent *record.Record) Record {
	clean := cleaner(r, parent)
	v := Record{
		ID: r.ID, Kind: r.Kind, Account: r.Account, Vendor: r.Vendor, State: r.State, Cause: clean(r.Cause), Revision: r.Revision,
		Hold: holdOf(r), VendorID: clean(r.VendorID), VendorTask: clean(r.VendorTask), Parent: r.Parent,
		Redial: r.Redial, RedialOf: r.RedialOf, RedialNumber: r.RedialNumber, Attempts: r.Attempts,
		To: clean(r.To), From: clean(r.From), X: xOf(r, clean),
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt), NotBefore: utc(r.NotBefore), EndsAt: utc(r.EndsAt), EndedAt: utc(r.EndedAt),
		Priority: r.Priority, Code: clean(r.VendorCode), Text: clean(r.VendorText),
		Facts:    factsOf(r.Facts, clean),
		File:     fileOf(r.File, clean),
		Timeline: []Entry{},
	}
	for name, value := range r.Tags {
		if v.Tags == nil {
			v.Tags = map[string]string{}
		}
		v.Tags[clean(name)] = clean(value)
	}
	for _, e := range r.Timeline {
		v.Timeline = append(v.Timeline, Entry{At: utc(e.At), State: e.State, Detail: clean(e.Detail)})
	}
	return v
}

func factsOf(f record.Facts, clean func(string) string) Facts {
	return Facts{
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
