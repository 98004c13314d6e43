//go:build s3

package recordings

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

const severalParts = 20<<20 + 1 // more than goes in one request

func TestARecordingInS3IsKeptByteForByte(t *testing.T) {
	f := newFakeS3(t)
	for prefix, param := range map[string]string{"": "", "a/b/": "prefix=a/b"} {
		s := mustOpen(t, f.url(param), Options{})
		for i, size := range []int{16, 4096, severalParts} {
			id := fmt.Sprintf("%s/%d", job, i)
			key := dayOfTest + job + fmt.Sprintf("_%d.wav", i)
			audio := wav(size)
			saved, err := s.Save(t.Context(), ofJob(id), iotest.HalfReader(bytes.NewReader(audio)))
			want := Saved{URL: "s3://calls/" + prefix + key, SHA256: shaOf(audio), Size: int64(size), Type: "audio/wav"}
			if err != nil || saved != want {
				t.Errorf("%+v, %v; want %+v", saved, err, want)
			}
			if got, err := s.bucket.ReadAll(t.Context(), key); err != nil || !bytes.Equal(got, audio) {
				t.Errorf("%s: not byte for byte, %v", key, err)
			}
			objects, open := f.kept()
			if !bytes.Equal(objects[prefix+key], audio) || open != 0 {
				t.Errorf("%s is not in its place, or %d uploads have not ended", key, open)
			}
		}
		if err := s.Writable(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if objects, _ := f.kept(); len(objects) != 6 {
		t.Errorf("%d objects", len(objects))
	}
}

// A save that fails leaves what was there as it was, and nothing where nothing was,
// not even parts.
func TestAFailedSaveInS3LeavesNothing(t *testing.T) {
	f := newFakeS3(t)
	broken := errors.New("reset")
	long, short := wav(severalParts+8<<20), wav(1<<20)
	ends := func(audio []byte, size int, err error) func(func()) io.Reader {
		return func(func()) io.Reader { return breaking(audio[:size], err) }
	}
	for name, tc := range map[string]struct {
		audio func(cancel func()) io.Reader
		want  error // nil: any
	}{
		"reader breaks":            {ends(short, 1<<19, broken), broken},
		"reader breaks in parts":   {ends(long, 18<<20, broken), broken},
		"it breaks between parts":  {ends(long, 24<<20, broken), broken},
		"body cut":                 {ends(short, 1<<19, io.ErrUnexpectedEOF), io.ErrUnexpectedEOF},
		"body ends before its end": {ends(long, 24<<20, io.EOF), nil},
		"too large":                {func(func()) io.Reader { return bytes.NewReader(wav(31 << 20)) }, ErrTooLarge},
		"JSON in disguise":         {func(func()) io.Reader { return strings.NewReader(`{"code":2003}`) }, ErrNotAudio},
		"canceled half way": {func(cancel func()) io.Reader {
			return io.MultiReader(breaking(short[:1<<19], io.EOF, cancel), bytes.NewReader(short[1<<19:]))
		}, context.Canceled},
		"canceled at the end": {func(cancel func()) io.Reader { return breaking(short, io.EOF, cancel) }, context.Canceled},
		"canceled at the end of parts": {func(cancel func()) io.Reader {
			return breaking(long, io.EOF, cancel)
		}, context.Canceled},
		"canceled within parts": {func(cancel func()) io.Reader {
			return io.MultiReader(breaking(long[:18<<20], io.EOF, cancel), bytes.NewReader(long[18<<20:]))
		}, context.Canceled},
	} {
		for _, before := range [][]byte{nil, wav(777)} {
			s := mustOpen(t, f.url(), Options{MaxSize: 30 << 20})
			if before != nil {
				mustSave(t, s, ofJob(job), before)
			}
			ctx, cancel := context.WithCancel(t.Context())
			saved, err := s.Save(ctx, ofJob(job), tc.audio(cancel))
			cancel()
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) || saved != (Saved{}) {
				t.Errorf("%s: %+v, %v", name, saved, err)
			}
			objects, open := f.kept()
			if before == nil && len(objects) != 0 || before != nil && (len(objects) != 1 || !bytes.Equal(objects[dayOfTest+job+".wav"], before)) || open != 0 {
				t.Errorf("%s: %d objects and %d uploads are left", name, len(objects), open)
			}
			f.mu.Lock()
			clear(f.objects)
			clear(f.uploads)
			f.mu.Unlock()
		}
	}
}

// A store that hangs is given up with the context, and its parts are taken back.
func TestASaveEndsWhereS3Hangs(t *testing.T) {
	f := newFakeS3(t)
	s := mustOpen(t, f.url(), Options{})
	for _, size := range []int{1 << 20, severalParts} {
		ctx, cancel := context.WithCancel(t.Context())
		f.answerFirst(func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
			if r.Method != http.MethodPut {
				return false
			}
			cancel()
			<-r.Context().Done() // the client went away
			return true
		})
		if _, err := s.Save(ctx, ofJob(job), bytes.NewReader(wav(size))); !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes: %v", size, err)
		}
		cancel()
		if objects, open := f.kept(); len(objects) != 0 || open != 0 {
			t.Errorf("%d objects and %d uploads are left", len(objects), open)
		}
	}
}

