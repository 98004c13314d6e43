package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

func TestStatusOfAQueuedJob(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		id := notify(t, r, "--tag", "order=7", "--not-before", "2099-01-31T09:00:00+08:00")
		got := on(t, r, "status", id, "--json").want(0, "{", "").only()
		keys := slices.Sorted(maps.Keys(got))
		want := []string{"account", "attempts", "cause", "created_at", "expires_at", "id", "kind", "not_before", "priority", "revision",
			"state", "tags", "timeline", "to", "vendor", "vendor_id"}
		if !slices.Equal(keys, want) {
			t.Errorf("fields %v", keys)
		}
		if got["to"] != masked || got["state"] != "queued" || got["vendor"] != "jumdata" || got["attempts"] != 0.0 || got["priority"] != "normal" {
			t.Errorf("record %v", got)
		}
		if got["not_before"] != "2099-01-31T01:00:00Z" || got["expires_at"] != "2099-02-01T01:00:00Z" {
			t.Errorf("times %v and %v", got["not_before"], got["expires_at"])
		}
		timeline, _ := got["timeline"].([]any)
		if len(timeline) != 2 {
			t.Fatalf("timeline %v", timeline)
		}
		entry, _ := timeline[0].(map[string]any)
		if entry["state"] != "accepted" || !slices.Equal(slices.Sorted(maps.Keys(entry)), []string{"at", "detail", "state"}) {
			t.Errorf("entry %v", entry)
		}
		if _, err := time.Parse(time.RFC3339, entry["at"].(string)); err != nil {
			t.Error(err)
		}
		on(t, r, "status", id).want(0, masked, "").want(0, "timeline\n", "").want(0, "tag         order=7\n", "")
	})
}

func TestStatusOfAnEndedJob(t *testing.T) {
	r := mini(t)
	id := notify(t, r, "--tag", "phone=139 0013 9007", "--tag", "order=20261122000123", "--tag", number+"=x")
	set(t, r, id, "state", "failed", "rank", 9, "cause", "blacklist", "vendor_id", "69564903663951243279", "attempts", 2,
		"vendor_code", "999", "vendor_text", "号码"+number+"在黑名单", "sip", 603, "duration_ms", 12500, "billable", 0,
		"ended_at", 1700000000123, "at:3", "1700000000123 failed told of "+number+" 12")
	o := on(t, r, "status", id, "--json").want(0, "{", "")
	got := o.only()
	for field, want := range map[string]any{
		"state": "failed", "cause": "blacklist", "vendor_id": "69564903663951243279", "attempts": 2.0, "vendor_code": "999",
		"vendor_text": "号码" + masked + "在黑名单", "sip": 603.0, "duration_seconds": 12.5, "billable": false,
		"ended_at": "2023-11-14T22:13:20.123Z",
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	tags, _ := got["tags"].(map[string]any)
	if tags["phone"] != masked || tags["order"] != "20261122000123" || tags[masked] != "x" {
		t.Errorf("tags %v", tags)
	}
	if strings.Contains(o.stdout, "139 0013") {
		t.Errorf("a number in %s", o.stdout)
	}
	if _, held := got["hold"]; held {
		t.Error("a hold of a job that is not held")
	}
	on(t, r, "status", id).want(0, "12.5s", "").want(0, "told of "+masked+" 12", "")
	on(t, r, "status", id, "--wait", "--json").want(0, `"state":"failed"`, "")
}

func TestStatusOfAHeldJob(t *testing.T) {
	r := mini(t)
	id := notify(t, r)
	set(t, r, id, "state", "held", "hold_reason", "per_number", "hold_until", 4073590800500)
	hold, _ := on(t, r, "status", id, "--json").want(0, "{", "").only()["hold"].(map[string]any)
	if want := (map[string]any{"reason": "per_number", "until": "2099-02-01T01:00:00.5Z"}); !maps.Equal(hold, want) {
		t.Errorf("hold %v, want %v", hold, want)
	}
	on(t, r, "status", id).want(0, "per_number until 2099-02-01T01:00:00.5Z", "")
}

func TestStatusOfNoJob(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		before := dump(t, r)
		for _, verb := range []string{"status", "cancel"} {
			on(t, r, verb, "jumdata.nothing", "--json").wantError("", "jumdata.nothing")
			on(t, r, verb, "jumdata.nothing").want(1, "", "jumdata.nothing")
			on(t, r, verb, "elsewhere.nothing").want(1, "", "elsewhere.nothing")
			on(t, r, verb, "nothing", "--json").wantError("", "<group>.<name>")
			on(t, r, verb, "jumdata.").want(1, "", "<group>.<name>")
			on(t, r, verb, number).want(1, "", masked)
			on(t, r, verb, "jumdata."+number).want(1, "", "jumdata."+masked)
		}
		on(t, r, "status", "jumdata.nothing", "--wait").want(1, "", "jumdata.nothing")
		if after := dump(t, r); !slices.Equal(before, after) {
			t.Errorf("looking wrote: before %v, after %v", before, after)
		}
	})
}

