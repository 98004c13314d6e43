package redistest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// snapshotBody reads a whole group at one instant.
//
//go:embed snapshot.lua
var snapshotBody string

var snapshotScript = redis.NewScript(snapshotBody)

// group is everything that a group keeps, at one instant.
type group struct {
	Due, Events, Dead table[string] // member -> score
	Fetches           table[string] // job -> score
	Bindings          table[string] // number/job -> score
	Lines             table[string] // job -> score, of all lanes
	Keys              table[kept]   // without the group's prefix
	now               int64
}

type kept struct {
	TTL    string        `json:"ttl"`    // ms; -1: none
	Fields table[string] `json:"fields"` // of records, key markers, pushes, events, middle numbers and lanes
}

// table is a table of Lua. An empty one may come as an array.
type table[V any] map[string]V

func (t *table[V]) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" {
		return nil
	}
	return json.Unmarshal(text, (*map[string]V)(t))
}

// Broken reads everything that the group keeps, at one instant, and says what is
// not as the state table of docs/states.md has it: a record that has not ended has
// exactly one due entry, at a time that fits its state, and is kept without end;
// one that has ended has none, and is kept for a time, which begins when its recording
// is no longer to be fetched; a recording that is has one entry among the fetches;
// a due entry is a record's, that of a push which nobody has read, or an account's probe;
// an event is either due, or a dead letter; the ledger of middle numbers says what the
// records of bind jobs make of it.
// now is the time of the group's scripts. The checks know nothing of the scripts.
func Broken(ctx context.Context, rdb redis.UniversalClient, name string, now time.Time) ([]string, error) {
	g, err := snapshot(ctx, rdb, name, now)
	if err != nil {
		return nil, err
	}
	found := slices.Concat(g.members(), g.keys(), g.audio(), g.letters(), g.ledger())
	slices.Sort(found)
	return found, nil
}

func snapshot(ctx context.Context, rdb redis.UniversalClient, name string, now time.Time) (group, error) {
	prefix := "callpacer:{" + name + "}:"
	text, err := snapshotScript.Run(ctx, rdb, []string{prefix + "due"}, prefix).Text()
	if err != nil {
		return group{}, fmt.Errorf("read what group %s keeps: %w", name, err)
	}
	g := group{now: now.UnixMilli()}
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		return group{}, fmt.Errorf("read what group %s keeps: %w", name, err)
	}
	return g, nil
}

// members looks at every due entry and every line in use.
func (g group) members() (found []string) {
	for member, score := range g.Due {
		job, isJob := g.Keys["job:"+member]
		push, isPush := g.Keys["push:"+member]
		probed, isProbe := strings.CutPrefix(member[max(0, strings.IndexByte(member, '.')):], ".probe-")
		switch {
		case isProbe:
			lane := g.Keys["lane:"+probed].Fields
			rest := min(whole(lane["probe_not_before"]), g.now+24*time.Hour.Milliseconds()) // the vendor asked for it
			found = append(found, g.late(member, score, max(g.now+max(whole(lane["probe_every"]), pause+lease), rest))...)
		case !isJob && !isPush:
			found = append(found, fmt.Sprintf("%s is due and neither a record nor a push", member))
		case isJob && final[job.Fields["state"]], isPush && push.Fields["state"] != "received":
			// told where the record is looked at
		case isPush:
			found = append(found, g.late(member, score, max(whole(push.Fields["received_at"]), g.now)+pushPause)...)
		default:
			found = append(found, g.late(member, score, g.latest(job.Fields))...)
		}
	}
	for member := range g.Lines {
		if final[g.Keys["job:"+member].Fields["state"]] {
			found = append(found, fmt.Sprintf("%s has ended and uses a line", member))
		}
	}
	return found
}

