package redistest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// sound are writes after which everything is in its place: a job under way with its
// key marker, one that has ended, two whose recordings are to be fetched and stored, a
// push to be read, an event, a dead letter.
var sound = [][]any{
	{"HSET", "job:g.a", "state", "submitted", "rank", "2", "give_up_at", "9000", "keyed", "1", "revision", "1"},
	{"HSET", "key:g.a", "state", "submitted"},
	{"ZADD", "due", "9000", "g.a"},
	{"HSET", "job:g.b", "state", "busy", "rank", "9", "ended_at", "1", "keyed", "0", "revision", "1"},
	{"PEXPIRE", "job:g.b", "60000"},
	{"HSET", "job:g.d", "state", "completed", "rank", "9", "ended_at", "1", "keyed", "0", "fetch", "due", "fetch_until", "900000"},
	{"ZADD", "fetches", "6000", "g.d"},
	{"HSET", "job:g.e", "state", "completed", "rank", "9", "ended_at", "1", "keyed", "0", "fetch", "stored", "file_url", "mem:///e", "file_sha256", "ab"},
	{"PEXPIRE", "job:g.e", "60000"},
	{"HSET", "push:g.push-1", "state", "received", "received_at", "5000"},
	{"ZADD", "due", "9000", "g.push-1"},
	{"HSET", "event:g.a:1", "job", "g.a", "revision", "1"},
	{"PEXPIRE", "event:g.a:1", "60000"},
	{"ZADD", "events", "5000", "g.a:1"},
	{"HSET", "event:g.b:1", "job", "g.b", "revision", "1", "dead_at", "4000"},
	{"PEXPIRE", "event:g.b:1", "60000"},
	{"ZADD", "dead", "4000", "g.b:1"},
	{"HSET", "lane:a", "probe_every", "600000"},
	{"ZADD", "due", "605000", "g.probe-a"},
	{"HSET", "lane:c", "probe_not_before", "905000"},
	{"ZADD", "due", "905000", "g.probe-c"},
}

