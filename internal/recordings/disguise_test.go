package recordings

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// disguises are what came in the place of audio, whatever Content-Type it bore.
var disguises = map[string]string{
	"": "empty", `{"code":2003}`: "json", "[]": "json", "\xef\xbb\xbf {}": "json", "\n\t{": "json",
	"<html>502</html>": "html", "<?xml": "html", "\xef\xbb\xbf<": "html",
	"暂无数据": "text", "not a word": "text", "RIF": "text", "Ogg": "text", "#!/bin/sh": "text", "%PDF-1.7": "text", " ": "text",
	"RIFF\x24\x00\x00\x00AVI ": "binary", "\x1f\x8b\x08\x00": "binary", "\x00\x00": "binary", "\xff\xfe{\x00}\x00": "binary",
}

func TestDisguisesAreNoAudio(t *testing.T) {
	s := mustOpen(t, "mem://", Options{})
	for body, want := range disguises {
		_, err := s.Save(t.Context(), ofJob(job), strings.NewReader(body))
		if !errors.Is(err, ErrNotAudio) || !strings.Contains(err.Error(), "("+want+")") {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
}

// Whatever comes is either kept byte for byte, as audio that is no text of a vendor's
// refusal, or not at all.
func FuzzSave(f *testing.F) {
	f.Add(wav(100))
	for _, body := range []string{"ID3\x04", "\xff\xfb\x90", "\xff\xf1\x50\x80", "OggS", "#!AMR\n", "fLaC", "\x00\x00\x00\x20ftypmp42", "RIFF\x03", "\xff\xfe{\x00"} {
		f.Add([]byte(body))
	}
	for body := range disguises {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := mustOpen(t, "mem://", Options{})
		saved, err := s.Save(t.Context(), ofJob(job), bytes.NewReader(body))
		key := dayOfTest + job + extensions[saved.Type]
		if err != nil {
			if there, err := s.bucket.Exists(t.Context(), dayOfTest+job+".wav"); saved != (Saved{}) || there || err != nil {
				t.Errorf("%q: %+v, %v, %v", body, saved, there, err)
			}
			return
		}
		if got, err := s.bucket.ReadAll(t.Context(), key); err != nil || !bytes.Equal(got, body) || saved.SHA256 != shaOf(body) {
			t.Errorf("%q is kept as %q, %v", body, got, err)
		}
		if words := bytes.TrimSpace(body); len(words) == 0 || words[0] == '{' || words[0] == '[' || words[0] == '<' {
			t.Errorf("%q is kept as %s", body, saved.Type)
		}
	})
}
