package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// started enqueues one of the jobs of oneOfEach and returns its id.
func started(t *testing.T, r *redistest.Redis, name string, more ...string) string {
	t.Helper()
	args := append(append(oneOfEach()[name].args, "--json"), more...)
	return on(t, r, args...).want(0, "{", "").only()["id"].(string)
}

func TestStatusTellsTheFacts(t *testing.T) {
	r := allVendors(t)
	id := started(t, r, "connect")
	set(t, r, id, "state", "completed", "rank", 9, "cause", "answered", "vendor_id", "s1", "vendor_task", "t1", "x", "170****0007",
		"duration_ms", 61500, "billed_ms", 120000, "billable", 1, "cost", "0.0450", "currency", "CNY", "dtmf", "1#", "sip", 200, "q850", 16,
		"hangup_by", "callee", "recording", "https://example.com/r/"+aNumber+".mp3", "conflict", 1, "ends_at", 4073590800500,
		"user_data", "order 7 of "+aNumber, "began_at", 1795341600250, "answered_at", 1795341605000, "released_at", 1795341666500)
	got := on(t, r, "status", id, "--json").want(0, "{", "").only()
	for field, want := range map[string]any{
		"kind": "connect", "from": "138****8007", "to": "020****6607", "x": "170****0007", "vendor_task": "t1", "duration_seconds": 61.5,
		"billed_seconds": 120.0, "billable": true, "cost": "0.0450", "currency": "CNY", "dtmf": "1#", "sip": 200.0, "q850": 16.0,
		"hangup_by": "callee", "recording": "https://example.com/r/138****8007.mp3", "conflict": true, "ends_at": "2099-02-01T01:00:00.5Z",
		"user_data": "order 7 of 138****8007", "began_at": "2026-11-22T10:00:00.25Z", "answered_at": "2026-11-22T10:00:05Z", "released_at": "2026-11-22T10:01:06.5Z",
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	o := on(t, r, "status", id).want(0, "connect by dingxin-main (dingxin), normal\n", "")
	for _, line := range []string{
		"from         138****8007", "to           020****6607", "x            170****0007", "vendor task  t1", "duration     61.5s", "billed       120s",
		"cost         0.0450 CNY", "dtmf         1#", "q850         16", "hung up by   callee", "recording    https://", "conflict     the", "ends         2099-",
		"user data    order 7 of 138****8007", "call began   2026-11-2", "answered     2026-11-2", "released     2026-11-2",
	} {
		o.want(0, "\n"+line, "")
	}
}

// Of a job that has no such facts nothing is told of them.
func TestStatusLeavesOutWhatIsNotKnown(t *testing.T) {
	r := allVendors(t)
	o := on(t, r, "status", started(t, r, "account interline"), "--json").want(0, `"to":""`, "")
	for _, field := range []string{"from", "x", "parent", "ends_at", "billed_seconds", "cost", "dtmf", "conflict", "recording", "vendor_task",
		"user_data", "began_at", "answered_at", "released_at"} {
		if _, told := o.only()[field]; told {
			t.Errorf("%s of a job that has none", field)
		}
	}
}

// Every number of a job is hidden wherever a text repeats it, in each form that
// a number is written in; other digits stay.
func TestStatusHidesEveryNumberOfTheContent(t *testing.T) {
	r := allVendors(t)
	id := started(t, r, "bind axb", "--tag", "who=+86 138-0013-8007", "--tag", "order=20261122000123")
	set(t, r, id, "state", "failed", "rank", 9, "cause", "conflict", "vendor_id", "69564903663951243279",
		"vendor_text", xNumber+" binds "+aNumber+" and 86"+number+", ０１７０ 139 0013 9007 12", "vendor_code", "1004",
		"at:9", "1700000000123 failed 8613800138007:"+number)
	o := on(t, r, "status", id, "--json").want(0, "{", "")
	got := o.only()
	tags, _ := got["tags"].(map[string]any)
	if tags["who"] != "+86 138****8007" || tags["order"] != "20261122000123" || got["vendor_id"] != "69564903663951243279" || got["vendor_code"] != "1004" {
		t.Errorf("tags %v, vendor %v %v", tags, got["vendor_id"], got["vendor_code"])
	}
	if want := "170****0007 binds 138****8007 and 86139****9007, ０１７０ 139****9007 12"; got["vendor_text"] != want {
		t.Errorf("text %q, want %q", got["vendor_text"], want)
	}
	if !strings.Contains(o.stdout, `"detail":"86138****8007:139****9007"`) {
		t.Errorf("timeline in %s", o.stdout)
	}
	if got["from"] != "138****8007" || got["to"] != masked || got["x"] != "170****0007" {
		t.Errorf("numbers %v %v %v", got["from"], got["to"], got["x"])
	}
}

// A call over a binding has a record without content: the binding's numbers are
// hidden in it.
func TestStatusOfACallOverABinding(t *testing.T) {
	r := allVendors(t)
	id := started(t, r, "bind axb")
	call := id + "/call-1"
	set(t, r, call, "kind", "call", "account", "interline-main", "vendor", "interline", "state", "completed", "rank", 9, "parent", id,
		"to", masked, "from", "138****8007", "vendor_text", "from "+aNumber+" to "+number, "billed_ms", 60000)
	got := on(t, r, "status", call, "--json").want(0, "{", "").only()
	if got["parent"] != id || got["vendor_text"] != "from 138****8007 to 139****9007" || got["billed_seconds"] != 60.0 {
		t.Errorf("record %v", got)
	}
	on(t, r, "status", call).want(0, "call over    "+id, "")
	set(t, r, call, "parent", "interline.gone")
	set(t, r, call, "vendor_text", "")
	on(t, r, "status", call, "--json").want(0, `"parent":"interline.gone"`, "")
}

func TestWaitEndsWhenTheBindingStands(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publishVendors(t, r)
		receipt, err := tasks.NewClient(r.Client).Enqueue(t.Context(), tasks.Job{
			Kind: tasks.KindBind, Account: "interline-main", X: xNumber, A: aNumber, B: number, TTL: time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		done := waiting(t.Context(), appOn(t, r), "status", receipt.ID, "--wait", "--timeout", "9h", "--json")
		for _, state := range []string{"submitting", "in_doubt", "submitted", "awaiting_dial"} {
			set(t, r, receipt.ID, "state", state)
			time.Sleep(time.Minute)
			synctest.Wait()
			if len(done) > 0 {
				t.Fatalf("it returned at %s", state)
			}
		}
		set(t, r, receipt.ID, "state", "active", "rank", 5, "ends_at", time.Now().Add(time.Hour).UnixMilli())
		(<-done).want(0, `"state":"active"`, receipt.ID+" is awaiting_dial\nenqueue: "+receipt.ID+" is active\n")

		g := appOn(t, r).stdin(strings.NewReader(`{"x":"17000000008","a":"` + aNumber + `","b":"` + number + `","ttl":"1h","idempotency_key":"k"}`))
		done = waiting(t.Context(), g, "import", "-", "--account", "interline-main", "--kind", "bind", "--wait", "--timeout", "9h", "--json")
		time.Sleep(time.Minute)
		synctest.Wait()
		again, err := tasks.NewClient(r.Client).Enqueue(t.Context(), tasks.Job{
			Kind: tasks.KindBind, Account: "interline-main", X: "17000000008", A: aNumber, B: number, TTL: time.Hour, IdempotencyKey: "k",
		})
		if err != nil || !again.Duplicate {
			t.Fatal(again, err)
		}
		set(t, r, again.ID, "state", "active", "rank", 5)
		o := (<-done).want(0, `"row":1,"id":"`+again.ID+`","state":"active","duplicate":false`, "1 accepted")
		if strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("an import tells the steps of its jobs: %s", o.stderr)
		}
	})
}

func TestCancelOfEveryKind(t *testing.T) {
	r := allVendors(t)
	for name := range oneOfEach() {
		id := started(t, r, name)
		on(t, r, "cancel", id, "--json").want(0, `"state":"canceled"`, "")
		on(t, r, "status", id, "--wait", "--json").want(0, `"state":"canceled"`, "")
	}
	id := started(t, r, "notify itnio")
	set(t, r, id, "state", "submitted", "rank", 2)
	on(t, r, "cancel", id, "--json").wantError("", "is submitted and cannot be canceled")
	id = started(t, r, "bind axb")
	set(t, r, id, "state", "active", "rank", 5)
	on(t, r, "cancel", id, "--json").wantError("", "is active and cannot be canceled any more; release it with: enqueue unbind --account interline-main --job "+id)
}
