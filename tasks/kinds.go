package tasks

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/internal/phone"
)

// fieldsOf are the fields of content that each kind takes.
var fieldsOf = map[Kind][]string{
	KindNotify:    {"to", "template", "params", "times"},
	KindConnect:   {"from", "to"},
	KindBind:      {"mode", "x", "a", "b", "ttl", "record", "display", "prompts", "answer_prompts", "user_data"},
	KindUnbind:    {"mode", "x", "job", "subid"},
	KindPoll:      {"to", "vendor_id"},
	KindRecording: {"vendor_id"},
	KindAccount:   {},
}

func kindNames() string {
	names := make([]string, 0, len(checksOf))
	for k := range maps.Keys(checksOf) {
		names = append(names, string(k))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// checkFields refuses what the kind would silently leave out.
func checkFields(c *checkedJob) *FieldError {
	given := []struct {
		name string
		is   bool
	}{
		{"to", c.To != ""}, {"template", c.Template != ""}, {"params", len(c.Params) > 0}, {"times", c.Times != 0},
		{"from", c.From != ""}, {"mode", c.Mode != ""}, {"x", c.X != ""}, {"a", c.A != ""}, {"b", c.B != ""},
		{"ttl", c.TTL != 0}, {"record", c.Record}, {"display", c.Display != ""}, {"prompts", len(c.Prompts) > 0},
		{"answer_prompts", len(c.AnswerPrompts) > 0}, {"user_data", c.UserData != ""},
		{"job", c.Binding != ""}, {"subid", c.Subid != ""}, {"vendor_id", c.VendorID != ""},
	}
	for _, g := range given {
		if g.is && !slices.Contains(fieldsOf[c.Kind], g.name) {
			return fieldErrorf(g.name, "is not a field of a %s job; leave it out", c.Kind)
		}
	}
	return nil
}

// number reads a field that is a phone number.
func number(field, value, what string, parse func(string) (phone.Number, error)) (phone.Number, *FieldError) {
	if strings.TrimSpace(value) == "" {
		return phone.Number{}, fieldErrorf(field, "is missing; give %s", what)
	}
	n, err := parse(value)
	if err != nil {
		return phone.Number{}, fieldErrorf(field, "%s", err)
	}
	return n, nil
}

// callee reads a mainland mobile, or a foreign number with its country code.
func callee(s string) (phone.Number, error) { return mobileOr(s, phone.Number.International) }

// mainland reads a mainland mobile, or a landline with its area code.
func mainland(s string) (phone.Number, error) { return mobileOr(s, phone.Number.Landline) }

// mobileOr reads a mainland mobile, or another number of the kind that fits too.
// What is neither is told why it is no mobile.
func mobileOr(s string, fits func(phone.Number) bool) (phone.Number, error) {
	n, err := phone.Parse(s)
	if err == nil {
		return n, nil
	}
	if other, otherErr := phone.ParseAny(s); otherErr == nil && fits(other) {
		return other, nil
	}
	return phone.Number{}, err
}

func checkNotify(c *checkedJob) (err *FieldError) {
	if c.to, err = number("to", c.To, "an 11-digit mainland mobile number", callee); err != nil {
		return err
	}
	if c.Template == "" {
		return fieldErrorf("template", "is missing; give the vendor's template id (ITNIO: the voice file's id)")
	}
	if !templatePattern.MatchString(c.Template) {
		return fieldErrorf("template", "must be 1 to 64 letters, digits, '_', '.' or '-'")
	}
	return nil
}

func checkTimes(c *checkedJob) *FieldError {
	if c.Times < 0 || c.Times > 3 {
		return fieldErrorf("times", "is %d; a message is played 1 to 3 times", c.Times)
	}
	return nil
}

func checkConnect(c *checkedJob) (err *FieldError) {
	if c.from, err = number("from", c.From, "the caller's number", mainland); err != nil {
		return err
	}
	if c.to, err = number("to", c.To, "the callee's number", mainland); err != nil {
		return err
	}
	if c.from == c.to {
		return fieldErrorf("to", "is the same number as from; a phone cannot call itself")
	}
	return nil
}

var vendorIDPattern = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func checkVendorID(c *checkedJob) *FieldError {
	if c.VendorID == "" {
		return fieldErrorf("vendor_id", "is missing; give the call's id at the vendor")
	}
	if !vendorIDPattern.MatchString(c.VendorID) {
		return fieldErrorf("vendor_id", "must be 1 to 64 letters, digits, '_' or '-'")
	}
	return nil
}

func checkPoll(c *checkedJob) (err *FieldError) {
	if c.To == "" {
		return nil // whether the vendor wants it is the account's to say
	}
	c.to, err = number("to", c.To, "the number called", callee)
	return err
}
