package record

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed lua/start.lua
var startBody string

var startScript = NewScript("start a run", startBody)

// Record is one job as it stands.
type Record struct {
	ID, Kind, Account, Vendor, Priority string
	State                               State
	Cause                               string
	HoldReason                          string
	HoldUntil                           time.Time
	Shut                                *Gate // why it lies in its queue: its lane is shut
	VendorID, VendorTask                string
	VendorCode, VendorText              string
	Facts
	Attempts                           int // of which a byte left, or may have left
	Attempt                            int // number of the last attempt
	Seq                                int // number of the last follow-up task
	Polls, Failures, Repeats, Revision int
	To, From                           string   // masked
	X                                  string   // of a binding: masked; of a connection: in clear, for the caller may have to dial it
	RequestID                          string   // the same in every request of the job
	Parent                             string   // of a call or message over a binding: the binding's id
	RefusedX                           []string // of a binding: lookup keys of chosen numbers that the vendor refused
	Sent                               bool     // of a binding: a request with its present RequestID left, or may have left
	Chosen                             bool     // of a binding: its X was chosen here, and stands in clear
	Generation                         int64    // of a binding, among those that its X had; 0: none yet
	Redial, RedialOf                   string   // the job that calls again, and the call before this one; empty: none
	RedialNumber                       int      // it is the n-th that calls again
	Content                            string
	Numbers                            []string
	Hides                              []string // numbers in clear that its texts may repeat, of a call of a binding or connection
	Tags                               map[string]string
	EventURL                           string
	Tells                              bool // its application hears of its changes
	CancelRequested                    bool
	Repeatable                         bool      // the vendor knows the request by an id: in doubt, it may go out again
	CreatedAt, ExpiresAt, NotBefore    time.Time // zero: none
	SendBefore, EndedAt, GiveUpAt      time.Time // zero: none
	EndsAt                             time.Time // of a binding; zero: without end, or not made
	Since                              time.Time // of the state
	File                               File
	Timeline                           []Entry
}

// Entry is one line of a job's timeline.
type Entry struct {
	At     time.Time
	State  State
	Detail string
}

