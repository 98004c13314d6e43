package vendorwire

import (
	"io"
	"strings"
	"testing"
)

// Some kinds tell themselves by more than their first word.
func TestAudioTypesByTheirSecondWord(t *testing.T) {
	for head, want := range map[string]string{
		"RIFF\x24\x00\x00\x00WAVEfmt ": "audio/wav", "RIFF\x24\x00\x00\x00AVI LIST": "", "RIFF\x24\x00\x00\x00WEBPVP8 ": "", "RIFFraff, said he": "",
		"fLaC\x00": "audio/flac", "fLaX": "",
		"\x00\x00\x00\x20ftypM4A": "", "\x00\x00\x00\x20ftypM4A\x20": "audio/mp4", "\x00\x00\x00\x18ftyp3gp4": "audio/mp4", "\x00\x00\x00\x20ftypisom": "audio/mp4",
		"\x00\x00\x00\x20ftypavif": "", "\x00\x00\x00\x20ftypheic": "", "\x00\x00\x00\x20moovmp42": "", "{\"a\"ftypmp42": "",
	} {
		audio, refusal, err := Recording(200, io.NopCloser(strings.NewReader(head)))
		got := ""
		if audio != nil {
			got = audio.Type
		}
		if err != nil || got != want || got == "" && string(refusal) != head {
			t.Errorf("%q: %q, %q, %v; want %q", head, got, refusal, err, want)
		}
	}
}
