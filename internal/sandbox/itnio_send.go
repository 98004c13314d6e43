package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ITNIO, sendGroup, callee and displayNum: 7 to 15 digits, a callee's with the
// country code and no plus.
var itnioNumber = regexp.MustCompile(`^[0-9]{7,15}$`)

const maxCalledInfo = 1000

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
	index, ask := v.logLocked(SendAttempt{
		Method: r.Method, Mobile: group.Callee, Ref: group.CalledInfo, At: v.now(),
		TemplateID: group.FileID, PlayTimes: loops,
	})
	v.mu.Unlock()
	fault := ask()
	var a itnioAnswer
	if fault.kind == faultNone || fault.placed {
		a, fault = v.act(index, group, fault)
	} else {
		v.note(index, fault.withoutPlacing())
	}
	v.deliver(w, r, fault, a)
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
	status := itnioOK
	if v.badGroup(group, callees) {
		status = itnioParameter
	} else if v.credit != NoLimit && v.credit < len(callees) {
		status = itnioNoMoney
	}
	if status != itnioOK {
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
	rows := v.placeLocked(group, callees, behaviours, v.now())
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

// badGroup checks every documented field of a send request. Optional fields may
// be null.
func (v *ITNIO) badGroup(g itnioGroup, callees []string) bool {
	outside := func(given *int, low, high int) bool { return given != nil && (*given < low || *given > high) }
	for i, callee := range callees {
		if !itnioNumber.MatchString(callee) || slices.Contains(callees[:i], callee) {
			return true
		}
	}
	switch {
	case len(callees) > v.opts.MaxCallees,
		g.FileID == "", g.AppID != v.opts.AppID,
		g.DisplayNum != nil && !itnioNumber.MatchString(*g.DisplayNum),
		outside(g.MaxDuration, 1, 120), outside(g.MaxRingingTime, 20, 120), outside(g.LoopCount, 1, v.opts.MaxLoops),
		utf8.RuneCountInString(g.CalledInfo) > maxCalledInfo:
		return true
	default:
		return false
	}
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
