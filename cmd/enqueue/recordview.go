package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// recordJSON is a record as status prints it. What is not known is left out,
// apart from the fields that every job has.
type recordJSON struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"`
	Account   string            `json:"account"`
	Vendor    string            `json:"vendor"`
	State     record.State      `json:"state"`
	Cause     string            `json:"cause"`
	Hold      *holdJSON         `json:"hold,omitempty"` // only while held
	VendorID  string            `json:"vendor_id"`
	Attempts  int               `json:"attempts"`
	To        string            `json:"to"` // masked
	CreatedAt time.Time         `json:"created_at,omitzero"`
	ExpiresAt time.Time         `json:"expires_at,omitzero"`
	NotBefore time.Time         `json:"not_before,omitzero"`
	EndedAt   time.Time         `json:"ended_at,omitzero"`
	Priority  string            `json:"priority"`
	Tags      map[string]string `json:"tags,omitempty"`
	Code      string            `json:"vendor_code,omitempty"`
	Text      string            `json:"vendor_text,omitempty"`
	SIP       int               `json:"sip,omitempty"`
	Duration  *float64          `json:"duration_seconds,omitempty"`
	Billable  *bool             `json:"billable,omitempty"`
	Timeline  []entryJSON       `json:"timeline"`
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
	if r.State != record.Held {
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

func viewOf(r *record.Record) recordJSON {
	clean := cleaner(r)
	v := recordJSON{
		ID: r.ID, Kind: r.Kind, Account: r.Account, Vendor: r.Vendor, State: r.State, Cause: clean(r.Cause),
		Hold: holdOf(r), VendorID: clean(r.VendorID), Attempts: r.Attempts, To: clean(r.To),
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt), NotBefore: utc(r.NotBefore), EndedAt: utc(r.EndedAt),
		Priority: r.Priority, Code: clean(r.VendorCode), Text: clean(r.VendorText), SIP: r.SIP, Billable: r.Billable,
		Timeline: []entryJSON{},
	}
	if r.Duration != nil {
		seconds := r.Duration.Seconds()
		v.Duration = &seconds
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

// cleaner hides the callee's number where a vendor's words or the application's
// own tags repeat it. It hides nothing else: ids are long numbers too.
func cleaner(r *record.Record) func(string) string {
	content, err := tasks.DecodeContent(tasks.KindNotify, r.Content)
	if err != nil {
		return func(s string) string { return s } // the record knows no number in clear
	}
	masked := phone.Mask(content.To)
	return func(s string) string {
		s = strings.ReplaceAll(s, content.To, masked)
		return numberLike.ReplaceAllStringFunc(s, func(written string) string {
			if n, err := phone.Parse(written); err == nil && n.Digits() == content.To {
				return masked
			}
			return written
		})
	}
}

// printTable writes the record for people.
func printTable(w io.Writer, v recordJSON) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, value)
		}
	}
	line("id", v.ID)
	line("job", fmt.Sprintf("%s by %s (%s), %s", v.Kind, v.Account, v.Vendor, v.Priority))
	line("to", v.To)
	line("state", string(v.State))
	line("cause", v.Cause)
	if v.Hold != nil {
		line("held", v.Hold.words())
	}
	line("attempts", fmt.Sprint(v.Attempts))
	line("vendor id", v.VendorID)
	line("vendor says", strings.TrimSpace(v.Code+" "+v.Text))
	if v.SIP != 0 {
		line("sip", fmt.Sprint(v.SIP))
	}
	if v.Duration != nil {
		line("duration", fmt.Sprintf("%gs", *v.Duration))
	}
	if v.Billable != nil {
		line("billable", fmt.Sprint(*v.Billable))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Tags)) {
		line("tag", name+"="+v.Tags[name])
	}
	line("created", clock(v.CreatedAt))
	line("not before", clock(v.NotBefore))
	line("expires", clock(v.ExpiresAt))
	line("ended", clock(v.EndedAt))
	fmt.Fprintln(table, "timeline") // no cell: the columns above end here
	for _, e := range v.Timeline {
		fmt.Fprintf(table, "  %s\t%s\n", clock(e.At), strings.TrimSpace(string(e.State)+"  "+e.Detail))
	}
	if err := table.Flush(); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	return nil
}

// clock is a time for people: of their own zone, to the millisecond.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02T15:04:05.000Z07:00")
}
