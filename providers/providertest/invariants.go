package providertest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callpacer/callpacer/providers"
)

// The closed sets. They are metric labels too, so nothing else may stand there.
var (
	placedBy = map[providers.Class][]providers.Placed{
		providers.ClassOK:          {providers.PlacedYes},
		providers.ClassRetryLater:  {providers.PlacedNo},
		providers.ClassRateLimited: {providers.PlacedNo},
		providers.ClassPermanent:   {providers.PlacedNo, providers.PlacedMaybe}, // maybe: the line was dialled and failed
		providers.ClassHalted:      {providers.PlacedNo, providers.PlacedMaybe}, // maybe: redirected
		providers.ClassUncertain:   {providers.PlacedMaybe},
	}
	classesBySignal = map[providers.Signal][]providers.Class{
		providers.SignalNone:        {providers.ClassOK, providers.ClassRetryLater, providers.ClassPermanent, providers.ClassHalted, providers.ClassUncertain},
		providers.SignalNumberLock:  {providers.ClassRateLimited, providers.ClassUncertain},
		providers.SignalWindow:      {providers.ClassRateLimited},
		providers.SignalTooFrequent: {providers.ClassRateLimited},
		providers.SignalLineBusy:    {providers.ClassRetryLater},
		providers.SignalSuppressed:  {providers.ClassPermanent},
	}
	queryClasses = []providers.Class{providers.ClassOK, providers.ClassPending, providers.ClassRetryLater,
		providers.ClassRateLimited, providers.ClassPermanent, providers.ClassHalted}
	halts = []providers.Halt{providers.HaltAuth, providers.HaltBalance, providers.HaltAccount, providers.HaltConfig, providers.HaltClockSkew}

	causes = []providers.Cause{
		providers.CauseAnswered, providers.CauseEarlyHangup, providers.CauseBusy, providers.CauseNoAnswer,
		providers.CauseRejected, providers.CauseUnreachable, providers.CausePowerOff, providers.CauseOutOfService,
		providers.CauseInvalidNumber, providers.CauseNumberChanged, providers.CauseBarred, providers.CauseCallerHangup,
		providers.CauseCongestion, providers.CauseNetworkFailure, providers.CauseNoRoute, providers.CauseProtocolError,
		providers.CauseRingTimeout, providers.CauseIncompatible, providers.CauseSelfCall, providers.CausePolicyWindow,
		providers.CausePolicyFrequency, providers.CauseSuppressed, providers.CauseBindingMissing, providers.CauseBindingConflict, providers.CauseAccount,
		providers.CausePlatform, providers.CauseUnknown,
	}
	finalStates = []providers.State{providers.StateCompleted, providers.StateBusy, providers.StateNoAnswer,
		providers.StateRejected, providers.StateCanceled, providers.StateFailed}
	otherStates = []providers.State{"", providers.StateRinging, providers.StateInProgress}
)

const (
	maxWords = 200
	maxID    = 64
	maxX     = 24
	maxWait  = 24 * time.Hour
)

var (
	digitRun  = regexp.MustCompile(`[0-9]{7,}`)
	partyForm = regexp.MustCompile(`^(\+?[0-9]{1,24})?$`)
)

// outcomeFaults lists what is wrong with an outcome of an act, whatever it came to.
func (s *suite) outcomeFaults(act Act, o providers.Outcome) (faults []string) {
	note := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	note(!slices.Contains(placedBy[o.Class], o.Placed), "class %q with placed %q", o.Class, o.Placed)
	note((o.Class == providers.ClassHalted) != (o.Halt != ""), "class %q with halt %q", o.Class, o.Halt)
	note(o.Halt != "" && !slices.Contains(halts, o.Halt), "unknown halt %q", o.Halt)
	note((o.Class == providers.ClassPermanent) != (o.Cause != ""), "class %q with cause %q", o.Class, o.Cause)
	note(o.Cause != "" && !slices.Contains(causes, o.Cause), "unknown cause %q", o.Cause)
	note(!slices.Contains(classesBySignal[o.Signal], o.Class), "class %q with signal %q", o.Class, o.Signal)
	note(o.Unsent && o.Placed != providers.PlacedNo, "unsent, yet placed %q", o.Placed)
	// What is in doubt may have a name: the vendor can be asked about it.
	note(o.Placed == providers.PlacedNo && o.VendorID != "", "nothing was placed, yet it has an id")
	note(o.Class != providers.ClassOK && o.VendorCode+o.VendorText == "", "class %q without a word why", o.Class)
	note(o.AwaitDial && o.Class != providers.ClassOK, "class %q awaits a dial", o.Class)
	note(o.Repeatable && !act.Repeatable, "repeatable, though the vendor would do it twice")
	note(o.RetryAfter < 0 || o.RetryAfter > maxWait || o.MaxTries < 0, "retry after %v, %d tries", o.RetryAfter, o.MaxTries)
	note(len(o.VendorID) > maxID || len(o.TaskNo) > maxID || len(o.X) > maxX, "an id is too long")
	return append(append(faults, s.leaks(o)...), wordFaults(o.VendorCode, o.VendorText)...)
}

