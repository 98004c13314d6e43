package configs

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// config reads the whole document.
func (l *loader) config(root value) *Config {
	o := root.object()
	cfg := &Config{
		Redis:      o.redis(),
		Public:     o.public(),
		Admin:      o.admin(),
		Log:        o.log(),
		Events:     o.events(),
		Recordings: o.recordings(),
		Records:    o.records(),
		Accounts:   o.accounts(),
		StateDir:   o.stateDir(),
	}
	if cfg.Public != nil && cfg.Admin != nil && cfg.Public.Listen == cfg.Admin.Listen && !strings.HasSuffix(cfg.Admin.Listen, ":0") {
		o.l.add(Problem{
			Line: o.fields["admin"].line, Path: "admin.listen",
			Message: cfg.Admin.Listen + " is public.listen too; the two must not share an address",
		})
	}
	o.checkPushURLs(cfg)
	o.done()
	return cfg
}

func (o *object) public() *Public {
	c := o.child("public")
	if c == nil {
		return nil
	}
	defer c.done()
	p := &Public{
		Listen:          c.address("listen", "127.0.0.1:8080"),
		Secret:          c.secret("secret"),
		PreviousSecrets: c.secrets("previous_secrets"),
		TrustedProxies:  c.prefixes("trusted_proxies"),
	}
	if !c.has("url") {
		c.fail("url", "is required: vendors push to this address, and it is given to them with every call")
		return p
	}
	p.URL = c.url("url", "", urlRules{})
	return p
}

// stateDir reads an absolute path, or off.
func (o *object) stateDir() string {
	dir := o.text("state_dir", "")
	if dir != "" && dir != StateOff && !filepath.IsAbs(dir) {
		o.fail("state_dir", "is no absolute path, such as /var/lib/callpacer; off keeps nothing on this machine")
		return ""
	}
	return dir
}

func (o *object) admin() *Admin {
	c := o.child("admin")
	if c == nil {
		return nil
	}
	defer c.done()
	a := &Admin{Listen: c.address("listen", "127.0.0.1:8081")}
	names := map[string]int{}
	for _, item := range c.items("tokens") {
		t := item.object()
		token := AdminToken{
			Name:  t.required("name"),
			Token: t.requiredSecret("token"),
			Role:  t.choice("role", RoleViewer, RoleViewer, RoleOperator),
		}
		t.done()
		if first, ok := names[token.Name]; ok && token.Name != "" {
			t.fail("name", "%q is taken by the token on line %d", token.Name, first)
		}
		names[token.Name] = item.line
		a.Tokens = append(a.Tokens, token)
	}
	if len(a.Tokens) == 0 && !isLoopbackAddress(a.Listen) {
		c.fail("tokens", "is required: %s is reachable from other machines, and only loopback needs no token", a.Listen)
	}
	return a
}

func (o *object) log() Log {
	c := o.section("log")
	defer c.done()
	return Log{
		Level:  c.choice("level", "info", "trace", "debug", "info", "warn", "error"),
		Format: c.choice("format", "text", "text", "json"),
	}
}

func (o *object) events() *Events {
	c := o.child("events")
	if c == nil {
		return nil
	}
	defer c.done()
	e := &Events{AllowPrivate: c.boolean("allow_private")}
	rules := urlRules{query: true, plainHTTP: e.AllowPrivate, plainHTTPKey: "allow_private"}
	if !c.has("url") {
		c.missing("url")
	}
	e.URL = c.wholeURL("url", rules)
	e.Secret = c.requiredSecret("secret")
	for _, item := range c.items("allowed_prefixes") {
		if prefix, ok := item.urlPrefix(rules); ok {
			e.AllowedPrefixes = append(e.AllowedPrefixes, prefix)
		}
	}
	return e
}

func (o *object) records() Records {
	c := o.section("records")
	defer c.done()
	r := Records{
		Retention:    c.span("retention", 72*time.Hour, shortest),
		KeyRetention: c.span("key_retention", 720*time.Hour, shortest),
		Archive:      c.archive(),
	}
	if r.KeyRetention < r.Retention {
		key := "key_retention"
		if !c.has(key) {
			key = "retention"
		}
		c.fail(key, "key_retention (%s) must not be shorter than retention (%s): a key would be forgotten before its job", r.KeyRetention, r.Retention)
	}
	return r
}

func (o *object) archive() string {
	v, s, ok := o.scalar("archive")
	if !ok {
		return ""
	}
	return v.fileURL(s)
}

func (o *object) accounts() []Account {
	var accounts []Account
	names := map[string]int{}
	for _, item := range o.items("accounts") {
		a := item.account()
		if first, ok := names[a.Name]; ok && a.Name != "" {
			item.fail("the name %s is taken by the account on line %d", a.Name, first)
		}
		if a.Name != "" && names[a.Name] == 0 {
			names[a.Name] = item.line
		}
		accounts = append(accounts, a)
	}
	return slices.Clip(accounts)
}
