package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Token is one caller's key.
type Token struct {
	Name     string // of the person or program, for reasons and logs
	Token    string
	Operator bool // may change; any other only reads
}

// person is who asks.
type person struct {
	name     string
	operator bool
}

// onLoopback is everybody, where no token is needed.
var onLoopback = person{name: "loopback", operator: true}

// sameSite refuses what a page of another site makes a browser send, and caps
// every body. Programs that are no browser send neither Origin nor
// Sec-Fetch-Site and pass.
func sameSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusForbidden, "refused: the request comes from a page of another site")
	}))
	protected := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		// Else another site could lay the page under its own and have its buttons
		// pressed.
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
		protected.ServeHTTP(w, r)
	})
}

// door tells who asks, and lets nobody in who may not read.
type door struct{ tokens []Token }

// opens lets a request through that brings one of the tokens, as a bearer or,
// for browsers, as the password of basic authentication. Where there are none,
// the listener must be addressed as this machine: a name of another site that
// leads here (DNS rebinding) would make its pages ours.
func (d door) opens(next func(http.ResponseWriter, *http.Request, person)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(d.tokens) == 0 {
			if !local(r.Host) {
				answer(w, http.StatusForbidden, "refused: without admin.tokens this listener is asked by localhost or an IP address, never by another name")
				return
			}
			next(w, r, onLoopback)
			return
		}
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			_, given, _ = r.BasicAuth()
		}
		who, ok := d.knows(given)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="callpacer"`)
			answer(w, http.StatusUnauthorized, "a token of admin.tokens is needed")
			return
		}
		next(w, r, who)
	})
}

// knows compares in constant time, whatever the lengths.
func (d door) knows(given string) (who person, ok bool) {
	sum := sha256.Sum256([]byte(given))
	for _, t := range d.tokens {
		want := sha256.Sum256([]byte(t.Token))
		if subtle.ConstantTimeCompare(sum[:], want[:]) == 1 && !ok {
			who, ok = person{name: t.Name, operator: t.Operator}, true
		}
	}
	return who, ok
}

// local says that a Host header cannot be another site's name.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil
}
