package ratelimit

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// copyRevision is the field of a group's copy that holds the revision of the
// list that it has. No number's key looks like it.
const copyRevision = "#revision"

// lastMoment is what RFC 3339 can write, in Unix milliseconds.
var lastMoment = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli()

// listed is an entry as the list keeps it; times are Unix milliseconds.
type listed struct {
	Number string `json:"number"` // masked
	Reason string `json:"reason"`
	Until  int64  `json:"until"`
}

// kept is what stands in the list under a key: an entry, or that it was removed.
type kept struct {
	key     string
	removed bool
	listed
	Added int64 `json:"added"`
}

// written is the entry for the script that changes the list: key, the value
// without its end, which the script writes, and until in Unix milliseconds.
func (e Suppressed) written() ([3]string, error) {
	if e.Key == "" || e.Key == copyRevision {
		return [3]string{}, errors.New("an entry has no key of a number")
	}
	if err := CheckReason(e.Reason); err != nil {
		return [3]string{}, fmt.Errorf("a reason %w", err)
	}
	until, err := untilMillis(e.Until)
	if err != nil {
		return [3]string{}, err
	}
	value, err := json.Marshal(listed{Number: e.Masked, Reason: e.Reason, Until: until})
	if err != nil {
		return [3]string{}, fmt.Errorf("encode an entry: %w", err)
	}
	return [3]string{e.Key, strings.TrimSuffix(string(value), "}"), strconv.FormatInt(until, 10)}, nil
}

// untilMillis rounds up: nobody is dialled a moment too early.
func untilMillis(until time.Time) (int64, error) {
	if until.IsZero() {
		return 0, nil
	}
	ms := until.Add(time.Millisecond - 1).UnixMilli()
	if ms <= 0 || ms > lastMoment {
		return 0, errors.New("an end is before 1970 or after 9999")
	}
	return ms, nil
}

func readKept(key, value string) (kept, error) {
	e := kept{key: key, removed: value == ""}
	if e.removed {
		return e, nil
	}
	if err := json.Unmarshal([]byte(value), &e); err != nil {
		return kept{}, fmt.Errorf("the entry %s of the suppression list is no JSON: %w", key, err)
	}
	return e, nil
}

// copied is what a group's copy holds; "": nothing.
func (e kept) copied() string {
	if e.removed {
		return ""
	}
	return strconv.FormatInt(e.Until, 10) + " " + e.Reason
}

func (e kept) over(now time.Time) bool { return e.Until > 0 && e.Until <= now.UnixMilli() }

func (e kept) suppressed() Suppressed {
	s := Suppressed{Key: e.key, Masked: e.Number, Reason: e.Reason, Added: time.UnixMilli(e.Added)}
	if e.Until > 0 {
		s.Until = time.UnixMilli(e.Until)
	}
	return s
}
