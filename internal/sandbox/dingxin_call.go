package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// A phone as the document has it: a string, of which the samples are digits.
var dingxinPhone = regexp.MustCompile(`^\+?[0-9]{3,20}$`)

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
	index, ask := d.logLocked(SendAttempt{
		Method: r.Method, From: fields["telA"], Mobile: fields["telB"], At: d.now(),
		NotifyURL: fields[d.opts.ReturnURLKey], Ref: refOfURL(fields[d.opts.ReturnURLKey]),
	})
	d.mu.Unlock()
	fault := ask()
	var a dingxinAnswer
	if fault.kind == faultNone || fault.placed {
		a, fault = d.act(index, fields, fault)
	} else {
		d.note(index, fault.withoutPlacing())
	}
	d.deliver(w, r, fault, a)
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
	code := 0
	if d.badFields(fields) {
		code = dingxinParameter
	} else {
		code = d.rulesLocked(fields["telA"], fields["telB"], now)
	}
	if code != 0 {
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

// badFields checks every documented field of a call, and that there is no other.
func (d *Dingxin) badFields(fields map[string]string) bool {
	if unknownField(fields, "appKey", "appSecret", "telA", "telB", "timestamp", "sign", d.opts.ReturnURLKey) {
		return true
	}
	if a, b := fields["telA"], fields["telB"]; a == b || !dingxinPhone.MatchString(a) || !dingxinPhone.MatchString(b) {
		return true
	}
	raw := fields[d.opts.ReturnURLKey]
	if raw == "" {
		return false
	}
	u, err := url.Parse(raw)
	return err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(raw, "?#")
}

// rulesLocked refuses what cannot be called now; code 0 is a yes.
func (d *Dingxin) rulesLocked(telA, telB string, now time.Time) int {
	switch {
	case now.Before(d.busyUntil[telA]), now.Before(d.busyUntil[telB]):
		return dingxinInCall
	case now.Before(d.boundUntil[[2]string{telA, telB}]):
		return dingxinBound
	case d.credit == 0:
		return dingxinNoMoney
	default:
		return 0
	}
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
