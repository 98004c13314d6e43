package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// judge: what the vendors recorded is in one file each, and told once.
func (r *recorded) judge(t *testing.T) {
	t.Helper()
	theirs := map[string]sandbox.Recording{} // by the job
	for _, id := range r.calls[0].ids {
		for _, a := range r.lines.Recordings() {
			if a.ID == r.record(id).VendorID {
				theirs[id] = a
			}
		}
	}
	for _, a := range r.bindings.vendor.Recordings() {
		theirs[r.bindings.calls[a.ID]] = a
	}
	if whole := r.left("*.wav"); len(theirs) != 2*recordedCalls || whole != len(theirs) {
		t.Errorf("%d files of %d recorded calls, want %d", whole, len(theirs), 2*recordedCalls)
	}
	told := map[string][]sandbox.Told{}
	for _, application := range []*sandbox.Application{r.app, r.other} { // some jobs have an event_url of their own
		for _, e := range application.Events() {
			if e.Type == "recording.stored" {
				told[e.Job] = append(told[e.Job], e)
			}
		}
		if ids := append(application.DifferentBodies(), application.RevisionsTwice()...); len(ids) > 0 {
			t.Errorf("told with two bodies or under two ids: %v", ids)
		}
	}
	again := 0
	for id, a := range theirs {
		if a.Asked > 1 {
			again++
		}
		r.judgeOne(t, r.record(id), a, told[id])
	}
	if len(told) != len(theirs) {
		t.Errorf("%d jobs' recordings were told, want %d", len(told), len(theirs))
	}
	if t.Logf("%d of %d were asked for more than once", again, len(theirs)); again < len(theirs)/2 {
		t.Error("hardly anything went wrong: there was nothing to judge")
	}
	r.status(t, r.calls[0].ids[0])
}

// judgeOne compares a call's file with the vendor's, and with what was told of it.
func (r *recorded) judgeOne(t *testing.T, rec *record.Record, theirs sandbox.Recording, told []sandbox.Told) {
	t.Helper()
	audio := r.audio(t, rec.File.URL)
	sum := sha256.Sum256(audio)
	if hex.EncodeToString(sum[:]) != theirs.SHA256 || rec.File.SHA256 != theirs.SHA256 || rec.File.Size != int64(len(audio)) || rec.File.Fetch != record.FetchStored {
		t.Errorf("%s has a file of %d bytes (%+v), and the vendor one of %d, sha256 %s", rec.ID, len(audio), rec.File, theirs.Size, theirs.SHA256)
	}
	if len(told) != 1 {
		t.Errorf("the application heard %d times where the audio of %s is", len(told), rec.ID)
		return
	}
	var body struct {
		Data struct {
			Job       string
			Recording struct{ URL, SHA256 string }
		}
	}
	if err := json.Unmarshal(told[0].Body, &body); err != nil || body.Data.Job != rec.ID ||
		body.Data.Recording.URL != rec.File.URL || body.Data.Recording.SHA256 != theirs.SHA256 {
		t.Errorf("the application heard of %s: %s (%v)", rec.ID, told[0].Body, err)
	}
}

func (r *recorded) audio(t *testing.T, address string) []byte {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" {
		t.Errorf("a file at %q: %v", address, err)
		return nil
	}
	audio, err := os.ReadFile(u.Path)
	if err != nil {
		t.Error(err)
	}
	return audio
}

// status: the command names the file that the record names.
func (r *recorded) status(t *testing.T, id string) {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(r.bin, "enqueue"), "status", id, "--json", "--redis", r.redisURL)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	var shown recordjson.Record
	if err != nil || json.Unmarshal(out, &shown) != nil || shown.File == nil || shown.File.URL != r.record(id).File.URL {
		t.Errorf("status of %s: %s %s (%v)", id, out, errs.String(), err)
	}
}
