package configs

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// urlRules say what a URL may be beyond https without anything attached.
type urlRules struct {
	query        bool
	plainHTTP    bool   // http to hosts that are not loopback
	plainHTTPKey string // the key that would allow it; empty: none does
}

// url returns the address under a key, without slashes at its end, or def.
func (o *object) url(key, def string, rules urlRules) string {
	v, ok := o.take(key)
	if !ok {
		return def
	}
	u, ok := v.url(rules)
	if !ok {
		return def
	}
	return strings.TrimRight(u.String(), "/")
}

// wholeURL returns the address under a key as it is written: to many servers a path
// with a slash at its end is another one. Empty: there is none.
func (o *object) wholeURL(key string, rules urlRules) string {
	v, ok := o.take(key)
	if !ok {
		return ""
	}
	u, ok := v.url(rules)
	if !ok {
		return ""
	}
	return u.String()
}

// url never quotes the address: it may hold a token.
func (v value) url(rules urlRules) (*url.URL, bool) {
	s, ok := v.scalar()
	if !ok {
		return nil, false
	}
	u, err := url.Parse(s.text)
	problem := ""
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		problem = "is not a URL such as https://host.example.com/path"
	case u.Scheme != "https" && u.Scheme != "http":
		problem = "must begin with https://"
	case u.User != nil:
		problem = "must not hold a user name or a password"
	case u.Fragment != "" || strings.Contains(s.text, "#"):
		problem = "must not have a fragment (#)"
	case !rules.query && (u.RawQuery != "" || u.ForceQuery):
		problem = "must not have a query (?)"
	case u.Scheme == "http" && !rules.plainHTTP && !isLoopbackHost(u.Hostname()):
		problem = "must be https: plain http is for loopback hosts only"
		if rules.plainHTTPKey != "" {
			problem += ", or with " + rules.plainHTTPKey + ": true"
		}
	}
	if problem != "" {
		v.fail("%s", problem)
		return nil, false
	}
	return u, true
}

// urlPrefix is a URL whose host is closed by a slash: https://app.example.com
// alone would also be a prefix of https://app.example.com.evil.example.
func (v value) urlPrefix(rules urlRules) (string, bool) {
	rules.query = false
	u, ok := v.url(rules)
	if !ok {
		return "", false
	}
	if u.Path == "" {
		v.fail("needs a slash after the host: without it, longer host names would match too")
		return "", false
	}
	return u.String(), true
}

// fileURL returns a file:// address of an absolute path, or one of the others as it
// stands; else "".
func (v value) fileURL(s scalar, others ...string) string {
	if slices.Contains(others, s.text) {
		return s.text
	}
	u, err := url.Parse(s.text)
	if err != nil || u.Scheme != "file" || u.Host != "" || !path.IsAbs(u.Path) || u.RawQuery != "" || u.Fragment != "" {
		v.fail("is not a file URL of an absolute path, such as file:///var/lib/callpacer/recordings")
		return ""
	}
	return s.text
}

var hostPattern = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// hosts returns hosts, each with or without a port.
func (o *object) hosts(key string) []string {
	var out []string
	for _, item := range o.items(key) {
		s, ok := item.scalar()
		if !ok {
			continue
		}
		if !hostPattern.MatchString(s.text) {
			item.fail("%s is not a host, such as files.example.com or files.example.com:8443", s.shown)
			continue
		}
		out = append(out, s.text)
	}
	return out
}

// address returns a host:port to listen on.
func (o *object) address(key, def string) string {
	text := o.text(key, def)
	if !isHostPort(text) {
		o.fail(key, "is not host:port, such as 127.0.0.1:8080")
		return def
	}
	return text
}

func isHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	n, portErr := strconv.Atoi(port)
	return err == nil && portErr == nil && n >= 0 && n <= 65535 && !strings.ContainsAny(host, " /@?#")
}

// isLoopbackAddress is false for an empty host: that listens everywhere.
func isLoopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopbackHost(host)
}

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// prefixes returns networks; a single address is a network of one.
func (o *object) prefixes(key string) []netip.Prefix {
	var out []netip.Prefix
	for _, item := range o.items(key) {
		s, ok := item.scalar()
		if !ok {
			continue
		}
		p, err := netip.ParsePrefix(s.text)
		if err != nil {
			var ip netip.Addr
			ip, err = netip.ParseAddr(s.text)
			if err == nil && ip.Zone() == "" {
				p = netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen())
			}
		}
		switch {
		case err != nil || !p.IsValid():
			item.fail("%s is neither an address nor a network such as 10.0.0.0/8", s.shown)
		case p != p.Masked():
			item.fail("%s has bits set behind its length; the network is %s", s.shown, p.Masked())
		default:
			out = append(out, p)
		}
	}
	return out
}
