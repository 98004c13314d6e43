package ratelimit

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

var (
	//go:embed lua/lease.lua
	leasePart string
	//go:embed lua/project.lua
	projectPart string
	//go:embed lua/shut.lua
	shutPart string
	//go:embed lua/open.lua
	openPart string
	//go:embed lua/rest.lua
	restPart string

	leaseScript   = record.NewScript("lease slots", gatesPart+leasePart)
	projectScript = record.NewScript("read a lane's gates", gatesPart+projectPart)
	shutScript    = record.NewScript("shut a lane", shutPart)
	openScript    = record.NewScript("open a lane", openPart)
	restScript    = record.NewScript("rest a lane's queries", restPart)
)

// GateOperator is the reason of a lane that a person paused. With "/" and a
// priority behind it, only that queue is paused.
const GateOperator = "operator"

// GateClock is the reason of all lanes of a group while Redis's time, set back, has
// not come to where it was.
const GateClock = "clock"

// Gate is a reason for which a lane is shut.
type Gate struct {
	Reason string
	Since  time.Time
	Until  time.Time // zero: until somebody opens it
	Detail string
	Trial  bool // only the breaker's trial call keeps others back: no queue is paused
}

// OfQueue is the priority of the one queue that the gate shuts; empty: it shuts
// the whole lane.
func (g Gate) OfQueue() string {
	_, queue, _ := strings.Cut(g.Reason, "/")
	return queue
}

// Lane is what the fleet shares about one account: its rate, its gates, its lines.
type Lane struct {
	Account, Group string
	store          *record.Store
	rules          Rules
	now            func() time.Time // a guess at Redis's time
}

// NewLane returns the lane of an account. now is the process's clock.
func NewLane(store *record.Store, group, account string, rules Rules, now func() time.Time) *Lane {
	return &Lane{Account: account, Group: group, store: store, rules: rules, now: now}
}

// Standing is how a lane stands.
type Standing struct {
	Now time.Time // the group's
	// Server is Redis's own time: behind Now where it was set back.
	Server time.Time
	Gates  []Gate    // sorted by reason; empty: it is open
	Next   time.Time // when that may change by itself at the earliest
	Lines  int       // calls that use a line
	Used   float64   // calls per second, in the last ten full seconds
	// Failures in a row that the breaker has counted.
	Failures int
	Probe    *Probed // nil: nobody ever asked its vendor how the account stands
}

// Project reads why the lane is shut and notes the reasons that follow from rules
// and time where people find them.
func (l *Lane) Project(ctx context.Context) (Standing, error) { return l.stand(ctx, false) }

// Peek is Project that writes nothing.
func (l *Lane) Peek(ctx context.Context) (Standing, error) { return l.stand(ctx, true) }

func (l *Lane) stand(ctx context.Context, peek bool) (Standing, error) {
	answer, err := l.ask(ctx, projectScript, map[string]any{"peek": peek}, 1)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{}
	if s.Now, err = record.Millis(answer, 0); err != nil || len(answer) < 6 {
		return Standing{}, fmt.Errorf("read the gates of %s: unexpected answer %q", l.Account, answer)
	}
	if s.Next, err = record.Millis(answer, 1); err != nil {
		return Standing{}, fmt.Errorf("read the gates of %s: %w", l.Account, err)
	}
	var gates []struct {
		Reason, Detail string
		Till, Since    float64
		Trial          bool
	}
	hash := map[string]string{}
	if err := json.Unmarshal([]byte(answer[3]), &gates); err != nil {
		return Standing{}, fmt.Errorf("read the gates of %s: %w", l.Account, err)
	}
	if err := json.Unmarshal([]byte(answer[4]), &hash); err != nil {
		return Standing{}, fmt.Errorf("read the gates of %s: %w", l.Account, err)
	}
	for _, g := range gates {
		gate := Gate{Reason: g.Reason, Detail: g.Detail, Trial: g.Trial, Since: time.UnixMilli(int64(g.Since))}
		if g.Till > 0 {
			gate.Until = time.UnixMilli(int64(g.Till))
		}
		s.Gates = append(s.Gates, gate)
	}
	s.Server = s.Now.Add(-time.Duration(number(answer[5])) * time.Millisecond)
	s.Probe = probedOf(hash)
	s.Lines, s.Failures, s.Used = number(answer[2]), number(hash["b:fails"]), used(hash, s.Now)
	return s, nil
}

// used is how many calls went in each of the ten full seconds before now.
func used(hash map[string]string, now time.Time) float64 {
	total := 0
	for i := range 10 {
		second, n, _ := strings.Cut(hash["s:"+strconv.Itoa(i)], " ")
		if age := now.Unix() - int64(number(second)); age >= 1 && age <= 10 {
			total += number(n)
		}
	}
	return float64(total) / 10
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // written by a script of ours, or absent
	return n
}

// Shut shuts the lane for a reason; a zero span is until somebody opens it.
func (l *Lane) Shut(ctx context.Context, reason string, span time.Duration, detail string) error {
	_, err := l.store.RunGroup(ctx, shutScript, l.Group, map[string]any{
		"account": l.Account, "reason": reason, "for": span.Milliseconds(), "detail": detail,
	})
	return err
}

// RestQueries leaves the vendor alone with queries for a span: they are told so where
// they wait for a slot. Calls go out all the same.
func (l *Lane) RestQueries(ctx context.Context, span time.Duration) error {
	_, err := l.store.RunGroup(ctx, restScript, l.Group, map[string]any{"account": l.Account, "for": span.Milliseconds()})
	return err
}

// Open takes reasons away, none named: every one that can be taken away. It says
// which of them stood.
func (l *Lane) Open(ctx context.Context, reasons ...string) ([]string, error) {
	return l.store.RunGroup(ctx, openScript, l.Group, map[string]any{
		"account": l.Account, "reasons": append([]string{}, reasons...),
	})
}

// ask runs a script under the rules' numbers, made anew where they are of another
// time: the script's answer says so at index at.
func (l *Lane) ask(ctx context.Context, sc *record.Script, args map[string]any, at int) ([]string, error) {
	guess := l.now()
	for range 3 {
		full := l.rules.arguments(guess, false)
		full["account"] = l.Account
		for name, value := range args {
			full[name] = value
		}
		answer, err := l.store.RunGroup(ctx, sc, l.Group, full)
		if err != nil {
			return nil, err
		}
		if len(answer) <= at {
			return nil, fmt.Errorf("unexpected answer %q", answer)
		}
		if answer[at] != "recompute" {
			return answer, nil
		}
		if guess, err = record.Millis(answer, 1-at); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the rules' numbers of %s do not fit the time they were made for", l.Account)
}
