package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The headers of a signed webhook (Standard Webhooks, Webhook Headers), and what
// the text form of a secret begins with.
const (
	webhookID        = "webhook-id"
	webhookTime      = "webhook-timestamp"
	webhookSignature = "webhook-signature"
	webhookSecret    = "whsec_"
)

// maxEventBody is far above what an event of one job can hold.
const maxEventBody = 1 << 20

// ApplicationOptions configure a simulated application. Secret has no default.
type ApplicationOptions struct {
	// Secret is the signing secret, "whsec_" and base64.
	Secret string
	// Now is the application's clock. Default time.Now.
	Now func() time.Time
	// Tolerance is how far a request's timestamp may be off. Default 5 min.
	Tolerance time.Duration
}

// Application is a simulated application that hears of its jobs: an http.Handler
// that verifies each request's signature by the Standard Webhooks text, keeps
// what it was told, and may fail as real ones do. All methods are safe for
// concurrent use.
type Application struct {
	key       []byte
	now       func() time.Time
	tolerance time.Duration
	ctx       context.Context
	cancel    context.CancelFunc

	mu      sync.Mutex
	trouble ApplicationTrouble
	counts  ApplicationCounts
	events  map[string]*Told
	order   []*Told
}

var _ http.Handler = (*Application)(nil)

// NewApplication makes a simulated application. It panics on a secret that is none.
func NewApplication(o ApplicationOptions) *Application {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(o.Secret, webhookSecret))
	if err != nil || len(key) == 0 || !strings.HasPrefix(o.Secret, webhookSecret) {
		panic("sandbox: ApplicationOptions.Secret is not " + webhookSecret + " and base64")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	setDefault(&o.Tolerance, 5*time.Minute)
	a := &Application{key: key, now: o.Now, tolerance: o.Tolerance, events: map[string]*Told{}}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// Close releases hanging requests. What was told stays readable. Close the
// application before the server that serves it.
func (a *Application) Close() { a.cancel() }

// ServeHTTP hears one event: 204 for one that is taken.
func (a *Application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEventBody))
	t, nth := a.arrived()
	if t.Off || a.ctx.Err() != nil {
		cut(w)
		return
	}
	if err == nil {
		err = a.verify(r, body)
	}
	var heard toldOf
	if err == nil {
		heard, err = readEvent(body)
	}
	if err != nil {
		a.refuse(err)
		http.Error(w, "unverifiable", http.StatusUnauthorized)
		return
	}
	told := a.hear(r.Header.Get(webhookID), heard, body)
	switch {
	case !a.waited(r.Context(), t.Hang):
		cut(w)
	case t.Hang == 0 && !a.waited(r.Context(), t.Slow):
		cut(w)
	case a.fails(told, t, nth):
		http.Error(w, "no", http.StatusInternalServerError)
	default:
		a.take(told)
		w.WriteHeader(http.StatusNoContent)
	}
}

// verify is Standard Webhooks, Verifying signatures: HMAC-SHA256 over
// id.timestamp.body; one of several signatures suffices.
func (a *Application) verify(r *http.Request, body []byte) error {
	id, stamp := r.Header.Get(webhookID), r.Header.Get(webhookTime)
	if r.Method != http.MethodPost || id == "" || strings.Contains(id, ".") {
		return errors.New("not a webhook: the method, or no id without a dot")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("read the timestamp: %w", err)
	}
	if off := a.now().Sub(time.Unix(seconds, 0)).Abs(); off > a.tolerance {
		return fmt.Errorf("the timestamp is %s off", off)
	}
	mac := hmac.New(sha256.New, a.key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body) // a hash takes everything
	for given := range strings.FieldsSeq(r.Header.Get(webhookSignature)) {
		version, text, _ := strings.Cut(given, ",")
		sum, err := base64.StdEncoding.DecodeString(text)
		if err == nil && version == "v1" && hmac.Equal(sum, mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature is right")
}

// waited waits for d; false when the client left or the application closed first.
func (a *Application) waited(client context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return client.Err() == nil
	case <-client.Done():
		return false
	case <-a.ctx.Done():
		return false
	}
}
