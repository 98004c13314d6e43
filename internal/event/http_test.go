package event

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/secret"
)

func TestOnlyACertificateThatHoldsIsTrusted(t *testing.T) {
	var proto atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { proto.Store(r.Proto) }))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	o := testOptions()
	o.URL = server.URL
	if v := tryOnce(t, o, ""); v.told || v.why != "the endpoint's certificate does not hold" {
		t.Errorf("a stranger's certificate: %+v", v)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if v := tryOnce(t, o, ""); !v.told || proto.Load() != "HTTP/2.0" {
		t.Errorf("a good certificate: %+v over %v", v, proto.Load())
	}
	o.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if v := tryOnce(t, o, ""); v.told {
		t.Errorf("a certificate for another name: %+v", v)
	}
	o.TLS.InsecureSkipVerify = true
	if _, err := NewEndpoints(o); err == nil {
		t.Error("verification can be switched off")
	}
}

func TestAnAnswerWithoutEndIsReadInPart(t *testing.T) {
	sent := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, chunk := 0, bytes.Repeat([]byte("x"), 32<<10)
		for r.Context().Err() == nil {
			m, err := w.Write(chunk)
			n += m
			if err != nil {
				break
			}
		}
		sent <- n
	}))
	t.Cleanup(server.Close)
	o := testOptions()
	o.URL = server.URL
	if v := tryOnce(t, o, ""); !v.told {
		t.Errorf("%+v", v)
	}
	if n := <-sent; n > 64<<20 { // what the sockets' buffers hold, not all that could be sent
		t.Errorf("%d bytes were taken", n)
	}
}

// Its status is the answer, though its body never ends; the deadline ends that.
func TestAnAnswerThatTricklesIsOne(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	o := testOptions()
	o.URL, o.Timeout = server.URL, 50*time.Millisecond
	if v := tryOnce(t, o, ""); !v.told {
		t.Errorf("%+v", v)
	}
}

func TestKeptConnectionsAreUsedAgain(t *testing.T) {
	var peers sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peers.Store(r.RemoteAddr, true)
		_, _ = w.Write([]byte("thank you"))
	}))
	t.Cleanup(server.Close)
	o := testOptions()
	o.URL = server.URL
	e := mustEndpoints(t, o)
	to, err := e.opts.targetOf("")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if v := e.post(t.Context(), to, change("jumdata.01ABC", 1), time.Now()); !v.told {
			t.Fatal(v)
		}
	}
	n := 0
	peers.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestSecretsAreAsTheLibraryReadsThem(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 24)
	encoded := base64.StdEncoding.EncodeToString(key)
	for text, want := range map[string][]byte{
		encoded: key, "whsec_" + encoded: key, someText: []byte(someText), "whsec_": []byte("whsec_"),
		"not-base64": []byte("not-base64"), "whsec_no base64": []byte("whsec_no base64"), "abcd": {0x69, 0xb7, 0x1d},
	} {
		app := &application{}
		server := httptest.NewServer(app)
		o := testOptions()
		o.URL, o.Secret = server.URL, secret.New(text)
		v := tryOnce(t, o, "")
		server.Close()
		if got := app.heard(); !v.told || len(got) != 1 || !signedBy(want, got[0]) {
			t.Errorf("%q: %+v", text, v)
		}
	}
	o := testOptions()
	o.Secret = secret.String{}
	if _, err := NewEndpoints(o); err == nil {
		t.Error("events without a secret")
	}
}