// An upload that fails once, or whose answer is lost, and one that is saved again, is
// one object.
func TestARepeatedSaveIsOneObject(t *testing.T) {
	f := newFakeS3(t)
	s := mustOpen(t, f.url(), Options{})
	audio := wav(100_000)
	var puts atomic.Int32
	f.answerFirst(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method != http.MethodPut {
			return false
		}
		switch puts.Add(1) {
		case 1:
			refuse(w, http.StatusServiceUnavailable, "SlowDown")
			return true
		case 2:
			f.serve(w, r, strings.TrimPrefix(r.URL.Path, "/"+testBucket+"/"), body)
			panic(http.ErrAbortHandler) // kept, and not told
		}
		return false
	})
	for range 2 {
		if saved := mustSave(t, s, ofJob(job), audio); saved.SHA256 != shaOf(audio) {
			t.Errorf("%+v", saved)
		}
	}
	if objects, open := f.kept(); len(objects) != 1 || !bytes.Equal(objects[dayOfTest+job+".wav"], audio) || open != 0 || puts.Load() != 4 {
		t.Errorf("%d objects, %d uploads after %d requests", len(objects), open, puts.Load())
	}
}

func TestSweepInS3(t *testing.T) {
	f := newFakeS3(t)
	f.pageSize = 2
	s := mustOpen(t, f.url("prefix=a"), Options{Now: func() time.Time { return sweepNow }})
	ages := map[string]time.Duration{"keep": 719 * time.Hour, "gone": 721 * time.Hour}
	for i := range 5 {
		for what, age := range ages {
			for _, group := range []string{"dingxin", "dingxin-2"} {
				key := fmt.Sprintf("a/%s/2026/11/2%d/%s.%s%d.wav", group, i%2, group, what, i)
				f.objects[key] = fakeObject{[]byte("RIFF"), "audio/wav", sweepNow.Add(-age)}
			}
		}
	}
	for _, foreign := range []string{"dingxin/2026/11/20/dingxin.1.wav", "a/README", "a/dingxin/2026/11/20/notes.txt", "a/dingxin/2026/11/20/deep/dingxin.1.wav"} {
		f.objects[foreign] = fakeObject{at: sweepNow.Add(-9000 * time.Hour)}
	}
	f.objects["a/callpacer-probe-1781978400-"+ids(26)] = fakeObject{at: sweepNow.Add(-25 * time.Hour)}
	n, err := s.Sweep(t.Context(), edge)
	if err != nil || n != 11 {
		t.Errorf("swept %d, %v", n, err)
	}
	objects, _ := f.kept()
	for key := range objects {
		if strings.Contains(key, "gone") || strings.Contains(key, "probe") {
			t.Errorf("%s is left", key)
		}
	}
	if len(objects) != 14 {
		t.Errorf("%d objects are left", len(objects))
	}
	if n, err := s.Sweep(t.Context(), edge); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestCloseEndsTheConnections(t *testing.T) {
	f := unstartedS3(t)
	ended := make(chan struct{}, 1)
	f.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			ended <- struct{}{}
		}
	}
	f.Start()
	s, err := Open(t.Context(), f.url(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Writable(t.Context()), s.Close()); err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the connection stays")
	}
}

