package recordings

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/netguard/netguardtest"
	"github.com/callpacer/callpacer/providers"
)

// fileHost is a vendor's host of recordings, over TLS on loopback.
type fileHost struct {
	*httptest.Server
	hits atomic.Int32
}

func newFileHost(t *testing.T, answer http.HandlerFunc) *fileHost {
	t.Helper()
	h := &fileHost{}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.hits.Add(1)
		answer(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *fileHost) host() string { return h.Listener.Addr().String() }

func (h *fileHost) port() string { return h.host()[strings.LastIndex(h.host(), ":"):] }

func (h *fileHost) options(hosts ...string) DownloaderOptions {
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	return DownloaderOptions{Hosts: append(hosts, h.host()), TLS: &tls.Config{RootCAs: roots}}
}

func mustDownloader(t *testing.T, o DownloaderOptions) *Downloader {
	t.Helper()
	d, err := NewDownloader(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wantNone wants a failure of a kind whose words repeat nothing of the URL.
func wantNone(t *testing.T, d *Downloader, url string, kind error, why string) {
	t.Helper()
	wantNoneFor(t, d, url, kind, why, 0)
}

func wantNoneFor(t *testing.T, d *Downloader, url string, kind error, why string, wait time.Duration) {
	t.Helper()
	audio, media, err := d.Get(t.Context(), url)
	var failed *DownloadError
	if audio != nil || media != "" || !errors.As(err, &failed) || !errors.Is(err, kind) || !strings.Contains(failed.Why, why) {
		t.Errorf("%q: %v %q %v; want %v, %s", url, audio, media, err, kind, why)
		return
	}
	if failed.RetryAfter != wait {
		t.Errorf("%v: wait %v, want %v", err, failed.RetryAfter, wait)
	}
	for _, part := range []string{"secret", "127.0.0.1", "example", "13800000000"} {
		if strings.Contains(err.Error(), part) {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func answering(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestADownloadIsKeptByteForByte(t *testing.T) {
	audio := wav(700_001)
	h := newFileHost(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/rec/a%2Fb.wav?sign=secret" || r.Method != http.MethodGet {
			t.Errorf("asked %s %s", r.Method, r.URL.RequestURI())
		}
		for name := range r.Header {
			if name != "User-Agent" {
				t.Errorf("the request brings %s", name)
			}
		}
		w.Header().Set("Content-Type", "text/html") // a back end's default
		_, _ = w.Write(audio)
	})
	d := mustDownloader(t, h.options())
	body, media, err := d.Get(t.Context(), h.URL+"/rec/a%2Fb.wav?sign=secret#fragment")
	if err != nil || media != "audio/wav" {
		t.Fatal(media, err)
	}
	s, dir := inFolder(t, Options{})
	r := ofJob(job)
	r.Type = media
	saved, err := s.Save(t.Context(), r, body)
	if err != nil || saved.SHA256 != shaOf(audio) || saved.Size != int64(len(audio)) {
		t.Errorf("%+v, %v", saved, err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	if kept := files(t, dir); !bytes.Equal(kept[dayOfTest+job+".wav"], audio) {
		t.Error("not byte for byte")
	}
}

// D19: whoever forges a report writes its downloadUrl.
func TestD19WhatMayBeDownloaded(t *testing.T) {
	d := mustDownloader(t, DownloaderOptions{Hosts: []string{"Rec.example.com", "b.example.com:8443", "c.example.com:443", "127.0.0.1:8080", "[::1]:8080"}})
	for url, why := range map[string]string{
		"https://rec.example.com/a.wav?sign=secret": "", "https://REC.example.com:443/": "", "https://b.example.com:8443/x": "", "https://c.example.com/x": "",
		"https://127.0.0.1:8080/x": "", "http://127.0.0.1:8080/x": "", "http://[::1]:8080/x": "",
		"http://rec.example.com/a.wav": "not https", "http://10.0.0.1/": "not https", "ftp://rec.example.com/a": "not https", "HTTPS://rec.example.com/": "",
		"https://secret@rec.example.com/": "credentials", "https://rec.example.com:secret@evil.example.net/": "credentials",
		"https://rec.example.com:8443/": "list", "https://b.example.com/": "list", "https://b.example.com:443/": "list", "https://rec.example.com:80/": "list",
		"https://rec.example.com./": "list", "https://x.rec.example.com/": "list", "https://rec.example.com.evil.net/": "list", "https://evil.net/rec.example.com": "list",
		"https://evil.net/?https://rec.example.com": "list", "https://evil.net#rec.example.com": "list", "https://169.254.169.254/": "list", "https://2130706433:8080/": "list",
		"http://localhost:8080/": "list", "http://127.0.0.2:8080/": "list", "http://127.0.0.1/": "list", "https://[::1]/": "list", "http://[::ffff:127.0.0.1]:8080/": "list",
		"": "no URL of", "/a.wav": "no URL of", "//rec.example.com/a.wav": "not https", "https:rec.example.com": "no URL of", "https:///x": "no URL of", "https://:443/": "no URL of",
		"file:///etc/passwd": "no URL of", "https://rec.example.com/\x7f": "no URL of", "https://rec.example.com\\@evil.net/": "no URL of", "::": "no URL of", "13800000000": "no URL of",
	} {
		err := d.Allowed(url)
		switch {
		case why == "" && err != nil:
			t.Errorf("%q: %v", url, err)
		case why != "" && err == nil:
			t.Errorf("%q is allowed", url)
		case why != "":
			wantNone(t, d, url, ErrNotAllowed, why)
		}
	}
	if err := mustDownloader(t, DownloaderOptions{}).Allowed("https://rec.example.com/"); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("without a list: %v", err)
	}
	if _, err := NewDownloader(DownloaderOptions{TLS: &tls.Config{InsecureSkipVerify: true}}); err == nil {
		t.Error("TLS verification can be switched off")
	}
}

// A listed name that leads to another address each time is judged each time, by the
// address that is dialled.
func TestD19ANameThatLeadsInsideIsRefused(t *testing.T) {
	h := newFileHost(t, answering(200, string(wav(100))))
	o := h.options("rebind.example.com"+h.port(), "169.254.169.254")
	o.Resolver = netguardtest.Resolver(t, "203.0.113.9", "127.0.0.1", "10.0.0.8", "169.254.169.254", "100.100.100.200")
	d := mustDownloader(t, o)
	for _, rule := range []string{"documentation", "loopback", "private", "link-local", "metadata"} {
		wantNone(t, d, "https://rebind.example.com"+h.port()+"/secret", ErrNotAllowed, "("+rule+")")
	}
	wantNone(t, d, "https://169.254.169.254/latest/meta-data", ErrNotAllowed, "(link-local)")
	if n := h.hits.Load(); n != 0 {
		t.Errorf("%d requests went inside", n)
	}
}

func TestAnswersThatAreNoRecording(t *testing.T) {
	audio := string(wav(100))
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		kind   error
		why    string
		wait   time.Duration
	}{
		"404":           {answering(404, audio), ErrNotFound, "HTTP 404", 0},
		"410":           {answering(410, ""), ErrNotFound, "HTTP 410", 0},
		"redirect":      {answering(302, "", "Location", "/other"), ErrNotAllowed, "redirect", 0},
		"other host":    {answering(307, audio, "Location", "http://169.254.169.254/"), ErrNotAllowed, "redirect", 0},
		"202":           {answering(202, "", "Retry-After", "9"), ErrLater, "HTTP 202", 9 * time.Second},
		"206":           {answering(206, audio), ErrLater, "HTTP 206", 0},
		"403":           {answering(403, "<Error/>"), ErrLater, "HTTP 403", 0},
		"429":           {answering(429, "", "Retry-After", "60"), ErrLater, "HTTP 429", time.Minute},
		"503":           {answering(503, audio), ErrLater, "HTTP 503", 0},
		"empty":         {answering(200, "", "Content-Type", "audio/wav"), ErrNotAudio, "empty", 0},
		"JSON":          {answering(200, `{"code":2003,"msg":"13800000000"}`, "Content-Type", "audio/mpeg", "Retry-After", "5"), ErrNotAudio, "json", 5 * time.Second},
		"HTML":          {answering(200, "<html>secret", "Content-Type", "audio/wav"), ErrNotAudio, "html", 0},
		"text":          {answering(200, "暂无数据", "Content-Type", "audio/wav"), ErrNotAudio, "text", 0},
		"zipped":        {answering(200, "\x1f\x8b\x08\x00", "Content-Encoding", "gzip"), ErrNotAudio, "binary", 0},
		"said too long": {answering(200, string(wav(2001))), ErrTooLarge, "larger", 0},
		"cut at once":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrLater, "", 0},
	} {
		h := newFileHost(t, tc.answer)
		o := h.options()
		o.MaxSize = 2000
		wantNoneFor(t, mustDownloader(t, o), h.URL+"/secret", tc.kind, tc.why, tc.wait)
		if h.hits.Load() != 1 {
			t.Errorf("%s: %d requests", name, h.hits.Load())
		}
	}
}

func TestACertificateIsVerified(t *testing.T) {
	h := newFileHost(t, answering(200, string(wav(100))))
	h.Config.ErrorLog = nil
	wantNone(t, mustDownloader(t, DownloaderOptions{Hosts: []string{h.host()}}), h.URL, ErrLater, "tls")
	if n := h.hits.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// A body that ends early, grows too large or stands still is no recording.
func TestABodyThatDoesNotArrive(t *testing.T) {
	audio := wav(60_000)
	stop := make(chan struct{})
	defer close(stop)
	for reason, answer := range map[string]http.HandlerFunc{
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "60001")
			_, _ = w.Write(audio)
		},
		"too_large": func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = w.Write(audio)
				w.(http.Flusher).Flush() // no length is told
			}
		},
		"timeout": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(audio)
			w.(http.Flusher).Flush()
			<-stop
		},
	} {
		h := newFileHost(t, answer)
		o := h.options()
		o.MaxSize = 100_000
		if reason == "timeout" {
			o.Idle = 50 * time.Millisecond
		}
		body, media, err := mustDownloader(t, o).Get(t.Context(), h.URL)
		if err != nil || media != "audio/wav" {
			t.Fatalf("%s: %q, %v", reason, media, err)
		}
		s, dir := inFolder(t, Options{})
		var cause *providers.TransportError
		if saved, err := s.Save(t.Context(), ofJob(job), body); !errors.As(err, &cause) || cause.Reason != reason {
			t.Errorf("%s: %+v, %v", reason, saved, err)
		}
		_ = body.Close()
		if kept := files(t, dir); len(kept) != 0 {
			t.Errorf("%s: %d files", reason, len(kept))
		}
	}
}

func TestADownloadEndsWithItsContext(t *testing.T) {
	stop := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	h := newFileHost(t, func(http.ResponseWriter, *http.Request) { cancel(); <-stop })
	defer close(stop)
	if _, _, err := mustDownloader(t, h.options()).Get(ctx, h.URL); !errors.Is(err, ErrLater) || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("canceled: %v", err)
	}
	o := h.options()
	o.Head = 50 * time.Millisecond
	wantNone(t, mustDownloader(t, o), h.URL, ErrLater, "timeout")
}
