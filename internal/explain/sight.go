package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// sight is all that is known of a job at one moment.
type sight struct {
	rec     *record.Record
	rules   ratelimit.Rules
	numbers []string // of the request, for people
	why     ratelimit.Why
}

// nameRedial gives the wait of a job that calls again its own name: it is kept as the
// time before which the job does not go out, and no application wished for that.
func (s *sight) nameRedial() {
	const wait = "not_before"
	if s.rec.RedialOf == "" {
		return
	}
	kept := slices.ContainsFunc(s.why.Rules, func(r ratelimit.RuleOf) bool { return r.Rule == wait })
	s.why.Rules = slices.DeleteFunc(s.why.Rules, func(r ratelimit.RuleOf) bool { return kept && r.Rule == record.HoldRedial })
	for i := range s.why.Rules {
		if s.why.Rules[i].Rule == wait {
			s.why.Rules[i].Rule = record.HoldRedial
		}
	}
	for _, name := range []*string{&s.why.Binding, &s.why.HeldFor} {
		if *name == wait {
			*name = record.HoldRedial
		}
	}
}

// zone is the one in which the account's days and windows are told.
func (s sight) zone() *time.Location {
	switch {
	case s.rules.Window != nil && s.rules.Window.Location != nil:
		return s.rules.Window.Location
	case s.rules.Day != nil:
		return s.rules.Day
	}
	return time.UTC
}

// chooses says that the job's middle number is still to be chosen from its account's pool;
// what was chosen stands in its content.
func (s sight) chooses() bool {
	if s.rec.Kind != string(tasks.KindBind) {
		return false
	}
	content, err := tasks.DecodeContent(tasks.KindBind, s.rec.Content)
	return err == nil && content.X == tasks.AutoX
}

func (s sight) queue() string {
	return string(tasks.QueueFor(s.rec.Account, tasks.Kind(s.rec.Kind), tasks.Priority(s.rec.Priority)))
}

// binding is what the rule that binds the job says: of several numbers or quotas the
// one that ends last.
func (s sight) binding() (out ratelimit.RuleOf) {
	for _, r := range s.why.Rules {
		if r.Rule == s.why.Binding && !r.Passes && (out.Rule == "" || r.Until.After(out.Until)) {
			out = r
		}
	}
	return out
}

// of is the number that a rule's word is about, masked; empty: about none.
func (s sight) of(r ratelimit.RuleOf) string {
	if r.Number < 1 || r.Number > len(s.numbers) {
		return ""
	}
	return s.numbers[r.Number-1]
}

// words are the vendor's last ones about the job.
func (s sight) words() string { return join(" ", masked(s.rec.VendorCode), masked(s.rec.VendorText)) }

// join leaves out what is empty.
func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), sep)
}
