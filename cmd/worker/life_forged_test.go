package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// TestForgedPushesChangeNothing: tokens that are not ours, ids of other calls under
// a true token, and pushes that were seen before leave every record and every
// application as they were.
func TestForgedPushesChangeNothing(t *testing.T) {
	t.Parallel()
	l := newLife(realFleet(t), never, 4)
	silent, addresses := l.silentLines()
	l.channels(0)
	l.pushers(0)
	for _, v := range l.tellers() {
		v.SetPushFaults(sandbox.PushFaults{})
	}
	l.crew(1)
	l.start()
	l.call()
	for _, b := range l.calls {
		l.each(20*time.Second, "each job of "+b.account+" is as far as it gets", b.ids, func(r *record.Record) bool {
			return r.State.Final() || b == silent && r.State == record.Submitted
		})
	}
	l.each(20*time.Second, "every call over a binding has ended", l.children(), func(r *record.Record) bool { return r.State.Final() })
	l.until(20*time.Second, "all is pushed and told", func() bool { return l.open() == 0 && l.waiting("events") == 0 && l.tasks() == "" })

	before, heard := l.records(), len(l.app.Events())+len(l.other.Events())
	l.replay(t)
	l.forge(t, addresses())
	l.mistake(t, silent, addresses())
	l.until(20*time.Second, "every push is processed", func() bool { return l.tasks() == "" })
	after := l.records()
	for id, r := range before {
		if !reflect.DeepEqual(r, after[id]) {
			t.Errorf("%s was %+v\nand is %+v", id, r, after[id])
		}
	}
	if len(before) != len(after) || len(before) == 0 {
		t.Errorf("there were %d records, and are %d", len(before), len(after))
	}
	if n := len(l.app.Events()) + len(l.other.Events()); n != heard || l.waiting("events") != 0 || heard == 0 {
		t.Errorf("the applications heard %d events before, and %d in the end", heard, n)
	}
}

// silentLines is an account whose vendor tells nothing of its calls, and the
// addresses that it was given to push to.
func (l *life) silentLines() (b *toldJobs, addresses func() []string) {
	v := l.jumdata("jumdata-silent", sandbox.JumdataOptions{PushMode: sandbox.PushNone, ResultDelay: never}, lifeRules)
	var mu sync.Mutex
	var urls []string
	v.SetFault(func(a sandbox.SendAttempt) sandbox.Fault {
		mu.Lock()
		defer mu.Unlock()
		urls = append(urls, a.NotifyURL)
		return sandbox.Fault{}
	})
	l.add(v, l.notices("jumdata-silent", false), sandbox.PushFaults{}, false, false)
	return l.calls[len(l.calls)-1], func() []string {
		mu.Lock()
		defer mu.Unlock()
		return urls
	}
}

// post pushes as a vendor would, and wants this answer, or 429 where the receiver
// has had enough of guesses.
func (l *life) post(t *testing.T, what, address, contentType string, body []byte, want int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if guessed := want != http.StatusOK && answer.StatusCode == http.StatusTooManyRequests; answer.StatusCode != want && !guessed {
		t.Errorf("%s: HTTP status %d, want %d", what, answer.StatusCode, want)
	}
}

// replay has every push come again, as the vendor sent it.
func (l *life) replay(t *testing.T) {
	t.Helper()
	n := 0
	for name, v := range l.tellers() {
		for _, push := range v.PushLog() {
			l.post(t, "replayed push of "+name, push.URL, push.ContentType, push.Body, http.StatusOK)
			n++
		}
	}
	if n < 20 {
		t.Errorf("only %d pushes could be replayed", n)
	}
}

const formType = "application/x-www-form-urlencoded"

// forge pushes what would end the jobs, under tokens that are not ours.
func (l *life) forge(t *testing.T, addresses []string) {
	t.Helper()
	success := []byte(url.Values{"callId": {l.record(l.calls[0].ids[0]).VendorID}, "callStatus": {"0"}}.Encode())
	for _, address := range addresses {
		cut := strings.LastIndexByte(address, '/') + 1
		base, token := address[:cut], address[cut:]
		parts := strings.Split(token, ".")
		job, mac := strings.Join(parts[:2], "."), parts[3]
		flipped := "a"
		if mac[0] == 'a' {
			flipped = "b"
		}
		for what, forged := range map[string]string{
			"another mac":     base + job + "." + parts[2] + "." + flipped + mac[1:],
			"a shorter mac":   base + job + "." + parts[2] + "." + mac[:len(mac)-1],
			"no mac":          base + job + "." + parts[2],
			"another attempt": base + job + ".9." + mac,
			"another job":     base + parts[0] + ".aaaaaaaaaaaaaaaaaaaaaaaaaa." + parts[2] + "." + mac,
			"another account": strings.Replace(base, "/jumdata-silent/", "/jumdata-pushes/", 1) + token,
		} {
			l.post(t, what, forged, formType, success, http.StatusNotFound)
		}
	}
}

// mistake pushes ids of other calls under true tokens.
func (l *life) mistake(t *testing.T, b *toldJobs, addresses []string) {
	t.Helper()
	own := map[string]string{}
	for _, id := range b.ids {
		own[id] = l.record(id).VendorID
	}
	n := 0
	for _, address := range addresses {
		token := address[strings.LastIndexByte(address, '/')+1:]
		for id, call := range own {
			if strings.HasPrefix(token, id+".") {
				continue
			}
			for _, foreign := range []string{call, "YYTZ000000000000000001"} {
				body := url.Values{"callId": {foreign}, "callStatus": {"0"}, "callStatusText": {"成功"}}
				l.post(t, "another call's id", address, formType, []byte(body.Encode()), http.StatusOK)
				body.Set("notifyData", id+".1")
				l.post(t, "another call's id and job", address, formType, []byte(body.Encode()), http.StatusOK)
				n++
			}
		}
	}
	if n < 12 {
		t.Errorf("only %d pushes of other calls", n)
	}
}
