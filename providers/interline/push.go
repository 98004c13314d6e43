package interline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// maxRecording bounds the path of a recording.
const maxRecording = 2048

// Ack implements providers.PushParser.
func (a *Adapter) Ack() providers.Ack { return a.cfg.ack }

// ParsePush implements providers.PushParser. An element that names no binding,
// neither by subid nor by our reference, is an error that names its position,
// counted from 0; the reports of the other elements are returned beside it.
// With an error and no report, nothing could be read.
//
// 云通信平台, 5.1 话单回调 and 5.3 始呼回调: urlencoded, or JSON where their
// operators set that; the body's first byte decides.
func (a *Adapter) ParsePush(p providers.Push) ([]providers.Report, error) {
	reports, err := vendorwire.Reports(p, func(o vendorwire.Object) (providers.Report, bool) {
		r := a.cfg.report(o)
		return r, r.VendorID != "" || r.Ref != ""
	})
	if err != nil {
		return reports, fmt.Errorf("interline: %w", err)
	}
	return reports, nil
}

// report reads one element. Both kinds of push go to one address and bear no
// mark: a CDR has a result and a beginning, a call start neither, and a message
// to the middle number is a call start with the message's text, which is dropped
// here.
func (c config) report(o vendorwire.Object) providers.Report {
	r := providers.Report{
		VendorID: o.ID("subid"), Task: task(o), Evidence: providers.EvidencePush,
		From: party(o, "caller"), To: party(o, "callee"),
	}
	r.Began, _ = moment(o, "beginTime")
	if r.Began.IsZero() {
		r.Began, _ = moment(o, "callTime")
	}
	r.Answered, _ = moment(o, "answerTime")
	r.Released, _ = moment(o, "releaseTime")
	r.Ref, r.UserData = splitUserData(o.Text("userData"))
	switch {
	case !o.Empty("smsContent"):
		r.Kind = providers.ReportSMS
	case o.Empty("result") && o.Empty("beginTime"):
		r.Kind, r.State = providers.ReportStart, providers.StateRinging
	default:
		c.readCDR(&r, o)
	}
	return r
}

// party is a phone's number, or "" where the field holds none.
func party(o vendorwire.Object, name string) string {
	if n := o.Text(name); fitsNumber(n) {
		return n
	}
	return ""
}

// task names the call: over one binding there are many.
func task(o vendorwire.Object) string {
	if id := o.ID("taskid"); id != "" {
		return id
	}
	key := []string{o.Text("subid"), o.Text("caller"), o.Text("callee"), o.First("beginTime", "callTime"), o.Text("result")}
	if !o.Empty("smsContent") {
		key = append(key, "sms", o.Text("smsContent")) // several may be sent in a second
	}
	sum := sha256.Sum256([]byte(strings.Join(key, "|")))
	return hex.EncodeToString(sum[:])
}

// readCDR reads how a call ended. Times are in seconds.
func (c config) readCDR(r *providers.Report, o vendorwire.Object) {
	result := o.Text("result")
	r.VendorCode = c.words.Short(result)
	if d, ok := talked(o); ok {
		r.Duration, r.Evidence = &d, providers.EvidenceDuration
	}
	answered := !r.Answered.IsZero() || r.Duration != nil && *r.Duration > 0
	readResult(r, result, answered)
	switch o.Text("releasedir") {
	case "0":
		r.HangupBy = "platform"
	case "1":
		r.HangupBy = "caller"
	case "2":
		r.HangupBy = "callee"
	}
	if path := o.Text("recording"); len(path) <= maxRecording {
		r.Recording = path
	}
}
