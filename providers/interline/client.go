package interline

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const (
	bindPath     = "/igw/service/uc/interline"
	transferPath = "/transfer" // after X, in mode xa
)

// Bind implements providers.Binder: one signed PUT. Its content depends on b
// alone (Repeated aside), so that a repetition is the same request to the byte
// except for its signature.
//
// 云通信平台, 4.1 开通中转号码绑定关系 (axb) and 4.3 开通中转号码转接 (xa).
func (a *Adapter) Bind(ctx context.Context, line providers.Line, permit providers.Permit, b providers.Binding) providers.Outcome {
	if word, cause := unfitBinding(b); word != "" {
		return vendorwire.Refuse(word, cause)
	}
	u := a.http.URL(bindPath + "/" + b.X)
	if b.Mode == providers.ModeXA {
		u = a.http.URL(bindPath + "/" + b.X + transferPath)
	}
	return a.act(ctx, line, permit, http.MethodPut, u, bindForm(b, a.cfg.appID), func(ans answer) providers.Outcome {
		return bindOutcome(ans, b.Repeated)
	})
}

// Unbind implements providers.Binder: one signed DELETE, its fields in the URI
// ("参数需要带着 URI 里面") and without a body.
//
// 云通信平台, 4.2 释放中转号码绑定 and 4.4 释放中转号码转接.
func (a *Adapter) Unbind(ctx context.Context, line providers.Line, permit providers.Permit, u providers.Unbinding) providers.Outcome {
	fields := url.Values{"appid": {a.cfg.appID}}
	var address *url.URL
	switch {
	case u.Mode == providers.ModeAXB && fitsID(u.VendorID):
		address = a.http.URL(bindPath)
		fields.Set("subid", u.VendorID)
	case u.Mode == providers.ModeAXB:
		return vendorwire.Refuse("subid is missing, longer than 64 or not ASCII", providers.CausePlatform)
	case u.Mode == providers.ModeXA && middleNumber.MatchString(u.X):
		address = a.http.URL(bindPath + "/" + u.X + transferPath)
	case u.Mode == providers.ModeXA:
		return vendorwire.Refuse("X is not 1 to 24 digits", providers.CauseInvalidNumber)
	default:
		return vendorwire.Refuse("mode is neither axb nor xa", providers.CausePlatform)
	}
	address.RawQuery = fields.Encode()
	return a.act(ctx, line, permit, http.MethodDelete, address, nil, func(ans answer) providers.Outcome {
		return unbindOutcome(ans, u)
	})
}

// act makes one signed request; read classifies the vendor's own answer to it.
// Every request of this vendor may be sent again when it is not known what
// became of it.
func (a *Adapter) act(ctx context.Context, line providers.Line, permit providers.Permit, method string, u *url.URL,
	form url.Values, read func(answer) providers.Outcome,
) providers.Outcome {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return vendorwire.Refuse("request cannot be built", providers.CausePlatform)
	}
	req.GetBody = nil // only the dispatcher sends again
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	signed := a.authorize(req)
	reply, err := line.Do(ctx, req, permit)
	if err != nil {
		return repeatable(providers.ActingTransport(vendorwire.Transport(err)))
	}
	ans, parsed := parseAnswer(reply.Body)
	var out providers.Outcome
	switch {
	case refusesSignature(reply, ans, parsed):
		out = providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, VendorCode: "http_401", RetryAfter: waitSignAgain}
		if out.Halt = a.signatureRefused(reply, signed); out.Halt != providers.HaltNone {
			out.Class, out.RetryAfter = providers.ClassHalted, 0
		}
	case parsed:
		a.refused.Store(false)
		out = read(ans)
	default:
		out = repeatable(providers.ActingStatus(reply.Status))
	}
	if out.Class == providers.ClassRateLimited {
		out.RetryAfter = max(out.RetryAfter, vendorhttp.RetryAfter(reply.Header, a.clock.Ours()))
	}
	if parsed {
		out.VendorCode, out.VendorText = a.cfg.words.Code(ans.raw), a.cfg.words.Text(ans.reason)
	}
	return out
}

func repeatable(o providers.Outcome) providers.Outcome {
	o.Repeatable = o.Class == providers.ClassUncertain
	return o
}
