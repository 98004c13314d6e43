package sandbox

import "time"

// itnioReport is a voice report as pushed (ITNIO, pushVoiceReport): times are
// milliseconds of the epoch, and those that never came are 0.
type itnioReport struct {
	VoiceID           string `json:"voiceId"`
	Type              int    `json:"type"`
	Callee            string `json:"callee"`
	DisplayNum        string `json:"displayNum"`
	Code              string `json:"code"`
	SubmitTime        int64  `json:"submitTime"`
	CallTime          int64  `json:"callTime"`
	RingingTime       int64  `json:"ringingTime"`
	AnswerTime        int64  `json:"answerTime"`
	HangupTime        int64  `json:"hangupTime"`
	CallDuration      int    `json:"callDuration"`
	ChargedDuration   int    `json:"chargedDuration"`
	RingDuration      int    `json:"ringDuration"`
	TerminationCode   string `json:"terminationCode"`
	TerminationReason string `json:"terminationReason"`
	SIPCode           string `json:"sipCode"`
	BaseCost          string `json:"baseCost"`
	VoiceFileID       string `json:"voiceFileId"`
	FeedbackValue     string `json:"feedbackValue"`
	CalledInfo        string `json:"calledInfo"`
	OutRecallCount    int    `json:"outRecallCount"`
	itnioBill
}

// itnioGroupCall is the type of calls that sendGroup places.
const itnioGroupCall = 1

// reportOf is the report of a call that has ended.
func (v *ITNIO) reportOf(c *itnioCall) itnioReport {
	p := v.phases(c, c.endsAt)
	rec := v.recordOf(c, p)
	submitted := c.At.UnixMilli()
	report := itnioReport{
		VoiceID: rec.VoiceID, Type: itnioGroupCall, Callee: rec.Callee, DisplayNum: rec.DisplayNum, Code: rec.Code,
		SubmitTime: submitted, CallTime: submitted, RingingTime: submitted, HangupTime: c.endsAt.UnixMilli(),
		CallDuration: rec.CallDuration, ChargedDuration: rec.ChargedDuration, RingDuration: wholeSeconds(v.opts.RingFor),
		TerminationCode: rec.TerminationCode, TerminationReason: rec.TerminationReason,
		BaseCost: rec.BaseCost, VoiceFileID: rec.VoiceFileID, FeedbackValue: rec.FeedbackValue, CalledInfo: rec.CalledInfo,
		itnioBill: rec.itnioBill,
	}
	if report.SIPCode, _ = c.behaviour.sipFailure(); report.SIPCode == "" {
		report.SIPCode = "200"
		report.AnswerTime = p.answered.UnixMilli()
	}
	return report
}

// reportLocked has a call's report pushed after its end.
func (v *ITNIO) reportLocked(c *itnioCall, lasts time.Duration) {
	if v.opts.Push == ITNIOPushNone {
		return
	}
	v.pushes.opened()
	if v.spawnLocked(func() {
		defer v.pushes.closed()
		_ = wait(v.ctx, lasts+v.opts.PushDelay) // what Close cuts short is counted where it cannot be pushed
		v.report(v.reportOf(c))
	}) {
		return
	}
	v.pushes.closed()
	if v.pushURL != "" {
		v.pushes.count(func(p *PushCounts) { p.Failed++ })
	}
}

// report pushes a report, or puts it into the next batch.
func (v *ITNIO) report(r itnioReport) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.pushURL == "" {
		return
	}
	if v.opts.Push == ITNIOPushSingle {
		v.pushLocked(0, messageOf(v.pushURL, r, r.VoiceID))
		return
	}
	v.reports = append(v.reports, r)
	if v.batching {
		return
	}
	v.pushes.opened()
	if v.batching = v.spawnLocked(v.pushBatch); !v.batching {
		v.pushes.closed()
		v.reports = nil
		v.pushes.count(func(p *PushCounts) { p.Failed++ })
	}
}

// pushBatch collects reports for a while and pushes them in one.
func (v *ITNIO) pushBatch() {
	defer v.pushes.closed()
	_ = wait(v.ctx, v.opts.BatchEvery) // as above
	v.mu.Lock()
	defer v.mu.Unlock()
	batch := struct {
		Array []itnioReport `json:"array"`
	}{v.reports}
	v.batching, v.reports = false, nil
	if v.pushURL != "" {
		v.pushLocked(0, messageOf(v.pushURL, batch, idsOf(batch.Array)...))
	}
}

func idsOf(reports []itnioReport) []string {
	ids := make([]string, len(reports))
	for i, r := range reports {
		ids[i] = r.VoiceID
	}
	return ids
}
