package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDingxinRecording(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	d := newDingxin(t, DingxinOptions{Now: clock.now, RecordingDelay: time.Minute})
	answered := dxPlaced(t, dxCall(t, d, dxA, dxB, ""))
	missed := dxPlaced(t, dxCall(t, d, "13900000002", "13800000011", ""))
	clock.move(d.opts.RingFor + d.opts.TalkFor + time.Minute - time.Millisecond)
	dxRefused(t, dxAsk(t, d, dxRecording(d, answered)), dingxinNoData)
	clock.move(time.Millisecond)
	rec := direct(t, d, dxRecording(d, answered))
	if rec.Code != 200 || rec.Header().Get("Content-Type") != "audio/wav" || !bytes.Equal(rec.Body.Bytes(), RecordingAudio(answered)) {
		t.Errorf("recording: HTTP status %d, %d bytes", rec.Code, rec.Body.Len())
	}
	dxRefused(t, dxAsk(t, d, dxRecording(d, missed)), dingxinNoData)

	unknown := direct(t, d, dxRecording(d, "042026"))
	if kind := unknown.Header().Get("Content-Type"); kind != "application/octet-stream" {
		t.Errorf("content type %q", kind)
	}
	dxRefused(t, dxDecode(t, unknown.Code, unknown.Body.Bytes()), dingxinParameter)

	unsigned := dxRecording(d, answered)
	unsigned.URL.Path = DingxinRecordingPath + missed // a sign for another subid
	dxRefused(t, dxAsk(t, d, unsigned), dingxinSignature)
	dxRefused(t, dxAsk(t, d, dxRecording(d, answered, "appKey", "x")), dingxinAccount)
	dxRefused(t, dxAsk(t, d, dxRecording(d, answered, "timestamp", "1")), dingxinTimestamp)
	dxRefused(t, dxAsk(t, d, dxRecording(d, answered, "telA", dxA)), dingxinParameter)
	posted := dxRecording(d, answered)
	posted.Method = http.MethodPost
	dxRefused(t, dxAsk(t, d, posted), dingxinMethod)
	if got := d.Requests()[DingxinRecordingPath]; got != 9 {
		t.Errorf("%d requests counted, want 9", got)
	}
}

func TestInterlineRecording(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now, RecordingDelay: time.Minute})
	wantBound(t, bindAXB(t, v, someX, axb("r1", "record", "1")))
	wantBound(t, bindAXB(t, v, otherX, axb("r2", "record", "0")))
	mustCall(t, v, someX, someA)
	mustCall(t, v, otherX, someA)
	v.SetOutcome(InterlineOutcome{Result: "19"})
	mustCall(t, v, someX, someA)
	calls := v.Calls()
	path := calls[0].Recording
	if !strings.HasPrefix(path, InterlineRecordingPath) || calls[1].Recording != "" || calls[2].Recording != "" {
		t.Fatalf("calls %+v", calls)
	}
	get := func(method, path string, signed bool) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		if signed {
			r.Header.Set("Authorization", keytime(clock.now()))
		}
		rec := httptest.NewRecorder()
		v.ServeHTTP(rec, r)
		return rec
	}
	clock.move(v.opts.RingFor + v.opts.TalkFor + time.Minute - time.Millisecond)
	if rec := get(http.MethodGet, path, false); rec.Code != 404 {
		t.Errorf("before it is ready: HTTP status %d", rec.Code)
	}
	clock.move(time.Millisecond)
	rec := get(http.MethodGet, path, false)
	if rec.Code != 200 || rec.Header().Get("Content-Type") != "audio/wav" || !bytes.Equal(rec.Body.Bytes(), RecordingAudio(calls[0].TaskID)) {
		t.Errorf("HTTP status %d, %v, %d bytes", rec.Code, rec.Header(), rec.Body.Len())
	}
	for _, c := range []struct{ method, path string }{
		{"GET", path + "x"}, {"GET", InterlineRecordingPath}, {"POST", path}, {"GET", InterlineRecordingPath + calls[2].TaskID + ".wav"},
	} {
		if rec := get(c.method, c.path, true); rec.Code != 404 {
			t.Errorf("%s %s: HTTP status %d", c.method, c.path, rec.Code)
		}
	}
	v.opts.RecordingsNeedSignature = true
	if rec := get(http.MethodGet, path, false); rec.Code != 401 {
		t.Errorf("unsigned: HTTP status %d", rec.Code)
	}
	if rec := get(http.MethodGet, path, true); rec.Code != 200 {
		t.Errorf("signed: HTTP status %d", rec.Code)
	}
	if got := v.Counts().Recordings; got != 2 {
		t.Errorf("%d downloads counted, want 2", got)
	}
	sum := sha256.Sum256(RecordingAudio(calls[0].TaskID))
	want := []Recording{{ID: calls[0].TaskID, Path: path, Size: len(RecordingAudio(calls[0].TaskID)), SHA256: hex.EncodeToString(sum[:]),
		Ready: clock.now(), Asked: 3, Whole: 2}}
	if got := v.Recordings(); !slices.Equal(got, want) {
		t.Errorf("recordings %+v, want %+v", got, want)
	}
}

