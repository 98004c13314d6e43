package dispatch

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordings"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
)

// fileHost serves audio, and what may come in its place.
func fileHost(t *testing.T) *httptest.Server {
	t.Helper()
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/audio.wav":
			w.Header().Set("Content-Type", "text/plain") // what it is, its bytes tell
			_, _ = w.Write(someAudio)
		case "/moved":
			http.Redirect(w, r, "/audio.wav", http.StatusFound)
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/page":
			_, _ = w.Write([]byte(`{"code":"2003"}`))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(host.Close)
	return host
}

// TestAudioAtAnAddress that a report named: it is followed to listed hosts only, and
// only where the vendor's adapter has no way of its own.
func TestAudioAtAnAddress(t *testing.T) {
	listed, other := fileHost(t), fileHost(t)
	for name, tt := range map[string]struct {
		path   string
		answer providers.RecordingResult
		want   providers.Class
		after  time.Duration
		words  string
	}{
		"listed":                       {listed.URL + "/audio.wav", says(providers.ClassPermanent, 0), providers.ClassOK, 0, ""},
		"of another host":              {other.URL + "/audio.wav", says(providers.ClassPermanent, 0), providers.ClassPermanent, 0, "7 words"},
		"of a private address":         {"https://10.0.0.1/audio.wav", says(providers.ClassPermanent, 0), providers.ClassPermanent, 0, "address that is not allowed"},
		"a redirect":                   {listed.URL + "/moved", says(providers.ClassPermanent, 0), providers.ClassPermanent, 0, "redirects are not followed"},
		"not there yet":                {listed.URL + "/none", says(providers.ClassPermanent, 0), providers.ClassRetryLater, 0, "HTTP 404"},
		"busy":                         {listed.URL + "/busy", says(providers.ClassPermanent, 0), providers.ClassRetryLater, 2 * time.Minute, "HTTP 503"},
		"a document":                   {listed.URL + "/page", says(providers.ClassPermanent, 0), providers.ClassRetryLater, 0, "in the place of audio"},
		"the adapter waits for it":     {listed.URL + "/audio.wav", says(providers.ClassPending, time.Hour), providers.ClassPending, time.Hour, "7 words"},
		"the account's reads are shut": {listed.URL + "/audio.wav", says(providers.ClassHalted, 0), providers.ClassHalted, 0, "7 words"},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			p := newProcess(r.Client, newMemBroker(), &phoneCompany{}, newSteps(0, lives))
			p.keepsAudio(t, audioStore(t, "mem://"), &audioBooks{answers: []providers.RecordingResult{tt.answer}})
			var err error
			p.lane.Recordings.Downloader, err = recordings.NewDownloader(recordings.DownloaderOptions{Hosts: []string{strings.TrimPrefix(listed.URL, "http://"), "10.0.0.1"}})
			if err != nil {
				t.Fatal(err)
			}
			rec := &record.Record{ID: walkGroup + ".a", Account: "phone", CreatedAt: time.Unix(1795311850, 0)}
			file, told := p.lane.recording(t.Context(), rec, providers.RecordingQuery{VendorID: "call-1", Path: tt.path})
			if told.Class != tt.want || told.RetryAfter != tt.after || (file != nil) != (tt.want == providers.ClassOK) {
				t.Fatalf("%+v, %+v", file, told)
			}
			if words := wordsOf(told); file == nil && !strings.Contains(words, tt.words) || strings.Contains(words, "127.0.0.1") {
				t.Errorf("it says %q", words)
			}
			if file != nil && (file.Size != int64(len(someAudio)) || file.Type != "audio/wav") {
				t.Errorf("%+v", file)
			}
		})
	}
}
