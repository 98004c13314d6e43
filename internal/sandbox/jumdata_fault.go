package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

type faultKind string

const (
	faultNone      faultKind = ""
	faultCut       faultKind = "cut"
	faultHang      faultKind = "hang"
	faultSlow      faultKind = "slow"
	faultAnswer    faultKind = "answer"
	faultStatus    faultKind = "status"
	faultGarbage   faultKind = "garbage"
	faultTruncated faultKind = "truncated"
	faultOversize  faultKind = "oversize"
	faultRedirect  faultKind = "redirect"
)

// oversizeBytes is more than any sane cap on a JSON answer.
const oversizeBytes = 2 << 20

// Fault is what goes wrong with one send request; the zero Fault is nothing.
// "Placed" means that the vendor first acts on the request as always, by its
// rules; an unplaced fault touches neither counts nor locks.
type Fault struct {
	kind     faultKind
	placed   bool
	delay    time.Duration
	code     int
	msg      string
	location string
}

// FaultCut resets the connection instead of answering.
func FaultCut(placed bool) Fault { return Fault{kind: faultCut, placed: placed} }

// FaultHang answers nothing until the client leaves or the vendor is closed.
func FaultHang(placed bool) Fault { return Fault{kind: faultHang, placed: placed} }

// FaultSlow acts at once and answers after d.
func FaultSlow(d time.Duration) Fault { return Fault{kind: faultSlow, placed: true, delay: d} }

// FaultAnswer answers a code and message in the vendor's JSON; nothing is placed.
func FaultAnswer(code int, msg string) Fault { return Fault{kind: faultAnswer, code: code, msg: msg} }

// FaultStatus answers an HTTP status with a page that is not JSON.
func FaultStatus(status int, placed bool) Fault {
	return Fault{kind: faultStatus, placed: placed, code: status}
}

// FaultGarbage answers HTTP 200 with bytes that are not JSON.
func FaultGarbage(placed bool) Fault { return Fault{kind: faultGarbage, placed: placed} }

// FaultTruncated answers HTTP 200 with the first half of the true JSON answer.
func FaultTruncated() Fault { return Fault{kind: faultTruncated, placed: true} }

// FaultOversize answers with 2 MiB of valid JSON whose callId comes last.
func FaultOversize() Fault { return Fault{kind: faultOversize, placed: true} }

// FaultRedirect answers 307 to location; an empty one is the send endpoint
// itself, so a client that follows it sends again.
func FaultRedirect(location string, placed bool) Fault {
	if location == "" {
		location = JumdataSendPath
	}
	return Fault{kind: faultRedirect, placed: placed, location: location}
}

// withoutPlacing says in words what an unplaced fault did to a request.
func (f Fault) withoutPlacing() string {
	if f.kind == faultAnswer {
		return fmt.Sprintf("refused: %d %s", f.code, f.msg)
	}
	return fmt.Sprintf("%s, nothing placed", f.kind)
}

// SendAttempt is a send request as SetFault's function sees it: its fields as
// they came, before they are checked.
type SendAttempt struct {
	// Seq counts authenticated send requests from 1.
	Seq          int
	Method       string
	Mobile       string
	Ref          string // notifyData
	TemplateID   string
	Param        string
	PlayTimes    string
	NotifyURL    string
	At           time.Time
	SeenRef      int // how often this Ref came, this time included; 0 without one
	SeenMobile   int // how often this Mobile came, this time included
	LockedNumber bool
}

// SetFault has f decide for each authenticated send request what goes wrong
// with it; nil ends that. A fault takes the place of the number's behaviour in
// how the request is answered, not in how a placed call ends. f may use the
// vendor's other methods and must not block for long.
func (j *Jumdata) SetFault(f func(SendAttempt) Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fault = f
}

// deliver answers a send request as the fault says, or with the true answer.
func (j *Jumdata) deliver(w http.ResponseWriter, r *http.Request, f Fault, a jumdataAnswer) {
	const asJSON = "application/json;charset=UTF-8"
	switch f.kind {
	case faultNone:
		writeAnswer(w, a)
	case faultCut:
		cut(w)
	case faultHang:
		j.untilLeft(r.Context(), nil)
		cut(w)
	case faultSlow:
		timer := time.NewTimer(f.delay)
		defer timer.Stop()
		if !j.untilLeft(r.Context(), timer.C) {
			cut(w)
			return
		}
		writeAnswer(w, a)
	case faultAnswer:
		writeAnswer(w, refusal(f.code, f.msg))
	case faultStatus:
		writeBody(w, f.code, "text/html", []byte("<html><body><h1>nginx</h1></body></html>"))
	case faultGarbage:
		writeBody(w, http.StatusOK, asJSON, []byte("\x00\xff<!-- 200 OK -->"))
	case faultTruncated:
		body := encode(a)
		writeBody(w, http.StatusOK, asJSON, body[:len(body)/2])
	case faultOversize:
		a.Msg += strings.Repeat(" ", oversizeBytes)
		writeBody(w, http.StatusOK, asJSON, encode(a))
	case faultRedirect:
		w.Header().Set("Location", f.location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// untilLeft waits for ready; false when the client left or the vendor closed first.
func (j *Jumdata) untilLeft(client context.Context, ready <-chan time.Time) bool {
	select {
	case <-ready:
		return true
	case <-client.Done():
		return false
	case <-j.ctx.Done():
		return false
	}
}

// cut ends the connection without an answer: by a TCP reset where there is one.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or no server at all
	}
	raw := conn
	if t, ok := conn.(*tls.Conn); ok {
		raw = t.NetConn() // a close_notify would be a polite end
	}
	var unset error
	if tcp, ok := raw.(interface{ SetLinger(int) error }); ok {
		unset = tcp.SetLinger(0)
	}
	if err := errors.Join(unset, raw.Close()); err != nil {
		panic(http.ErrAbortHandler) // the peer was faster
	}
}

// writeBody ends the connection where the client is gone in the middle: that is
// the client's fault to see, and no answer of ours.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	if _, err := bytes.NewReader(body).WriteTo(w); err != nil {
		panic(http.ErrAbortHandler)
	}
}
