// Package callbackrx receives what vendors push: it bounds the body,
// authenticates the URL, makes the push durable and only then acknowledges it.
// It parses no business content.
package callbackrx

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// Path is where vendors push: the account and the token follow.
const Path = "/callbacks/"

const (
	maxBody = 1 << 20
	// durableWithin bounds how long a vendor waits for its acknowledgement.
	durableWithin = 5 * time.Second
	// queuedWithin bounds what the queue may add to that: the push is durable by
	// then, and due by itself.
	queuedWithin = time.Second
)

// Store makes a push durable.
type Store interface {
	StorePush(ctx context.Context, id string, p record.Push) (duplicate, done bool, err error)
}

// Queue takes the task that reads a push.
type Queue interface {
	Put(ctx context.Context, e tasks.Entry) error
}

// Ack is what a vendor expects in answer to a push. The zero Status is 200; with
// an empty ContentType the client guesses from the body.
type Ack struct {
	Status      int
	ContentType string
	Body        string
}

// Account is one account that vendors push for.
type Account struct {
	Name, Group string
	Ack         Ack
	Allow       []netip.Prefix // clients that may push; empty: any
}

// Receiver is the handler of the public listener.
type Receiver struct {
	Store    Store
	Queue    Queue
	Signer   pushtoken.Signer
	Accounts map[string]Account
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Log            logrus.FieldLogger

	failures failures
}

// Routes returns the handler of the public listener.
func (r *Receiver) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{account}/{token}", r.receive)
	mux.HandleFunc("POST "+Path+"{account}/{token}", r.receive)
	return mux
}

func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodHead { // to the mux it is a GET; it can push nothing
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	account, known := r.Accounts[req.PathValue("account")]
	client := r.client(req)
	id, attempt, ok := r.Signer.Verify(account.Name, req.PathValue("token"))
	if !known || !ok || !allowed(client, account.Allow) {
		r.refuse(w, client)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			http.Error(w, "the push is larger than 1 MiB", http.StatusRequestEntityTooLarge)
			return
		}
		http.Error(w, "the push was cut short", http.StatusBadRequest)
		return
	}
	log := r.Log.WithField("account", account.Name).WithField("job", id).WithField("attempt", attempt)
	if err := r.keep(req, account, body); err != nil {
		log.WithError(err).Error("a push could not be made durable; the vendor is asked to come again")
		http.Error(w, "not stored, please push again", http.StatusServiceUnavailable)
		return
	}
	if account.Ack.ContentType != "" {
		w.Header().Set("Content-Type", account.Ack.ContentType)
	}
	w.WriteHeader(cmp.Or(account.Ack.Status, http.StatusOK))
	if _, err := io.WriteString(w, account.Ack.Body); err != nil {
		log.WithError(err).Debug("the vendor did not wait for its acknowledgement")
	}
}

// keep makes the push durable and brings it to its queue. Only the first must
// succeed: a stored push is due by itself five seconds later.
func (r *Receiver) keep(req *http.Request, a Account, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), durableWithin)
	defer cancel()
	p := record.Push{
		Account: a.Name, Token: req.PathValue("token"), Method: req.Method,
		ContentType: req.Header.Get("Content-Type"), RawQuery: ascii(req.URL.RawQuery), Body: body,
	}
	id := record.PushID(a.Group, fingerprint(p))
	_, done, err := r.Store.StorePush(ctx, id, p)
	if err != nil || done {
		return err
	}
	ctx, cancel = context.WithTimeout(ctx, queuedWithin)
	defer cancel()
	err = r.Queue.Put(ctx, tasks.Entry{Queue: tasks.PushQueue(a.Name), Kind: tasks.KindPush, TaskID: id, ID: id})
	if err != nil && !errors.Is(err, tasks.ErrTaskExists) {
		r.Log.WithError(err).Warn("a stored push could not be queued at once; it is due in a moment")
	}
	return nil
}

// ascii escapes the bytes of a query that are no ASCII, as its sender should
// have: what keeps the push keeps text in UTF-8 only, and these may be GBK.
func ascii(query string) string {
	var b strings.Builder
	for _, c := range []byte(query) {
		if c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// fingerprint is the same for every copy of a push.
func fingerprint(p record.Push) string {
	h := sha256.New()
	for _, part := range []string{p.Account, p.Token, p.Method, p.RawQuery} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(p.Body)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
