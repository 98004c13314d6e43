package explain

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// View is the explanation of a job. Numbers are masked.
type View struct {
	ID    string       `json:"id"`
	State record.State `json:"state"`
	// Earliest is when the rules let it out; nil: nobody knows, or it is not waiting.
	Earliest *time.Time `json:"earliest"`
	// BindingRule is the rule that ends last; nil: nothing stands in the way.
	BindingRule *string `json:"binding_rule"`
	Summary     string  `json:"summary"` // the whole in a sentence
	Rules       []Rule  `json:"rules"`   // empty: it is not waiting

	zone *time.Location
}

// Rule is what one rule says of the job. What is not known, or a rule has not, is nil.
type Rule struct {
	Rule   string     `json:"rule"`
	Passes bool       `json:"passes"`
	Count  *int       `json:"count"`
	Limit  *float64   `json:"limit"`
	Until  *time.Time `json:"until"` // when it passes; of expires: when the job ends
	Detail string     `json:"detail"`
}

func (s sight) view() View {
	v := View{ID: s.rec.ID, State: s.why.State, Summary: s.summary(), Rules: []Rule{}, zone: s.zone()}
	if !s.why.State.Waiting() {
		return v
	}
	v.Earliest = moment(s.why.Earliest)
	if s.why.Binding != "" {
		name := nameOf(s.why.Binding)
		v.BindingRule = &name
	}
	for _, r := range s.why.Rules {
		row := Rule{Rule: nameOf(r.Rule), Passes: r.Passes, Until: moment(r.Until), Detail: s.detail(r)}
		if r.Limit > 0 {
			row.Count, row.Limit = &r.Count, &r.Limit
		}
		v.Rules = append(v.Rules, row)
	}
	return v
}

// nameOf is a reason as people see it: what shuts one queue only is no rule of its own.
func nameOf(rule string) string {
	name, _, _ := strings.Cut(rule, "/")
	return name
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Text writes the explanation for people: the sentence, then the table of rules.
func (v View) Text(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s is %s. %s\n", v.ID, v.State, v.Summary); err != nil {
		return fmt.Errorf("write why: %w", err)
	}
	if len(v.Rules) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nRULE\tPASSES\tCOUNT\tLIMIT\tUNTIL\tDETAIL")
	for _, r := range v.Rules {
		passes, count, limit, until := "yes", "-", "-", "-"
		if !r.Passes {
			passes = "NO"
		}
		if r.Limit != nil {
			count, limit = strconv.Itoa(*r.Count), strconv.FormatFloat(*r.Limit, 'g', -1, 64)
		}
		if r.Until != nil {
			until = clock(*r.Until, v.zone)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Rule, passes, count, limit, until, r.Detail)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write why: %w", err)
	}
	return nil
}
