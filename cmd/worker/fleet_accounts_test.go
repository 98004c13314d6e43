package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// simulator is what every simulated vendor has.
type simulator interface {
	http.Handler
	Close()
	SetFault(f func(sandbox.SendAttempt) sandbox.Fault)
	Attempts() []sandbox.Attempt
	Pushes() sandbox.PushCounts
}

// account is one account of a fleet, at a simulated vendor of its own.
type account struct {
	name, vendor       string
	credentials, rules string // as YAML
	inDoubt            time.Duration
	more               string // further lines of YAML; default: shortBreaker
	poll               string // as YAML; default: patientPoll
	vendorAt           simulator
	// troubles are what the vendor does to one request in three.
	troubles func(sandbox.SendAttempt) sandbox.Fault

	base string
}

// shortBreaker opens in a trouble of some seconds, and not for longer than that.
const shortBreaker = "    breaker: {after: 20, open: 1s, max_open: 2s}\n"

const patientPoll = `first: 5s, backoff: [5s], give_up: 60s`

func (a account) config() string {
	return fmt.Sprintf(`  - name: %s
    vendor: %s
    base_url: %s
    credentials: {%s}
    timeout: 3s
    rules: {%s}
    retry: {max_attempts: 5, backoff: [1s, 2s]}
    poll: {%s}
    in_doubt_deadline: %s
%s`, a.name, a.vendor, a.base, a.credentials, a.rules, cmp.Or(a.poll, patientPoll), cmp.Or(a.inDoubt, 30*time.Second),
		cmp.Or(a.more, shortBreaker))
}

func (f *fleet) serve(a account) {
	server := httptest.NewServer(a.vendorAt)
	f.t.Cleanup(func() { a.vendorAt.Close(); server.Close() })
	a.base = server.URL
	f.accounts = append(f.accounts, a)
}

// pushURL is what is entered at a vendor that pushes for a whole account.
func (f *fleet) pushURL(account string) string {
	return f.door.server.URL + callbackrx.Path + account + "/" + pushtoken.New([]byte(pushSecret)).Account(account)
}

func (f *fleet) jumdata(name string, o sandbox.JumdataOptions, rules string) *sandbox.Jumdata {
	o.AppID, o.AppSecret = "fleet", "fleet-secret"
	v := sandbox.NewJumdata(o)
	f.serve(account{
		name: name, vendor: "jumdata", credentials: "app_id: fleet, app_secret: fleet-secret", rules: rules, vendorAt: v,
		troubles: troubles(sandbox.FaultAnswer(500, "系统维护,请稍候再试")),
	})
	return v
}

func (f *fleet) itnio(name string, o sandbox.ITNIOOptions, rules string) *sandbox.ITNIO {
	o.APIKey, o.APISecret, o.AppID, o.PushURL = "fleet-key", "fleet-secret", "fleet", f.pushURL(name)
	v := sandbox.NewITNIO(o)
	f.serve(account{
		name: name, vendor: "itnio", credentials: "api_key: fleet-key, api_secret: fleet-secret, app_id: fleet", rules: rules,
		vendorAt: v, troubles: troubles(sandbox.FaultTooMany(time.Second)),
	})
	return v
}

func (f *fleet) dingxin(name string, o sandbox.DingxinOptions, rules string) *sandbox.Dingxin {
	o.AppKey, o.AppSecret = "fleet-key", "fleet-secret"
	v := sandbox.NewDingxin(o)
	f.serve(account{
		name: name, vendor: "dingxin", credentials: "app_key: fleet-key, app_secret: fleet-secret", rules: rules, vendorAt: v,
		troubles: troubles(sandbox.FaultAnswer(2000, "服务器繁忙")),
	})
	return v
}

// interline's requests in doubt go out again, for which they need their time.
func (f *fleet) interline(name string, o sandbox.InterlineOptions, rules string, inDoubt time.Duration) *sandbox.Interline {
	o.DevID, o.AuthKey, o.AppID, o.PushURL = "fleet-dev", "fleet-secret", "fleet", f.pushURL(name)
	v := sandbox.NewInterline(o)
	f.serve(account{
		name: name, vendor: "interline", credentials: "dev_id: fleet-dev, auth_key: fleet-secret, app_id: fleet", rules: rules,
		inDoubt: inDoubt, vendorAt: v, troubles: troubles(sandbox.FaultAnswer(1301, "资源不足")),
	})
	return v
}

// troubles are faults of every kind; refused is one by which nothing was done,
// and the request may be made again.
func troubles(refused sandbox.Fault) func(sandbox.SendAttempt) sandbox.Fault {
	return func(a sandbox.SendAttempt) sandbox.Fault {
		switch a.Seq % 24 {
		case 3:
			return sandbox.FaultCut(true)
		case 6:
			return sandbox.FaultHang(true)
		case 9:
			return sandbox.FaultStatus(500, true)
		case 12:
			return sandbox.FaultStatus(502, false)
		case 15:
			return sandbox.FaultCut(false)
		case 18:
			return refused
		case 20:
			return sandbox.FaultTruncated()
		case 22:
			return sandbox.FaultHang(false)
		}
		return sandbox.Fault{}
	}
}

// trouble begins every vendor's troubles, calm ends them, and hang makes them all
// hang after they acted.
func (f *fleet) trouble() {
	for _, a := range f.accounts {
		a.vendorAt.SetFault(a.troubles)
	}
}

func (f *fleet) calm() {
	for _, a := range f.accounts {
		a.vendorAt.SetFault(nil)
	}
}

func (f *fleet) hang() {
	for _, a := range f.accounts {
		a.vendorAt.SetFault(func(sandbox.SendAttempt) sandbox.Fault { return sandbox.FaultHang(true) })
	}
}
