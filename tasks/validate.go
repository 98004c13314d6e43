package tasks

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callpacer/callpacer/internal/phone"
)

const (
	maxParams = 50
	maxParam  = 500 // characters
	maxKey    = 256 // bytes
	maxTags   = 20
	maxTag    = 256 // bytes, of a name or a value
)

var templatePattern = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,64}$`)

// Validate says whether the job could be accepted, whatever the account; the
// error is a *FieldError.
func (j Job) Validate() error {
	_, err := j.checked()
	return err
}

// checked returns the job in its normal form.
func (j Job) checked() (checkedJob, error) {
	c := checkedJob{Job: j}
	if c.Kind == "" {
		c.Kind = KindNotify
	}
	if c.Priority == "" {
		c.Priority = Normal
	}
	steps := []func(*checkedJob) *FieldError{checkKind, checkFields}
	steps = append(steps, checksOf[c.Kind]...)
	steps = append(steps, checkLife, checkTags, checkEventURL)
	for _, step := range steps {
		if err := step(&c); err != nil {
			return checkedJob{}, err
		}
	}
	return c, nil
}

type checkedJob struct {
	Job
	to, from, x, a, b phone.Number
}

// checksOf are the checks of each kind that applications can enqueue.
var checksOf = map[Kind][]func(*checkedJob) *FieldError{
	KindNotify:    {checkNotify, checkParams, checkTimes},
	KindConnect:   {checkConnect},
	KindBind:      {checkBind, checkPrompts},
	KindUnbind:    {checkUnbind},
	KindPoll:      {checkVendorID, checkPoll},
	KindRecording: {checkVendorID},
	KindAccount:   {},
}

func checkKind(c *checkedJob) *FieldError {
	if _, ok := checksOf[c.Kind]; !ok {
		return fieldErrorf("kind", "%q is not a kind of job; use one of %s", c.Kind, kindNames())
	}
	if c.Account == "" {
		return fieldErrorf("account", "is missing; name an account of the workers' configuration")
	}
	if !slices.Contains([]Priority{Urgent, Normal, Bulk}, c.Priority) {
		return fieldErrorf("priority", "%q is not one of urgent, normal, bulk", c.Priority)
	}
	return checkKey(c.IdempotencyKey)
}

// checkKey refuses keys that one way of submitting keeps and another changes (a
// line's end, a byte that JSON cannot carry): they would be two calls.
func checkKey(key string) *FieldError {
	switch {
	case len(key) > maxKey:
		return fieldErrorf("idempotency_key", "has %d bytes; at most %d", len(key), maxKey)
	case !utf8.ValidString(key):
		return fieldErrorf("idempotency_key", "is not UTF-8")
	case strings.ContainsFunc(key, breaksLine):
		return fieldErrorf("idempotency_key", "contains a control character (a line break or tab, perhaps); remove it")
	case strings.TrimSpace(key) != key:
		return fieldErrorf("idempotency_key", "begins or ends with white space; trim it")
	}
	return nil
}

// breaksLine says that a character is no part of a text of one line.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// Params travel to Jumdata joined by commas, without any escape.
func checkParams(c *checkedJob) *FieldError {
	if len(c.Params) == 0 {
		c.Params = nil // no list and an empty one are the same content
	}
	if len(c.Params) > maxParams {
		return fieldErrorf("params", "has %d values; at most %d", len(c.Params), maxParams)
	}
	for i, p := range c.Params {
		switch {
		case !utf8.ValidString(p):
			return fieldErrorf("params", "value %d is not UTF-8", i+1)
		case strings.Contains(p, ","):
			return fieldErrorf("params", "value %d contains ',', which separates parameters at the vendor; use '，' instead", i+1)
		case strings.ContainsFunc(p, breaksLine):
			return fieldErrorf("params", "value %d contains a control character (a line break or tab, perhaps); remove it", i+1)
		case utf8.RuneCountInString(p) > maxParam:
			return fieldErrorf("params", "value %d has more than %d characters", i+1, maxParam)
		}
	}
	return nil
}

func checkTags(c *checkedJob) *FieldError {
	if len(c.Tags) > maxTags {
		return fieldErrorf("tags", "has %d entries; at most %d", len(c.Tags), maxTags)
	}
	for k, v := range c.Tags {
		if k == "" || len(k) > maxTag || len(v) > maxTag {
			return fieldErrorf("tags", "a name has 1 to %d bytes and a value at most %d", maxTag, maxTag)
		}
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fieldErrorf("tags", "a name or value is not UTF-8")
		}
	}
	return nil
}