// write does the writes to group g.
func write(t *testing.T, r *Redis, writes [][]any) {
	t.Helper()
	for _, w := range writes {
		w = slices.Clone(w)
		w[1] = "callpacer:{g}:" + w[1].(string)
		if err := r.Client.Do(t.Context(), w...).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBrokenSeesEachFault: one write more, and one thing is out of its place.
func TestBrokenSeesEachFault(t *testing.T) {
	for name, c := range map[string]struct {
		more []any
		want string // a part of the only fault; empty: there is none
	}{
		"nothing":                         {[]any{"HSET", "lane:a", "x", "1"}, ""},
		"a due entry is gone":             {[]any{"ZREM", "due", "g.a"}, "is submitted and is due: false"},
		"one that has ended is due":       {[]any{"ZADD", "due", "9000", "g.b"}, "is busy and is due: true"},
		"due and nowhere":                 {[]any{"ZADD", "due", "9000", "g.c"}, "neither a record nor a push"},
		"due too late":                    {[]any{"ZADD", "due", "15001", "g.a"}, "is due 10.001s from now; the latest time that fits is 10s"},
		"due at no time":                  {[]any{"ZADD", "due", "0", "g.a"}, "is due"},
		"ended and kept for ever":         {[]any{"PERSIST", "job:g.b"}, "is kept for -1 ms"},
		"under way and forgotten":         {[]any{"PEXPIRE", "job:g.a", "60000"}, "is submitted and is kept for"},
		"a marker forgets":                {[]any{"PEXPIRE", "key:g.a", "60000"}, "the key marker of g.a lives"},
		"a marker is gone":                {[]any{"DEL", "key:g.a"}, "has no key marker"},
		"a marker of nobody":              {[]any{"HSET", "key:g.c", "state", "busy"}, "the key marker of g.c lives -1"},
		"a state that is none":            {[]any{"HSET", "job:g.a", "state", "gone"}, `in state "gone"`},
		"another state's rank":            {[]any{"HSET", "job:g.a", "rank", "3"}, "with rank 3"},
		"an end before its end":           {[]any{"HSET", "job:g.a", "ended_at", "1"}, "has an end: true"},
		"a push that nobody will read":    {[]any{"ZREM", "due", "g.push-1"}, "push g.push-1"},
		"a push that is read and due":     {[]any{"HSET", "push:g.push-1", "state", "done"}, "push g.push-1"},
		"a name for ever":                 {[]any{"SET", "call:v1", "g.a.1"}, "call is kept for ever"},
		"an ended job's line":             {[]any{"ZADD", "lane:a:lines", "9000", "g.b"}, "uses a line"},
		"an event that nobody delivers":   {[]any{"ZREM", "events", "g.a:1"}, "event g.a:1 died: false"},
		"an event that is not there":      {[]any{"ZADD", "events", "5000", "g.a:2"}, "is due and is not kept"},
		"an event that is kept for ever":  {[]any{"PERSIST", "event:g.a:1"}, "event g.a:1 died: false"},
		"a dead letter that is due":       {[]any{"ZADD", "events", "5000", "g.b:1"}, "event g.b:1 died: true"},
		"a dead letter that is not told":  {[]any{"ZREM", "dead", "g.b:1"}, "event g.b:1 died: true"},
		"a recording that nobody fetches": {[]any{"ZREM", "fetches", "g.d"}, `of g.d is "due" and is to be fetched: false`},
		"a stored one that is fetched":    {[]any{"ZADD", "fetches", "6000", "g.e"}, `of g.e is "stored" and is to be fetched: true`},
		"none that is fetched":            {[]any{"ZADD", "fetches", "6000", "g.a"}, `of g.a is "" and is to be fetched: true`},
		"a recording of nobody":           {[]any{"ZADD", "fetches", "6000", "g.z"}, "of g.z is to be fetched, and it has no record"},
		"fetched too late":                {[]any{"ZADD", "fetches", "900001", "g.d"}, "g.d (completed) is due 14m55.001s from now"},
		"fetched at no time":              {[]any{"ZADD", "fetches", "0", "g.d"}, "g.d (completed) is due"},
		"gone before it is fetched":       {[]any{"PEXPIRE", "job:g.d", "60000"}, "g.d is completed and is kept for"},
		"fetched and kept for ever":       {[]any{"PERSIST", "job:g.e"}, "g.e is completed and is kept for -1 ms"},
		"stored and nowhere":              {[]any{"HDEL", "job:g.e", "file_url"}, `of g.e is "stored" and has a file: false`},
		"a file before its time":          {[]any{"HSET", "job:g.d", "file_url", "mem:///d", "file_sha256", "ab"}, `of g.d is "due" and has a file: true`},
		"a fetch that is none":            {[]any{"HSET", "job:g.b", "fetch", "soon"}, `of g.b is "soon"`},
		"what is news besides the state":  {[]any{"HSET", "event:g.a:1", "about", "recording.stored"}, ""},
		"an event about nothing we know":  {[]any{"HSET", "event:g.a:1", "about", "x"}, `event g.a:1 is about "x"`},
		"a probe too late":                {[]any{"ZADD", "due", "605001", "g.probe-a"}, "g.probe-a () is due"},
		"a probe after the vendor's rest": {[]any{"ZADD", "due", "905001", "g.probe-c"}, "g.probe-c () is due"},
		"a probe of another lane's time":  {[]any{"ZADD", "due", "315001", "g.probe-b"}, "g.probe-b () is due"},
		"a probe that comes back":         {[]any{"ZADD", "due", "315000", "g.probe-b"}, ""},
		"an event of no change":           {[]any{"HSET", "event:g.a:1", "revision", "2"}, "revision that its job has not"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Mini(t)
			write(t, r, append(slices.Clone(sound), c.more))
			got, err := Broken(t.Context(), r.Client, "g", time.UnixMilli(5000))
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestBrokenOnEachRedis(t *testing.T) {
	Each(t, func(t *testing.T, r *Redis) {
		if got, err := Broken(t.Context(), r.Client, "g", time.Now()); err != nil || len(got) > 0 {
			t.Errorf("of nothing: %q, %v", got, err)
		}
		if err := r.Client.ZAdd(t.Context(), "callpacer:{g}:due", redis.Z{Score: 1, Member: "g.a"}).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := Broken(t.Context(), r.Client, "g", time.Now()); err != nil || len(got) != 1 {
			t.Errorf("of an entry without a record: %q, %v", got, err)
		}
	})
}
