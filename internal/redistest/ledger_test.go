package redistest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// soundLedger is a middle number with a binding that stands and one that is being made,
// one that is remembered, and one with what nobody knew of when its record left.
var soundLedger = [][]any{
	{"HSET", "job:g.x", "state", "active", "rank", "5", "kind", "bind", "numbers", "n1", "parties", "A,B", "gen", "7", "ends_at", "8000"},
	{"ZADD", "due", "8000", "g.x"},
	{"HSET", "job:g.y", "state", "submitting", "rank", "1", "kind", "bind", "numbers", "n1", "parties", "C,D", "gen", "9", "owned_until", "6000"},
	{"ZADD", "due", "6000", "g.y"},
	{"HSET", "x:n1", "gen", "9", "g.x", `{"gen":7,"state":"active","mode":"axb","until":8000,"a":"A","b":"B"}`,
		"g.y", `{"gen":9,"state":"sent","mode":"axb","until":0,"a":"C","b":"D"}`},
	{"ZADD", "bindings", "8000", "n1/g.x"},
	{"ZADD", "bindings", "8640000000000000", "n1/g.y"},
	{"HSET", "x:n2", "gen", "4"},
	{"PEXPIRE", "x:n2", "60000"},
	{"HSET", "x:n4", "gen", "2", "g.w", `{"gen":2,"state":"unknown","mode":"xa","until":0,"a":"A","b":""}`},
	{"ZADD", "bindings", "8640000000000000", "n4/g.w"},
}

// bindJob is a bind job that is active on n2, with a due entry.
func bindJob(more ...any) [][]any {
	fields := []any{"HSET", "job:g.z", "state", "active", "rank", "5", "kind", "bind", "numbers", "n2", "gen", "4"}
	return [][]any{append(fields, more...), {"ZADD", "due", "5000", "g.z"}}
}

func TestBrokenSeesEachFaultOfTheLedger(t *testing.T) {
	one := func(write ...any) [][]any { return [][]any{write} }
	for name, c := range map[string]struct {
		more [][]any
		want string // a part of each fault; empty: there is none
	}{
		"nothing":                       {nil, ""},
		"its record is gone":            {[][]any{{"DEL", "job:g.x"}, {"ZREM", "due", "g.x"}}, `g.x has an entry on n1 (active) and is ""`},
		"it has no entry":               {bindJob(), "g.z is active and has no entry on n2"},
		"its time is over":              {bindJob("ends_at", "5000"), ""},
		"its time is not over":          {bindJob("ends_at", "5001"), "g.z is active and has no entry on n2"},
		"a chosen one has none":         {bindJob("state", "queued", "rank", "0", "chosen", "1", "expires_at", "9000"), "g.z is queued and has no entry on n2"},
		"one that waits has none":       {bindJob("state", "queued", "rank", "0", "expires_at", "9000"), ""},
		"one in doubt has none":         {bindJob("state", "in_doubt", "rank", "2", "doubt_until", "9000"), "g.z is in_doubt and has no entry"},
		"of another state":              {one("HSET", "x:n1", "g.x", `{"gen":7,"state":"in_doubt","mode":"axb","until":8000,"a":"A","b":"B"}`), "g.x has the entry"},
		"of another account":            {one("HSET", "job:g.x", "account", "a"), "g.x has the entry"},
		"of another mode":               {one("HSET", "job:g.x", "mode", "xa"), "g.x has the entry"},
		"of other parties":              {one("HSET", "job:g.x", "parties", "A,C"), "g.x has the entry"},
		"of an older binding":           {one("HSET", "job:g.x", "gen", "8"), "g.x has the entry"},
		"until another time":            {one("HSET", "job:g.x", "ends_at", "8001"), "g.x has the entry"},
		"on another number":             {one("HSET", "job:g.x", "numbers", "n2"), "g.x "},
		"listed with another end":       {one("ZADD", "bindings", "8001", "n1/g.x"), "g.x stands on n1 until 8000"},
		"listed without end":            {one("ZADD", "bindings", "8640000000000000", "n1/g.x"), "g.x stands on n1 until 8000"},
		"not listed":                    {one("ZREM", "bindings", "n1/g.y"), "g.y stands on n1 until 0"},
		"listed and not there":          {one("ZADD", "bindings", "8000", "n1/g.z"), "n1/g.z is listed and has no entry"},
		"a generation of the future":    {one("HSET", "x:n1", "gen", "8"), "g.y has generation 9 of n1"},
		"a number for ever":             {one("PERSIST", "x:n2"), "x:n2 has 1 fields and is kept for -1 ms"},
		"a number that is forgotten":    {one("PEXPIRE", "x:n1", "60000"), "x:n1 has 3 fields and is kept for"},
		"what is no entry":              {[][]any{{"HSET", "x:n4", "g.w", "?"}, {"ZREM", "bindings", "n4/g.w"}}, "the entry of g.w on n4"},
		"the record of what is unknown": {one("HSET", "x:n4", "g.w", `{"gen":2,"state":"sent","mode":"xa","until":0,"a":"A","b":""}`), "g.w has an entry on n4 (sent)"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Mini(t)
			write(t, r, slices.Concat(soundLedger, c.more))
			got, err := Broken(t.Context(), r.Client, "g", time.UnixMilli(5000))
			if err != nil || (c.want == "") != (len(got) == 0) {
				t.Fatalf("%q, %v; want %q", got, err, c.want)
			}
			for _, fault := range got {
				if !strings.Contains(fault, c.want) {
					t.Errorf("%q, want %q", fault, c.want)
				}
			}
		})
	}
}

func TestCollisions(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string // mode until a b
		collide       bool
	}{
		"xa twice":           {"xa 0 A", "xa 9000 B", true},
		"xa, one over":       {"xa 0 A", "xa 5000 B", false},
		"xa, the other over": {"xa 5000 A", "xa 0 B", false},
		"two modes":          {"xa 0 A", "axb 0 A B", false},
		"axb of others":      {"axb 0 A B", "axb 0 C D", false},
		"axb, A shared":      {"axb 0 A B", "axb 0 A D", true},
		"axb, B shared":      {"axb 0 A B", "axb 0 C B", true},
		"axb, A is B":        {"axb 0 A B", "axb 0 C A", true},
		"axb, B is A":        {"axb 0 A B", "axb 0 B C", true},
		"axb of nobody":      {"axb 0", "axb 0", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := Mini(t)
			for job, text := range map[string]string{"g.a": c.first, "g.b": c.second} {
				var mode, a, b string
				var until int64
				if n, err := fmt.Sscan(text, &mode, &until, &a, &b); n < 2 {
					t.Fatal(err)
				}
				entry := fmt.Sprintf(`{"gen":1,"state":"sent","mode":%q,"until":%d,"a":%q,"b":%q}`, mode, until, a, b)
				write(t, r, [][]any{{"HSET", "x:n1", job, entry}, {"HSET", "x:" + job, job, entry}})
			}
			got, err := Collisions(t.Context(), r.Client, "g", time.UnixMilli(5000))
			if err != nil || len(got) > 0 != c.collide {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
