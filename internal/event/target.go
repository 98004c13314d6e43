package event

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

var errNotAllowed = errors.New("the job's event_url is not allowed: it begins with none of events.allowed_prefixes")

// target is where an event goes.
type target struct {
	url      string
	endpoint string // scheme, host and port
}

// targetOf judges a job's own event_url again, for the configuration may have
// changed since; empty is the configured one.
func (o *Options) targetOf(own string) (target, error) {
	text := own
	if own == "" {
		text = o.URL
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return target{}, errors.New("the event_url is not a URL such as https://host.example.com/path") // the parser's words would repeat it
	}
	if text != o.URL && (climbs(u) || !slices.ContainsFunc(o.AllowedPrefixes, func(p string) bool { return within(u, text, p) })) {
		return target{}, errNotAllowed
	}
	return target{url: text, endpoint: endpointOf(u)}, nil
}

// within wants the host of the prefix, too: a prefix that does not close its host
// with a slash would be one of longer host names.
func within(u *url.URL, text, prefix string) bool {
	p, err := url.Parse(prefix)
	return err == nil && strings.HasPrefix(text, prefix) && u.Host == p.Host
}

// climbs says that a path leads out of the folders that it names: servers resolve
// such paths, so a prefix would say nothing.
func climbs(u *url.URL) bool {
	return slices.ContainsFunc(strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' || r == '\\' }),
		func(step string) bool { return step == ".." || step == "." })
}

func endpointOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// loopbackHosts are the hosts that the operator wrote down as loopback; events for
// them, and for them only, may stay on this machine.
func (o *Options) loopbackHosts() map[string]bool {
	hosts := map[string]bool{}
	for _, text := range append([]string{o.URL}, o.AllowedPrefixes...) {
		u, err := url.Parse(text)
		if err != nil {
			continue // it was refused at loading, and allows nothing here
		}
		host := strings.ToLower(u.Hostname())
		ip, err := netip.ParseAddr(host)
		if host == "localhost" || err == nil && ip.Unmap().IsLoopback() {
			hosts[host] = true
		}
	}
	return hosts
}
