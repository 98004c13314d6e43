// Package record keeps what is known about every job: its content, state,
// attempts and timeline, and the one next step that is due for it. Each change
// is one script that compares and writes at once; nothing here reads in Go and
// writes in a second call.
package record

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// The prelude of every script, in this order: each part uses those before it.
var (
	//go:embed lua/prelude.lua
	basePart string
	//go:embed lua/events.lua
	eventsPart string
	//go:embed lua/lane.lua
	lanePart string
	//go:embed lua/redial.lua
	redialPart string
	//go:embed lua/states.lua
	statesPart string
	//go:embed lua/numbers.lua
	numbersPart string
	//go:embed lua/ledger.lua
	ledgerPart string
	//go:embed lua/fetches.lua
	fetchesPart string
	//go:embed lua/calls.lua
	callsPart string

	prelude = basePart + eventsPart + lanePart + redialPart + statesPart + numbersPart + ledgerPart + fetchesPart + callsPart
)

// Script is a transition: the shared prelude and a body that says in its
// header what it takes, changes and answers.
type Script struct {
	name, source string
	script       *redis.Script
}

// NewScript makes a transition of a body that runs after the shared prelude.
func NewScript(name, body string) *Script {
	return &Script{name: name, source: prelude + body, script: redis.NewScript(prelude + body)}
}

// Store runs the transitions of every group's records on one Redis.
type Store struct {
	rdb   redis.UniversalClient
	clock func() time.Time
}

// New returns a Store on rdb, which stays the caller's to close.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

// WithClock returns a Store whose scripts take their time from clock instead of
// Redis. It is a switch for tests.
func (s *Store) WithClock(clock func() time.Time) *Store {
	return &Store{rdb: s.rdb, clock: clock}
}

// Now is the time of the scripts: Redis's own.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if s.clock != nil {
		return s.clock(), nil
	}
	now, err := s.rdb.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask Redis for the time: %w", err)
	}
	return now, nil
}

// Run executes a transition about the job. numbers are the lookup keys of the
// phone numbers under the rules; args becomes the script's JSON argument, with
// "id" added. The answer is the script's list of strings.
func (s *Store) Run(ctx context.Context, sc *Script, id string, numbers []string, args map[string]any) ([]string, error) {
	if err := sc.mayConcern(id); err != nil {
		return nil, err
	}
	return s.run(ctx, sc, scriptKeys(id, numbers, nil), id, args)
}

// Names are what leads to a job besides its id.
type Names struct {
	VendorID string // of its call or binding; empty: not known
}

func (n Names) calls() []string {
	if n.VendorID == "" {
		return nil
	}
	return []string{n.VendorID}
}

// runNamed is Run for a transition that may make names lead to the job.
func (s *Store) runNamed(ctx context.Context, sc *Script, id string, numbers []string, names Names, args map[string]any) ([]string, error) {
	if err := sc.mayConcern(id); err != nil {
		return nil, err
	}
	calls := names.calls()
	args["calls"] = len(calls)
	return s.run(ctx, sc, scriptKeys(id, numbers, calls), id, args)
}

// RunGroup executes a script about a group, or one of its lanes: args "account".
// No job is concerned.
func (s *Store) RunGroup(ctx context.Context, sc *Script, group string, args map[string]any) ([]string, error) {
	return s.run(ctx, sc, scriptKeys(group+".", nil, nil), "", args)
}

func (sc *Script) mayConcern(id string) error {
	if _, ok := GroupOf(id); !ok {
		return fmt.Errorf("%s: %q is not a job id (want <group>.<name>)", sc.name, id)
	}
	return nil
}

func (s *Store) run(ctx context.Context, sc *Script, keys []string, id string, args map[string]any) ([]string, error) {
	argv, err := s.arguments(sc, id, args)
	if err != nil {
		return nil, err
	}
	return sc.answer(sc.script.Run(ctx, s.rdb, keys, argv...))
}

func (sc *Script) answer(reply *redis.Cmd) ([]string, error) {
	answer, err := reply.StringSlice()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sc.name, err)
	}
	return answer, nil
}

// arguments are the ARGV of every script: its clock, and args with the id.
func (s *Store) arguments(sc *Script, id string, args map[string]any) ([]any, error) {
	full := map[string]any{"id": id}
	for k, v := range args {
		full[k] = v
	}
	encoded, err := json.Marshal(full)
	if err != nil {
		return nil, fmt.Errorf("%s: encode arguments: %w", sc.name, err)
	}
	now := ""
	if s.clock != nil {
		now = strconv.FormatInt(s.clock().UnixMilli(), 10)
	}
	return []any{now, encoded}, nil
}

// at returns the i-th answer, or "".
func at(answer []string, i int) string {
	if i < len(answer) {
		return answer[i]
	}
	return ""
}

// Millis reads the i-th answer of a script as a time; a value that is none is an error of the record.
func Millis(answer []string, i int) (time.Time, error) {
	n, err := strconv.ParseInt(at(answer, i), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("the script answered %q where a time was due", at(answer, i))
	}
	return time.UnixMilli(n), nil
}
