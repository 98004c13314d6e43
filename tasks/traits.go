package tasks

import (
	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
)

// Traits are what the vendor's requests can carry, as far as a producer can
// check it. The zero value is the narrowest.
type Traits struct {
	International  bool `json:"international,omitempty"`    // numbers beyond the mainland
	Params         bool `json:"params,omitempty"`           // templates take variables
	PollNeedsTo    bool `json:"poll_needs_to,omitempty"`    // a query wants the number called
	MaxTimes       int  `json:"max_times,omitempty"`        // of a message's repetition; 0: 3
	MaxNumberBytes int  `json:"max_number_bytes,omitempty"` // of a number in a binding; 0: 24
	Endless        bool `json:"endless,omitempty"`          // bindings of mode xa without ttl are allowed
	Pool           bool `json:"pool,omitempty"`             // a worker may choose the privacy number
}

// check says whether the account can take what the job asks for.
func (a Account) check(c *checkedJob) *FieldError {
	t := a.Traits
	switch {
	case c.Kind == KindNotify && c.to.International() && !t.International:
		return fieldErrorf("to", "account %s (vendor %s) calls mainland mobiles only", a.Name, a.Vendor)
	case len(c.Params) > 0 && !t.Params:
		return fieldErrorf("params", "account %s (vendor %s) plays a file, which has no variables; leave them out", a.Name, a.Vendor)
	case t.MaxTimes > 0 && c.Times > t.MaxTimes:
		return fieldErrorf("times", "is %d; account %s (vendor %s) plays a message at most %d times", c.Times, a.Name, a.Vendor, t.MaxTimes)
	case c.Kind == KindPoll && c.To == "" && t.PollNeedsTo:
		return fieldErrorf("to", "is missing; account %s (vendor %s) wants the number called besides its id", a.Name, a.Vendor)
	case c.Kind == KindBind && c.X == AutoX && !t.Pool:
		return fieldErrorf("x", "cannot be chosen: account %s has no pool of numbers (its workers' configuration: pool); give the number", a.Name)
	case c.Kind == KindBind && c.TTL == 0 && !t.Endless:
		return fieldErrorf("ttl", "is missing; bindings without end are refused unless the account has allow_endless: true")
	}
	if group, ok := record.GroupOf(c.Binding); c.Binding != "" && (!ok || group != a.Group) {
		return fieldErrorf("job", "is not the id of a job of account %s's group (%s)", a.Name, a.Group)
	}
	if err := a.checkEventURL(c); err != nil {
		return err
	}
	return a.checkLengths(c)
}

func (a Account) checkLengths(c *checkedJob) *FieldError {
	most := a.Traits.MaxNumberBytes
	if most == 0 || c.Kind != KindBind {
		return nil
	}
	for _, n := range []struct {
		field  string
		number phone.Number
	}{{"x", c.x}, {"a", c.a}, {"b", c.b}} {
		if len(n.number.Digits()) > most {
			return fieldErrorf(n.field, "is longer than the %d bytes that account %s (vendor %s) takes", most, a.Name, a.Vendor)
		}
	}
	return nil
}
