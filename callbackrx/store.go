package callbackrx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/callpacer/callpacer/internal/journal"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// kept is a push on its way to Redis, and an entry of the journal.
type kept struct {
	ID   string // the same for every copy of a push
	Push record.Push
}

func newKept(req *http.Request, a Account, body []byte) kept {
	p := record.Push{
		Account: a.Name, Token: req.PathValue("token"), Method: req.Method,
		ContentType: req.Header.Get("Content-Type"), RawQuery: ascii(req.URL.RawQuery), Body: body,
	}
	return kept{ID: record.PushID(a.Group, fingerprint(p)), Push: p}
}

// store makes the push durable in Redis and brings it to its queue. Only the
// first must succeed: a stored push is due by itself five seconds later.
func (r *Receiver) store(ctx context.Context, p kept) error {
	within, cancel := context.WithTimeout(ctx, durableWithin)
	defer cancel()
	_, done, err := r.Store.StorePush(within, p.ID, p.Push)
	if err != nil || done {
		return err
	}
	within, cancel = context.WithTimeout(within, queuedWithin)
	defer cancel()
	err = r.Queue.Put(within, tasks.Entry{Queue: tasks.PushQueue(p.Push.Account), Kind: tasks.KindPush, TaskID: p.ID, ID: p.ID})
	if err != nil && !errors.Is(err, tasks.ErrTaskExists) {
		r.Log.WithError(err).Warn("a stored push could not be queued at once; it is due in a moment")
	}
	return nil
}

// restore stores a push from the journal.
func (r *Receiver) restore(ctx context.Context, entry []byte) error {
	var p kept
	if err := json.Unmarshal(entry, &p); err != nil || !record.IsPush(p.ID) {
		return fmt.Errorf("%w: it is no push", journal.ErrUnreadable)
	}
	return r.store(ctx, p)
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
