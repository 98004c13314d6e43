package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// oversizeBytes is more than any sane cap on a JSON answer.
const oversizeBytes = 2 << 20

const answerJSON = "application/json;charset=UTF-8"

// answer is a vendor's JSON answer as a fault can spoil it. padded is the same
// answer with so many bytes of padding before its ids, refused one with a code.
type answer interface {
	padded(bytes int) answer
	refused(code int, msg string) answer
}

// deliver answers a send request as the fault says, or with the true answer.
func (v *vendor) deliver(w http.ResponseWriter, r *http.Request, seen loggedRequest, f Fault, a answer) {
	waited := v.holdBack(r.Context(), seen.latency, f)
	seen.end() // before the answer is out, after which the client may ask again
	if !waited {
		cut(w)
		return
	}
	switch f.kind {
	case faultNone, faultSlow:
		writeJSON(w, a)
	case faultCut, faultHang:
		cut(w)
	case faultAnswer:
		writeJSON(w, a.refused(f.code, f.msg))
	case faultStatus:
		if f.delay > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(f.delay)))
		}
		writeBody(w, f.code, "text/html", []byte("<html><body><h1>nginx</h1></body></html>"))
	case faultGarbage:
		writeBody(w, http.StatusOK, answerJSON, []byte("\x00\xff<!-- 200 OK -->"))
	case faultTruncated:
		body := encode(a)
		writeBody(w, http.StatusOK, answerJSON, body[:len(body)/2])
	case faultOversize:
		writeJSON(w, a.padded(oversizeBytes))
	case faultRedirect:
		location := f.location
		if location == "" {
			location = r.URL.Path
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// holdBack waits as long as an answer is held back; false when the client left or
// the vendor closed first.
func (v *vendor) holdBack(client context.Context, latency time.Duration, f Fault) bool {
	if f.kind == faultHang {
		return v.untilLeft(client, nil)
	}
	if f.kind == faultSlow {
		latency += f.delay
	}
	if latency <= 0 {
		return true
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	return v.untilLeft(client, timer.C)
}

// untilLeft waits for ready; false when the client left or the vendor closed first.
func (v *vendor) untilLeft(client context.Context, ready <-chan time.Time) bool {
	select {
	case <-ready:
		return true
	case <-client.Done():
		return false
	case <-v.ctx.Done():
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

func writeJSON(w http.ResponseWriter, v any) {
	writeBody(w, http.StatusOK, answerJSON, encode(v))
}

func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: encode an answer: " + err.Error()) // strings and ints only: a bug
	}
	return body
}

// wholeSeconds rounds up: an answered call never lasted 0 seconds.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
