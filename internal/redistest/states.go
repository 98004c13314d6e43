package redistest

import (
	"math"
	"time"
)

// rank is the rank of each state; an expired job's is 8 where it was sent before.
var rank = map[string]string{
	"accepted": "0", "queued": "0", "held": "0", "reserved": "0", "submitting": "1",
	"submitted": "2", "in_doubt": "2", "awaiting_dial": "2", "ringing": "3", "in_progress": "4", "active": "5",
	"unknown": "8", "expired": "9", "completed": "9", "busy": "9", "no_answer": "9", "rejected": "9",
	"failed": "9", "canceled": "9", "released": "9",
}

var final = map[string]bool{
	"unknown": true, "expired": true, "completed": true, "busy": true, "no_answer": true, "rejected": true,
	"failed": true, "canceled": true, "released": true,
}

const (
	second = int64(time.Second / time.Millisecond)
	minute = 60 * second
	// lease is how long a pump may keep a due entry that it works on.
	lease = 10 * second
	// pause is when a follow-up that was enqueued is enqueued again.
	pause = 5 * minute
	// looks is how rarely a waiting job's task is looked for.
	looks = 32 * minute
	// fetchLease is how long whoever fetches a recording may keep it to itself.
	fetchLease = 30 * second
	// endless is when a binding without end is looked at again.
	endless = 30 * 24 * 60 * minute
	// pushPause is when a push that nobody has read is enqueued again.
	pushPause = pause
	// eventPause is the longest pause between two deliveries.
	eventPause = 24 * 60 * minute
)

// latest is the latest time in ms at which a record in this state may be due.
func (g group) latest(h map[string]string) int64 {
	at := func(field string) int64 { return whole(h[field]) }
	leased := g.now + lease
	switch h["state"] {
	case "accepted":
		return max(min(at("since")+30*second, at("expires_at")), leased)
	case "queued", "held", "reserved":
		return max(min(max(at("hold_until"), at("not_before"), g.now)+looks, at("expires_at")), leased)
	case "submitting":
		return max(at("owned_until"), leased)
	case "in_doubt":
		if h["repeat_at"] != "" {
			return max(min(max(at("repeat_at"), g.now+pause), at("doubt_until")), leased)
		}
		return max(at("doubt_until"), leased)
	case "submitted", "ringing", "in_progress", "awaiting_dial":
		return max(at("give_up_at"), leased)
	case "active":
		if h["ends_at"] != "" {
			return max(at("ends_at"), leased)
		}
		return g.now + endless
	}
	return math.MaxInt64 // no state: told where the record is looked at
}

// latestFetch is the latest time in ms at which a record's recording may be due: once
// more as its vendor's time ends.
func (g group) latestFetch(h map[string]string) int64 {
	return max(whole(h["fetch_until"]), g.now+fetchLease)
}