func TestStatusOfAGoneRecord(t *testing.T) {
	r := mini(t)
	id := notify(t, r, "--key", "k")
	end := func(state record.State) {
		if err := r.Client.Del(t.Context(), jobKey(id)).Err(); err != nil {
			t.Fatal(err)
		}
		if err := r.Client.HSet(t.Context(), "callpacer:{jumdata}:key:"+id, "state", string(state)).Err(); err != nil {
			t.Fatal(err)
		}
	}
	end(record.Completed)
	for _, args := range [][]string{{"status", id, "--json"}, {"status", id, "--json", "--wait"}} {
		got := on(t, r, args...).want(0, "{", "record of "+id+" is gone").only()
		if want := (map[string]any{"id": id, "state": "completed"}); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	on(t, r, "status", id).want(0, id+" completed\n", "is gone")
	on(t, r, "cancel", id, "--json").want(1, `"state":"completed"`, "is completed and cannot be canceled")
	end(record.Canceled)
	on(t, r, "cancel", id, "--json").want(0, `"state":"canceled"`, "")
}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		id := notify(t, r)
		for range 2 { // a second time says the same
			got := on(t, r, "cancel", id, "--json").want(0, "{", "").only()
			if want := (map[string]any{"id": id, "state": "canceled"}); !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		on(t, r, "status", id, "--json").want(0, `"state":"canceled"`, "")
		on(t, r, "cancel", id).want(0, id+" canceled\n", "")

		id = notify(t, r)
		set(t, r, id, "state", "submitting", "rank", 1)
		got := on(t, r, "cancel", id, "--json").want(0, "{", "only if nothing was placed").only()
		if want := (map[string]any{"id": id, "state": "submitting", "requested": true}); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		on(t, r, "cancel", id).want(0, "only if nothing was placed", "")
		rec, err := record.New(r.Client).Get(t.Context(), id)
		if err != nil || !rec.CancelRequested {
			t.Errorf("the wish is not in the record: %v", err)
		}

		set(t, r, id, "state", "submitted", "rank", 2)
		on(t, r, "cancel", id, "--json").wantError("", "is submitted")
		for _, state := range []string{"submitted", "ringing", "in_progress", "awaiting_dial"} {
			set(t, r, id, "state", state)
			on(t, r, "cancel", id).want(1, "", "is "+state+" and cannot be canceled any more; it will not be called again\n")
		}
		set(t, r, id, "state", "no_answer", "rank", 9)
		on(t, r, "cancel", id).want(1, "", "is no_answer and cannot be canceled any more\n")
		set(t, r, id, "kind", "recording", "state", "submitted", "rank", 2)
		on(t, r, "cancel", id).want(1, "", "is submitted and cannot be canceled any more\n")
	})
}

// called is a call that was busy, and the jobs that call again after it: of the last
// one the state is given, of those before it busy.
func called(t *testing.T, r *redistest.Redis, redials int, state ...any) string {
	t.Helper()
	id := notify(t, r)
	fields, err := r.Client.HGetAll(t.Context(), jobKey(id)).Result()
	if err != nil {
		t.Fatal(err)
	}
	before := id
	for n := range redials {
		again := fmt.Sprintf("%sr%d", id, n+1)
		set(t, r, again, fields)
		set(t, r, again, "redial_of", before, "redial_number", n+1)
		set(t, r, before, "state", "busy", "rank", 9, "cause", "busy", "redial", again)
		before = again
	}
	set(t, r, before, state...)
	return id
}

