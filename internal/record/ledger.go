package record

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/choose.lua
var chooseBody string

var chooseScript = NewScript("choose a middle number", chooseBody)

// Holding is a binding that may stand on a middle number.
type Holding struct {
	Job, Account, Mode string
	X, A, B            string // masked; X in clear where it was chosen here
	Generation         int64
	State              string    // chosen, sent, in_doubt, active, unknown
	Until              time.Time // its end by the group's clock, at the latest; zero: without end
}

// HoldingFilter picks holdings; empty fields pick all. Numbers are lookup keys.
type HoldingFilter struct{ Account, State, X, A, B string }

// holdingJSON is an entry as the scripts write it.
type holdingJSON struct {
	Gen     int64  `json:"gen"`
	State   string `json:"state"`
	Mode    string `json:"mode"`
	Until   int64  `json:"until"`
	A       string `json:"a"`
	B       string `json:"b"`
	Account string `json:"account"`
	XMask   string `json:"xm"`
	AMask   string `json:"am"`
	BMask   string `json:"bm"`
}

func readHolding(job, text string) (Holding, holdingJSON, error) {
	var e holdingJSON
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return Holding{}, e, fmt.Errorf("read the ledger of middle numbers: the entry of job %s: %w", job, err)
	}
	h := Holding{
		Job: job, Account: e.Account, Mode: e.Mode, X: e.XMask, A: e.AMask, B: e.BMask,
		Generation: e.Gen, State: e.State, Until: instant(strconv.FormatInt(e.Until, 10)),
	}
	return h, e, nil
}

func (f HoldingFilter) takes(e holdingJSON) bool {
	return (f.Account == "" || f.Account == e.Account) && (f.State == "" || f.State == e.State) &&
		(f.A == "" || f.A == e.A || f.A == e.B) && (f.B == "" || f.B == e.B || f.B == e.A)
}

// holdingsPage is how many entries are read at once.
const holdingsPage = 500

// Holdings yields a group's bindings that may stand now, those that end first first.
// An error ends it. What changes meanwhile may be missing, or come twice.
func (s *Store) Holdings(ctx context.Context, group string, f HoldingFilter) iter.Seq2[Holding, error] {
	return func(yield func(Holding, error) bool) {
		now, err := s.Now(ctx)
		for from := int64(0); err == nil; from += holdingsPage {
			var members []string
			members, err = s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{
				Key: keysOf(group).bindings(), ByScore: true, Start: "(" + unixMilli(now), Stop: "+inf", Offset: from, Count: holdingsPage,
			}).Result()
			if err != nil || len(members) == 0 {
				break
			}
			var more bool
			if more, err = s.holdings(ctx, group, members, f, yield); err != nil || !more {
				break
			}
		}
		if err != nil {
			yield(Holding{}, fmt.Errorf("list the bindings of group %s: %w", group, err))
		}
	}
}

func (s *Store) holdings(ctx context.Context, group string, members []string, f HoldingFilter, yield func(Holding, error) bool) (more bool, err error) {
	entries := make([]*redis.StringCmd, len(members))
	pipe := s.rdb.Pipeline()
	for i, m := range members {
		x, job, _ := strings.Cut(m, "/")
		entries[i] = pipe.HGet(ctx, keysOf(group).x(x), job)
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return false, err
	}
	for i, m := range members {
		x, job, _ := strings.Cut(m, "/")
		if errors.Is(entries[i].Err(), redis.Nil) || f.X != "" && f.X != x {
			continue // it has just ended, or is not asked for
		}
		h, e, err := readHolding(job, entries[i].Val())
		if err != nil {
			return false, err
		}
		if f.takes(e) && !yield(h, nil) {
			return false, nil
		}
	}
	return true, nil
}

// HoldersOf are the bindings that may stand on a middle number now, by its lookup key.
func (s *Store) HoldersOf(ctx context.Context, group, number string) ([]Holding, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := s.rdb.HGetAll(ctx, keysOf(group).x(number)).Result()
	if err != nil {
		return nil, fmt.Errorf("read who has a middle number: %w", err)
	}
	var out []Holding
	for job, text := range entries {
		if job == "gen" {
			continue
		}
		h, _, err := readHolding(job, text)
		if err != nil {
			return nil, err
		}
		if h.Until.IsZero() || h.Until.After(now) {
			out = append(out, h)
		}
	}
	return out, nil
}

// modeXA is the mode of a number that leads to one phone.
const modeXA = "xa"

// LeadingOn is the newest binding by which a middle number leads to one phone; nil: none
// may stand.
func (s *Store) LeadingOn(ctx context.Context, group, number string) (*Holding, error) {
	holders, err := s.HoldersOf(ctx, group, number)
	if err != nil {
		return nil, err
	}
	var newest *Holding
	for _, h := range holders {
		if h.Mode == modeXA && (newest == nil || h.Generation > newest.Generation) {
			newest = &h
		}
	}
	return newest, nil
}

// PoolNumber is a middle number that may be chosen.
type PoolNumber struct{ Key, Digits string }

// Choose takes one of the numbers for a waiting bind job that leaves the choice to us;
// false where none of them is free for it, or the job waits no longer.
func (s *Store) Choose(ctx context.Context, id string, pool []PoolNumber) (bool, error) {
	pairs := make([][2]string, len(pool))
	for i, n := range pool {
		pairs[i] = [2]string{n.Key, n.Digits}
	}
	answer, err := s.Run(ctx, chooseScript, id, nil, map[string]any{"pool": pairs})
	return at(answer, 0) == "chosen", err
}