func (g group) late(member, score string, latest int64) []string {
	at, err := strconv.ParseFloat(score, 64)
	if err != nil || at <= 0 || int64(at) > latest {
		return []string{fmt.Sprintf("%s (%s) is due %v from now; the latest time that fits is %v from now (score %s)",
			member, g.Keys["job:"+member].Fields["state"], g.from(int64(at)), g.from(latest), score)}
	}
	return nil
}

func (g group) from(at int64) time.Duration { return time.Duration(at-g.now) * time.Millisecond }

// keys looks at every key, for what belongs to it and for how long it is kept.
func (g group) keys() (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for key, k := range g.Keys {
		kind, id, _ := strings.Cut(key, ":")
		endless := k.TTL == "-1"
		switch kind {
		case "job":
			found = append(found, g.record(id, k)...)
		case "key":
			ended := true // its record has left
			if job, ok := g.Keys["job:"+id]; ok {
				ended = final[job.Fields["state"]]
				if job.Fields["state"] != k.Fields["state"] && ended {
					say("%s is %s, and its key marker says %q", id, job.Fields["state"], k.Fields["state"])
				}
			}
			if ended == endless {
				say("the key marker of %s lives %s ms; it has ended: %v", id, k.TTL, ended)
			}
		case "push":
			waits := k.Fields["state"] == "received"
			if _, due := g.Due[id]; due != waits || endless != waits {
				say("push %s is %q, due %v, and lives %s ms", id, k.Fields["state"], due, k.TTL)
			}
		case "call", "number":
			if endless {
				say("%s is kept for ever", kind)
			}
		}
	}
	return found
}

// record looks at one record.
func (g group) record(id string, k kept) (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	state := k.Fields["state"]
	if _, known := rank[state]; !known {
		say("%s is in state %q", id, state)
		return found
	}
	if got := k.Fields["rank"]; got != rank[state] && (state != "expired" || got != "8") {
		say("%s is %s with rank %s", id, state, got)
	}
	_, due := g.Due[id]
	if due == final[state] {
		say("%s is %s and is due: %v", id, state, due)
	}
	// A binding of which nobody knows may stand for ever, where it has no ttl.
	stands := k.Fields["kind"] == "bind" && state == "unknown" && whole(k.Fields["attempt"]) > 0 && whole(k.Fields["ttl_ms"]) == 0
	if stays := !final[state] || k.Fields["fetch"] == "due" || stands; (k.TTL == "-1") != stays {
		say("%s is %s and is kept for %s ms", id, state, k.TTL)
	}
	if ended := k.Fields["ended_at"] != ""; ended != final[state] {
		say("%s is %s and has an end: %v", id, state, ended)
	}
	if _, keyed := g.Keys["key:"+id]; k.Fields["keyed"] == "1" && !keyed {
		say("%s has no key marker", id)
	}
	return found
}

// letters looks at every event.
func (g group) letters() (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for name, score := range g.Events {
		if _, there := g.Keys["event:"+name]; !there {
			say("event %s is due and is not kept", name)
		}
		found = append(found, g.late(name, score, g.now+eventPause)...)
	}
	for key, k := range g.Keys {
		name, isEvent := strings.CutPrefix(key, "event:")
		if !isEvent {
			continue
		}
		_, due := g.Events[name]
		_, dead := g.Dead[name]
		ended := k.Fields["dead_at"] != ""
		if due == ended || dead != ended || k.TTL == "-1" {
			say("event %s died: %v; due %v, a dead letter %v, kept for %s ms", name, ended, due, dead, k.TTL)
		}
		if about := k.Fields["about"]; about != "" && about != "recording.stored" {
			say("event %s is about %q", name, about)
		}
		job, there := g.Keys["job:"+k.Fields["job"]]
		if there && whole(k.Fields["at"]) >= whole(job.Fields["created_at"]) && whole(k.Fields["revision"]) > whole(job.Fields["revision"]) {
			say("event %s is of a revision that its job has not", name)
		}
	}
	return found
}

// whole is a field's number; 0 where there is none.
func whole(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
