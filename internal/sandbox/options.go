package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// PushMode is how a call's result is pushed. The vendors' documents name the
// fields and leave the encoding open.
type PushMode string

// The encodings a result push can have, and none for no pushes at all.
const (
	PushForm PushMode = "form"
	PushJSON PushMode = "json"
	PushNone PushMode = "none"
)

// orForm fills an unset mode, and panics on one that is none.
func (m PushMode) orForm(of string) PushMode {
	switch m {
	case "":
		return PushForm
	case PushForm, PushJSON, PushNone:
		return m
	default:
		panic(fmt.Sprintf("sandbox: %s.PushMode %q is not form, json or none", of, m))
	}
}

// NoLimit switches a limit off: the daily limit and its lock, or the account's
// credit.
const NoLimit = -1

// orNoLimit fills an unset limit, and panics on one that can only be a mistake.
func orNoLimit(limit *int, of string) int {
	if limit == nil {
		return NoLimit
	}
	if *limit < NoLimit {
		panic(fmt.Sprintf("sandbox: %s is %d: give 0 or more, or NoLimit", of, *limit))
	}
	return *limit
}

// briefly is how long things last by default: a person and a test watch them end.
const briefly = 300 * time.Millisecond

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// shanghai is a fixed zone: it needs no zone data on the machine, and China has
// had none but this since 1991.
func shanghai() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// oneOf fills an unset choice with the first one, and panics on one that is none.
func oneOf[T ~string](given *T, of string, choices ...T) {
	if *given == "" {
		*given = choices[0]
	}
	if !slices.Contains(choices, *given) {
		panic(fmt.Sprintf("sandbox: %s %q is none of %q", of, *given, choices))
	}
}
