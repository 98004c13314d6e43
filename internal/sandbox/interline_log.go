package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// kind is what an operation does.
func (op InterlineOp) kind() RequestKind {
	switch op {
	case InterlineBindAXB, InterlineBindXA:
		return Acts
	case InterlineUnbindAXB, InterlineUnbindXA:
		return Releases
	default:
		return Reads
	}
}

// receive puts an authenticated request into the log.
func (v *Interline) receive(op InterlineOp, x string, r *http.Request, fields map[string]string) loggedRequest {
	param := x
	if op == InterlineUnbindAXB {
		param = fields["subid"]
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.opts.Now()
	seen := v.logLocked(SendAttempt{
		Kind: op.kind(), Method: r.Method, TemplateID: string(op), Param: param, At: now,
		From: fields["anum"], Mobile: fields["bnum"], Ref: fields["reqid"],
	})
	v.requests = append(v.requests, InterlineRequest{
		Op: op, X: x, A: fields["anum"], B: fields["bnum"], ReqID: fields["reqid"], SubID: fields["subid"],
		Content: interlineContent(op, x, fields), At: now,
		StrayBody: r.Method != http.MethodPut && r.ContentLength != 0,
	})
	return seen
}

// shutAnswer refuses what the platform does not take just now. An account that
// has no balance may unbind.
func (v *Interline) shutAnswer(op InterlineOp, now time.Time) (a interlineAnswer, refused bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.halted == HaltAuth:
		return interlineRefusal(interlineNoAuth), true
	case op.kind() != Acts:
		return a, false
	}
	switch v.shutLocked(now) {
	case shutBalance:
		return interlineRefusal(interlineNoBalance), true
	case shutTooOften:
		return interlineRefusal(interlineTooOften), true
	default:
		return a, false
	}
}

func (v *Interline) settle(index int, a interlineAnswer, f Fault) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.settleLocked(index, a, f)
}

// settleLocked notes what the platform did with a request.
func (v *Interline) settleLocked(index int, a interlineAnswer, f Fault) {
	v.counts.Codes[a.Error]++
	attempt := &v.attempts[index]
	attempt.Result = fmt.Sprintf("error %d", a.Error)
	if f.kind != faultNone {
		attempt.Result += fmt.Sprintf(", answer: %s", f.kind)
	}
}
