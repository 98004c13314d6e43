package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

func (o *office) bindInDoubt(mode string) string {
	return o.inDoubt(func(j *record.NewJob) {
		j.ID, j.Kind, j.TTL, j.Mode = "jumdata.bind", "bind", 3*time.Hour, mode
		j.Content = `{"mode":"` + mode + `","x":"17000000000","a":"13800000001","b":"13800000002","ttl":10800}`
	})
}

// A binding that has its number to itself is found by it once it stands.
func TestResolvedBindingIsFoundByItsNumber(t *testing.T) {
	for mode, want := range map[string]string{"xa": "jumdata.bind", "axb": ""} {
		redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
			o := newOffice(t, r, time.Hour)
			id := o.bindInDoubt(mode)
			if status, out, errs := o.run("resolve", id, "--as", "completed"); status != statusDone || out != id+" active (was in_doubt)\n" {
				t.Fatalf("status %d, %q, %q", status, out, errs)
			}
			got := ""
			leading, err := o.store.LeadingOn(t.Context(), "jumdata", "n")
			if leading != nil {
				got = leading.Job
			}
			if err != nil || got != want {
				t.Errorf("%s: the number leads to %q, %v", mode, got, err)
			}
		})
	}
}

// An unbind that took effect releases the binding that it names, and no other.
func TestResolvedUnbindReleases(t *testing.T) {
	for name, tt := range map[string]struct {
		content string
		change  func(*office)
		as      string
		want    record.State
	}{
		"by its job":                    {content: `{"job":"jumdata.bind"}`, want: record.Released},
		"by the vendor's id":            {content: `{"subid":"subid"}`, want: record.Released},
		"by its number":                 {content: `{"mode":"xa","x":"17000000000"}`, want: record.Released},
		"by a number of a later one":    {content: `{"mode":"xa","x":"17000000000"}`, change: func(o *office) { o.set("gen", time.Now().UnixMilli()) }, want: record.Active},
		"by its job, told later":        {content: `{"job":"jumdata.bind"}`, change: func(o *office) { o.set("since", time.Now().UnixMilli()) }, want: record.Released},
		"by an id of another account's": {content: `{"subid":"subid"}`, change: func(o *office) { o.set("account", "other") }, want: record.Active},
		"by no known id":                {content: `{"subid":"other"}`, want: record.Active},
		"not released":                  {content: `{"job":"jumdata.bind"}`, as: "failed", want: record.Active},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, redistest.Mini(t), time.Hour)
			bind := o.bindInDoubt("xa")
			called := func() {
				if _, _, err := o.store.Bound(t.Context(), bind, []string{"n"}, record.Names{VendorID: "subid"}, ""); err != nil {
					t.Fatal(err)
				}
			}
			called()
			o.sent = o.sent.Add(10 * time.Minute)
			unbind := o.inDoubt(func(j *record.NewJob) { j.ID, j.Kind, j.Content = "jumdata.unbind", "unbind", tt.content })
			if tt.change != nil {
				tt.change(o)
				called() // the ledger follows the record
			}
			if tt.as == "" {
				tt.as = "completed"
			}
			for range 2 {
				if status, _, errs := o.run("resolve", unbind, "--as", tt.as); status != statusDone {
					t.Fatalf("status %d, %q", status, errs)
				}
				if got := o.get(bind); got.State != tt.want {
					t.Errorf("the binding is %s, want %s", got.State, tt.want)
				}
			}
		})
	}
}

// set changes the binding's record behind everybody's back.
func (o *office) set(field string, value any) {
	o.t.Helper()
	if err := o.r.Client.HSet(o.t.Context(), "callpacer:{jumdata}:job:jumdata.bind", field, value).Err(); err != nil {
		o.t.Fatal(err)
	}
}