// secrets are what no error may hold.
var secrets = []string{testKeyID, testSecret, testToken, "Authorization", "Signature="}

func wantPlain(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", what, err, want)
		return
	}
	for _, secret := range secrets {
		if strings.Contains(fmt.Sprintf("%+v", err), secret) {
			t.Errorf("%s: the error tells %q", what, secret)
		}
	}
}

func TestErrorsOfS3TellNoSecret(t *testing.T) {
	f := newFakeS3(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	s := mustOpen(t, f.url(), Options{})
	for code, status := range map[string]int{"SignatureDoesNotMatch": 403, "NoSuchBucket": 404, "InvalidArgument": 400, testSecret: 400} {
		f.answerFirst(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			refuse(w, status, code)
			return true
		})
		want := code
		if code == testSecret {
			want = "Unnamed"
		}
		_, err := s.Save(t.Context(), ofJob(job), bytes.NewReader(wav(100)))
		wantPlain(t, "save", err, want)
		_, err = s.Save(t.Context(), ofJob(job), bytes.NewReader(wav(severalParts)))
		wantPlain(t, "save in parts", err, want)
		wantPlain(t, "try", s.Writable(t.Context()), want)
		_, err = s.Sweep(t.Context(), time.Now().Add(-time.Hour))
		wantPlain(t, "sweep", err, want)
	}
	f.answerFirst(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.Redirect(w, r, "http://"+testSecret+".test/", http.StatusTemporaryRedirect)
		return true
	})
	_, err := s.Sweep(t.Context(), time.Now().Add(-time.Hour))
	wantPlain(t, "redirect", err, "HTTP 307")
	f.Close()
	wantPlain(t, "nobody there", s.Writable(t.Context()), "no answer: ")
}

func TestOpenS3Refuses(t *testing.T) {
	for name, tc := range map[string]struct {
		env       map[string]string
		url, want string
	}{
		"no region":          {nil, "s3://calls", "needs a region"},
		"credentials in it":  {nil, "s3://" + testKeyID + ":" + testToken + "@calls?region=x", "must not hold credentials"},
		"keys in it":         {nil, "s3://calls?region=x&aws_secret_access_key=" + testSecret, "has a parameter other than"},
		"unknown profile":    {map[string]string{"AWS_PROFILE": "x"}, "s3://calls?region=x", "AWS_PROFILE names"},
		"bad environment":    {map[string]string{"AWS_MAX_ATTEMPTS": testSecret}, "s3://calls?region=x", "cannot be used"},
		"plain http by name": {map[string]string{"AWS_ENDPOINT_URL": "http://10.0.0.1:9000"}, "s3://calls?region=x", "plain http"},
	} {
		useCredentials(t)
		for name, value := range tc.env {
			t.Setenv(name, value)
		}
		s, err := Open(t.Context(), tc.url, Options{})
		if s != nil {
			t.Errorf("%s: opened", name)
		}
		wantPlain(t, name, err, tc.want)
		for name := range tc.env {
			t.Setenv(name, "")
		}
	}
	f := newFakeS3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	wantPlain(t, "no credentials", mustOpen(t, f.url(), Options{}).Writable(t.Context()), "no credentials could be had")
	if len(f.asked) != 0 {
		t.Errorf("asked %q", f.asked)
	}
}
