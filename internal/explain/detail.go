package explain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// detail says in words what the rule is, and what it found.
func (s sight) detail(r ratelimit.RuleOf) string {
	switch r.Rule {
	case "not_before":
		return "as the application wished"
	case record.HoldRedial:
		return fmt.Sprintf("redial %d, after %s", s.rec.RedialNumber, s.rec.RedialOf)
	case record.HoldConflict:
		return s.conflict(r)
	case record.HoldNoNumber:
		return s.noNumber()
	case record.HoldBinding:
		return "nobody knows yet whether its binding was made, or what the vendor calls it"
	case "suppression":
		return masked(r.Detail)
	case "window":
		if r.Passes {
			return join("; ", windowWords(s.rules.Window), "shuts at "+s.clock(r.Closes))
		}
		return windowWords(s.rules.Window)
	case "per_number":
		return join(", ", quotaWords(r), s.of(r))
	case "one_at_a_time":
		if r.Passes {
			return ""
		}
		return "a call to its number is in flight, until then at the latest"
	case "lockout":
		if r.Passes {
			return s.of(r)
		}
		return s.of(r) + " is locked"
	case "rate":
		return fmt.Sprintf("%g a second, burst of %d", r.Limit, s.rules.Rate.Burst)
	case "query_rate":
		return fmt.Sprintf("%g a second, burst of %d", r.Limit, s.rules.QueryRate.Burst)
	case "max_in_flight":
		return "calls that use a line"
	case "daily_cap":
		return "a calendar day"
	case "expires":
		return "what is not sent by then ends expired"
	case "breaker", "halt", "vendor_window", "vendor_frequency", ratelimit.GateOperator, "clock":
		return masked(r.Detail)
	}
	if nameOf(r.Rule) == ratelimit.GateOperator {
		return join(": ", "queue "+s.queue(), masked(r.Detail))
	}
	return s.words() // the job's own wait
}

// noNumber says what the worker found that held the job for want of a number: that none
// was free, or that it has no pool.
func (s sight) noNumber() string {
	for _, e := range slices.Backward(s.rec.Timeline) {
		if found, ok := strings.CutPrefix(e.Detail, record.HoldNoNumber+": "); ok && e.State == record.Held {
			return "a worker found at " + s.clock(e.At) + ": " + masked(found) + "; one looks again then"
		}
	}
	return "none of the numbers of its account's pool is free for it; a worker looks again then"
}

// conflict names the binding in the way of this one.
func (s sight) conflict(r ratelimit.RuleOf) string {
	words := "another binding of A or B has this X"
	if s.rec.To == "" { // it leads to A alone
		words = "another binding has this X"
	}
	switch {
	case r.Passes:
		return ""
	case r.Detail == "": // held for it before, and a worker has not looked again
		return words + ", or had it when a worker looked"
	}
	return words + ": " + r.Detail
}

func quotaWords(r ratelimit.RuleOf) string {
	if r.Quota == nil {
		return ""
	}
	if r.Quota.Calendar {
		return fmt.Sprintf("%d a calendar day", r.Quota.Limit)
	}
	return fmt.Sprintf("%d in %s", r.Quota.Limit, short(r.Quota.Width+r.Quota.Margin))
}

func windowWords(w *ratelimit.Window) string {
	if w == nil {
		return ""
	}
	words := timeOfDay(w.Open) + " to " + timeOfDay(w.Close) + " " + w.Location.String()
	if w.OpenGuard > 0 || w.CloseGuard > 0 {
		words += ", less " + short(w.OpenGuard) + " and " + short(w.CloseGuard)
	}
	return words
}

func timeOfDay(d time.Duration) string {
	text := fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
	if rest := d % time.Minute; rest != 0 {
		text += fmt.Sprintf(":%02d", int(rest.Seconds()))
	}
	return text
}

// short is a duration without the units of which there are none: 24h2s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return strings.Replace(text, "h0m", "h", 1)
}

func (s sight) clock(t time.Time) string { return clock(t, s.zone()) }

func clock(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05.999 -07:00")
}

// numberLike is what may be a phone number: texts of vendors and operators, of this
// job or another one, quote them.
var numberLike = regexp.MustCompile(`[+＋]?[0-9０-９](?:[\s\p{Pd}\p{Cf}−]{0,3}[0-9０-９]){8,}`)

func masked(text string) string {
	return numberLike.ReplaceAllStringFunc(strings.Join(strings.Fields(text), " "), phone.Mask)
}
