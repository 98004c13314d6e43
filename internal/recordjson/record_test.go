package recordjson

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

func written(t *testing.T, r, parent *record.Record) string {
	t.Helper()
	raw, err := json.Marshal(Of(r, parent))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// What every job has is always written, and nothing else.
func TestOfARecordThatKnowsNothing(t *testing.T) {
	const want = `{"id":"g.a","kind":"notify","account":"","vendor":"","state":"accepted","cause":"","revision":0,` +
		`"vendor_id":"","attempts":0,"to":"","priority":"","timeline":[]}`
	if got := written(t, &record.Record{ID: "g.a", Kind: "notify", State: record.Accepted, HoldReason: "window"}, nil); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOfARecord(t *testing.T) {
	billed, at := 61500*time.Millisecond, time.Date(2026, 11, 22, 18, 0, 0, 5e6, time.FixedZone("", 8*3600))
	yes := true
	r := &record.Record{
		ID: "g.a", Kind: string(tasks.KindBind), Account: "i", Vendor: "interline", Priority: "normal", State: record.Held,
		HoldReason: "retry", HoldUntil: at, Revision: 3, Attempts: 2, To: "139****9007", VendorID: "S1", VendorText: "of 13800138007",
		Content: `{"x":"17000000007","a":"13800138007","b":"13900139007"}`, Tags: map[string]string{"13800138007": "17000000007"},
		Facts: record.Facts{Billed: &billed, Billable: &yes, UserData: "139-0013-9007", Answered: at}, EndedAt: at,
		Timeline: []record.Entry{{At: at, State: record.Held, Detail: "x 17000000007"}},
	}
	const own = `{"id":"g.a","kind":"bind","account":"i","vendor":"interline","state":"held","cause":"","revision":3,` +
		`"hold":{"reason":"retry","until":"2026-11-22T10:00:00.005Z"},"vendor_id":"S1","attempts":2,"to":"139****9007",` +
		`"ended_at":"2026-11-22T10:00:00.005Z","priority":"normal","tags":{"138****8007":"170****0007"},"vendor_text":"of 138****8007",` +
		`"billed_seconds":61.5,"billable":true,"user_data":"139****9007","answered_at":"2026-11-22T10:00:00.005Z",` +
		`"timeline":[{"at":"2026-11-22T10:00:00.005Z","state":"held","detail":"x 170****0007"}]}`
	if got := written(t, r, nil); got != own {
		t.Errorf("got  %s\nwant %s", got, own)
	}

	call := &record.Record{
		ID: "g.a/1", Kind: "call", State: record.Completed, Parent: "g.a", Cause: "answered", VendorText: "from 13800138007 to 13900139007",
		Shut: &record.Gate{Reason: "halt"},
	}
	const child = `{"id":"g.a/1","kind":"call","account":"","vendor":"","state":"completed","cause":"answered","revision":0,` +
		`"hold":{"reason":"halt"},"vendor_id":"","parent":"g.a","attempts":0,"to":"","priority":"",` +
		`"vendor_text":"from 138****8007 to 139****9007","timeline":[]}`
	if got := written(t, call, r); got != child {
		t.Errorf("got  %s\nwant %s", got, child)
	}
	if got := Of(call, nil).Text; got != call.VendorText {
		t.Errorf("without the binding nobody knows its numbers: %q", got)
	}
}

// A call and those that are made again after it name each other.
func TestOfARedial(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	first := &record.Record{ID: "g.a", Kind: "notify", State: record.Busy, Redial: "g.ar1"}
	const want = `{"id":"g.a","kind":"notify","account":"","vendor":"","state":"busy","cause":"","revision":0,` +
		`"vendor_id":"","redial":"g.ar1","attempts":0,"to":"","priority":"","timeline":[]}`
	if got := written(t, first, nil); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	again := &record.Record{
		ID: "g.ar1", Kind: "notify", State: record.Held, HoldReason: record.HoldRedial, HoldUntil: at, Redial: "g.ar2", RedialOf: "g.a", RedialNumber: 1,
	}
	const wantAgain = `{"id":"g.ar1","kind":"notify","account":"","vendor":"","state":"held","cause":"","revision":0,` +
		`"hold":{"reason":"redial","until":"2026-11-22T10:00:00Z"},"vendor_id":"","redial":"g.ar2","redial_of":"g.a","redial_number":1,` +
		`"attempts":0,"to":"","priority":"","timeline":[]}`
	if got := written(t, again, nil); got != wantAgain {
		t.Errorf("got  %s\nwant %s", got, wantAgain)
	}
}

// The X that callpacer chose is told, for nobody else knows it; one that was given is
// masked, and neither is told in a vendor's words.
func TestOfAChosenNumber(t *testing.T) {
	const number = "17000000007"
	r := &record.Record{
		ID: "g.b", Kind: string(tasks.KindBind), State: record.Active, X: number, Chosen: true,
		Content: `{"mode":"axb","x":"17000000007","a":"13800138007","b":"13900139007"}`, VendorText: number + " bound",
	}
	if v := Of(r, nil); v.X != number || v.Text != "170****0007 bound" {
		t.Errorf("x %q, text %q", v.X, v.Text)
	}
	r.Chosen = false
	if v := Of(r, nil); v.X != "170****0007" {
		t.Errorf("x that was given: %q", v.X)
	}
}
