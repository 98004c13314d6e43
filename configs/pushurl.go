package configs

import "fmt"

// What follows public.url in the address that is given to a vendor:
// /callbacks/<account>/<group>.<name of the job>.<attempt>.<mac>
const (
	pushPath      = "/callbacks/"
	jobNameLength = 26
	attemptDigits = 5
	macLength     = 24
)

// longestPushURL is the length that no push URL of the account exceeds.
func longestPushURL(base string, a *Account) int {
	return len(base) + len(pushPath) + len(a.Name) + len("/") +
		len(a.Group) + len(".") + jobNameLength + len(".") + attemptDigits + len(".") + macLength
}

// checkPushURLs reports a public.url that a vendor would refuse with every call.
func (o *object) checkPushURLs(cfg *Config) {
	if cfg.Public == nil || cfg.Public.URL == "" {
		return
	}
	worst, over := "", 0
	for i := range cfg.Accounts {
		a := &cfg.Accounts[i]
		most := vendorOf(a.Vendor, a.Switches["auth_mode"]).maxPushURL
		if by := longestPushURL(cfg.Public.URL, a) - most; most > 0 && by > over {
			worst, over = fmt.Sprintf("account %s can have %d characters, and %s takes %d", a.Name, most+by, a.Vendor, most), by
		}
	}
	if over == 0 {
		return
	}
	public := o.fields["public"].object()
	public.fail("url", "is %d characters too long: a push URL of %s", over, worst)
}
