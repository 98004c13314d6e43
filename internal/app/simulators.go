package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// The sandbox's accounts.
const (
	accountJumdata   = "jumdata-sandbox"
	accountClosed    = "jumdata-closed" // its window is shut
	accountITNIO     = "itnio-sandbox"
	accountDingxin   = "dingxin-sandbox"
	accountDial      = "dingxin-dial" // on a line where the caller dials X
	accountInterline = "interline-sandbox"
	accountEmpty     = "interline-empty" // it has no money left
)

const (
	sandboxID     = "sandbox-app"
	sandboxKey    = "sandbox-key"
	sandboxSecret = "sandbox-secret"
	sandboxTelX   = "17000000077"
)

// sandboxPool are the middle numbers that a worker may choose.
func sandboxPool() []string { return []string{"17000000071", "17000000072", "17000000073"} }

// simulators are the sandbox's vendors.
type simulators struct {
	jumdata   *sandbox.Jumdata
	itnio     *sandbox.ITNIO
	dingxin   *sandbox.Dingxin
	dial      *sandbox.Dingxin
	interline *sandbox.Interline
	empty     *sandbox.Interline
}

// simulator is one of them, for the account that it serves.
type simulator struct {
	account string
	handler simulated
}

func newSimulators(public string) simulators {
	signer := pushtoken.New([]byte(sandboxSecret))
	pushURL := func(account string) string {
		return "http://" + public + callbackrx.Path + account + "/" + signer.Account(account)
	}
	empty := sandbox.NewInterline(sandbox.InterlineOptions{DevID: sandboxID, AuthKey: sandboxSecret, AppID: sandboxID})
	empty.SetAccount(sandbox.InterlineAccount{State: 1})
	return simulators{
		empty:   empty,
		jumdata: sandbox.NewJumdata(sandbox.JumdataOptions{AppID: sandboxID, AppSecret: sandboxSecret}),
		itnio: sandbox.NewITNIO(sandbox.ITNIOOptions{
			APIKey: sandboxKey, APISecret: sandboxSecret, AppID: sandboxID, PushURL: pushURL(accountITNIO),
		}),
		dingxin: sandbox.NewDingxin(sandbox.DingxinOptions{
			AppKey: sandboxKey, AppSecret: sandboxSecret, PushDialled: true, RecordingDelay: time.Millisecond,
		}),
		dial: sandbox.NewDingxin(sandbox.DingxinOptions{
			AppKey: sandboxKey, AppSecret: sandboxSecret, TelX: sandboxTelX, DialAfter: time.Second, RecordingDelay: time.Millisecond,
		}),
		interline: sandbox.NewInterline(sandbox.InterlineOptions{
			DevID: sandboxID, AuthKey: sandboxSecret, AppID: sandboxID, PushURL: pushURL(accountInterline),
			RecordingDelay: time.Millisecond, // who asks too early is told to come back in a minute
		}),
	}
}

func (s simulators) all() []simulator {
	return []simulator{
		{accountJumdata, s.jumdata}, {accountITNIO, s.itnio}, {accountDingxin, s.dingxin}, {accountDial, s.dial},
		{accountInterline, s.interline}, {accountEmpty, s.empty},
	}
}

// record has the vendors whose reports name a recording name it: Dingxin does by an
// address of its own, which nobody follows here, for the call's id is enough.
func (s simulators) record(addresses map[string]string) {
	s.dingxin.SetDownloadBase("http://" + addresses[accountDingxin])
	s.dial.SetDownloadBase("http://" + addresses[accountDial])
}

// recordings are those of all answered calls.
func (s simulators) recordings() map[heldCall]sandbox.Recording {
	all := map[heldCall]sandbox.Recording{}
	for account, list := range map[string][]sandbox.Recording{
		accountDingxin: s.dingxin.Recordings(), accountDial: s.dial.Recordings(), accountInterline: s.interline.Recordings(),
	} {
		for _, r := range list {
			all[heldCall{account, r.ID}] = r
		}
	}
	return all
}

