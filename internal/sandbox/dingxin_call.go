package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// serveCall is Dingxin, 接口文档, 拨打电话.
func (d *Dingxin) serveCall(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		writeJSON(w, dingxinRefusal(dingxinMethod))
		return
	}
	fields, err := d.bodyFields(w, r)
	if err != nil {
		writeJSON(w, dingxinRefusal(dingxinParameter))
		return
	}
	if code := d.authenticate(fields); code != 0 {
		writeJSON(w, dingxinRefusal(code))
		return
	}
	d.mu.Lock()
	seen := d.logLocked(SendAttempt{
		Method: r.Method, From: fields["telA"], Mobile: fields["telB"], At: d.now(),
		NotifyURL: fields[d.opts.ReturnURLKey], Ref: refOfURL(fields[d.opts.ReturnURLKey]),
	})
	d.mu.Unlock()
	defer seen.end()
	fault := seen.ask()
	var a dingxinAnswer
	if fault.kind == faultNone || fault.placed {
		a, fault = d.act(seen.index, fields, fault)
	} else {
		d.note(seen.index, fault.withoutPlacing())
	}
	d.deliver(w, r, seen, fault, a)
}

// refOfURL is "<job>.<attempt>" of a push address whose last segment is
// "<job>.<attempt>.<mac>"; a segment of other form is the ref itself.
func refOfURL(address string) string {
	ref := address[strings.LastIndexByte(address, '/')+1:]
	if strings.Count(ref, ".") >= 2 {
		ref = ref[:strings.LastIndexByte(ref, '.')]
	}
	return ref
}

// act does with a call request what the vendor does, all under one lock: check,
// refuse or accept. It answers the true answer and the fault to deliver it with:
// the given one, else the number's own.
func (d *Dingxin) act(index int, fields map[string]string, fault Fault) (dingxinAnswer, Fault) {
	behaviour := d.opts.Behave(fields["telB"]) // the caller's code: not under our lock
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	attempt := &d.attempts[index]
	shut := d.shutLocked(now)
	if shut == shutTooOften {
		attempt.Result = "refused: too many requests"
		return dingxinAnswer{}, FaultTooMany(tooManyFor)
	}
	if code := d.refusesLocked(shut, fields, now); code != 0 {
		attempt.Result = fmt.Sprintf("refused: %d %s", code, dingxinWords[code])
		return dingxinRefusal(code), fault
	}
	if fault.kind == faultNone {
		fault = d.behaviourFaultLocked(fields["telB"], behaviour)
		if fault.kind != faultNone && !fault.placed {
			attempt.Result = fault.withoutPlacing()
			return dingxinAnswer{}, fault
		}
	}
	call := d.acceptLocked(fields, behaviour, now)
	attempt.CallID = call.CallID
	attempt.Result = "placed"
	if fault.kind != faultNone {
		attempt.Result = fmt.Sprintf("placed, answer: %s", fault.kind)
	}
	return d.opts.accepted(call.CallID), fault
}

// acceptLocked accepts a call: from here on the phones ring, or the caller may dial.
func (d *Dingxin) acceptLocked(fields map[string]string, b Behaviour, now time.Time) *dingxinCall {
	d.lastID++
	if d.credit > 0 {
		d.credit--
	}
	returnURL := fields[d.opts.ReturnURLKey]
	call := &dingxinCall{
		Call: Call{
			CallID: fmt.Sprintf("04%s%012d", now.In(d.opts.Location).Format("20060102150405"), d.lastID),
			From:   fields["telA"], Mobile: fields["telB"], Ref: refOfURL(returnURL), At: now,
		},
		behaviour: b,
		returnURL: returnURL,
	}
	d.calls = append(d.calls, call)
	d.callByID[call.CallID] = call
	if d.opts.BoundFor > 0 {
		d.boundUntil[[2]string{call.From, call.Mobile}] = now.Add(d.opts.BoundFor)
	}
	switch {
	case d.opts.TelX == "":
		d.dialLocked(call, now)
	case d.opts.DialAfter > 0:
		_ = d.spawnLocked(func() { // after Close nobody dials any more
			if wait(d.ctx, d.opts.DialAfter) {
				d.DialX(call.CallID)
			}
		})
	}
	return call
}
