package redistest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// never is the score of a binding without end.
const never = "8640000000000000"

// entry is what the ledger of middle numbers says of one binding.
type entry struct {
	number, job string
	Gen         int64  `json:"gen"`
	State       string `json:"state"`
	Mode        string `json:"mode"`
	Until       int64  `json:"until"`
	A           string `json:"a"`
	B           string `json:"b"`
	Account     string `json:"account"`
}

func (e entry) over(now int64) bool { return e.Until > 0 && e.Until <= now }

// together says that both may stand on their number.
func (e entry) together(o entry) bool {
	if e.Mode != o.Mode {
		return true
	}
	shared := e.A != "" && (e.A == o.A || e.A == o.B) || e.B != "" && (e.B == o.A || e.B == o.B)
	return e.Mode != "xa" && !shared
}

// Collisions reads the ledger of middle numbers and names each two bindings that may
// stand on one number now and may not be there together. It holds where the vendor never
// contradicts itself.
func Collisions(ctx context.Context, rdb redis.UniversalClient, name string, now time.Time) ([]string, error) {
	g, err := snapshot(ctx, rdb, name, now)
	if err != nil {
		return nil, err
	}
	entries, found := g.entries()
	for i, e := range entries {
		for _, o := range entries[:i] {
			if e.number == o.number && !e.over(g.now) && !o.over(g.now) && !e.together(o) {
				found = append(found, fmt.Sprintf("%s (%s) and %s (%s) are both on %s, mode %s", o.job, o.State, e.job, e.State, e.number, e.Mode))
			}
		}
	}
	return found, nil
}

// entries are all of the ledger, sorted by number and job, and what cannot be read.
func (g group) entries() (all []entry, found []string) {
	for key, k := range g.Keys {
		number, isX := strings.CutPrefix(key, "x:")
		if !isX {
			continue
		}
		for job, text := range k.Fields {
			e := entry{number: number, job: job}
			if job == "gen" {
				continue
			}
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				found = append(found, fmt.Sprintf("the entry of %s on %s is %q", job, number, text))
				continue
			}
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.number+"/"+a.job, b.number+"/"+b.job) })
	return all, found
}

// holding is what the ledger has to say of a bind job; ok is false where it says nothing.
func holding(h table[string]) (want entry, ok bool) {
	at := func(field string) int64 { return whole(h[field]) }
	if h["kind"] != "bind" || h["numbers"] == "" {
		return want, false
	}
	want.number, _, _ = strings.Cut(h["numbers"], ",")
	want.A, want.B, _ = strings.Cut(h["parties"], ",")
	want.Mode, want.Account, want.Gen, want.State = h["mode"], h["account"], at("gen"), h["state"]
	if want.Mode == "" {
		want.Mode = "axb"
	}
	switch state := h["state"]; {
	case state == "submitting", state == "in_doubt", state == "unknown" && at("attempt") > 0:
		if state == "submitting" {
			want.State = "sent"
		}
		if ttl := at("ttl_ms"); ttl > 0 { // from the latest possible start
			want.Until = max(at("owned_until"), at("send_before")) + ttl
		}
		return want, true
	case state == "active":
		want.Until = at("ends_at")
		return want, true
	case rank[state] == "0" && h["chosen"] != "":
		want.State, want.Until = "chosen", at("expires_at")
		return want, true
	}
	return want, false
}

// ledger holds what is kept of middle numbers against the records of bind jobs.
func (g group) ledger() []string {
	entries, found := g.entries()
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	listed := map[string]bool{}
	for _, e := range entries {
		listed[e.number+"/"+e.job] = true
		score := never
		if e.Until > 0 {
			score = strconv.FormatInt(e.Until, 10)
		}
		if got := g.Bindings[e.number+"/"+e.job]; got != score && !sameScore(got, score) {
			say("%s stands on %s until %d, and is listed with %q", e.job, e.number, e.Until, got)
		}
		if last := whole(g.Keys["x:"+e.number].Fields["gen"]); e.Gen < 1 || e.Gen > last {
			say("%s has generation %d of %s, of which the last is %d", e.job, e.Gen, e.number, last)
		}
		found = append(found, g.follows(e)...)
	}
	for member := range g.Bindings {
		if !listed[member] {
			say("%s is listed and has no entry", member)
		}
	}
	for key, k := range g.Keys {
		kind, id, _ := strings.Cut(key, ":")
		switch want, ok := holding(k.Fields); {
		case kind == "job" && ok && !want.over(g.now) && !listed[want.number+"/"+id]:
			say("%s is %s and has no entry on %s", id, k.Fields["state"], want.number)
		case kind == "x" && (k.TTL == "-1") == (len(k.Fields) < 2):
			say("%s has %d fields and is kept for %s ms", key, len(k.Fields), k.TTL)
		}
	}
	return found
}

// follows says where an entry is not what its job's record makes of it. What was unknown
// outlives its record.
func (g group) follows(e entry) []string {
	h := g.Keys["job:"+e.job].Fields
	want, ok := holding(h)
	want.job = e.job
	switch {
	case h["numbers"] == "" && e.State == "unknown":
	case !ok:
		return []string{fmt.Sprintf("%s has an entry on %s (%s) and is %q", e.job, e.number, e.State, h["state"])}
	case e != want:
		return []string{fmt.Sprintf("%s has the entry %+v, its record says %+v", e.job, e, want)}
	}
	return nil
}

func sameScore(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && x == y
}
