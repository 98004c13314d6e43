package vendorwire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/callpacer/callpacer/providers"
)

// closing counts how often a body is closed.
type closing struct {
	io.Reader
	times int
}

// Close implements io.Closer.
func (c *closing) Close() error { c.times++; return nil }

func riff(length byte, body string) string { return "RIFF" + string([]byte{length, 0, 0, 0}) + body }

func TestRecordingIsAudioOrARefusal(t *testing.T) {
	for _, tc := range []struct {
		status  int
		body    string
		media   string
		refusal int // bytes
	}{
		{200, riff(9, "WAVE sound"), "audio/wav", 0},
		{200, "ID3\x04", "audio/mpeg", 0},
		{206, riff(9, "WAVE sound"), "", 18},
		{404, riff(9, "WAVE sound"), "", 18},
		{200, `{"code":2003}`, "", 13},
		{200, "", "", 0},
		{200, strings.Repeat(" ", 2<<20), "", 1 << 20},
	} {
		body := &closing{Reader: strings.NewReader(tc.body)}
		audio, refusal, err := Recording(tc.status, body)
		if err != nil || (audio != nil) != (tc.media != "") || len(refusal) != tc.refusal {
			t.Fatalf("%d %.9q: %v, %d bytes, %v", tc.status, tc.body, audio, len(refusal), err)
		}
		if audio == nil {
			if body.times != 1 {
				t.Errorf("%.9q: closed %d times", tc.body, body.times)
			}
			continue
		}
		if got, err := io.ReadAll(audio); err != nil || string(got) != tc.body || audio.Type != tc.media || body.times != 0 {
			t.Errorf("%q as %q, %v, closed %d times", got, audio.Type, err, body.times)
		}
		if err := audio.Close(); err != nil || body.times != 1 {
			t.Errorf("%v, closed %d times", err, body.times)
		}
	}
	body := &closing{Reader: iotest.ErrReader(io.ErrClosedPipe)}
	if audio, refusal, err := Recording(200, body); audio != nil || refusal != nil || !errors.Is(err, io.ErrClosedPipe) || body.times != 1 {
		t.Errorf("%v, %q, %v, closed %d times", audio, refusal, err, body.times)
	}
}

// A file that tells its own length is not taken for whole without all of it.
func TestRecordingThatIsTooShort(t *testing.T) {
	for name, tc := range map[string]struct {
		body  string
		whole bool
	}{
		"as long as it says":     {riff(10, "WAVE sound"), true},
		"without its padding":    {riff(11, "WAVE sound"), true},
		"more than it says":      {riff(3, "WAVE sound"), true},
		"cut":                    {riff(12, "WAVE sound"), false},
		"cut in the length":      {"RIFF\x03", false},
		"cut after the length":   {riff(12, ""), false},
		"no length":              {riff(0, "WAVE sound"), true},
		"a placeholder":          {"RIFF\xff\xff\xff\xffWAVE", true},
		"another placeholder":    {"RIFF\xff\xff\xff\x7fWAVE", true},
		"a length beyond all":    {"RIFF\x01\x00\x00\x10WAVE", true},
		"a length up to the cap": {"RIFF\x00\x00\x00\x10WAVE", false},
		"of another kind":        {"OggS\xff\x00\x00\x00", true},
	} {
		for how, read := range map[string]io.Reader{"at once": strings.NewReader(tc.body), "byte by byte": iotest.OneByteReader(strings.NewReader(tc.body)),
			"end with data": iotest.DataErrReader(strings.NewReader(tc.body))} {
			audio, _, err := Recording(200, io.NopCloser(read))
			if err != nil || audio == nil {
				t.Fatalf("%s: %v, %v", name, audio, err)
			}
			got, err := io.ReadAll(audio)
			var cut *providers.TransportError
			if string(got) != tc.body || (err == nil) != tc.whole || err != nil && (!errors.As(err, &cut) || cut.Reason != "truncated") {
				t.Errorf("%s, %s: %q, %v", name, how, got, err)
			}
		}
	}
}

// FuzzRecording: looking at the first bytes takes none of them away, however
// they arrive, and what is JSON or HTML is never audio.
func FuzzRecording(f *testing.F) {
	for _, body := range []string{"", riff(10, "WAVE sound"), riff(200, "WAVE"), "ID3\x04", "\xff\xfb\x90", "\xff\xf1\x50\x80", "OggS", "#!AMR\n",
		"\xff\xfe{\x00", "\xff\xff", "<html>", `{"code":2003}`, "\xef\xbb\xbf{\"code\":2003}", "RIF"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for how, r := range map[string]io.Reader{"at once": bytes.NewReader(body), "byte by byte": iotest.OneByteReader(bytes.NewReader(body)),
			"end with data": iotest.DataErrReader(bytes.NewReader(body))} {
			audio, refusal, err := Recording(200, io.NopCloser(r))
			if err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			got, media := refusal, ""
			if audio != nil {
				media = audio.Type
				var cut *providers.TransportError
				if got, err = io.ReadAll(audio); err != nil && (!errors.As(err, &cut) || media != "audio/wav") {
					t.Errorf("%s: %v", how, err)
				}
			}
			if !bytes.Equal(got, body[:min(len(body), max(len(got), min(len(body), 1<<20)))]) {
				t.Errorf("%s: %d of %d bytes", how, len(got), len(body))
			}
			if media != mediaType(body) {
				t.Errorf("%s: %q, of the whole %q", how, media, mediaType(body))
			}
			text := Clean(body)
			if media != "" && len(text) > 0 && (text[0] == '{' || text[0] == '<') && utf8.Valid(body) {
				t.Errorf("%.20q is %s", body, media)
			}
		}
	})
}
