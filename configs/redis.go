package configs

import (
	"crypto/tls"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/secret"
)

func (o *object) redis() Redis {
	c := o.child("redis")
	if c == nil {
		o.fail("redis", "is required, such as {url: redis://127.0.0.1:6379/0}")
		return Redis{}
	}
	defer c.done()
	r := Redis{URL: c.secret("url"), Cluster: c.addrs("cluster"), Sentinel: c.sentinel()}
	r.Durability = c.choice("durability", "", "wait", "waitaof", off)
	if r.Durability == off {
		r.Durability = ""
	}
	c.oneRedis()
	c.redisLogin(&r)
	if !r.URL.IsZero() {
		c.checkRedisURL(r.URL)
	}
	return r
}

// oneRedis makes sure that exactly one address is given.
func (o *object) oneRedis() {
	var given []string
	for _, key := range []string{"url", "url_file", "cluster", "sentinel"} {
		if o.has(key) && (key != "url_file" || !o.has("url")) {
			given = append(given, key)
		}
	}
	if len(given) == 1 || o.broken {
		return
	}
	message := "needs one of url, cluster and sentinel"
	if len(given) > 1 {
		message = "has " + strings.Join(given, " and ") + "; keep one of them"
	}
	o.l.add(Problem{Line: o.line, Path: o.path, Message: message})
}

// redisLogin reads what a URL would say by itself.
func (o *object) redisLogin(r *Redis) {
	r.Username = o.text("username", "")
	r.Password = o.secret("password")
	r.DB = o.integer("db", 0, 0, 1023)
	r.TLS = o.boolean("tls")
	for _, key := range []string{"username", "password", "password_file", "db", "tls"} {
		switch {
		case !o.has(key):
		case o.has("url") || o.has("url_file"):
			o.fail(key, "goes with cluster and sentinel; a url holds it itself: rediss://user:password@host:6379/0")
		case key == "db" && o.has("cluster"):
			o.fail(key, "goes with sentinel only; a cluster has one database")
		}
	}
}

func (o *object) sentinel() *Sentinel {
	c := o.child("sentinel")
	if c == nil {
		return nil
	}
	defer c.done()
	s := &Sentinel{
		Master:   c.required("master"),
		Addrs:    c.addrs("addrs"),
		Username: c.text("username", ""),
		Password: c.secret("password"),
	}
	if !c.has("addrs") {
		c.missing("addrs")
	}
	return s
}

// addrs returns a list of one or more host:port.
func (o *object) addrs(key string) []string {
	v, ok := o.take(key)
	if !ok {
		return nil
	}
	items, ok := v.list()
	if ok && len(items) == 0 {
		v.fail("is an empty list; write at least one host:port")
	}
	var out []string
	for _, item := range items {
		s, ok := item.scalar()
		if !ok {
			continue
		}
		if !isHostPort(s.text) || strings.HasPrefix(s.text, ":") {
			item.fail("is not host:port, such as 10.0.0.1:6379")
			continue
		}
		out = append(out, s.text)
	}
	return out
}

// checkRedisURL drops go-redis's own error, which would show the password.
func (o *object) checkRedisURL(address secret.String) {
	key := "url"
	if o.has("url_file") {
		key = "url_file"
	}
	text := address.Reveal()
	_, err := redis.ParseURL(text)
	switch {
	case !strings.HasPrefix(text, "redis://") && !strings.HasPrefix(text, "rediss://"):
		o.fail(key, "must begin with redis:// or rediss://")
	case strings.ContainsAny(text, "?#"):
		o.fail(key, "must have no query (?) and no fragment (#); write such characters in a password as %%3F and %%23")
	case err != nil:
		o.fail(key, "is not a Redis address such as redis://127.0.0.1:6379/0")
	}
}

// Options returns what go-redis's NewUniversalClient needs. They hold the
// passwords in clear: keep them out of logs. IsClusterMode tells a cluster and
// MasterName sentinels; else Addrs is one server. The error quotes nothing,
// and never comes from a Redis that Load returned.
func (r *Redis) Options() (*redis.UniversalOptions, error) {
	if r.Sentinel == nil && len(r.Cluster) == 0 {
		o, err := redis.ParseURL(r.URL.Reveal())
		if err != nil {
			return nil, errRedisURL
		}
		return &redis.UniversalOptions{
			Addrs: []string{o.Addr}, DB: o.DB, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig,
		}, nil
	}
	out := &redis.UniversalOptions{Username: r.Username, Password: r.Password.Reveal()}
	if r.TLS {
		out.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if r.Sentinel == nil {
		out.Addrs, out.IsClusterMode = r.Cluster, true
		return out, nil
	}
	out.Addrs, out.MasterName, out.DB = r.Sentinel.Addrs, r.Sentinel.Master, r.DB
	out.SentinelUsername, out.SentinelPassword = r.Sentinel.Username, r.Sentinel.Password.Reveal()
	return out, nil
}
