package itnio

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const (
	voicePrefix = "/voice"
	sendPath    = voicePrefix + "/sendGroup"
	recordPath  = voicePrefix + "/recordGroup/"
	balancePath = "/sms/getBalance"
	// Newer pages allow 9 loops, older ones 3.
	maxLoops = 3
)

// Notify implements providers.Notifier: one signed POST with one callee, never
// repeated. calledInfo is echoed and no key: the vendor would call twice. Where
// it reports is set on its side, so a push URL is not sent.
//
// ITNIO, voice/sendGroup.
func (a *Adapter) Notify(ctx context.Context, line providers.Line, permit providers.Permit, n providers.Notification) providers.Outcome {
	callee, ok := calleeOf(n.To)
	if !ok {
		return vendorwire.Refuse("number is neither an 11-digit mobile nor + and 7 to 15 digits", providers.CauseInvalidNumber)
	}
	if word := unfit(n); word != "" {
		return vendorwire.Refuse(word, providers.CausePlatform)
	}
	body, err := json.Marshal(sendBody{AppID: a.cfg.appID, Callee: callee, DisplayNum: a.cfg.displayNum,
		FileID: n.Template, LoopCount: n.Times, CalledInfo: n.Ref})
	if err != nil {
		return vendorwire.Refuse("request cannot be built", providers.CausePlatform)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.http.URL(sendPath).String(), bytes.NewReader(body))
	if err != nil {
		return vendorwire.Refuse("request cannot be built", providers.CausePlatform)
	}
	req.GetBody = nil // nobody may send it again
	used := a.stamp(req.Header)
	reply, err := line.Do(ctx, req, permit)
	if err != nil {
		return providers.ActingTransport(vendorwire.Transport(err))
	}
	ans, ok := parseAnswer(reply)
	if !ok {
		out := providers.ActingStatus(reply.Status)
		if out.Class == providers.ClassRateLimited {
			out.RetryAfter = vendorhttp.RetryAfter(reply.Header, a.clock.Ours())
		}
		return out
	}
	ans.learned = ans.status == statusClock && a.clock.Learn(reply, used)
	return a.cfg.sendOutcome(ans, callee)
}

// Poll implements providers.Poller.
//
// ITNIO, voice/recordGroup/{voiceId}.
func (a *Adapter) Poll(ctx context.Context, q providers.Query) providers.PollResult {
	if !callID.MatchString(q.VendorID) {
		return providers.PollResult{Class: providers.ClassPermanent, VendorText: "call id is missing or cannot be one"}
	}
	ans, r, ok := a.ask(ctx, recordPath+q.VendorID)
	if !ok {
		return r
	}
	return a.cfg.pollResult(ans, q, a.clock.Ours())
}

// Probe implements providers.AccountProber. Unverified against the vendor: its
// failure halts nothing, and a read closes no lane.
//
// ITNIO, account, sms/getBalance.
func (a *Adapter) Probe(ctx context.Context) providers.ProbeResult {
	ans, r, ok := a.ask(ctx, balancePath)
	if !ok {
		return providers.ProbeResult{Class: r.Class, RetryAfter: r.RetryAfter, VendorCode: r.VendorCode, VendorText: r.VendorText}
	}
	return a.cfg.probeResult(ans)
}

// ask makes one signed read. false: there is no answer of the vendor, and the
// result says what came instead.
func (a *Adapter) ask(ctx context.Context, path string) (answer, providers.PollResult, bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.http.URL(path).String(), nil)
	if err != nil {
		return answer{}, providers.PollResult{Class: providers.ClassPermanent, VendorText: "request cannot be built"}, false
	}
	used := a.stamp(req.Header)
	reply, err := a.http.Query(ctx, req)
	if err != nil {
		return answer{}, providers.PollResult{Class: providers.ClassRetryLater, VendorText: vendorwire.Transport(err).Reason}, false
	}
	ans, ok := parseAnswer(reply)
	if !ok {
		r := providers.QueryStatus(reply.Status, vendorhttp.RetryAfter(reply.Header, a.clock.Ours()))
		return answer{}, r, false
	}
	ans.learned = ans.status == statusClock && a.clock.Learn(reply, used)
	return ans, providers.PollResult{}, true
}

// unfit says in a fixed word what of a notification the vendor cannot do; ""
// where it can do all.
func unfit(n providers.Notification) string {
	switch {
	case strings.TrimSpace(n.Template) == "":
		return "voice file id is missing"
	case len(n.Params) > 0:
		return "a voice file takes no variables"
	case n.Times < 0 || n.Times > maxLoops:
		return "times must be 1 to 3"
	case !fitsCalledInfo(n.Ref):
		return "reference is longer than 64 or not ASCII"
	}
	return ""
}

// fitsCalledInfo is narrower than the vendor's 0 to 1000 characters: no encoding
// changes such a reference on its way there and back.
func fitsCalledInfo(ref string) bool {
	return len(ref) <= vendorwire.MaxID && !strings.ContainsFunc(ref, func(r rune) bool { return r <= ' ' || r > '~' })
}
