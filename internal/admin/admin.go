// Package admin serves the operators' listener: health, readiness and the
// read-only monitoring page.
package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"
)

// Options are what the listener needs to know.
type Options struct {
	// Ready says why the process is not ready, or nil.
	Ready func(ctx context.Context) error
	// Redis makes a client of its own for the monitoring page.
	Redis func() redis.UniversalClient
	// Tokens are the callers' keys. Empty: the listener is on loopback and
	// everybody there may read.
	Tokens []string
}

// Handler is the admin listener's handler; Close it to free its Redis clients.
type Handler struct {
	http.Handler
	monitor *asynqmon.HTTPHandler
}

const (
	monitorPath = "/monitor"
	readyWithin = 2 * time.Second
)

// New returns the handler.
func New(o Options) *Handler {
	monitor := asynqmon.New(asynqmon.Options{
		RootPath:         monitorPath,
		RedisConnOpt:     clientMaker(o.Redis),
		PayloadFormatter: asynqmon.PayloadFormatterFunc(func(_ string, b []byte) string { return mask(b) }),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(_ string, b []byte) string { return mask(b) }),
		ReadOnly:         true,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
		defer cancel()
		if err := o.Ready(ctx); err != nil {
			answer(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
		answer(w, http.StatusOK, "ready")
	})
	mux.Handle(monitorPath+"/", guarded(o.Tokens, monitor))
	mux.Handle("GET /{$}", http.RedirectHandler(monitorPath+"/", http.StatusFound))
	return &Handler{Handler: mux, monitor: monitor}
}

// Close frees what the monitoring page holds.
func (h *Handler) Close() error { return h.monitor.Close() }

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone, and that is its affair
}

// clientMaker is the connection option that asynqmon asks for.
type clientMaker func() redis.UniversalClient

// MakeRedisClient implements asynq.RedisConnOpt.
func (m clientMaker) MakeRedisClient() any { return m() }

var _ asynq.RedisConnOpt = clientMaker(nil)

// guarded lets a request through that brings one of the tokens, as a bearer or,
// for browsers, as the password of basic authentication.
func guarded(tokens []string, next http.Handler) http.Handler {
	if len(tokens) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			_, given, _ = r.BasicAuth()
		}
		if !known(tokens, given) {
			w.Header().Set("WWW-Authenticate", `Basic realm="callpacer"`)
			answer(w, http.StatusUnauthorized, "a token of admin.tokens is needed")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known compares in constant time, whatever the lengths.
func known(tokens []string, given string) bool {
	sum, found := sha256.Sum256([]byte(given)), 0
	for _, t := range tokens {
		want := sha256.Sum256([]byte(t))
		found |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	return found == 1
}

// Our payloads and results hold a job's id and state. Whatever else may lie in
// a queue is shown with its numbers masked.
var (
	ours    = regexp.MustCompile(`^\{("(v|id|state)":("[\w.~-]*"|\d{1,3}),?)+\}$`)
	numbers = regexp.MustCompile(`\d{5,}`)
)

func mask(b []byte) string {
	if ours.Match(b) {
		return string(b)
	}
	return numbers.ReplaceAllStringFunc(string(b), func(s string) string {
		return strings.Repeat("*", len(s)-2) + s[len(s)-2:]
	})
}
