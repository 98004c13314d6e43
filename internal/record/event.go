package record

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

//go:embed lua/claim_events.lua
var claimEventsBody string

//go:embed lua/event_step.lua
var eventStepBody string

//go:embed lua/events_put_off.lua
var eventsPutOffBody string

//go:embed lua/replay_event.lua
var replayEventBody string

var (
	claimEventsScript  = NewScript("claim due events", claimEventsBody)
	eventStepScript    = NewScript("say what became of an event", eventStepBody)
	eventsPutOffScript = NewScript("put events off", eventsPutOffBody)
	replayEventScript  = NewScript("replay an event", replayEventBody)
)

// Event is one change of a job that its application is to hear of.
type Event struct {
	ID        string // "<job>:<revision>", the same at every delivery
	Group     string
	Job       string
	Revision  int       // the job's, counted from 1
	At        time.Time // of the change
	Since     time.Time // when its deliveries began: the change, or its replay
	Corrected bool      // the job had ended otherwise before
	About     string    // what is news besides the state, such as recording.stored; empty: the state is
	URL       string    // the job's own event_url; empty: the configured one
	Record    *Record   // as it stood right after the change
	Tries     int       // deliveries that failed so far
	LastError string    // why the last one did
	Claimed   time.Time // by Redis's time

	until int64 // the lease
}

// unreadableKept is how long an event is kept that nobody can read.
const unreadableKept = 7 * 24 * time.Hour

var eventID = regexp.MustCompile(`^[^.:]+\.[^:]+:[1-9][0-9]*$`)

// IsEvent says that an id is that of an event.
func IsEvent(id string) bool { return eventID.MatchString(id) }

// ClaimEvents leases at most limit due events of the group to the caller. One whose
// lease runs out is due again.
func (s *Store) ClaimEvents(ctx context.Context, group string, limit int, lease time.Duration) ([]Event, error) {
	answer, err := s.RunGroup(ctx, claimEventsScript, group, map[string]any{"limit": limit, "lease": lease.Milliseconds()})
	if err != nil {
		return nil, err
	}
	until, err := Millis(answer, 0)
	if err != nil {
		return nil, fmt.Errorf("claim due events: %w", err)
	}
	var events []Event
	for i := 1; i+1 < len(answer); i += 2 {
		e, unreadable := eventOf(answer[i], answer[i+1])
		e.ID, e.Group, e.until, e.Claimed = answer[i], group, until.UnixMilli(), until.Add(-lease)
		if unreadable == nil {
			events = append(events, e)
			continue
		}
		// It keeps no others from being told.
		if err := s.EventDead(ctx, e, unreadable.Error(), unreadableKept); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// eventOf reads an event as the scripts keep it.
func eventOf(id, kept string) (Event, error) {
	var h, told map[string]string
	err := json.Unmarshal([]byte(kept), &h)
	if err == nil {
		err = json.Unmarshal([]byte(h["record"]), &told)
	}
	if err != nil {
		return Event{}, fmt.Errorf("read event %s: %w", id, err)
	}
	r := parse(h["job"], told)
	if r == nil {
		return Event{}, fmt.Errorf("read event %s: the record in it has no state", id)
	}
	return Event{
		ID: id, Job: h["job"], Revision: count(h["revision"]), At: instant(h["at"]), Since: instant(h["since"]),
		About: h["about"], Corrected: h["corrected"] == "1", URL: h["url"], Record: r, Tries: count(h["tries"]), LastError: h["why"],
	}, nil
}

// EventsDue is how many events of the group are not delivered yet.
func (s *Store) EventsDue(ctx context.Context, group string) (int64, error) {
	n, err := s.rdb.ZCard(ctx, keysOf(group).events()).Result()
	if err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return n, nil
}

// EventTold says that the application has the event; nothing of it is kept.
func (s *Store) EventTold(ctx context.Context, e Event) error {
	return s.eventStep(ctx, e, map[string]any{"step": "told"})
}

// EventFailed says that one more delivery failed; the next is due after in. Where
// another deliverer has the event since, nothing changes.
func (s *Store) EventFailed(ctx context.Context, e Event, in time.Duration, why string) error {
	return s.eventStep(ctx, e, map[string]any{"step": "failed", "again_in": in.Milliseconds(), "why": why})
}

// EventPutOff gives an event back that was not tried; it is due after in.
func (s *Store) EventPutOff(ctx context.Context, e Event, in time.Duration) error {
	return s.eventStep(ctx, e, map[string]any{"step": "put_off", "again_in": in.Milliseconds()})
}

// PutOff is an event that was not tried, and after how long it is due again.
type PutOff struct {
	Event Event
	In    time.Duration
}

// EventsPutOff is EventPutOff for events of one group, in one go.
func (s *Store) EventsPutOff(ctx context.Context, group string, waits []PutOff) error {
	list := make([]map[string]any, len(waits))
	for i, w := range waits {
		list[i] = map[string]any{"event": w.Event.ID, "leased": w.Event.until, "again_in": w.In.Milliseconds()}
	}
	_, err := s.RunGroup(ctx, eventsPutOffScript, group, map[string]any{"events": list})
	return err
}

// EventDead says that the last delivery failed: the event is a dead letter, kept for
// retain.
func (s *Store) EventDead(ctx context.Context, e Event, why string, retain time.Duration) error {
	return s.eventStep(ctx, e, map[string]any{"step": "dead", "why": why, "retain": retain.Milliseconds()})
}

func (s *Store) eventStep(ctx context.Context, e Event, args map[string]any) error {
	args["event"], args["leased"] = e.ID, e.until
	_, err := s.RunGroup(ctx, eventStepScript, e.Group, args)
	return err
}

// ReplayEvent has a dead letter delivered after all, with the time of a new event;
// false: there is no such dead letter.
func (s *Store) ReplayEvent(ctx context.Context, id string) (done bool, err error) {
	group, ok := GroupOf(id)
	if !ok || !IsEvent(id) {
		return false, fmt.Errorf("%q is not an event's id (want <job>:<revision>)", id)
	}
	answer, err := s.RunGroup(ctx, replayEventScript, group, map[string]any{"event": id})
	if err != nil {
		return false, err
	}
	return at(answer, 0) == "replayed", nil
}
