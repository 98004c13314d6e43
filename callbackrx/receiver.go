// Package callbackrx receives what vendors push: it bounds the body,
// authenticates the URL, makes the push durable and only then acknowledges it.
// It parses no business content.
package callbackrx

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// Path is where vendors push: the account and the token follow.
const Path = "/callbacks/"

const (
	maxBody = 1 << 20
	// defaultPatience leaves the journal enough of the 100 ms within which a push
	// is acknowledged.
	defaultPatience = 60 * time.Millisecond
	// maxTries bounds how many pushes wait for a Redis that hangs, where there is a
	// journal for the others.
	maxTries = 64
	// durableWithin bounds how long a vendor waits for its acknowledgement.
	durableWithin = 5 * time.Second
	// queuedWithin bounds what the queue may add to that: the push is durable by
	// then, and due by itself.
	queuedWithin = time.Second
)

// Store makes a push durable.
type Store interface {
	StorePush(ctx context.Context, id string, p record.Push) (duplicate, done bool, err error)
	// Now fails while the store is away.
	Now(ctx context.Context) (time.Time, error)
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
	// Journal takes pushes while Redis does not; nil: they are refused then.
	Journal Journal
	// Patience is how long Redis alone may take before the journal is asked too;
	// 0: 60 ms.
	Patience time.Duration

	failures failures

	away  atomic.Bool // the last try failed, and Redis was not seen since
	once  sync.Once
	tries chan struct{} // one for each try under way

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup

	told            sync.Mutex // what follows
	fallen, grieved bool       // it was said that the journal is used, and that it cannot be emptied
	restored        int        // since then
}

func (r *Receiver) patience() time.Duration { return cmp.Or(r.Patience, defaultPatience) }

func (r *Receiver) slots() chan struct{} {
	r.once.Do(func() { r.tries = make(chan struct{}, maxTries) })
	return r.tries
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
	if err := r.keep(req.Context(), newKept(req, account, body)); err != nil {
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
