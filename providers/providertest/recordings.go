package providertest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// Download is one recording that can be asked for.
type Download struct {
	Name  string
	Query providers.RecordingQuery // of a call whose end is not known
	// Codes are each documented code once, an unknown one, and the vendor's success
	// without audio. Each comes as HTTP 200 and audio too.
	Codes      []DownloadCode
	Retries401 bool // a refused signature is written anew once
}

// DownloadCode is what comes in the place of audio and what the adapter makes of it.
type DownloadCode struct {
	Name      string
	Status    int // 0: 200
	Body      string
	Age       time.Duration // since the call's end; 0: not known
	WantClass providers.Class
	WantHalt  providers.Halt
}

// audio is a recording of each kind, by its media type. The WAV tells its length.
func audio() map[string]string {
	const pattern = "\x00\x7f\x80{<\xff"
	const times = 3000
	const length = len("WAVE") + times*len(pattern)
	noise := strings.Repeat(pattern, times)
	return map[string]string{
		"audio/wav":  "RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(length))) + "WAVE" + noise,
		"audio/mpeg": "ID3\x04" + noise, "audio/ogg": "OggS" + noise, "audio/amr": "#!AMR\n" + noise,
	}
}

// recording checks one download. It may be asked again, so nothing is in doubt;
// but what is not all of the audio must never pass for it, and no answer of a file
// server may close the account's lane.
func (s *suite) recording(t *testing.T, d Download) {
	for name, check := range map[string]func(*testing.T, Download){
		"audio": s.audioArrives, "codes": s.downloadCodes, "statuses": s.downloadStatuses, "429": s.downloadTooMany,
		"redirects": s.downloadRedirects, "disguises": s.disguises, "cuts in the audio": s.audioCuts,
		"connections": s.downloadCuts, "hang": s.downloadHang, "canceled": s.downloadCanceled, "cap": s.downloadCap,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, d)
		})
	}
}

// download asks at a vendor with this script, once more where the account allows
// it, and checks what must hold of every answer. Audio is closed with the test.
func (s *suite) download(ctx context.Context, t *testing.T, d Download, script func(*exchange), timeout time.Duration) (providers.RecordingResult, *server) {
	t.Helper()
	v := serve(t, script)
	settings := s.settings(v.url())
	settings.Timeout = timeout
	fetcher, ok := s.adapter(t, settings).(providers.RecordingFetcher)
	if !ok {
		t.Fatal("the adapter downloads no recording")
	}
	got := fetcher.FetchRecording(ctx, d.Query)
	fail(t, d.Name, s.downloadFaults(got))
	if got.Audio != nil {
		t.Cleanup(func() {
			if err := got.Audio.Close(); err != nil {
				t.Errorf("closing the audio: %v", err)
			}
		})
	}
	return got, v
}

// downloadFaults lists what is wrong with an answer, whatever it came to.
func (s *suite) downloadFaults(r providers.RecordingResult) (faults []string) {
	if ok := r.Class == providers.ClassOK; ok != (r.Audio != nil) || ok != strings.HasPrefix(r.Type, "audio/") {
		faults = append(faults, fmt.Sprintf("class %q, type %q, audio: %v", r.Class, r.Type, r.Audio != nil))
	}
	if r.Class != providers.ClassOK && r.VendorCode+r.VendorText == "" {
		faults = append(faults, fmt.Sprintf("class %q without a word why", r.Class))
	}
	faults = append(faults, s.leaks(r)...)
	return append(faults, s.answerFaults(providers.PollResult{
		Class: r.Class, Halt: r.Halt, RetryAfter: r.RetryAfter, VendorCode: r.VendorCode, VendorText: r.VendorText,
	})...)
}

// refusedWith: no audio, and only this item waits or ends.
func refusedWith(t *testing.T, what string, got providers.RecordingResult, classes ...providers.Class) {
	t.Helper()
	wantNoAnswer(t, what, providers.PollResult{Class: got.Class, Halt: got.Halt}, classes...)
}

// audioArrives: to the byte, whatever it is called.
func (s *suite) audioArrives(t *testing.T, d Download) {
	for media, body := range audio() {
		for _, declared := range []string{media, "application/octet-stream", "text/html; charset=UTF-8", "application/json"} {
			got, v := s.download(t.Context(), t, d, answers(0, map[string]string{"Content-Type": declared}, body), 10*time.Second)
			if got.Class != providers.ClassOK || got.Type != media {
				t.Errorf("%s as %s: %s %q", media, declared, got.Class, got.Type)
				continue
			}
			if all, err := io.ReadAll(got.Audio); err != nil || string(all) != body {
				t.Errorf("%s as %s: %d of %d bytes, %v", media, declared, len(all), len(body), err)
			}
			if n := v.requests.Load(); n != 1 {
				t.Errorf("%s: %d requests", media, n)
			}
		}
	}
}

// downloadCodes: the vendor's words count, whatever they are called.
func (s *suite) downloadCodes(t *testing.T, d Download) {
	for _, code := range d.Codes {
		asked := d
		if code.Age != 0 {
			asked.Query.Ended = Now().Add(-code.Age)
		}
		ways := rewritten(code.Body)
		ways["as documented"] = code.Body
		for how, body := range ways {
			for _, declared := range []string{"application/json", "audio/wav"} {
				got, _ := s.download(t.Context(), t, asked, answers(code.Status, map[string]string{"Content-Type": declared}, body), 10*time.Second)
				if got.Class != code.WantClass || got.Halt != code.WantHalt {
					t.Errorf("%s %s as %s: %s, halt %q; want %s, %q", code.Name, how, declared, got.Class, got.Halt, code.WantClass, code.WantHalt)
				}
				if got.Class == providers.ClassPending && got.RetryAfter < time.Minute {
					t.Errorf("%s: asked again after %v", code.Name, got.RetryAfter)
				}
			}
		}
		object, _ := readObject([]byte(code.Body))
		for i := range object {
			if _, text := object[i].value.(string); text {
				changed := append([]member{}, object...)
				changed[i].value = s.gossip()
				s.download(t.Context(), t, asked, answers(code.Status, nil, string(writeJSON(changed))), 10*time.Second)
			}
		}
	}
}

// disguises: what begins like no audio is none, whatever HTTP says.
func (s *suite) disguises(t *testing.T, d Download) {
	bodies := map[string]string{"a dash of audio": "RIF", "audio after a space": " RIFF\x04\x00\x00\x00WAVE", "text in UTF-16": "\xff\xfe{\x00"}
	for what, body := range garbage(d.Codes[0].Body) {
		bodies[what] = body
	}
	for what, body := range bodies {
		got, _ := s.download(t.Context(), t, d, answers(0, map[string]string{"Content-Type": "audio/mpeg"}, body), 10*time.Second)
		if got.Class == providers.ClassOK {
			t.Errorf("%s passes for audio", what)
		}
	}
}

// wantCut: reading ends in an error that is fit to be shown, never in io.EOF.
func (s *suite) wantCut(t *testing.T, what string, got providers.RecordingResult, reason string) {
	t.Helper()
	if got.Audio == nil {
		t.Errorf("%s: %s %q", what, got.Class, got.VendorText)
		return
	}
	_, err := io.ReadAll(got.Audio)
	var cut *providers.TransportError
	if !errors.As(err, &cut) || reason != "" && cut.Reason != reason {
		t.Errorf("%s: reading ends with %v", what, err)
	}
	fail(t, what, s.leaks(err))
}
