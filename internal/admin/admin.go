// Package admin serves the operators' listener: health, readiness and the
// monitoring page, whose buttons act on jobs and lanes instead of on asynq.
package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
)

// Lanes shuts and opens the queues of an account for reasons that people give.
type Lanes interface {
	// Pause shuts one queue of the account ("urgent", "normal" or "bulk"); by is
	// the name of who pressed the button.
	Pause(ctx context.Context, account, queue, by string) error
	// Resume takes back what a person paused.
	Resume(ctx context.Context, account, queue, by string) error
}

// Jobs ends jobs that were not sent. *record.Store is one.
type Jobs interface {
	Cancel(ctx context.Context, id string) (record.Cancellation, record.State, error)
}

var _ Jobs = (*record.Store)(nil)

// Options are what the listener needs to know.
type Options struct {
	// Ready says why the process is not ready, or nil.
	Ready func(ctx context.Context) error
	// Redis makes a client; the handler makes some, and closes them.
	Redis func() redis.UniversalClient
	// Tokens are the callers' keys. Empty: the listener is on loopback, and
	// everybody there is an operator.
	Tokens []Token
	// Lanes and Jobs do what operators press. Where one is nil, the monitoring
	// page is read-only for everybody.
	Lanes Lanes
	Jobs  Jobs
	// Log gets a line for each button pressed; nil: none.
	Log logrus.FieldLogger
}

// Handler is the admin listener's handler; Close it to free its Redis clients.
type Handler struct {
	http.Handler
	closers []func() error
}

const (
	monitorPath = "/monitor"
	readyWithin = 2 * time.Second
	// maxBody is above the largest batch that the page sends (100 ids).
	maxBody = 64 << 10
)

// New returns the handler.
func New(o Options) *Handler {
	h := &Handler{}
	m := &monitor{viewer: h.page(o.Redis, true), log: o.Log}
	if o.Lanes != nil && o.Jobs != nil {
		rdb := o.Redis()
		h.closers = append(h.closers, rdb.Close)
		m.operator = h.page(o.Redis, false)
		m.press = &buttons{lanes: o.Lanes, jobs: o.Jobs, rdb: rdb, tasks: asynq.NewInspectorFromRedisClient(rdb)}
	}
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
	mux.Handle(monitorPath+"/", door{o.Tokens}.opens(m.serve))
	mux.Handle("GET /{$}", http.RedirectHandler(monitorPath+"/", http.StatusFound))
	h.Handler = sameSite(mux)
	return h
}

// page is asynqmon; readOnly hides its buttons.
func (h *Handler) page(client func() redis.UniversalClient, readOnly bool) http.Handler {
	page := asynqmon.New(asynqmon.Options{
		RootPath:         monitorPath,
		RedisConnOpt:     clientMaker(client),
		PayloadFormatter: asynqmon.PayloadFormatterFunc(func(_ string, b []byte) string { return mask(b) }),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(_ string, b []byte) string { return mask(b) }),
		ReadOnly:         readOnly,
	})
	h.closers = append(h.closers, page.Close)
	return page
}

// Close frees what the monitoring page holds.
func (h *Handler) Close() error {
	var errs []error
	for _, c := range h.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

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
