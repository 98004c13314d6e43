package dingxin

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const (
	// maxTalk separates a conversation from two times that do not belong together.
	maxTalk = 24 * time.Hour
	// maxRecordingURL is the most that is kept of where a recording lies.
	maxRecordingURL = 2048
)

// Ack implements providers.PushParser.
func (a *Adapter) Ack() providers.Ack { return a.cfg.ack }

// ParsePush implements providers.PushParser. An element without a subid is an
// error that names its position, counted from 0; the reports of the other
// elements are returned beside it. With an error and no report, nothing could
// be read.
//
// Dingxin, 3.推送通话记录: a POST whose encoding is not stated, so the body's
// first byte decides.
func (a *Adapter) ParsePush(p providers.Push) ([]providers.Report, error) {
	reports, err := vendorwire.Reports(p, func(o vendorwire.Object) (providers.Report, bool) {
		r := a.cfg.report(o)
		return r, r.VendorID != ""
	})
	if err != nil {
		return reports, fmt.Errorf("dingxin: %w", err)
	}
	return reports, nil
}

// report reads one call record. A connection has several when B calls back
// over X; what tells them apart is their start, and a change of one call's status
// bears the same. Of the numbers in it none is kept.
func (c config) report(o vendorwire.Object) providers.Report {
	r := providers.Report{
		VendorID:   o.ID("subid"),
		Evidence:   providers.EvidencePush,
		VendorCode: c.words.Short(o.Text("status")),
		Recording:  recordingURL(o.Text("downloadUrl")),
	}
	status := o.Text("status")
	switch status {
	case "0", "1", "2", "3":
		r.Task = started(o)
	}
	billed, _ := vendorwire.Seconds(o.Text("duration"))
	if status == "0" { // 已拨打
		status = dialled(o, billed)
	}
	switch status {
	case "0":
		r.State = providers.StateRinging
		return r
	case "1": // 已接通
		r.State, r.Cause = providers.StateCompleted, providers.CauseAnswered
	case "2": // 未接通
		c.unanswered(&r, o.Text("unaswRsn"), ending{state: providers.StateNoAnswer, cause: providers.CauseNoAnswer})
	case "3": // 拨打失败
		c.unanswered(&r, o.Text("unaswRsn"), ending{state: providers.StateFailed, cause: providers.CauseUnknown})
		r.State = providers.StateFailed
	default:
		return r // a value we do not know changes nothing
	}
	measure(&r, o)
	return r
}

// started names a call by its start: in Unix seconds, for one record may write
// it otherwise than the next; "" where none is told yet.
func started(o vendorwire.Object) string {
	text := o.ID("startTime")
	begin, ok := vendorwire.Instant(text)
	switch {
	case ok && begin.Unix() > 0:
		return strconv.FormatInt(begin.Unix(), 10)
	case ok, strings.Trim(text, "0") == "":
		return ""
	}
	return text
}

// dialled is the status that a record of status 0 amounts to. A push is never
// repeated, so 0 may be all that comes: with an end or a billed time in it the
// call is over. A duration of 0 is what a back end writes before it knows one.
func dialled(o vendorwire.Object, billed time.Duration) string {
	switch end, ok := vendorwire.Instant(o.Text("endTime")); {
	case billed > 0:
		return "1"
	case ok && end.Unix() > 0:
		return "2"
	}
	return "0"
}

// unanswered reads why nobody talked. The reason is kept as it is beside what
// it is taken for.
func (c config) unanswered(r *providers.Report, reason string, otherwise ending) {
	end := otherwise
	if reason != "" {
		end = readReason(reason)
		if wholeReason(reason) {
			r.VendorCode = c.words.Short(reason)
		} else {
			r.VendorText = c.words.Text(reason)
		}
	}
	if end.state == "" {
		end.state = otherwise.state
	}
	r.State, r.Cause, r.SIP, r.Q850 = end.state, end.cause, end.sip, end.q850
}

// measure takes in how long a call was: duration is what the vendor bills, the
// talk itself lies between start and end.
func measure(r *providers.Report, o vendorwire.Object) {
	answered := r.State == providers.StateCompleted
	if billed, told := vendorwire.Seconds(o.Text("duration")); told {
		billable := billed > 0
		r.Billed, r.Billable, r.Duration = &billed, &billable, &billed
		r.Conflict = billable && !answered
	}
	if talk, ok := talked(o); ok && answered {
		r.Duration = &talk
	}
	if r.Duration != nil {
		r.Evidence = providers.EvidenceDuration
	}
}

func talked(o vendorwire.Object) (time.Duration, bool) {
	start, known := vendorwire.Instant(o.Text("startTime"))
	end, ended := vendorwire.Instant(o.Text("endTime"))
	talk := end.Sub(start)
	return talk, known && ended && talk >= 0 && talk <= maxTalk
}

func recordingURL(text string) string {
	if len(text) > maxRecordingURL || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return text
}
