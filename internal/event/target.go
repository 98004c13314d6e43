package event

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/callpacer/callpacer/internal/netguard"
	"github.com/callpacer/callpacer/tasks"
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
	if own != "" && !tasks.AllowsEventURL(own, o.URL, o.AllowedPrefixes) {
		return target{}, errNotAllowed
	}
	return target{url: text, endpoint: endpointOf(u)}, nil
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
		if host := strings.ToLower(u.Hostname()); netguard.IsLoopbackHost(host) {
			hosts[host] = true
		}
	}
	return hosts
}
