package sandbox

import (
	"net/url"
	"regexp"
	"strings"
	"time"
)

// A phone as the document has it: a string, of which the samples are digits.
var dingxinPhone = regexp.MustCompile(`^\+?[0-9]{3,20}$`)

// refusesLocked is the code with which a call request is refused; 0 is a yes.
func (d *Dingxin) refusesLocked(why shut, fields map[string]string, now time.Time) int {
	switch {
	case why == shutAuth:
		return dingxinAccount
	case d.badFields(fields):
		return dingxinParameter
	case why == shutBalance:
		return dingxinNoMoney
	default:
		return d.rulesLocked(fields["telA"], fields["telB"], now)
	}
}

// badFields checks every documented field of a call, and that there is no other.
func (d *Dingxin) badFields(fields map[string]string) bool {
	if unknownField(fields, "appKey", "appSecret", "telA", "telB", "timestamp", "sign", d.opts.ReturnURLKey) {
		return true
	}
	if a, b := fields["telA"], fields["telB"]; a == b || !dingxinPhone.MatchString(a) || !dingxinPhone.MatchString(b) {
		return true
	}
	raw := fields[d.opts.ReturnURLKey]
	if raw == "" {
		return false
	}
	u, err := url.Parse(raw)
	return err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(raw, "?#")
}

// rulesLocked refuses what cannot be called now; code 0 is a yes.
func (d *Dingxin) rulesLocked(telA, telB string, now time.Time) int {
	switch {
	case now.Before(d.busyUntil[telA]), now.Before(d.busyUntil[telB]):
		return dingxinInCall
	case now.Before(d.boundUntil[[2]string{telA, telB}]):
		return dingxinBound
	case d.credit == 0:
		return dingxinNoMoney
	default:
		return 0
	}
}
