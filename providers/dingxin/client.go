package dingxin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const callPath = "/prod-api/axb/call/callByTelA"

// Mobiles, and landlines with their area code.
var dialable = regexp.MustCompile(`^(1[0-9]{10}|0[0-9]{9,11})$`)

// Connect implements providers.Connector: one signed POST, never repeated. The
// vendor echoes no reference; the push's URL has to carry it.
//
// Dingxin, 2.拨打电话.
func (a *Adapter) Connect(ctx context.Context, line providers.Line, permit providers.Permit, c providers.Connection) providers.Outcome {
	if word, cause := unfit(c); word != "" {
		return vendorwire.Refuse(word, cause)
	}
	now, used := a.calls.clock.Now()
	fields := map[string]string{"telA": c.From, "telB": c.To}
	if c.PushURL != "" {
		fields[a.cfg.returnURLKey] = c.PushURL
	}
	req, err := a.request(ctx, a.cfg.signed(fields, nil, now))
	if err != nil {
		return vendorwire.Refuse("request cannot be built", providers.CausePlatform)
	}
	reply, err := line.Do(ctx, req, permit)
	if err != nil {
		return providers.ActingTransport(vendorwire.Transport(err))
	}
	ans, ok := parseAnswer(reply.Body)
	if !ok {
		out := providers.ActingStatus(reply.Status)
		if out.Class == providers.ClassRateLimited {
			out.RetryAfter = vendorhttp.RetryAfter(reply.Header, a.calls.clock.Ours())
		}
		return out
	}
	out := a.cfg.callOutcome(ans, a.calls.signatures.count(ans.code))
	if out.Halt == providers.HaltClockSkew && a.calls.clock.Learn(reply, used) {
		out.Class, out.Halt = providers.ClassRetryLater, providers.HaltNone
	}
	return out
}

// request encodes a call's fields. The document says POST and "所有POST参数",
// and no encoding.
func (a *Adapter) request(ctx context.Context, fields map[string]string) (*http.Request, error) {
	var body []byte
	contentType := "application/x-www-form-urlencoded"
	if a.cfg.encoding == encodingJSON {
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return nil, err
		}
		contentType = "application/json"
	} else {
		body = []byte(values(fields).Encode())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.calls.http.URL(callPath).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.GetBody = nil // nobody may send it again
	req.Header.Set("Content-Type", contentType)
	return req, nil
}

func values(fields map[string]string) url.Values {
	v := make(url.Values, len(fields))
	for name, value := range fields {
		v.Set(name, value)
	}
	return v
}

// unfit says in a fixed word why a connection cannot be asked for; "" where it
// can.
func unfit(c providers.Connection) (string, providers.Cause) {
	switch {
	case !dialable.MatchString(c.From):
		return "caller is neither an 11-digit mobile nor a landline with its area code", providers.CauseInvalidNumber
	case !dialable.MatchString(c.To):
		return "callee is neither an 11-digit mobile nor a landline with its area code", providers.CauseInvalidNumber
	case c.From == c.To:
		return "caller and callee are the same", providers.CauseSelfCall
	case !signable(c.PushURL):
		return "push URL has a query, a fragment, or a character that the signature could read in two ways", providers.CausePlatform
	}
	return "", ""
}

// signable keeps out of the pre-image what would look like another field in it,
// or what would differ between encoded and plain.
func signable(pushURL string) bool {
	return !strings.ContainsFunc(pushURL, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`?&=%+#`, r)
	})
}
