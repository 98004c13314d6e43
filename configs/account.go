package configs

import (
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/secret"
)

// namePattern is what account and group names look like: they are parts of
// queue names and Redis keys.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,23}$`)

// reservedName names callpacer's own queue.
const reservedName = "callpacer"

func (v value) account() Account {
	o := v.object()
	defer o.done()
	a := Account{
		Name:           o.accountName("name", ""),
		Vendor:         o.vendor(),
		AllowPlainHTTP: o.boolean("allow_plain_http"),
		AllowEndless:   o.boolean("allow_endless"),
		Concurrency:    o.integer("concurrency", 20, 1, 1000),
		Timeout:        o.spanWithin("timeout", 10*time.Second, time.Millisecond, 5*time.Minute),
		Retry:          o.retry(),
		Poll:           o.poll(),
		Breaker:        o.breaker(),
		Push:           o.push(),
		LimitPatterns:  o.limitPatterns(),
	}
	if !o.has("name") {
		o.missing("name")
	}
	a.Group = o.accountName("group", a.Vendor)
	a.InDoubtDeadline = o.span("in_doubt_deadline", 30*time.Minute, shortest)
	a.Switches = o.switches()
	spec := vendorOf(a.Vendor, a.Switches["auth_mode"])
	o.baseURLs(&a, spec)
	a.Credentials = o.credentials(spec)
	a.Rules = o.rules(spec)
	a.Pool = o.pool(a.Vendor, spec)
	a.Probe = o.probe(a.Vendor, spec)
	a.Redial = o.redial(a.Vendor, spec)
	return a
}

func (o *object) accountName(key, def string) string {
	if !o.has(key) {
		return def
	}
	name := o.text(key, "")
	switch {
	case name == "":
	case !namePattern.MatchString(name):
		o.fail(key, "%s does not match %s: lower-case letters, digits and dashes, at most 24", strconv.Quote(name), namePattern)
		return ""
	case name == reservedName:
		o.fail(key, "%s is reserved", reservedName)
		return ""
	}
	return name
}

func (o *object) vendor() string {
	if !o.has("vendor") {
		o.missing("vendor")
	}
	return o.choice("vendor", "", vendorNames...)
}

func (o *object) baseURLs(a *Account, v vendorSpec) {
	rules := urlRules{plainHTTP: a.AllowPlainHTTP, plainHTTPKey: "allow_plain_http"}
	if !o.has("base_url") && v.baseURL == "" && a.Vendor != "" {
		o.fail("base_url", "is required: %s has no default address here", a.Vendor)
	}
	a.BaseURL = o.url("base_url", v.baseURL, rules)
	// With an address of its own, recordings are not asked for at the vendor's: the
	// requests carry secrets.
	recordings := v.recordingBaseURL
	if recordings != "" && a.BaseURL != v.baseURL {
		recordings = a.BaseURL
	}
	a.RecordingBaseURL = o.url("recording_base_url", recordings, rules)
}

// credentials reads what the vendor needs, no more and no less. Of an unknown
// vendor nothing is known, and nothing is said.
func (o *object) credentials(v vendorSpec) map[string]secret.String {
	c := o.child("credentials")
	if len(v.credentials) == 0 {
		return nil
	}
	if c == nil {
		o.fail("credentials", "is required: %s", strings.Join(v.credentials, ", "))
		return nil
	}
	defer c.done()
	out := make(map[string]secret.String, len(v.credentials))
	for _, name := range v.credentials {
		out[name] = c.requiredSecret(name)
	}
	return out
}

func (o *object) push() Push {
	c := o.section("push")
	defer c.done()
	p := Push{AllowCIDRs: c.prefixes("allow_cidrs")}
	ack := c.section("ack")
	defer ack.done()
	p.Ack = Ack{
		Status:      ack.integer("status", 0, 200, 299),
		ContentType: ack.text("content_type", ""),
		Body:        ack.text("body", ""),
	}
	if p.Ack.ContentType != "" {
		if _, _, err := mime.ParseMediaType(p.Ack.ContentType); err != nil {
			ack.fail("content_type", "is not a media type such as text/plain or application/json")
		}
	}
	return p
}

// limitPatterns reads a mapping from list names, which the adapter knows, to
// lists of regular expressions.
func (o *object) limitPatterns() map[string][]string {
	c := o.child("limit_patterns")
	if c == nil {
		return nil
	}
	out := map[string][]string{}
	for _, name := range slices.Clone(c.order) {
		for _, item := range c.items(name) {
			s, ok := item.scalar()
			if !ok {
				continue
			}
			if _, err := regexp.Compile(s.text); err != nil || s.text == "" {
				item.fail("%s is not a regular expression (Go's RE2 syntax)", s.shown)
				continue
			}
			out[name] = append(out[name], s.text)
		}
		if len(out[name]) == 0 {
			c.fail(name, "needs at least one pattern")
		}
	}
	return out
}
