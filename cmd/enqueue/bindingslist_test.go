package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// poolNumber is a middle number of the account interline-main's pool, and nobody's.
const poolNumber = "17000000099"

func lookupKey(t *testing.T, group, number string) string {
	t.Helper()
	n, err := phone.ParseAny(number)
	if err != nil {
		t.Fatal(err)
	}
	return n.Key(group)
}

// stand is a binding as the workers' scripts keep it.
type stand struct {
	group, account, job, x, a, b, mode, state string
	until                                     time.Time // zero: without end
	gen                                       int
}

func (s stand) write(t *testing.T, r *redistest.Redis) {
	t.Helper()
	prefix, x, b := "callpacer:{"+s.group+"}:", lookupKey(t, s.group, s.x), ""
	if s.b != "" {
		b = lookupKey(t, s.group, s.b)
	}
	ends, score := int64(0), float64(8640000000000000)
	if !s.until.IsZero() {
		ends, score = s.until.UnixMilli(), float64(s.until.UnixMilli())
	}
	entry := fmt.Sprintf(`{"gen":%d,"state":%q,"mode":%q,"until":%d,"a":%q,"b":%q,"account":%q,"xm":%q,"am":%q,"bm":%q}`,
		s.gen, s.state, s.mode, ends, lookupKey(t, s.group, s.a), b, s.account, phone.Mask(s.x), phone.Mask(s.a), phone.Mask(s.b))
	pipe := r.Client.Pipeline()
	pipe.HSet(t.Context(), prefix+"x:"+x, s.job, entry, "gen", s.gen)
	pipe.ZAdd(t.Context(), prefix+"bindings", redis.Z{Score: score, Member: x + "/" + s.job})
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// end is when the binding of one of these minutes ends.
func end(minute int) time.Time {
	return time.UnixMilli(4073590800500).Add(time.Duration(minute) * time.Minute)
}

// someBindings stand in three groups, in another order than that of their ends.
func someBindings(t *testing.T, r *redistest.Redis) {
	t.Helper()
	publishVendors(t, r)
	for _, group := range []string{"far", "near"} {
		if _, err := tasks.Publish(t.Context(), r.Client, tasks.Account{Name: group + "-one", Group: group, Vendor: "interline"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []stand{
		{"far", "far-one", "far.1", xNumber, aNumber, number, "axb", "active", end(4), 7},
		{"far", "far-one", "far.2", xNumber, number, "", "xa", "active", time.Time{}, 8},
		{"interline", "interline-main", "interline.1", xNumber, aNumber, bNumber, "axb", "unknown", end(1), 1},
		{"interline", "interline-main", "interline.2", xNumber, aNumber, number, "axb", "in_doubt", end(3), 2},
		{"interline", "other", "interline.3", poolNumber, number, bNumber, "axb", "sent", end(5), 3},
		{"near", "near-one", "near.1", "95588", aNumber, bNumber, "axb", "active", end(2), 4},
		{"near", "near-one", "near.2", "95588", aNumber, bNumber, "axb", "active", time.UnixMilli(1), 5}, // over
		{"near", "near-one", "near.3", "95588", aNumber, "", "xa", "active", time.Time{}, 6},
	} {
		s.write(t, r)
	}
}

func listed(o outcome) (jobs []string) {
	for _, row := range o.lines() {
		jobs = append(jobs, row["job"].(string))
	}
	return jobs
}

// Those of all groups come in the order of their ends, and each flag picks.
func TestBindingsOfAllGroups(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		someBindings(t, r)
		before := dump(t, r)
		for flags, want := range map[string]string{
			"":                          "interline.1 near.1 interline.2 far.1 interline.3 far.2 near.3",
			"--account interline-main":  "interline.1 interline.2",
			"--account far-one":         "far.1 far.2",
			"--account jumdata-main":    "",
			"--x " + xNumber:            "interline.1 interline.2 far.1 far.2",
			"--x 95588":                 "near.1 near.3",
			"--a +86" + aNumber:         "interline.1 near.1 interline.2 far.1 near.3",
			"--b " + bNumber:            "interline.1 near.1 interline.3",
			"--a 020-8888-6607":         "interline.1 near.1 interline.3",
			"--state active":            "near.1 far.1 far.2 near.3",
			"--state unknown":           "interline.1",
			"--x 95588 --state unknown": "",
		} {
			o := on(t, r, append([]string{"bindings", "--json"}, strings.Fields(flags)...)...)
			if got := strings.Join(listed(o), " "); got != want || o.code != 0 || o.stderr != "" {
				t.Errorf("%s: %q (%d %s), want %q", flags, got, o.code, o.stderr, want)
			}
		}
		rows := on(t, r, "bindings", "--json").want(0, "{", "").lines()
		if want := (map[string]any{
			"x": "170****0007", "a": "138****8007", "b": "020****6607", "mode": "axb", "state": "unknown",
			"ends_at": end(1).UTC().Format(time.RFC3339Nano), "account": "interline-main", "job": "interline.1", "generation": 1.0,
		}); !maps.Equal(rows[0], want) {
			t.Errorf("first %v, want %v", rows[0], want)
		}
		if last := rows[len(rows)-1]; len(last) != 8 || last["b"] != "" || last["ends_at"] != nil {
			t.Errorf("last %v", last)
		}
		if after := dump(t, r); !slices.Equal(before, after) {
			t.Errorf("looking wrote: before %v, after %v", before, after)
		}
	})
}

func TestBindingsForPeople(t *testing.T) {
	r := mini(t)
	on(t, r, "bindings").want(0, "", "no binding may stand")
	on(t, r, "bindings", "--json").want(0, "", "")
	someBindings(t, r)
	var got []string
	for line := range strings.Lines(on(t, r, "bindings").want(0, "X ", "").stdout) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"X A B MODE STATE ENDS ACCOUNT JOB",
		"170****0007 138****8007 020****6607 axb unknown " + clock(end(1)) + " interline-main interline.1",
		"***88 138****8007 020****6607 axb active " + clock(end(2)) + " near-one near.1",
		"170****0007 138****8007 " + masked + " axb in_doubt " + clock(end(3)) + " interline-main interline.2",
		"170****0007 138****8007 " + masked + " axb active " + clock(end(4)) + " far-one far.1",
		"170****0099 " + masked + " 020****6607 axb sent " + clock(end(5)) + " other interline.3",
		"170****0007 " + masked + " - xa active without end far-one far.2",
		"***88 138****8007 - xa active without end near-one near.3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// More than fits into one look at a group, and none is told twice or left out.
func TestManyBindings(t *testing.T) {
	r := redistest.Mini(t)
	publishVendors(t, r)
	for i := range 1200 {
		stand{"interline", "interline-main", fmt.Sprint("interline.", i), xNumber, aNumber, number, "axb", "active", end(i), i}.write(t, r)
	}
	jobs := listed(on(t, r, "bindings", "--json").want(0, "{", ""))
	for i, job := range jobs {
		if job != fmt.Sprint("interline.", i) {
			t.Fatalf("row %d is %s", i, job)
		}
	}
	if len(jobs) != 1200 {
		t.Errorf("%d rows", len(jobs))
	}
}

func TestBindingsRefused(t *testing.T) {
	r := mini(t)
	someBindings(t, r)
	// The flag is named once.
	on(t, r, "bindings", "--x", "auto").want(2, "", "enqueue: x: phone number has a letter at position 1\n")
	for name, c := range map[string]struct {
		args           string
		code           int
		field, message string
	}{
		"state":            {"--state gone", 2, "state", `--state "gone" is not one of chosen, sent, in_doubt, active, unknown`},
		"no state":         {"--state=", 2, "state", `--state ""`},
		"x":                {"--x auto", 2, "x", "phone number has a letter"},
		"no a":             {"--a=", 2, "a", "phone number is empty"},
		"b":                {"--b 1x", 2, "b", "phone number has a letter"},
		"no account":       {"--account=", 2, "account", "leave --account out"},
		"unknown account":  {"--account nobody", 1, "account", "known are "},
		"an argument":      {"interline.1", 2, "", "takes flags only"},
		"an unknown flag":  {"--colour red", 2, "", "unknown flag: --colour"},
		"a number as flag": {"--state " + number, 2, "state", masked},
	} {
		t.Run(name, func(t *testing.T) {
			o := on(t, r, append([]string{"bindings", "--json"}, strings.Fields(c.args)...)...).want(c.code, `"error"`, c.message)
			if e, _ := o.only()["error"].(map[string]any); e["field"] != c.field {
				t.Errorf("field %v, want %q", e["field"], c.field)
			}
		})
	}
	on(t, redistest.Mini(t), "bindings", "--json").wantError("account", "no worker has published an account")
}

// What was read before the failure is told, and the failure is.
func TestBindingsBrokenOff(t *testing.T) {
	r := mini(t)
	someBindings(t, r)
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if op.Name == "zrange" || op.Name == "zrangebyscore" {
			return redistest.Verdict{Action: redistest.FailBefore}
		}
		return redistest.Verdict{}
	})
	appOn(t, r, faults).run(t.Context(), "bindings", "--redis", r.URL()).want(1, "", "list the bindings of group dingxin")
	if err := r.Client.HSet(t.Context(), "callpacer:{far}:x:"+lookupKey(t, "far", xNumber), "far.2", "{").Err(); err != nil {
		t.Fatal(err)
	}
	o := on(t, r, "bindings", "--json", "--account", "far-one").want(1, "error", "the entry of job far.2")
	if n := len(o.lines()); n != 2 {
		t.Errorf("%d lines, want the first binding and the error: %s", n, o.stdout)
	}
}

// The number that callpacer chose stands in clear where its application looks for it,
// and in what a vendor says of it nowhere.
func TestTheNumberThatWasChosen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publishVendors(t, r)
		bind := strings.Fields("bind --account interline-main --x auto --a " + aNumber + " --b " + number + " --ttl 1h --key k --json")
		id := on(t, r, bind...).want(0, "{", "").only()["id"].(string)
		on(t, r, "bindings").want(0, "", "no binding may stand")
		if got := on(t, r, "status", id, "--json").want(0, "{", "").only(); got["x"] != nil {
			t.Errorf("nothing was chosen yet: %v", got["x"])
		}
		chosen, err := record.New(r.Client).Choose(t.Context(), id, []record.PoolNumber{{Key: lookupKey(t, "interline", poolNumber), Digits: poolNumber}})
		if err != nil || !chosen {
			t.Fatal(chosen, err)
		}
		set(t, r, id, "vendor_text", poolNumber+" busy")
		got := on(t, r, "status", id, "--json").want(0, "{", "").only()
		if got["x"] != poolNumber || got["vendor_text"] != "170****0099 busy" {
			t.Errorf("x %v, %v", got["x"], got["vendor_text"])
		}
		on(t, r, "status", id).want(0, poolNumber, "")
		row := on(t, r, "bindings", "--json", "--x", poolNumber, "--state", "chosen").want(0, "{", "").only()
		if row["x"] != poolNumber || row["job"] != id || row["generation"] == 0.0 {
			t.Errorf("listed %v", row)
		}
		// The same key is the same binding, whatever was chosen for it.
		if again := on(t, r, bind...).want(0, `"duplicate":true`, "").only(); again["id"] != id {
			t.Errorf("submitted again: %v", again)
		}
	})
}

