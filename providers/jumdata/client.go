package jumdata

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const (
	sendPath   = "/voice-notify/send"
	resultPath = "/voice-notify/result"
	maxPushURL = 255
	maxPlays   = 3
)

// Only mobiles: "仅支持11位国内号码" leaves landlines unclear.
var mobileNumber = regexp.MustCompile(`^1[0-9]{10}$`)

// Notify implements providers.Notifier: one signed POST, never repeated.
//
// Jumdata, 语音通知-随机主叫, 发送API. GET would be allowed too, but Go replays
// a GET on a dead connection.
func (a *Adapter) Notify(ctx context.Context, line providers.Line, permit providers.Permit, n providers.Notification) providers.Outcome {
	if word, cause := a.cfg.unfit(n); word != "" {
		return vendorwire.Refuse(word, cause)
	}
	form, used := a.signed()
	form.Set("mobile", n.To)
	form.Set("templateId", n.Template)
	if len(n.Params) > 0 {
		form.Set("param", strings.Join(n.Params, ","))
	}
	if n.Times > 0 {
		form.Set("playTimes", strconv.Itoa(n.Times))
	}
	if n.PushURL != "" {
		form.Set("notifyUrl", n.PushURL)
	}
	// Not in the table of fields, but the push echoes it "as passed when calling".
	if a.cfg.sendNotifyData && n.Ref != "" {
		form.Set("notifyData", n.Ref)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.http.URL(sendPath).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return vendorwire.Refuse("request cannot be built", providers.CausePlatform)
	}
	req.GetBody = nil // nobody may send it again
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := line.Do(ctx, req, permit)
	if err != nil {
		return providers.ActingTransport(vendorwire.Transport(err))
	}
	ans, ok := parseAnswer(reply.Body)
	if !ok {
		out := providers.ActingStatus(reply.Status)
		if out.Class == providers.ClassRateLimited {
			out.RetryAfter = vendorhttp.RetryAfter(reply.Header, a.clock.Ours())
		}
		return out
	}
	out := a.cfg.sendOutcome(reply.Status, ans)
	if out.Halt == providers.HaltClockSkew && a.clock.Learn(reply, used) {
		out.Class, out.Halt = providers.ClassRetryLater, providers.HaltNone
	}
	return out
}

// Poll implements providers.Poller.
//
// Jumdata, 语音通知-查询通话状态. It wants the number called besides the call id.
func (a *Adapter) Poll(ctx context.Context, q providers.Query) providers.PollResult {
	if q.To == "" || q.VendorID == "" {
		return providers.PollResult{Class: providers.ClassPermanent, VendorText: "query without number or call id"}
	}
	params, used := a.signed()
	params.Set("mobile", q.To)
	params.Set("callId", q.VendorID)
	u := a.http.URL(resultPath)
	u.RawQuery = params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return providers.PollResult{Class: providers.ClassPermanent, VendorText: "request cannot be built"}
	}
	reply, err := a.http.Query(ctx, req)
	if err != nil {
		return providers.PollResult{Class: providers.ClassRetryLater, VendorText: vendorwire.Transport(err).Reason}
	}
	ans, ok := parseAnswer(reply.Body)
	if !ok {
		r := providers.QueryStatus(reply.Status, vendorhttp.RetryAfter(reply.Header, a.clock.Ours()))
		return r
	}
	if refusesWithText(ans.code) && a.cfg.patterns.find(ans.msg) == "clock" {
		// A read halts nothing; a corrected clock helps the next one.
		a.clock.Learn(reply, used)
	}
	return a.cfg.pollResult(ans, q)
}

// signed is the start of every request, stamped now.
func (a *Adapter) signed() (url.Values, time.Duration) {
	now, used := a.clock.Now()
	stamp := millis(now)
	return url.Values{
		"appId":     {a.cfg.appID},
		"timestamp": {stamp},
		"sign":      {sign(a.cfg.appID, a.cfg.appSecret, stamp)},
	}, used
}

// unfit says in a fixed word why the vendor's document does not allow a
// notification; "" where it does.
func (c config) unfit(n providers.Notification) (string, providers.Cause) {
	switch {
	case !mobileNumber.MatchString(n.To):
		return "number is not an 11-digit mobile", providers.CauseInvalidNumber
	case n.Template == "":
		return "template is missing", providers.CausePlatform
	case n.Times < 0 || n.Times > maxPlays:
		return "times must be 1 to 3", providers.CausePlatform
	case len(n.PushURL) > maxPushURL || strings.ContainsAny(n.PushURL, "?#"):
		return "push URL is too long, or has a query or fragment", providers.CausePlatform
	case c.sendNotifyData && !fitsNotifyData(n.Ref):
		return "reference is longer than 64 or not ASCII", providers.CausePlatform
	}
	for _, p := range n.Params {
		// Variables are joined by commas and the document knows no escape.
		if strings.Contains(p, ",") || strings.ContainsFunc(p, unicode.IsControl) {
			return "a variable holds a comma or control character", providers.CausePlatform
		}
	}
	return "", ""
}

func fitsNotifyData(ref string) bool {
	return len(ref) <= vendorwire.MaxID && !strings.ContainsFunc(ref, func(r rune) bool { return r <= ' ' || r > '~' })
}