// sandboxConfig is an ordinary configuration. One account's window is shut at
// any hour, for it opens two hours from now.
func sandboxConfig(redis, public, admin string, vendors map[string]string, now time.Time) string {
	opens := now.In(time.FixedZone("CST", 8*3600)).Add(2 * time.Hour)
	const open = `window: {open: "00:00", close: "24:00", time_zone: Asia/Shanghai}`
	shut := fmt.Sprintf("window: {open: %q, close: %q, time_zone: Asia/Shanghai}", opens.Format("15:04"), opens.Add(time.Hour).Format("15:04"))
	account := func(name, vendor, at, credentials, rules string, more ...string) string {
		return fmt.Sprintf(`  - name: %s
    vendor: %s
    base_url: http://%s
    recording_base_url: http://%s
    credentials: %s
    timeout: 2s
    rules: {%s}
    retry: {max_attempts: 3, backoff: [1s]}
    poll: {first: 3s, backoff: [3s], give_up: 5m}
    in_doubt_deadline: 1m
%s`, name, vendor, vendors[at], vendors[at], credentials, rules, strings.Join(more, ""))
	}
	const (
		jumdata   = "{app_id: " + sandboxID + ", app_secret: " + sandboxSecret + "}"
		itnio     = "{api_key: " + sandboxKey + ", api_secret: " + sandboxSecret + ", app_id: " + sandboxID + "}"
		dingxin   = "{app_key: " + sandboxKey + ", app_secret: " + sandboxSecret + "}"
		interline = "{dev_id: " + sandboxID + ", auth_key: " + sandboxSecret + ", app_id: " + sandboxID + "}"
	)
	return strings.Join([]string{
		"redis: {url: redis://" + redis + "/0}\n",
		"state_dir: off\n", // nothing is kept
		"recordings: {url: \"mem://\"}\n",
		"public: {listen: \"" + public + "\", url: \"http://" + public + "\", secret: " + sandboxSecret + "}\n",
		"admin: {listen: \"" + admin + "\"}\n",
		"accounts:\n",
		account(accountJumdata, "jumdata", accountJumdata, jumdata, open, "    redial: {busy: 1s, no_answer: off, max: 1}\n"),
		account(accountClosed, "jumdata", accountJumdata, jumdata, shut),
		account(accountITNIO, "itnio", accountITNIO, itnio, open, "    probe: {every: 1m}\n"),
		account(accountDingxin, "dingxin", accountDingxin, dingxin, open),
		account(accountDial, "dingxin", accountDial, dingxin, open),
		account(accountInterline, "interline", accountInterline, interline, open, "    pool: [\""+strings.Join(sandboxPool(), "\", \"")+"\"]\n"),
		account(accountEmpty, "interline", accountEmpty, interline, open),
	}, "")
}

// judge asks the vendors how many calls they placed, and what they saw of what
// must never be.
func (s simulators) judge() (calls int, wrong []error) {
	say := func(what string, found []string) {
		if len(found) > 0 {
			wrong = append(wrong, fmt.Errorf("%s: %s", what, strings.Join(found, ", ")))
		}
	}
	calls = len(s.jumdata.Calls()) + len(s.itnio.Calls()) + len(s.dingxin.Calls()) + len(s.dial.Calls())
	say("Jumdata saw jobs called twice", s.jumdata.JobsCalledTwice())
	say("ITNIO saw jobs called twice", s.itnio.JobsCalledTwice())
	say("Dingxin saw jobs called twice", s.dingxin.JobsCalledTwice())
	say("Dingxin saw jobs called twice", s.dial.JobsCalledTwice())
	say("interline saw bindings made twice", s.interline.BoundTwice())
	say("interline saw numbers bound twice on one X", s.interline.SharedX())
	say("interline saw request ids with changed content", s.interline.ChangedReqids())
	if locked := s.jumdata.AttemptsOnLocked(); len(locked) > 0 {
		wrong = append(wrong, fmt.Errorf("the vendor Jumdata saw %d attempts on a locked number", len(locked)))
	}
	return calls, wrong
}
