package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveSend is ITNIO, sendGroup.
func (v *ITNIO) serveSend(w http.ResponseWriter, r *http.Request) {
	group, err := readGroup(w, r)
	if err != nil || r.URL.RawQuery != "" {
		writeJSON(w, itnioRefusal(itnioParameter))
		return
	}
	loops := ""
	if group.LoopCount != nil {
		loops = strconv.Itoa(*group.LoopCount)
	}
	v.mu.Lock()
	seen := v.logLocked(SendAttempt{
		Method: r.Method, Mobile: group.Callee, Ref: group.CalledInfo, At: v.now(),
		TemplateID: group.FileID, PlayTimes: loops,
	})
	v.mu.Unlock()
	defer seen.end()
	fault := seen.ask()
	var a itnioAnswer
	if fault.kind == faultNone || fault.placed {
		a, fault = v.act(seen.index, group, fault)
	} else {
		v.note(seen.index, fault.withoutPlacing())
	}
	v.deliver(w, r, seen, fault, a)
}

// act does with a send request what the vendor does, all under one lock: check,
// refuse or place. It answers the true answer and the fault to deliver it with:
// the given one, else that of the first callee whose number has one.
func (v *ITNIO) act(index int, group itnioGroup, fault Fault) (itnioAnswer, Fault) {
	callees := strings.Split(group.Callee, ",")
	behaviours := make([]Behaviour, len(callees))
	for i, callee := range callees {
		behaviours[i] = v.opts.Behave(callee) // the caller's code: not under our lock
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	attempt := &v.attempts[index]
	now := v.now()
	shut := v.shutLocked(now)
	if shut == shutTooOften {
		attempt.Result = "refused: too many requests"
		return itnioAnswer{}, FaultTooMany(tooManyFor)
	}
	if status := v.refusesLocked(shut, group, callees); status != itnioOK {
		attempt.Result = fmt.Sprintf("refused: %s %s", status, itnioWords[status])
		return itnioRefusal(status), fault
	}
	for i := 0; i < len(callees) && fault.kind == faultNone; i++ {
		fault = v.behaviourFaultLocked(callees[i], behaviours[i])
		if fault.kind != faultNone && !fault.placed {
			attempt.Result = fault.withoutPlacing()
			return itnioAnswer{}, fault
		}
	}
	rows := v.placeLocked(group, callees, behaviours, now)
	for _, row := range rows {
		attempt.CallID = cmp.Or(attempt.CallID, row.VoiceID)
	}
	attempt.Result = "placed"
	if attempt.CallID == "" {
		attempt.Result = "refused: every callee"
	}
	if fault.kind != faultNone {
		attempt.Result += fmt.Sprintf(", answer: %s", fault.kind)
	}
	return itnioAnswer{Status: itnioOK, Reason: itnioWords[itnioOK], Data: rows}, fault
}

// placeLocked places a group's calls: from here on the phones ring, but those of
// callees that the vendor refuses one by one.
func (v *ITNIO) placeLocked(g itnioGroup, callees []string, behaviours []Behaviour, now time.Time) []itnioRow {
	v.groups++
	rows := make([]itnioRow, len(callees))
	for i, callee := range callees {
		if behaviours[i] == RowRefused {
			rows[i] = itnioRow{Callee: callee, TerminationCode: itnioParameter, TerminationReason: "number refused"}
			continue
		}
		v.lastID++
		if v.credit > 0 {
			v.credit--
		}
		call := &itnioCall{
			Call:      Call{CallID: strconv.FormatInt(v.lastID, 10), Mobile: callee, Ref: g.CalledInfo, At: now},
			group:     v.groups,
			behaviour: behaviours[i],
			fileID:    g.FileID,
		}
		if g.DisplayNum != nil {
			call.displayNum = *g.DisplayNum
		}
		lasts := v.opts.RingFor
		if code, _ := call.behaviour.sipFailure(); code == "" {
			lasts += v.opts.TalkFor
		}
		call.endsAt = now.Add(lasts)
		v.calls = append(v.calls, call)
		v.callByID[call.CallID] = call
		rows[i] = itnioRow{VoiceID: call.CallID, Callee: callee, TerminationCode: itnioOK, TerminationReason: itnioWords[itnioOK]}
		v.reportLocked(call, lasts)
	}
	return rows
}