// wordFaults lists what makes a vendor's words unfit to be shown.
func wordFaults(words ...string) (faults []string) {
	for _, w := range words {
		switch {
		case !utf8.ValidString(w):
			faults = append(faults, fmt.Sprintf("%q is not UTF-8", w))
		case utf8.RuneCountInString(w) > maxWords:
			faults = append(faults, fmt.Sprintf("vendor's words of %d characters", utf8.RuneCountInString(w)))
		case digitRun.MatchString(w):
			faults = append(faults, fmt.Sprintf("a number in %q", w))
		case strings.Contains(w, "://"):
			faults = append(faults, fmt.Sprintf("a URL in %q", w))
		case strings.ContainsFunc(w, unicode.IsControl):
			faults = append(faults, fmt.Sprintf("a control character in %q", w))
		}
	}
	return faults
}

// leaks says which secrets and phone numbers show when any printer prints v.
func (s *suite) leaks(v any) (faults []string) {
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		printed := fmt.Sprintf(verb, v)
		for name, credential := range s.vendor.Credentials {
			if strings.Contains(printed, credential) {
				faults = append(faults, fmt.Sprintf("%s of %T holds the credential %s", verb, v, name))
			}
		}
		for _, number := range []string{Callee, Caller} {
			if strings.Contains(printed, number) {
				faults = append(faults, fmt.Sprintf("%s of %T holds a phone number", verb, v))
			}
		}
	}
	return faults
}

// answerFaults lists what is wrong with a query's answer, whatever it came to.
func (s *suite) answerFaults(r providers.PollResult) (faults []string) {
	if !slices.Contains(queryClasses, r.Class) {
		faults = append(faults, fmt.Sprintf("class %q is none of a query's", r.Class))
	}
	if (r.Class == providers.ClassHalted) != (r.Halt != "") || (r.Halt != "" && !slices.Contains(halts, r.Halt)) {
		faults = append(faults, fmt.Sprintf("class %q with halt %q", r.Class, r.Halt))
	}
	if r.RetryAfter < 0 || r.RetryAfter > maxWait {
		faults = append(faults, fmt.Sprintf("retry after %v", r.RetryAfter))
	}
	if r.Class == providers.ClassRateLimited && r.RetryAfter == 0 {
		faults = append(faults, "rate limited without a wait: the account's queries would go on at once")
	}
	if r.Class != providers.ClassOK && r.Report != (providers.Report{}) {
		faults = append(faults, "a report without an answer")
	}
	faults = append(faults, s.leaks(r)...)
	return append(faults, wordFaults(r.VendorCode, r.VendorText, r.Report.VendorCode, r.Report.VendorText)...)
}

// reportFaults lists what is wrong with a report from a push.
func reportFaults(r providers.Report) (faults []string) {
	final := slices.Contains(finalStates, r.State)
	switch {
	case !final && !slices.Contains(otherStates, r.State):
		faults = append(faults, fmt.Sprintf("unknown state %q", r.State))
	case final != (r.Cause != ""), r.Cause != "" && !slices.Contains(causes, r.Cause):
		faults = append(faults, fmt.Sprintf("state %q with cause %q", r.State, r.Cause))
	case r.VendorID == "" && r.Ref == "":
		faults = append(faults, "a report that names no call")
	case r.Evidence < providers.EvidenceTimeout || r.Evidence > providers.EvidenceDuration:
		faults = append(faults, fmt.Sprintf("evidence %d", r.Evidence))
	case !slices.Contains([]providers.ReportKind{providers.ReportCall, providers.ReportStart, providers.ReportSMS}, r.Kind):
		faults = append(faults, fmt.Sprintf("unknown kind %q", r.Kind))
	case len(r.VendorID) > maxID || len(r.Ref) > maxID || len(r.Task) > maxID:
		faults = append(faults, "an id is too long")
	case !partyForm.MatchString(r.From), !partyForm.MatchString(r.To):
		faults = append(faults, "a party that is no number")
	case r.Duration != nil && *r.Duration < 0, r.Billed != nil && *r.Billed < 0:
		faults = append(faults, "a negative duration")
	}
	return append(faults, wordFaults(r.VendorCode, r.VendorText)...)
}

// fail fails the test for each fault.
func fail(t *testing.T, what string, faults []string) {
	t.Helper()
	for _, fault := range faults {
		t.Errorf("%s: %s", what, fault)
	}
}
