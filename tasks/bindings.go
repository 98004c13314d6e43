package tasks

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callpacer/callpacer/internal/phone"
)

const (
	maxUserData = 128 // bytes, before the vendor's own encoding
	maxTTL      = 10 * 365 * 24 * time.Hour
)

func checkBind(c *checkedJob) (err *FieldError) {
	if err := checkMode(c); err != nil {
		return err
	}
	if c.X != AutoX {
		if c.x, err = privacyNumber(c.X, "the privacy number, or "+AutoX); err != nil {
			return err
		}
	}
	if c.a, err = number("a", c.A, "the number of A", phone.ParseAny); err != nil {
		return err
	}
	switch {
	case c.Mode == ModeXA && c.B != "":
		return fieldErrorf("b", "is not a field of mode xa, where whoever calls X reaches A; leave it out")
	case c.Mode == ModeAXB:
		if c.b, err = number("b", c.B, "the number of B", phone.ParseAny); err != nil {
			return err
		}
	}
	switch {
	case c.a == c.b:
		return fieldErrorf("b", "is the same number as a; a phone cannot call itself")
	case !c.x.IsZero() && (c.x == c.a || c.x == c.b):
		return fieldErrorf("x", "is the number of a phone that it is to hide; give the privacy number")
	}
	if err := checkTTL(c); err != nil {
		return err
	}
	if len(c.UserData) > maxUserData || !utf8.ValidString(c.UserData) || strings.ContainsFunc(c.UserData, breaksLine) {
		return fieldErrorf("user_data", "must be one line of UTF-8 of at most %d bytes", maxUserData)
	}
	return nil
}

// privacyNumber reads an X. Who wrote auto otherwise than it is, or where nothing can
// be chosen, is told so, not that it has a letter.
func privacyNumber(x, what string) (phone.Number, *FieldError) {
	if strings.EqualFold(strings.TrimSpace(x), AutoX) {
		return phone.Number{}, fieldErrorf("x", "%q is no number; give a number, or %s (bind only)", x, AutoX)
	}
	return number("x", x, what, phone.ParseAny)
}

func checkMode(c *checkedJob) *FieldError {
	if c.Mode == "" {
		c.Mode = ModeAXB
	}
	if c.Mode != ModeAXB && c.Mode != ModeXA {
		return fieldErrorf("mode", "%q is not one of %s, %s", c.Mode, ModeAXB, ModeXA)
	}
	return nil
}

func checkTTL(c *checkedJob) *FieldError {
	switch {
	case c.TTL == 0 && c.Mode == ModeAXB:
		return fieldErrorf("ttl", "is missing; say how long the binding stands, such as 1h")
	case c.TTL != 0 && c.TTL < time.Second:
		return fieldErrorf("ttl", "is shorter than 1s")
	case c.TTL > maxTTL:
		return fieldErrorf("ttl", "is longer than ten years")
	case c.TTL%time.Second != 0:
		return fieldErrorf("ttl", "is not a whole number of seconds")
	}
	return nil
}

var (
	displays      = map[string][]string{ModeAXB: {"", "0,0", "0,1", "1,0", "1,1"}, ModeXA: {"", "0", "1"}}
	promptPattern = regexp.MustCompile(`^[0-9A-Za-z_.-]{0,64}$`)
)

// checkPrompts checks what is heard and seen in calls over a binding.
func checkPrompts(c *checkedJob) *FieldError {
	if !slices.Contains(displays[c.Mode], c.Display) {
		return fieldErrorf("display", "must be one of %s in mode %s", strings.Join(displays[c.Mode][1:], " "), c.Mode)
	}
	most, mostAnswer := 3, 2
	if c.Mode == ModeXA {
		most, mostAnswer = 1, 0
	}
	for _, list := range []struct {
		name string
		ids  []string
		most int
	}{{"prompts", c.Prompts, most}, {"answer_prompts", c.AnswerPrompts, mostAnswer}} {
		if len(list.ids) > list.most {
			return fieldErrorf(list.name, "has %d ids; at most %d in mode %s", len(list.ids), list.most, c.Mode)
		}
		for i, id := range list.ids {
			if !promptPattern.MatchString(id) {
				return fieldErrorf(list.name, "id %d must be letters, digits, '_', '.' or '-'", i+1)
			}
		}
	}
	return nil
}

var jobIDPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,23}\.[0-9A-Za-z]{1,64}$`)

func checkUnbind(c *checkedJob) (err *FieldError) {
	ways := 0
	for _, given := range []bool{c.Binding != "", c.Subid != "", c.X != ""} {
		if given {
			ways++
		}
	}
	switch {
	case c.Mode != "" && c.Mode != ModeXA && c.Mode != ModeAXB:
		return checkMode(c)
	case c.X == "" && c.Mode == ModeXA:
		return fieldErrorf("x", "is missing; a binding of mode xa is released by its privacy number")
	case ways == 0:
		return fieldErrorf("job", "is missing; name the binding by job, by subid, or by mode xa and x")
	case ways > 1:
		return fieldErrorf("job", "name the binding in one way only: by job, by subid, or by mode xa and x")
	case c.X != "" && c.Mode != ModeXA:
		return fieldErrorf("x", "names a binding in mode xa only; give mode xa, or job or subid")
	case c.Binding != "" && !jobIDPattern.MatchString(c.Binding):
		return fieldErrorf("job", "is not the id of a job")
	case c.Subid != "" && !vendorIDPattern.MatchString(c.Subid):
		return fieldErrorf("subid", "must be 1 to 64 letters, digits, '_' or '-'")
	}
	if c.X != "" {
		c.x, err = privacyNumber(c.X, "the privacy number")
	}
	return err
}