// Get returns the record, or nil where there is none.
func (s *Store) Get(ctx context.Context, id string) (*Record, error) {
	group, ok := GroupOf(id)
	if !ok {
		return nil, fmt.Errorf("read record: %q is not a job id (want <group>.<name>)", id)
	}
	h, err := s.rdb.HGetAll(ctx, keysOf(group).job(id)).Result()
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	r := parse(id, h)
	if r != nil && r.State.Waiting() && gatedKinds[r.Kind] {
		if r.Shut, err = s.shut(ctx, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// MarkerState returns the last state that a key marker keeps of a job whose
// record is gone, or "".
func (s *Store) MarkerState(ctx context.Context, id string) (State, error) {
	group, ok := GroupOf(id)
	if !ok {
		return "", fmt.Errorf("read key marker: %q is not a job id", id)
	}
	h, err := s.rdb.HGetAll(ctx, keysOf(group).marker(id)).Result()
	if err != nil {
		return "", fmt.Errorf("read key marker: %w", err)
	}
	return State(h["state"]), nil
}

// Start begins a handler's run: it returns the record (nil: none) and Redis's
// time. More than twenty runs that never reach an answer of Admit end the job.
func (s *Store) Start(ctx context.Context, id string) (*Record, time.Time, error) {
	answer, err := s.Run(ctx, startScript, id, nil, nil)
	if err != nil {
		return nil, time.Time{}, err
	}
	now, err := Millis(answer, 0)
	if err != nil {
		return nil, time.Time{}, err
	}
	h := make(map[string]string, len(answer)/2)
	for i := 1; i+1 < len(answer); i += 2 {
		h[answer[i]] = answer[i+1]
	}
	return parse(id, h), now, nil
}

func parse(id string, h map[string]string) *Record {
	if h["state"] == "" {
		return nil
	}
	r := &Record{
		ID: id, Kind: h["kind"], Account: h["account"], Vendor: h["vendor"], Priority: h["priority"],
		State: State(h["state"]), Cause: h["cause"], HoldReason: h["hold_reason"], HoldUntil: instant(h["hold_until"]),
		VendorID: h["vendor_id"], VendorTask: h["vendor_task"], VendorCode: h["vendor_code"], VendorText: h["vendor_text"],
		Facts: factsOf(h), Attempts: count(h["attempts"]), Attempt: count(h["attempt"]), Seq: count(h["seq"]),
		Polls: count(h["polls"]), Failures: count(h["failures"]), Repeats: count(h["repeats"]), Revision: count(h["revision"]),
		To: h["to"], From: h["from"], X: h["x"], RequestID: h["request_id"], Parent: h["parent"], Chosen: h["chosen"] == "1", Sent: h["sent_id"] != "" && h["sent_id"] == h["request_id"], Generation: int64(count(h["gen"])),
		Redial: h["redial"], RedialOf: h["redial_of"], RedialNumber: count(h["redial_number"]), Content: h["content"], EventURL: h["event_url"], Tells: h["tells"] == "1", CancelRequested: h["cancel"] == "1", Repeatable: h["repeatable"] == "1",
		CreatedAt: instant(h["created_at"]), ExpiresAt: instant(h["expires_at"]), NotBefore: instant(h["not_before"]),
		SendBefore: instant(h["send_before"]), EndedAt: instant(h["ended_at"]), GiveUpAt: instant(h["give_up_at"]),
		EndsAt: instant(h["ends_at"]), Since: instant(h["since"]), File: fileOf(h),
	}
	if h["numbers"] != "" {
		r.Numbers = strings.Split(h["numbers"], ",")
	}
	if h["refused_x"] != "" {
		r.RefusedX = strings.Split(h["refused_x"], ",")
	}
	if h["hides"] != "" {
		r.Hides = strings.Split(h["hides"], ",")
	}
	if h["tags"] != "" && json.Unmarshal([]byte(h["tags"]), &r.Tags) != nil {
		r.Tags = nil // written by us as a JSON object; anything else is nobody's tags
	}
	r.Timeline = timeline(h)
	return r
}

func factsOf(h map[string]string) Facts {
	f := Facts{
		SIP: count(h["sip"]), Q850: count(h["q850"]), Cost: h["cost"], Currency: h["currency"], DTMF: h["dtmf"],
		UserData: h["user_data"], Began: instant(h["began_at"]), Answered: instant(h["answered_at"]), Released: instant(h["released_at"]),
		HangupBy: h["hangup_by"], Recording: h["recording"], Conflict: h["conflict"] == "1",
	}
	for name, target := range map[string]**time.Duration{"duration_ms": &f.Duration, "billed_ms": &f.Billed} {
		if v, ok := h[name]; ok {
			d := time.Duration(count(v)) * time.Millisecond
			*target = &d
		}
	}
	if v, ok := h["billable"]; ok {
		b := v == "1"
		f.Billable = &b
	}
	return f
}

func timeline(h map[string]string) []Entry {
	type line struct {
		n int
		e Entry
	}
	var lines []line
	for field, value := range h {
		n, ok := strings.CutPrefix(field, "at:")
		if !ok {
			continue
		}
		when, rest, _ := strings.Cut(value, " ")
		state, detail, _ := strings.Cut(rest, " ")
		lines = append(lines, line{count(n), Entry{At: instant(when), State: State(state), Detail: detail}})
	}
	sort.Slice(lines, func(i, j int) bool { return lines[i].n < lines[j].n })
	entries := make([]Entry, len(lines))
	for i, l := range lines {
		entries[i] = l.e
	}
	return entries
}

// instant reads a time in Unix milliseconds; absent or 0 is the zero time.
func instant(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

func count(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func unixMilli(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
