package event

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// told is the body of a job's event as applications hear it.
func told(t *testing.T, r *record.Record) string {
	t.Helper()
	e := record.Event{ID: r.ID + ":1", Job: r.ID, Revision: 1, At: time.UnixMilli(4073590800500), Record: r}
	raw, err := body(e, func(r *record.Record) any { return recordjson.Of(r, nil) })
	if err != nil || !json.Valid(raw) {
		t.Fatalf("%s, %v", raw, err)
	}
	return string(raw)
}

// A message over a binding is no call, and nobody hears what it said.
func TestAMessageIsToldAsOne(t *testing.T) {
	got := told(t, &record.Record{
		ID: "interline.b/t1", Kind: record.KindSMS, State: record.Completed, Parent: "interline.b", Revision: 1,
		From: "138****8007", To: "139****9007", Facts: record.Facts{Began: time.UnixMilli(4073590800000)},
	})
	for _, want := range []string{
		`{"type":"sms.completed","timestamp":"2099-02-01T01:00:00.5Z","data":{"id":"interline.b/t1","kind":"sms",`,
		`"parent":"interline.b"`, `"from":"138****8007"`, `"began_at":"2099-02-01T01:00:00Z"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	call := record.Event{Record: &record.Record{Kind: "call", State: record.Completed}}
	if Type(call) != "call.completed" {
		t.Errorf("a call over a binding is %s", Type(call))
	}
}

// The end of a call tells which job calls again, and that job's events which one it
// calls again after.
func TestARedialIsTold(t *testing.T) {
	for want, r := range map[string]*record.Record{
		`"type":"call.busy"|"redial":"jumdata.ar1"`: {ID: "jumdata.a", Kind: "notify", State: record.Busy, Redial: "jumdata.ar1"},
		`"type":"call.completed"|"redial_of":"jumdata.a"|"redial_number":1`: {
			ID: "jumdata.ar1", Kind: "notify", State: record.Completed, RedialOf: "jumdata.a", RedialNumber: 1,
		},
	} {
		got := told(t, r)
		for _, part := range strings.Split(want, "|") {
			if !strings.Contains(got, part) {
				t.Errorf("%s lacks %s", got, part)
			}
		}
	}
	if got := told(t, &record.Record{ID: "jumdata.a", Kind: "notify", State: record.Busy}); strings.Contains(got, "redial") {
		t.Errorf("nobody calls again: %s", got)
	}
}

// Whose X was chosen hears which it is with the binding.
func TestTheNumberThatWasChosenIsTold(t *testing.T) {
	r := &record.Record{
		ID: "interline.b", Kind: "bind", State: record.Active, X: "17000000007", Chosen: true, Content: `{"x":"17000000007","a":"13800138007"}`,
	}
	if got := told(t, r); !strings.Contains(got, `"type":"binding.active"`) || !strings.Contains(got, `"x":"17000000007"`) {
		t.Error(got)
	}
}
