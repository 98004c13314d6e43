package interline

import (
	"context"
	"math/big"
	"net/http"
	"regexp"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const statusPath = "/api/v1/account/status" // another prefix than the rest

// The states of an account.
//
// 云通信平台, 3.1 查询账号状态.
var accountStates = map[string]string{"0": "trial", "1": "active", "2": "suspended", "3": "closed"}

// Probe implements providers.AccountProber. An account that is suspended or closed is
// halted; how little money is too little is not the adapter's to judge. An answer that
// is not the vendor's own halts nothing.
//
// 云通信平台, 3.1 查询账号状态. Money is in yuan.
func (a *Adapter) Probe(ctx context.Context) providers.ProbeResult {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.http.URL(statusPath).String(), nil)
	if err != nil {
		return providers.ProbeResult{Class: providers.ClassPermanent, VendorText: "request cannot be built"}
	}
	signed := a.authorize(req)
	reply, err := a.http.Query(ctx, req)
	if err != nil {
		return providers.ProbeResult{Class: providers.ClassRetryLater, VendorText: vendorwire.Transport(err).Reason}
	}
	ans, parsed := parseAnswer(reply.Body)
	var r providers.ProbeResult
	switch {
	case refusesSignature(reply, ans, parsed):
		r = providers.ProbeResult{Class: providers.ClassRetryLater, VendorCode: "http_401", RetryAfter: waitSignAgain}
		if halt := a.signatureRefused(reply, signed); parsed && halt != providers.HaltNone {
			r.Class, r.Halt, r.RetryAfter = providers.ClassHalted, halt, 0
		}
	case parsed:
		a.refused.Store(false)
		r = probeResult(ans)
	default:
		q := providers.QueryStatus(reply.Status, vendorhttp.RetryAfter(reply.Header, a.clock.Ours()))
		r = providers.ProbeResult{Class: q.Class, RetryAfter: q.RetryAfter, VendorCode: q.VendorCode}
	}
	r.RetryAfter = max(r.RetryAfter, vendorhttp.RetryAfter(reply.Header, a.clock.Ours()))
	if parsed {
		r.VendorCode, r.VendorText = a.cfg.words.Code(ans.raw), a.cfg.words.Text(ans.reason)
	}
	return r
}

func probeResult(ans answer) providers.ProbeResult {
	switch ans.code {
	case codeOK:
		return accountStatus(ans.fields)
	case codeNoURL, codeNoAccount, codeDisabled, codeNotPermitted, codeACL, codeNoBalance:
		return providers.ProbeResult{Class: providers.ClassHalted, Halt: accountHalt(ans.code)}
	case codeParameter:
		return providers.ProbeResult{Class: providers.ClassPermanent}
	case codeRate:
		return providers.ProbeResult{Class: providers.ClassRateLimited, RetryAfter: waitTooFrequent}
	case codeMaintenance:
		return providers.ProbeResult{Class: providers.ClassRetryLater, RetryAfter: waitMaintenance}
	}
	return providers.ProbeResult{Class: providers.ClassRetryLater}
}

func accountStatus(o vendorwire.Object) providers.ProbeResult {
	r := providers.ProbeResult{
		Class: providers.ClassOK, State: accountStates[o.Text("state")],
		Balance: yuan(o.Text("balance")), Overdraft: yuan(o.Text("overdraft")),
	}
	if r.Balance != "" || r.Overdraft != "" {
		r.Currency = "CNY"
	}
	if r.State == "suspended" || r.State == "closed" {
		r.Class, r.Halt = providers.ClassHalted, providers.HaltAccount
	}
	return r
}

// The digits are bounded, so that an exponent cannot unfold into a huge number.
var amount = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$`)

const maxDecimals = 18 + 99

// yuan is an amount of money as a plain decimal number, "" where it is none.
// Java writes doubles from ten millions on as 1.0E7.
func yuan(text string) string {
	if !amount.MatchString(text) {
		return ""
	}
	if !strings.ContainsAny(text, "eE") {
		return text
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return ""
	}
	return strings.TrimRight(strings.TrimRight(n.FloatString(maxDecimals), "0"), ".")
}