// Each call's audio is its own, the same at any time, and a WAV that tells its
// own length.
func TestRecordingAudio(t *testing.T) {
	seen, long := map[string]bool{}, 0
	for i := range 200 {
		id := "call " + string(rune('a'+i))
		audio := RecordingAudio(id)
		if !bytes.Equal(audio, RecordingAudio(id)) || seen[string(audio)] {
			t.Errorf("%s: not its own", id)
		}
		seen[string(audio)] = true
		if string(audio[:4]) != "RIFF" || string(audio[8:16]) != "WAVEfmt " || string(audio[36:40]) != "data" ||
			int(binary.LittleEndian.Uint32(audio[4:])) != len(audio)-8 || int(binary.LittleEndian.Uint32(audio[40:])) != len(audio)-44 {
			t.Errorf("%s: % x", id, audio[:44])
		}
		switch seconds := (len(audio) - 44) / 8000; {
		case seconds >= 20 && seconds < 60:
			long++
		case seconds < 2 || seconds > 5:
			t.Errorf("%s: %d s", id, seconds)
		}
	}
	if long < 20 || long > 100 {
		t.Errorf("%d of 200 are long", long)
	}
}

// recordingVendors are both vendors with one recording each, ready and behind a
// server; get asks for it.
func eachRecordingVendor(t *testing.T, test func(t *testing.T, s *shelf, id string, get func() (*http.Response, error), list func() []Recording)) {
	t.Run("dingxin", func(t *testing.T) {
		d := newDingxin(t, DingxinOptions{RingFor: -1, TalkFor: -1, RecordingDelay: -1})
		srv := httptest.NewServer(d)
		t.Cleanup(srv.Close)
		subid := dxPlaced(t, dxCall(t, d, dxA, dxB, ""))
		test(t, &d.shelf, subid, func() (*http.Response, error) {
			return noRedirects(srv).Get(srv.URL + dxRecording(d, subid).URL.RequestURI())
		}, d.Recordings)
	})
	t.Run("interline", func(t *testing.T) {
		v := newInterline(t, InterlineOptions{RingFor: -1, TalkFor: -1, RecordingDelay: -1})
		srv := httptest.NewServer(v)
		t.Cleanup(srv.Close)
		wantBound(t, bindAXB(t, v, someX, axb("r1", "record", "1")))
		mustCall(t, v, someX, someA)
		c := v.Calls()[0]
		test(t, &v.shelf, c.TaskID, func() (*http.Response, error) { return noRedirects(srv).Get(srv.URL + c.Recording) }, v.Recordings)
	})
}

