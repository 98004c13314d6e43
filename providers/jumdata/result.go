package jumdata

import (
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// pollResult classifies an answer to a query. Except for the codes that speak of
// the whole account, only this item waits: a read must not close a lane.
func (c config) pollResult(a answer, q providers.Query) providers.PollResult {
	r := providers.PollResult{Class: providers.ClassRetryLater, VendorCode: c.words.Code(a.raw), VendorText: c.words.Text(a.msg)}
	switch a.code {
	case codeOK:
		return c.pollAnswered(r, a.data, q)
	case codeNotQueried:
		// "Not queried" may mean not yet, or no such call: the poll's own end
		// tells them apart.
		r.Class = providers.ClassPending
	case codeBadParameter, codeOther:
		r.Class, r.RetryAfter = c.pollRefusal(a)
	case codeTooFrequent:
		r.Class, r.RetryAfter = providers.ClassRateLimited, waitTooFrequent
	case codeMaintenance:
		r.RetryAfter = waitMaintenance
	case codeDataMaintenance:
		r.RetryAfter = waitDataMaintenance
	case codeBadAddress, codeNotOpened, codeAccountDisabled, codeNoBalance, codeAPIDisabled:
		r.Class, r.Halt = providers.ClassHalted, haltOf(a.code)
	}
	return r
}

// pollRefusal reads the message of a code that says too little. A signature or
// clock at fault, or the time of day, says nothing about the call.
func (c config) pollRefusal(a answer) (providers.Class, time.Duration) {
	switch c.patterns.find(a.msg) {
	case "auth", "clock":
		return providers.ClassRetryLater, 0
	case "window":
		return providers.ClassRetryLater, waitWindow
	case "too_frequent":
		return providers.ClassRateLimited, waitTooFrequent
	}
	if a.code == codeBadParameter {
		return providers.ClassPermanent, 0
	}
	return providers.ClassRetryLater, 0
}

func (c config) pollAnswered(r providers.PollResult, data vendorwire.Object, q providers.Query) providers.PollResult {
	if data.Empty("callStatus") {
		r.Class = providers.ClassPending
		return r
	}
	// Evidence about another call must not end this one.
	if !data.Empty("callId") && data.Text("callId") != q.VendorID {
		r.VendorText = "answer is about another call"
		return r
	}
	r.Class, r.Report = providers.ClassOK, c.report(data)
	r.Report.VendorID, r.Report.Evidence = q.VendorID, providers.EvidenceQuery
	return r
}

// report reads what a push and a query's data say in common. The two use
// different names and types for the same fields, so both are accepted in both.
func (c config) report(o vendorwire.Object) providers.Report {
	r := providers.Report{
		VendorID:   o.ID("callId"),
		Evidence:   providers.EvidencePush,
		VendorCode: c.words.Short(o.Text("callStatus")),
		VendorText: c.words.Text(o.First("callStatusText", "callStatusMsg")),
	}
	if ref := o.Text("notifyData"); fitsNotifyData(ref) {
		r.Ref = ref
	}
	if d, ok := vendorwire.Seconds(o.Text("callTime")); ok {
		r.Duration, r.Evidence = &d, providers.EvidenceDuration
	}
	switch o.Text("callStatus") {
	case "0": // 成功(计费)
		billable := true
		r.State, r.Cause, r.Billable = providers.StateCompleted, providers.CauseAnswered, &billable
	case "1": // 失败(不计费)
		billable := false
		r.Billable = &billable
		c.failure(&r, o.Text("callDesc"))
	}
	return r
}

// failure reads callDesc. It means something only for failed calls (the
// document's own example of a success carries 487), and its vocabulary is not
// documented: 300 to 699 look like SIP, anything else is kept as it is.
func (c config) failure(r *providers.Report, desc string) {
	r.State, r.Cause = providers.StateFailed, providers.CauseUnknown
	if desc == "" {
		return
	}
	r.VendorCode = c.words.Short(desc)
	if n, err := strconv.Atoi(desc); err == nil && n >= 300 && n <= 699 {
		r.SIP = n
		r.State, r.Cause = providers.SIP(n)
	}
}
