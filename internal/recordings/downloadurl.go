package recordings

import (
	"net"
	"net/url"
	"strings"

	"github.com/callpacer/callpacer/internal/netguard"
)

// Allowed says whether Get would ask for a URL: nil, or an error that is
// ErrNotAllowed. Where its host's name leads is judged by Get alone.
func (d *Downloader) Allowed(rawURL string) error {
	_, err := d.parse(rawURL)
	return err
}

// parse takes a URL apart and holds it against the list.
func (d *Downloader) parse(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, notAllowed("it is no URL of a host")
	case u.User != nil:
		return nil, notAllowed("the URL brings credentials")
	case u.Scheme == "http" && !netguard.IsLoopbackHost(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return nil, notAllowed("the URL is not https://")
	case !d.listed(u):
		return nil, notAllowed("the URL's host is not on the account's list")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// listed wants the host as it is written: a port that is the scheme's own may be
// left out on either side.
func (d *Downloader) listed(u *url.URL) bool {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	own := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" {
		port = own
	}
	if d.hosts[net.JoinHostPort(host, port)] {
		return true
	}
	return port == own && (d.hosts[host] || d.hosts["["+host+"]"])
}