func noRedirects(srv *httptest.Server) *http.Client {
	c := srv.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

func TestRecordingFaults(t *testing.T) {
	faults := map[string]struct {
		fault  RecordingFault
		status int
		bytes  func(all []byte, body string) bool
		failed bool // the body ends in an error
		whole  int
	}{
		"none": {RecordingFault{}, 200, func(all []byte, body string) bool { return body == string(all) }, false, 1},
		"slow": {RecordingSlow(time.Millisecond), 200, func(all []byte, body string) bool { return body == string(all) }, false, 1},
		"cut": {RecordingCut(), 200, func(all []byte, body string) bool {
			return len(body) <= len(all)/2 && strings.HasPrefix(string(all), body)
		}, true, 0},
		"truncated": {RecordingTruncated(), 200, func(all []byte, body string) bool { return body == string(all[:len(all)/2]) }, true, 0},
		"short":     {RecordingShort(), 200, func(all []byte, body string) bool { return body == string(all[:len(all)/2]) }, false, 0},
		"refused":   {RecordingRefused(4711, "x"), 200, func(_ []byte, body string) bool { return strings.Contains(body, `:4711,`) }, false, 0},
		"404":       {RecordingStatus(404), 404, func(_ []byte, body string) bool { return strings.Contains(body, "nginx") }, false, 0},
		"503":       {RecordingStatus(503), 503, func(_ []byte, body string) bool { return strings.Contains(body, "nginx") }, false, 0},
		"redirect":  {RecordingRedirect("/elsewhere"), 302, func(_ []byte, body string) bool { return body == "" }, false, 0},
	}
	eachRecordingVendor(t, func(t *testing.T, s *shelf, id string, get func() (*http.Response, error), list func() []Recording) {
		all, whole, asked := RecordingAudio(id), 0, 0
		for name, c := range faults {
			asked++
			s.SetRecordingFault(func(r RecordingRequest) RecordingFault {
				if r.ID != id || r.Seq != asked || r.Asked != asked || r.Whole != whole || !r.Ready || !strings.Contains(r.Path, id) || r.At.IsZero() {
					t.Errorf("%s: asked with %+v", name, r)
				}
				return c.fault
			})
			resp, err := get()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != c.status || (err != nil) != c.failed || !c.bytes(all, string(body)) {
				t.Errorf("%s: HTTP status %d, %d of %d bytes, %v", name, resp.StatusCode, len(body), len(all), err)
			}
			if name == "refused" && resp.Header.Get("Content-Type") != "audio/wav" {
				t.Errorf("refused as %s", resp.Header.Get("Content-Type"))
			}
			whole += c.whole
			if got := list(); len(got) != 1 || got[0].Asked != asked || got[0].Whole != whole {
				t.Errorf("%s: %+v, want %d asked, %d whole", name, got, asked, whole)
			}
		}
	})
}

// A hanging download lasts until the client leaves, or the vendor is closed.
func TestRecordingHangs(t *testing.T) {
	for name, fault := range map[string]RecordingFault{"hang": RecordingHang(), "stall": RecordingStall()} {
		d := newDingxin(t, DingxinOptions{RingFor: -1, TalkFor: -1, RecordingDelay: -1})
		srv := httptest.NewServer(d)
		subid := dxPlaced(t, dxCall(t, d, dxA, dxB, ""))
		asked := make(chan struct{})
		d.SetRecordingFault(func(RecordingRequest) RecordingFault { close(asked); return fault })
		done := make(chan error, 1)
		go func() {
			resp, err := srv.Client().Get(srv.URL + dxRecording(d, subid).URL.RequestURI())
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
			done <- err
		}()
		<-asked
		select {
		case err := <-done:
			t.Errorf("%s: ended by itself: %v", name, err)
		default:
		}
		d.Close()
		if err := <-done; err == nil {
			t.Errorf("%s: the client sees a whole download", name)
		}
		srv.Close()
		if got := d.Recordings(); len(got) != 1 || got[0].Asked != 1 || got[0].Whole != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What is not ready yet says so in the vendor's way.
func TestRecordingNotReady(t *testing.T) {
	eachRecordingVendor(t, func(t *testing.T, s *shelf, id string, get func() (*http.Response, error), _ func() []Recording) {
		s.SetRecordingFault(func(r RecordingRequest) RecordingFault {
			if r.Asked < 3 {
				return RecordingNotReady()
			}
			return RecordingFault{}
		})
		for i := range 3 {
			resp, err := get()
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			missing := resp.StatusCode == http.StatusNotFound || strings.Contains(string(body), `"code":2003`)
			if err != nil || missing != (i < 2) || bytes.Equal(body, RecordingAudio(id)) == missing {
				t.Errorf("request %d: HTTP status %d, %d bytes, %v", i+1, resp.StatusCode, len(body), err)
			}
		}
	})
}

// A downloadUrl is served to anybody who knows it.
func TestDingxinDownloadURL(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	d := newDingxin(t, DingxinOptions{Now: clock.now, PushMode: PushNone})
	d.SetDownloadBase("https://dx.example")
	answered := dxPlaced(t, dxCall(t, d, dxA, dxB, dxJobPush))
	missed := dxPlaced(t, dxCall(t, d, "13900000002", "13800000011", dxJobPush))
	d.mu.Lock()
	told := d.finalCDR(d.callByID[answered]).DownloadURL
	d.mu.Unlock()
	path, under := strings.CutPrefix(told, "https://dx.example")
	if !under {
		t.Fatalf("the CDR tells %q", told)
	}
	get := func(method, path string) *httptest.ResponseRecorder {
		return direct(t, d, httptest.NewRequest(method, path, nil))
	}
	if rec := get(http.MethodGet, path); rec.Code != 404 {
		t.Errorf("before its end: HTTP status %d", rec.Code)
	}
	clock.move(time.Minute)
	if rec := get(http.MethodGet, path); rec.Code != 200 || !bytes.Equal(rec.Body.Bytes(), RecordingAudio(answered)) {
		t.Errorf("HTTP status %d, %d bytes", rec.Code, rec.Body.Len())
	}
	for _, c := range [][2]string{{"POST", path}, {"GET", path + "x"}, {"GET", strings.TrimSuffix(path, ".wav")}, {"GET", DingxinDownloadPath},
		{"GET", DingxinDownloadPath + missed + ".wav"}} {
		if rec := get(c[0], c[1]); rec.Code != 404 {
			t.Errorf("%v: HTTP status %d", c, rec.Code)
		}
	}
	if got := d.Requests()[DingxinDownloadPath]; got != 7 {
		t.Errorf("%d requests counted", got)
	}
	if got := d.Recordings(); len(got) != 1 || got[0].ID != answered || got[0].Asked != 2 || got[0].Whole != 1 || got[0].Path != DingxinRecordingPath+answered {
		t.Errorf("recordings %+v", got)
	}
}

// A CDR may tell an absolute address; the file lies at the same path.
func TestInterlineAbsoluteRecording(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now, RecordingBase: "https://a.example"})
	wantBound(t, bindAXB(t, v, someX, axb("r1", "record", "1")))
	mustCall(t, v, someX, someA)
	v.SetRecordingBase("https://b.example")
	mustCall(t, v, someX, someA)
	v.SetRecordingBase("")
	mustCall(t, v, someX, someA)
	clock.move(time.Minute)
	all := v.Recordings()
	for i, base := range []string{"https://a.example", "https://b.example", ""} {
		c := v.Calls()[i]
		path, under := strings.CutPrefix(c.Recording, base)
		if !under || !strings.HasPrefix(path, InterlineRecordingPath) || all[i].Path != path || all[i].ID != c.TaskID {
			t.Fatalf("call %d tells %q, recording %+v", i, c.Recording, all[i])
		}
		if rec := direct(t, v, httptest.NewRequest(http.MethodGet, path, nil)); !bytes.Equal(rec.Body.Bytes(), RecordingAudio(c.TaskID)) {
			t.Errorf("%s: HTTP status %d", path, rec.Code)
		}
	}
}
