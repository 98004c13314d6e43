package itnio

import (
	"regexp"
	"time"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// The vendor's status values: the union of its pages. Compared as text.
//
// ITNIO, recordGroup and sendGroup, 响应状态码说明.
const (
	statusOK           = "0"   // 成功
	statusAuth         = "-1"  // 账号认证异常
	statusIP           = "-2"  // ip限制
	statusBalance      = "-10" // 余额不足 (send only)
	statusClock        = "-16" // 时间戳过期
	statusSystem       = "-18" // 系统异常
	statusExists       = "-20" // data existing
	statusBadParameter = "-22" // 参数异常
	statusNoData       = "-24" // 数据不存在 (query only)
	statusNoRate       = "-26" // 获取费率失败 (send only)
)

// recordAppears is how long after a send the vendor may not know its record yet.
const recordAppears = 2 * time.Minute

// sendOutcome classifies an answer to a send, whatever the HTTP status. A status
// that is not in the send table is uncertain.
func (c config) sendOutcome(a answer, callee string) providers.Outcome {
	if a.status == statusOK {
		return c.submission(a, callee)
	}
	o, ok := refusal(a.status)
	if !ok {
		o = providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	}
	if a.learned {
		o.Class, o.Halt = providers.ClassRetryLater, providers.HaltNone
	}
	o.VendorCode, o.VendorText = c.words.Code(a.status), c.words.Text(a.reason)
	return o
}

// submission reads a send that succeeded as a whole: each callee's row tells of
// its own call.
func (c config) submission(a answer, callee string) providers.Outcome {
	uncertain := providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}
	row, ok := a.row(callee)
	if !ok {
		uncertain.VendorCode, uncertain.VendorText = c.words.Code(a.status), c.words.Text(a.reason)
		return uncertain
	}
	code, id := told(row, "terminationCode"), voiceID(row)
	o, known := refusal(code)
	switch {
	case code == terminationOK && id != "":
		o = providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes}
	case !known:
		// A success with no id to ask with, a word for success that is not the one
		// documented here, or any other that no page gives to a submission: there may
		// be a call.
		o = uncertain
	}
	if o.Placed != providers.PlacedNo {
		o.VendorID = id // of a call in doubt, too: the vendor can be asked about it
	}
	o.VendorCode, o.VendorText = c.words.Code(code), c.words.Text(row.Text("terminationReason"))
	return o
}

// refusal reads a failed send; false for a status that no page gives to it.
func refusal(status string) (providers.Outcome, bool) {
	o := providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedNo}
	switch status {
	case statusAuth:
		o.Halt = providers.HaltAuth
	case statusIP:
		o.Halt = providers.HaltAccount
	case statusBalance:
		o.Halt = providers.HaltBalance
	case statusClock:
		o.Halt = providers.HaltClockSkew
	case statusSystem:
		// "系统异常" is a catch-all behind which a call may exist.
		o.Class, o.Placed = providers.ClassUncertain, providers.PlacedMaybe
	case statusExists, statusBadParameter:
		o.Class, o.Cause = providers.ClassPermanent, providers.CausePlatform
	case statusNoRate:
		// The account has no price for this destination.
		o.Class, o.Cause = providers.ClassPermanent, providers.CauseNoRoute
	default:
		return providers.Outcome{}, false
	}
	return o, true
}

// pollResult classifies an answer to a query. now is by our clock.
func (c config) pollResult(a answer, q providers.Query, now time.Time) providers.PollResult {
	r := providers.PollResult{Class: providers.ClassRetryLater, VendorCode: c.words.Code(a.status), VendorText: c.words.Text(a.reason)}
	switch a.status {
	case statusOK:
		return c.pollRecord(r, a.body.Object("data"), q)
	case statusNoData:
		r.Class = providers.ClassPending
	case statusBadParameter:
		r.Class = providers.ClassPermanent
		if !q.Submitted.IsZero() && now.Sub(q.Submitted) < recordAppears {
			r.Class = providers.ClassPending
		}
	case statusAuth:
		r.Class, r.Halt = providers.ClassHalted, providers.HaltAuth
	case statusIP:
		r.Class, r.Halt = providers.ClassHalted, providers.HaltAccount
	case statusClock:
		if !a.learned {
			r.Class, r.Halt = providers.ClassHalted, providers.HaltClockSkew
		}
	}
	return r
}

// pollRecord reads a record. A call that is not over is told as it stands;
// where it says nothing yet, or does not exist yet, its answer is pending.
func (c config) pollRecord(r providers.PollResult, data vendorwire.Object, q providers.Query) providers.PollResult {
	// Evidence about another call must not end this one.
	if !data.Empty("voiceId") && data.Text("voiceId") != q.VendorID {
		r.VendorText = "answer is about another call"
		return r
	}
	report := c.report(data, providers.EvidenceQuery)
	if report.State == "" {
		r.Class = providers.ClassPending
		return r
	}
	r.Class, r.Report = providers.ClassOK, report
	r.Report.VendorID = q.VendorID
	return r
}

var decimal = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,18})?$`)

// amount is a field that holds a decimal number, or "".
func amount(o vendorwire.Object, name string) string {
	if text := o.Text(name); decimal.MatchString(text) {
		return text
	}
	return ""
}

// probeResult reads a balance. Its currency is not told.
func (c config) probeResult(a answer) providers.ProbeResult {
	r := providers.ProbeResult{Class: providers.ClassRetryLater, VendorCode: c.words.Code(a.status), VendorText: c.words.Text(a.reason)}
	if a.status != statusOK {
		return r
	}
	if r.Balance = amount(a.body, "balance"); r.Balance == "" {
		r.VendorText = "answer holds no balance"
		return r
	}
	r.Class, r.Overdraft = providers.ClassOK, amount(a.body, "credit")
	return r
}