func TestNDJSONLeavesTheChoice(t *testing.T) {
	r := allVendors(t)
	row := `{"x":"auto","a":"` + aNumber + `","b":"` + number + `","ttl":"1h"}` + "\n"
	args := []string{"import", "-", "--kind", "bind", "--account", "interline-main", "--json", "--redis", r.URL()}
	command(t, row+row, append(args, "--dry-run")...).want(0, `"state":"valid"`, "2 valid")
	o := command(t, row+row, args...).want(0, `"state":"queued"`, "2 accepted") // equal rows are two bindings
	rec, err := record.New(r.Client).Get(t.Context(), o.lines()[0]["id"].(string))
	if err != nil || len(rec.Numbers) != 0 || !strings.Contains(rec.Content, `"x":"auto"`) {
		t.Errorf("%+v, %v", rec, err)
	}
	command(t, row+row, args...).want(0, `"duplicate":true`, "0 accepted, 2 duplicates")
}

func TestNoPoolToChooseFrom(t *testing.T) {
	r := redistest.Mini(t)
	publishVendors(t, r)
	accounts, err := tasks.Accounts(t.Context(), r.Client)
	if err != nil {
		t.Fatal(err)
	}
	without := accounts["interline-main"]
	without.Traits.Pool = false
	if _, err := tasks.Publish(t.Context(), r.Client, without); err != nil {
		t.Fatal(err)
	}
	bind := strings.Fields("bind --account interline-main --x auto --a " + aNumber + " --b " + number + " --ttl 1h --json")
	before := dump(t, r)
	on(t, r, bind...).wantError("x", "has no pool of numbers")
	on(t, r, append(bind, "--dry-run")...).wantError("x", "has no pool of numbers")
	imported(t, r, "x,a,b,ttl\nauto,"+aNumber+","+number+",1h\n", "--kind", "bind", "--account", "interline-main").
		want(3, "has no pool of numbers", "1 failed")
	if after := dump(t, r); !slices.Equal(before, after) {
		t.Errorf("keys before %v, after %v", before, after)
	}
}
