package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Jumdata, 语音通知-随机主叫, 发送API, mobile: one mainland number of 11 digits.
var jumdataMobile = regexp.MustCompile(`^1[0-9]{10}$`)

const maxNotifyURL = 255

// serveSend is Jumdata, 语音通知-随机主叫, 发送API.
func (j *Jumdata) serveSend(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		writeAnswer(w, refusal(codeNotFound, msgNotFound))
		return
	}
	fields, ok := j.authenticated(w, r)
	if !ok {
		return
	}
	seen := j.receive(r.Method, fields)
	defer seen.end()
	fault := seen.ask()
	var answer jumdataAnswer
	if fault.kind == faultNone || fault.placed {
		answer, fault = j.act(seen.index, fields, fault)
	} else {
		j.note(seen.index, fault.withoutPlacing())
	}
	j.deliver(w, r, seen, fault, answer)
}

// receive puts an authenticated send request into the log.
func (j *Jumdata) receive(method string, fields map[string]string) loggedRequest {
	mobile, ref := fields["mobile"], fields["notifyData"]
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.opts.Now()
	return j.logLocked(SendAttempt{
		Method: method, Mobile: mobile, Ref: ref, At: now,
		TemplateID: fields["templateId"], Param: fields["param"], PlayTimes: fields["playTimes"],
		NotifyURL: fields["notifyUrl"], LockedNumber: now.Before(j.lockedUntil[mobile]),
	})
}

// act does with a send request what the vendor does, all under one lock: check,
// count, refuse or place. It answers the true answer and the fault to deliver
// it with: the given one, else the number's own.
func (j *Jumdata) act(index int, fields map[string]string, fault Fault) (jumdataAnswer, Fault) {
	behaviour := j.opts.Behave(fields["mobile"]) // the caller's code: not under our lock
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.opts.Now()
	attempt := &j.attempts[index]
	refuse := func(code int, msg string) (jumdataAnswer, Fault) {
		attempt.Result = fmt.Sprintf("refused: %d %s", code, msg)
		return refusal(code, msg), fault
	}
	if code, msg := j.shutAnswerLocked(now); code != 0 {
		return refuse(code, msg)
	}
	if msg := checkSendFields(fields); msg != "" {
		return refuse(codeParameter, msg)
	}
	mobile := fields["mobile"]
	if now.Before(j.lockedUntil[mobile]) {
		attempt.LockedNumber = true // another request may have locked it since this one was received
	}
	if code, msg := j.rulesLocked(mobile, behaviour, now); code != 0 {
		return refuse(code, msg)
	}
	if fault.kind == faultNone {
		fault = j.behaviourFaultLocked(mobile, behaviour)
		if fault.kind != faultNone && !fault.placed {
			attempt.Result = fault.withoutPlacing()
			return jumdataAnswer{}, fault
		}
	}
	call := j.placeLocked(fields, behaviour, now)
	attempt.CallID = call.CallID
	attempt.Result = "placed"
	if fault.kind != faultNone {
		attempt.Result = fmt.Sprintf("placed, answer: %s", fault.kind)
	}
	return jumdataAnswer{
		Code: codeOK, Msg: msgOK, TaskNo: fmt.Sprintf("69%018d", j.lastID),
		Data: &jumdataData{CallID: call.CallID},
	}, fault
}

// checkSendFields checks every documented field of a send request, and that
// there is no other but notifyData, which the push section of the document
// presumes and its send table forgets. Optional fields may be empty.
func checkSendFields(fields map[string]string) string {
	if unknownField(fields, "appId", "timestamp", "sign", "mobile", "templateId", "param",
		"playTimes", "notifyUrl", "notifyData") {
		return msgParameter
	}
	if !jumdataMobile.MatchString(fields["mobile"]) {
		return msgMobile
	}
	if fields["templateId"] == "" {
		return msgParameter
	}
	switch fields["playTimes"] {
	case "", "1", "2", "3":
	default:
		return msgPlayTimes
	}
	if raw := fields["notifyUrl"]; raw != "" {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
			len(raw) > maxNotifyURL || strings.ContainsAny(raw, "?#") {
			return msgParameter
		}
	}
	return ""
}