func TestStatusOfACallThatIsMadeAgain(t *testing.T) {
	r := mini(t)
	id := called(t, r, 2, "state", "held", "hold_reason", "redial", "hold_until", 4073590800500)
	on(t, r, "status", id).want(0, "called again by  "+id+"r1\n", "")
	got := on(t, r, "status", id+"r1", "--json").want(0, "{", "").only()
	if got["redial"] != id+"r2" || got["redial_of"] != id || got["redial_number"] != 1.0 || got["state"] != "busy" {
		t.Errorf("record %v", got)
	}
	got = on(t, r, "status", id+"r2", "--json").want(0, "{", "").only()
	hold, _ := got["hold"].(map[string]any)
	if _, more := got["redial"]; more || got["redial_of"] != id+"r1" || got["redial_number"] != 2.0 || hold["reason"] != "redial" {
		t.Errorf("record %v", got)
	}
	on(t, r, "status", id+"r2").want(0, "calls again after  "+id+"r1 (redial 2)\n", "").
		want(0, "redial until 2099-02-01T01:00:00.5Z", "")
}

// A call that has ended has the one canceled that is to be made again after it.
func TestCancelOfARedial(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		for redials := range 3 {
			id := called(t, r, redials, "state", "held", "rank", 0)
			last, note, words := "", "", id+" canceled"
			want := map[string]any{"id": id, "state": "canceled"}
			if redials > 0 {
				last = fmt.Sprintf("%sr%d", id, redials)
				want["redial"], note = last, "that is the job that calls again after it, "+last
				words += ": " + note
			}
			for range 2 { // a second time says the same
				if got := on(t, r, "cancel", id, "--json").want(0, "{", note).only(); !maps.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			}
			on(t, r, "cancel", id).want(0, words+"\n", "")
			if redials > 0 {
				on(t, r, "status", id, "--json").want(0, `"state":"busy"`, "")
				on(t, r, "status", last, "--json").want(0, `"state":"canceled"`, "")
				on(t, r, "cancel", last, "--json").want(0, `{"id":"`+last+`","state":"canceled"}`+"\n", "")
			}
		}
		id := called(t, r, 1, "state", "submitting", "rank", 1)
		got := on(t, r, "cancel", id, "--json").want(0, "{", "calls again after it, "+id+"r1; it is being sent").only()
		if got["requested"] != true || got["redial"] != id+"r1" {
			t.Errorf("got %v", got)
		}
		set(t, r, id+"r1", "state", "submitted", "rank", 2)
		on(t, r, "cancel", id, "--json").wantError("", id+" has ended, and "+id+"r1, which calls again after it, is submitted and cannot be canceled any more; it will not be called again")
		// The record of the one that calls again may go first.
		if err := r.Client.Del(t.Context(), jobKey(id+"r1")).Err(); err != nil {
			t.Fatal(err)
		}
		on(t, r, "cancel", id).want(1, "", id+" is busy and cannot be canceled any more")
	})
}

// A call ends, and is to be made again, while somebody wishes to cancel it.
func TestCancelIsFasterThanTheRedial(t *testing.T) {
	r := mini(t)
	id := called(t, r, 1, "state", "held", "rank", 0)
	set(t, r, id, "state", "submitted", "rank", 2)
	if err := r.Client.HDel(t.Context(), jobKey(id), "redial").Err(); err != nil {
		t.Fatal(err)
	}
	asked, ended := false, false
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		asked = asked || op.Name == "evalsha"
		if asked && !ended && op.Name == "hgetall" {
			ended = true
			set(t, r, id, "state", "busy", "rank", 9, "redial", id+"r1")
		}
		return redistest.Verdict{}
	})
	o := appOn(t, r, faults).run(t.Context(), "cancel", id, "--json", "--redis", r.URL()).want(0, "canceled", id+"r1")
	if got := o.only(); got["redial"] != id+"r1" || got["state"] != "canceled" {
		t.Errorf("got %v", got)
	}
}

// A message over a binding is told with its time, and is no call.
func TestStatusOfAMessage(t *testing.T) {
	r := mini(t)
	id := notify(t, r)
	child := id + "/t1"
	set(t, r, child, "kind", "sms", "state", "completed", "rank", 9, "account", account, "vendor", "interline", "parent", id,
		"from", "138****8007", "to", masked, "began_at", 4073590800500, "hides", number+","+aNumber)
	got := on(t, r, "status", child, "--json").want(0, "{", "").only()
	if got["kind"] != "sms" || got["parent"] != id || got["began_at"] != "2099-02-01T01:00:00.5Z" {
		t.Errorf("record %v", got)
	}
	var lines []string
	for line := range strings.Lines(on(t, r, "status", child).stdout) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{"job sms by " + account + " (interline)", "message over " + id, "sent " + clock(time.UnixMilli(4073590800500))} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in %q", want, lines)
		}
	}
}