// Whatever goes wrong, neither a log nor what is kept of a try shows the secret, a
// URL's path and query, or what the endpoint said.
func TestNothingIsToldOfSecrets(t *testing.T) {
	const token, said = "t0ken-in-the-url", "what the endpoint said"
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(said))
	}))
	t.Cleanup(plain.Close)
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(cut.Close)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for base, want := range map[string]string{
		plain.URL:  "the endpoint answered 400",
		cut.URL:    "the connection broke off",
		secure.URL: "the endpoint's certificate does not hold",
		closed.URL: "the endpoint refused the connection",
		"https://" + plain.Listener.Addr().String(): "the endpoint does not speak TLS",
		"http://no-such-host.invalid":               "the host's name could not be resolved",
		"http://10.0.0.1":                           "the host leads to an address that is not allowed (private); events.allow_private allows it",
		"http://notallowed.example.com":             errNotAllowed.Error(),
	} {
		o := testOptions()
		o.URL, o.AllowedPrefixes = "https://app.example.com/", []string{base + "/"}
		if strings.Contains(base, "notallowed") {
			o.AllowedPrefixes = nil
		}
		if strings.Contains(base, "no-such-host") {
			o.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, errNoHost
			}}
		}
		var log bytes.Buffer
		logger := logrus.New()
		logger.SetOutput(&log)
		logger.SetLevel(logrus.TraceLevel)
		e := change("jumdata.01ABC", 1)
		e.URL = base + "/secret-path?token=" + token
		s := newShelf(e)
		d := &Deliverer{Store: s, Endpoints: mustEndpoints(t, o), Group: "jumdata", Log: logger}
		deliverOnce(t, d)
		if got := s.tries[e.ID]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", base, got, want)
		}
		for _, word := range []string{token, someText, said, "secret-path"} {
			if strings.Contains(log.String(), word) {
				t.Errorf("%s: the log shows %q: %s", base, word, log.String())
			}
		}
	}
}

// deliverOnce takes what is due and waits for its outcome.
func deliverOnce(t *testing.T, d *Deliverer) {
	t.Helper()
	var work sync.WaitGroup
	if _, _, err := d.step(t.Context(), &work); err != nil {
		t.Fatal(err)
	}
	work.Wait()
}

func TestTypes(t *testing.T) {
	for _, c := range []struct {
		kind      string
		state     record.State
		corrected bool
		want      string
	}{
		{"notify", record.Completed, false, "call.completed"},
		{"connect", record.AwaitingDial, false, "call.awaiting_dial"},
		{"poll", record.Unknown, false, "call.unknown"},
		{"call", record.NoAnswer, false, "call.no_answer"},
		{"bind", record.Active, false, "binding.active"},
		{"unbind", record.Failed, false, "release.failed"},
		{"account", record.Completed, false, "account.completed"},
		{"recording", record.Failed, false, "recording.failed"},
		{"notify", record.Completed, true, "call.corrected"},
		{"bind", record.Active, true, "binding.corrected"},
	} {
		got := Type(record.Event{Corrected: c.corrected, Record: &record.Record{Kind: c.kind, State: c.state}})
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.kind, c.state, got, c.want)
		}
	}
}

// That audio is stored is an event of its own type; its body names the job, and says
// nothing of the call.
func TestRecordingStored(t *testing.T) {
	e := record.Event{
		ID: "g.a:3", Job: "g.a", Revision: 3, About: "recording.stored", At: time.Date(2026, 11, 22, 18, 0, 0, 0, time.FixedZone("", 8*3600)),
		Record: &record.Record{
			ID: "g.a", Kind: "connect", State: record.Completed, To: "139****9007", Revision: 3,
			File: record.File{Fetch: record.FetchStored, URL: "file:///r/a.wav", SHA256: "ab", Size: 44, Type: "audio/wav", Tries: 2},
		},
	}
	const want = `{"type":"recording.stored","timestamp":"2026-11-22T10:00:00Z","data":{"job":"g.a","revision":3,` +
		`"recording":{"url":"file:///r/a.wav","sha256":"ab","size":44,"type":"audio/wav"}}}`
	for range 2 {
		got, err := body(e, func(*record.Record) any { t.Error("the whole record was asked for"); return nil })
		if err != nil || string(got) != want {
			t.Errorf("%s, %v\nwant %s", got, err, want)
		}
	}
	e.Record.Kind = "recording"
	if got := Type(e); got != "recording.stored" {
		t.Errorf("of a recording job: %s", got)
	}
	e.About = ""
	if got := Type(e); got != "recording.completed" {
		t.Errorf("of its end: %s", got)
	}
}

func TestWebhookID(t *testing.T) {
	for id, want := range map[string]string{
		"jumdata.01HX:3":           "jumdata_01HX_3",
		"interline.01HX/a.b-c_d:3": "interline_01HX_a_b-c_d_3",
		"interline.01HX/中\r\nx:3":  "interline_01HX____x_3",
	} {
		if got := WebhookID(record.Event{ID: id}); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}
