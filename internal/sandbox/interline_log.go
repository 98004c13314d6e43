package sandbox

import (
	"fmt"
	"net/http"
)

// receive puts an authenticated request into the log and asks what is to go
// wrong with it. It answers the request's place in the log.
func (v *Interline) receive(op InterlineOp, x string, r *http.Request, fields map[string]string) (int, Fault) {
	param := x
	if op == InterlineUnbindAXB {
		param = fields["subid"]
	}
	v.mu.Lock()
	now := v.opts.Now()
	index, ask := v.logLocked(SendAttempt{
		Method: r.Method, TemplateID: string(op), Param: param, At: now,
		From: fields["anum"], Mobile: fields["bnum"], Ref: fields["reqid"],
	})
	v.requests = append(v.requests, InterlineRequest{
		Op: op, X: x, A: fields["anum"], B: fields["bnum"], ReqID: fields["reqid"], SubID: fields["subid"],
		Content: interlineContent(op, x, fields), At: now,
		StrayBody: r.Method != http.MethodPut && r.ContentLength != 0,
	})
	v.mu.Unlock()
	return index, ask()
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
