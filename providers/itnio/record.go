package itnio

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// terminationOK is 成功 as the record's document names it. The sample beneath it
// says 1000, and some pages say that the code is SIP's, with 200 for an
// established call.
const terminationOK = "0"

func isSuccess(code string) bool { return code == terminationOK || code == "200" || code == "1000" }

// report reads a record, which a push and a query's data write alike; base is
// the evidence's strength where it tells no duration. A record of a call that
// has not rung yet has no state. Where a callee is (code, displayNum) is not
// read: the document's own sample shows an Indian number as Afghanistan.
func (c config) report(o vendorwire.Object, base providers.Evidence) providers.Report {
	r := providers.Report{VendorID: voiceID(o), Evidence: base, VendorText: c.words.Text(o.Text("terminationReason"))}
	if ref := o.Text("calledInfo"); fitsCalledInfo(ref) && ourReference.MatchString(ref) {
		r.Ref = ref
	}
	if key := o.Text("feedbackValue"); keys.MatchString(key) { // "-1": none pressed
		r.DTMF = key
	}
	talk, measured := vendorwire.Seconds(o.Text("callDuration"))
	answered := happened(o.Text("answerTime")) || talk > 0
	sip := sipFailure(o)
	switch {
	case sip != 0 || told(o, "terminationCode") != "" || happened(o.Text("hangupTime")):
		if measured {
			r.Duration = &talk
		}
		c.end(&r, o, answered, sip)
		charge(&r, o)
	case answered:
		r.State = providers.StateInProgress
	case happened(o.Text("ringingTime")):
		r.State = providers.StateRinging
	}
	return r
}

// end reads how a call ended. Only a time of answer or a duration proves that
// somebody answered: what the codes call success may also mean that the call was
// placed without trouble. sip is the failure that the record names, or 0.
func (c config) end(r *providers.Report, o vendorwire.Object, answered bool, sip int) {
	code, failure := cmp.Or(told(o, "terminationCode"), told(o, "sipCode")), sip != 0
	success := isSuccess(code) || strings.EqualFold(o.Text("terminationReason"), "success")
	if failure && !answered {
		code = strconv.Itoa(sip)
	}
	r.VendorCode = c.words.Short(code)
	switch {
	case answered:
		r.State, r.Cause, r.Conflict = providers.StateCompleted, providers.CauseAnswered, failure
	case failure:
		r.SIP, r.Conflict = sip, success
		r.State, r.Cause = providers.SIP(sip)
	case success:
		var none time.Duration
		r.State, r.Cause, r.Duration, r.Conflict = providers.StateCompleted, providers.CauseUnknown, &none, true
		return // a contradiction has no more weight than a bare status
	default:
		r.State, r.Cause = providers.StateFailed, providers.CauseUnknown
	}
	if r.Duration != nil {
		r.Evidence = providers.EvidenceDuration
	}
}

// sipFailure finds a SIP response that ends a call unanswered, in either field
// that pages call a SIP code; 0 where there is none.
func sipFailure(o vendorwire.Object) int {
	for _, name := range []string{"sipCode", "terminationCode"} {
		if n, ok := o.Whole(name); ok && n >= 300 && n <= 699 {
			return int(n)
		}
	}
	return 0
}

var (
	// Other programs of the account may echo whatever they like, phone numbers too.
	ourReference = regexp.MustCompile(`[A-Za-z].*\.[0-9]{1,9}$`)
	keys         = regexp.MustCompile(`^[0-9*#]{1,32}$`)
	currency     = regexp.MustCompile(`^[A-Z]{3}$`)
)

// charge reads what a call cost. Amounts are strings in the currency of the
// quotation, which is told only where it is not US dollars; older pages have
// costEur instead.
func charge(r *providers.Report, o vendorwire.Object) {
	if billed, ok := vendorwire.Seconds(o.Text("chargedDuration")); ok {
		billable := billed > 0
		r.Billed, r.Billable = &billed, &billable
	}
	cost, unit := amount(o, "cost"), strings.ToUpper(told(o, "currency"))
	switch unit {
	case "":
		unit = "USD"
	case "€":
		unit = "EUR"
	}
	if cost == "" {
		cost, unit = amount(o, "costEur"), "EUR"
	}
	if cost != "" && currency.MatchString(unit) {
		r.Cost, r.Currency = cost, unit
	}
}

// happened says whether a phase's time is one. Records write ISO 8601 and pushes
// epoch milliseconds; a phase that never came is null, "", 0 or a zero date.
func happened(text string) bool {
	if t, ok := vendorwire.Instant(text); ok {
		return t.Unix() > 0
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return false
	}
	return strings.ContainsAny(text, "123456789") // a form that we don't know
}
