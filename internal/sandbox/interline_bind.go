package sandbox

import (
	"fmt"
	"slices"
)

// act does with a request what the platform does. It answers the true answer
// and the fault to deliver it with: the given one, else the number's own. It
// fails only where Close ended a delay.
func (v *Interline) act(op InterlineOp, x string, fields map[string]string, index int, fault Fault) (interlineAnswer, Fault, error) {
	if a, refused := v.shutAnswer(op, v.opts.Now()); refused {
		v.settle(index, a, fault)
		return a, fault, nil
	}
	if op.kind() == Acts {
		return v.bind(op, x, fields, index, fault)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var a interlineAnswer
	if op == InterlineStatus {
		a = v.statusLocked(fields)
	} else {
		a = v.unbindLocked(op, x, fields)
	}
	v.settleLocked(index, a, fault)
	return a, fault, nil
}

// bind is 云通信平台, 4.1 开通中转号码绑定关系 (axb) and 4.3 开通中转号码转接 (xa).
func (v *Interline) bind(op InterlineOp, x string, fields map[string]string, index int, fault Fault) (interlineAnswer, Fault, error) {
	b, ok := parseInterlineBind(op, x, fields)
	refusal := interlineRefusal(interlineParameter)
	if ok && fields["appid"] != v.opts.AppID {
		ok, refusal = false, interlineRefusal(interlineForbidden)
	}
	if !ok {
		v.settle(index, refusal, fault)
		return refusal, fault, nil
	}
	behaviour := v.opts.Behave(b.A) // the caller's code: not under our lock
	seen, again := v.enter(b)
	if seen == nil {
		v.settle(index, again, fault)
		return again, fault, nil
	}
	if v.opts.BindDelay > 0 && !wait(v.ctx, v.opts.BindDelay) {
		v.note(index, "closed before it was done")
		return interlineAnswer{}, fault, v.ctx.Err()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	seen.atWork = false
	refuse := func(code int) (interlineAnswer, Fault, error) {
		seen.refused = true
		v.settleLocked(index, interlineRefusal(code), fault)
		return interlineRefusal(code), fault, nil
	}
	if code := v.rulesLocked(b); code != interlineOK {
		return refuse(code)
	}
	if fault.kind == faultNone {
		fault = v.behaviourFaultLocked(behaviour, b.ReqID)
		if fault.kind != faultNone && !fault.placed {
			// A gateway's fault never reached the part that remembers reqids.
			seen.refused = fault.kind == faultAnswer
			v.attempts[index].Result = fault.withoutPlacing()
			if seen.refused {
				v.counts.Codes[fault.code]++
			}
			return interlineAnswer{}, fault, nil
		}
	}
	a := v.bindLocked(b, seen)
	v.attempts[index].CallID = seen.bound.SubID
	v.settleLocked(index, a, fault)
	return a, fault, nil
}

// rulesLocked says with which code a bind request is refused, interlineOK for none.
func (v *Interline) rulesLocked(b interlineBind) int {
	if len(v.opts.Numbers) > 0 && !slices.Contains(v.opts.Numbers, b.X) {
		return interlineNoNumber
	}
	if code := v.account.refuses(); code != interlineOK {
		return code
	}
	if v.account.Balance+v.account.Overdraft <= 0 {
		return interlineNoBalance
	}
	if v.opts.AllowConflicts {
		return interlineOK
	}
	code := interlineOK
	for _, other := range v.activeLocked() {
		switch {
		case other.X != b.X || other.Op != b.Op:
		case other.samePair(b.InterlineBinding):
			return interlineDuplicate
		case b.Op == InterlineBindXA, other.has(b.A), other.has(b.B):
			code = interlineConflict
		}
	}
	return code
}

func (v *Interline) bindLocked(b interlineBind, seen *interlineReqid) interlineAnswer {
	now := v.opts.Now()
	v.lastID++
	made := b.InterlineBinding
	made.SubID, made.Since = fmt.Sprintf("%d", v.lastID), now
	if b.ttl > 0 {
		made.Until = now.Add(b.ttl)
	}
	v.made = append(v.made, &made)
	v.active = append(v.active, &made)
	v.changed = now
	seen.bound = &made
	return interlineBound(&made, interlineOK)
}

// interlineBound tells of a binding; of one by XA the document has no subid.
func interlineBound(b *InterlineBinding, code int) interlineAnswer {
	a := interlineRefusal(code)
	if b.Op == InterlineBindAXB {
		a.SubID = b.SubID
	}
	return a
}
