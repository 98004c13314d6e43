package tasks

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const maxEventURL = 2048 // bytes

// checkEventURL brings a job's event_url into its normal form: what is compared
// with the allowed prefixes is what is posted to. No error quotes the address,
// which may hold a secret.
func checkEventURL(c *checkedJob) *FieldError {
	if c.EventURL == "" {
		return nil
	}
	if len(c.EventURL) > maxEventURL {
		return fieldErrorf("event_url", "has %d bytes; at most %d", len(c.EventURL), maxEventURL)
	}
	u, problem := normalURL(c.EventURL)
	if problem != "" {
		return fieldErrorf("event_url", "%s", problem)
	}
	c.EventURL = u.String()
	return nil
}

// checkEventURL refuses an address that the workers would not post to.
func (a Account) checkEventURL(c *checkedJob) *FieldError {
	if c.EventURL == "" {
		return nil
	}
	if !a.Events {
		return fieldErrorf("event_url", "no worker of account %s sends events: configure events at the workers, or leave it out", a.Name)
	}
	if _, problem := normalURL(c.EventURL); problem != "" {
		return fieldErrorf("event_url", "%s", problem)
	}
	if !AllowsEventURL(c.EventURL, a.EventURL, a.EventPrefixes) {
		return fieldErrorf("event_url", "begins with none of events.allowed_prefixes of account %s's workers, and is not their events.url", a.Name)
	}
	return nil
}

// AllowsEventURL says whether a job's own address is the configured one or begins
// with one of the prefixes. Producers and workers both ask it, so that a job that was
// taken is also told of. It compares normal forms, and allows nothing that has none;
// a configured address without one is never a job's own.
func AllowsEventURL(own, configured string, prefixes []string) bool {
	u, problem := normalURL(own)
	if problem != "" {
		return false
	}
	if c, problem := normalURL(configured); problem == "" && c.String() == u.String() {
		return true
	}
	return slices.ContainsFunc(prefixes, func(p string) bool { return begins(u, p) })
}

// begins compares parsed addresses: in text, https://app.example.com@elsewhere/
// begins with what it does not lead to.
func begins(u *url.URL, prefix string) bool {
	p, problem := normalURL(prefix)
	return problem == "" && p.RawQuery == "" && u.Scheme == p.Scheme && u.Host == p.Host &&
		strings.HasPrefix(u.EscapedPath(), p.EscapedPath())
}

var (
	hostPattern  = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)
	hiddenInPath = regexp.MustCompile(`(?i)%(2e|2f|5c|25)`)
	defaultPorts = map[string]string{"https": ":443", "http": ":80"}
)

// normalURL reads an absolute address without anything by which two readers of it
// could come to different hosts or paths; the problem is in words.
func normalURL(text string) (u *url.URL, problem string) {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return nil, "must be ASCII without blanks and backslashes; write other characters as %XX"
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return nil, "is not an absolute URL such as https://app.example.com/hooks/calls"
	}
	u.Host = strings.TrimSuffix(strings.ToLower(u.Host), defaultPorts[u.Scheme])
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "must begin with https://"
	case u.User != nil:
		return nil, "must not hold a user name or a password"
	case strings.Contains(text, "#"):
		return nil, "must not have a fragment (#)"
	case !hostPattern.MatchString(u.Host):
		return nil, "has a host that is neither a name nor an address"
	case strays(u):
		return nil, "must not have . or .. as parts of its path, nor %2e, %2f, %5c or %25 in it"
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, ""
}

// strays says that some server might read another path than the one written.
func strays(u *url.URL) bool {
	for part := range strings.SplitSeq(u.Path, "/") {
		if name, _, _ := strings.Cut(part, ";"); name == "." || name == ".." {
			return true
		}
	}
	return hiddenInPath.MatchString(u.EscapedPath()) ||
		strings.ContainsFunc(u.Path, func(r rune) bool { return r < ' ' || r == '\x7f' || r == '\\' })
}
