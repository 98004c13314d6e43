package ratelimit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// xOf is the middle number of the bind job; empty: it has none.
func xOf(id string) string {
	if !bind(id) {
		return ""
	}
	return numbersOf(id)[0]
}

// bindingOf is the mode and whom the bind job brings together: those of f and i have a
// number in common, or not, by what the history called them.
func bindingOf(id string) (mode string, parties []string) {
	n, err := strconv.Atoi(id[3:])
	if err != nil {
		n = 0 // the first of its letter
	}
	switch id[2] {
	case 'e':
		return "xa", []string{"p1"}
	case 'h':
		if n%5 == 4 {
			return "axb", []string{"p1", "p2"}
		}
		return "xa", []string{"p2"}
	case 'f':
		return "axb", [][]string{{"p1", "p2"}, {"p3", "p4"}, {"p2", "p1"}}[n%3]
	case 'i':
		return "axb", [][]string{{"p3", "p1"}, {"p1", "p4"}, {"p2", "p5"}}[n%3]
	}
	return "", nil
}

// entryJSON is an entry as the scripts keep it.
type entryJSON struct {
	Gen     int64  `json:"gen"`
	State   string `json:"state"`
	Mode    string `json:"mode"`
	Until   int64  `json:"until"`
	A       string `json:"a"`
	B       string `json:"b"`
	Account string `json:"account"`
	X       string `json:"xm"`
	AMask   string `json:"am"`
	BMask   string `json:"bm"`
}

func (e mEntry) json() entryJSON {
	return entryJSON{Gen: e.gen, State: e.state, Mode: e.mode, Until: e.until, A: e.a, B: e.b, Account: "acct", X: e.x}
}

const neverEnds = 8640000000000000

// listed is under which score the entry lies.
func (e entryJSON) listed() int64 {
	if e.Until == 0 {
		return neverEnds
	}
	return e.Until
}

// ledgerView adds what may stand now; what is over may be swept, or not yet.
func (m *model) ledgerView(v view) {
	for _, e := range m.entries() {
		v.set("x "+e.number+" "+e.job, e.json())
		v.set("binding "+e.number+"/"+e.job, e.json().listed())
	}
	for x, gen := range m.last {
		v.set("x "+x+" gen", gen)
	}
}

type storedLedger struct {
	numbers map[string]*redis.MapStringStringCmd
	ttls    map[string]*redis.DurationCmd
	list    *redis.ZSliceCmd
}

func askLedger(ctx context.Context, pipe redis.Pipeliner) storedLedger {
	l := storedLedger{
		numbers: map[string]*redis.MapStringStringCmd{}, ttls: map[string]*redis.DurationCmd{},
		list: pipe.ZRangeWithScores(ctx, redisKey("bindings", ""), 0, -1),
	}
	for _, n := range numberKeys {
		l.numbers[n] = pipe.HGetAll(ctx, redisKey("x:", n))
		l.ttls[n] = pipe.PTTL(ctx, redisKey("x:", n))
	}
	return l
}

func (l storedLedger) view(v view, left map[string]time.Duration, now int64) error {
	entries := 0
	for n, h := range l.numbers {
		if len(h.Val()) > 0 {
			left["x "+n] = l.ttls[n].Val()
		}
		for job, text := range h.Val() {
			if job == "gen" {
				v.set("x "+n+" gen", text)
				continue
			}
			entries++
			v["entries on "+n] = "some"
			var e entryJSON
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				return fmt.Errorf("read the entry of %s on %s: %w", job, n, err)
			}
			if e.listed() > now {
				v.set("x "+n+" "+job, e)
			}
		}
	}
	if listed := len(l.list.Val()); listed != entries {
		return fmt.Errorf("%d bindings are listed, and %d have an entry", listed, entries)
	}
	for _, z := range l.list.Val() {
		if int64(z.Score) > now {
			v.set("binding "+z.Member.(string), int64(z.Score))
		}
	}
	return nil
}

// restoreLedger writes again what may have been swept because it was over, and is not
// any more now that the time was set back: a person has to look then, and the model
// does not know when it was swept.
func (h *history) restoreLedger() {
	h.model.at(h.clock)
	for _, e := range h.model.entries() {
		text, err := json.Marshal(e.json())
		if err != nil {
			h.fatalf("%v", err)
		}
		key, member := redisKey("x:", e.number), redis.Z{Score: float64(e.json().listed()), Member: e.number + "/" + e.job}
		pipe := h.r.Client.Pipeline()
		pipe.HSet(h.ctx, key, e.job, text)
		pipe.Persist(h.ctx, key)
		pipe.ZAdd(h.ctx, redisKey("bindings", ""), member)
		if _, err := pipe.Exec(h.ctx); err != nil {
			h.fatalf("%v", err)
		}
	}
}

// ledgerTTLs: a middle number with bindings is kept, and one without is remembered.
func ledgerTTLs(v view, ttl map[string]time.Duration) (broken []string) {
	for name, left := range ttl {
		number, isX := strings.CutPrefix(name, "x ")
		if isX && (left < 0) != (v["entries on "+number] != "") {
			broken = append(broken, fmt.Sprintf("%s is kept for %v", name, left))
		}
	}
	return broken
}
