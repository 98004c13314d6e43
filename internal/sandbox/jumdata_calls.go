package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// placedCall is a call and what the vendor must still know about it. It never
// changes after it was placed: everything that follows is known by then.
type placedCall struct {
	Call
	endsAt     time.Time
	desc       string // callDesc, empty for an answered call
	notifyURL  string
	notifyData string
}

// placeLocked places a call: from here on somebody's phone rings.
func (j *Jumdata) placeLocked(fields map[string]string, b Behaviour, now time.Time) *placedCall {
	j.lastID++
	mobile := fields["mobile"]
	call := &placedCall{
		Call: Call{
			CallID: fmt.Sprintf("YYTZ%018d", j.lastID),
			Mobile: mobile, Ref: fields["notifyData"], At: now,
		},
		desc:       b.callDesc(),
		notifyURL:  fields["notifyUrl"],
		notifyData: fields["notifyData"],
	}
	lasts := j.opts.RingFor
	if call.desc == "" {
		lasts += j.opts.TalkFor
	}
	call.endsAt = now.Add(lasts)
	j.calls = append(j.calls, call)
	j.callByID[call.CallID] = call
	if *j.opts.Limit != NoLimit {
		j.placed[mobile] = append(j.placed[mobile], now)
	}
	if call.notifyURL != "" && j.opts.PushMode != PushNone {
		body, contentType := j.pushBody(call)
		j.pushLocked(lasts+j.opts.PushDelay, message{callIDs: []string{call.CallID}, url: call.notifyURL, contentType: contentType, body: body})
	}
	return call
}

// serveResult is Jumdata, 语音通知-查询通话状态.
func (j *Jumdata) serveResult(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		writeAnswer(w, refusal(codeNotFound, msgNotFound))
		return
	}
	if fields, ok := j.authenticated(w, r); ok {
		writeAnswer(w, j.result(fields))
	}
}

// authenticated reads a request's fields and checks who sends them; where they
// are not in order it has answered.
func (j *Jumdata) authenticated(w http.ResponseWriter, r *http.Request) (fields map[string]string, ok bool) {
	fields, err := form(w, r, http.MethodPost)
	if err != nil {
		writeAnswer(w, refusal(codeParameter, msgParameter))
		return nil, false
	}
	if msg := j.authenticate(fields); msg != "" {
		writeAnswer(w, refusal(codeParameter, msg))
		return nil, false
	}
	return fields, true
}

// result answers a status query. A callId that the vendor does not know has no
// status either: 701, as for a call still under way.
func (j *Jumdata) result(fields map[string]string) jumdataAnswer {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.opts.Now()
	if j.tooOftenLocked(now) {
		return refusal(codeTooOften, msgTooOften)
	}
	if unknownField(fields, "appId", "timestamp", "sign", "mobile", "callId") || fields["callId"] == "" {
		return refusal(codeParameter, msgParameter)
	}
	if !jumdataMobile.MatchString(fields["mobile"]) {
		return refusal(codeParameter, msgMobile)
	}
	call := j.callByID[fields["callId"]]
	if call == nil {
		return refusal(codeNoStatus, msgNoStatus)
	}
	if call.Mobile != fields["mobile"] {
		return refusal(codeParameter, msgMismatch)
	}
	if now.Before(call.endsAt.Add(j.opts.ResultDelay)) {
		return refusal(codeNoStatus, msgNoStatus)
	}
	j.lastID++
	data := &jumdataData{CallID: call.CallID, CallStatus: "0", CallStatusMsg: "成功"}
	if call.desc != "" {
		data.CallStatus, data.CallStatusMsg, data.CallDesc = "1", "失败", call.desc
	}
	return jumdataAnswer{Code: codeOK, Msg: msgOK, TaskNo: fmt.Sprintf("69%018d", j.lastID), Data: data}
}

// tooOftenLocked counts a query and says whether it is more than the limit
// within a second. Refused ones are not counted.
func (j *Jumdata) tooOftenLocked(now time.Time) bool {
	if j.opts.QueryLimit == 0 {
		return false
	}
	for len(j.queries) > 0 && now.Sub(j.queries[0]) >= time.Second {
		j.queries = j.queries[1:]
	}
	if len(j.queries) >= j.opts.QueryLimit {
		return true
	}
	j.queries = append(j.queries, now)
	return false
}
