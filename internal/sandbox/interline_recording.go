package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// SetRecordingBase has the CDRs of calls from now on tell an absolute address of
// their recordings under it, or a path where it is empty:
// InterlineOptions.RecordingBase for those who learn the platform's address after
// they made it.
func (v *Interline) SetRecordingBase(base string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opts.RecordingBase = base
}

// interlineRecording is a call's recording by its path.
type interlineRecording struct {
	task  string
	ready time.Time
}

// recordLocked has a call recorded that ends at a time, and returns what its CDR
// tells of it. The document calls it a download path and names no host.
func (v *Interline) recordLocked(c InterlineCall, ends time.Time) string {
	path := fmt.Sprintf("%s%s/%s.wav", InterlineRecordingPath, c.At.UTC().Format("20060102"), c.TaskID)
	v.recordings[path] = interlineRecording{task: c.TaskID, ready: ends.Add(v.opts.RecordingDelay)}
	v.recorded = append(v.recorded, path)
	return v.opts.RecordingBase + path
}

// Recordings returns the recording of every recorded call in the order of
// passing on, those that are not ready yet included.
func (v *Interline) Recordings() []Recording {
	v.mu.Lock()
	paths := v.recorded[:len(v.recorded):len(v.recorded)]
	of := make([]interlineRecording, len(paths))
	for i, path := range paths {
		of[i] = v.recordings[path]
	}
	v.mu.Unlock()
	all := make([]Recording, len(of))
	for i, r := range of {
		all[i] = v.shelf.evidence(r.task, paths[i], r.ready)
	}
	return all
}

// serveRecording answers a recording by the path that its CDR told.
func (v *Interline) serveRecording(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	recording, found := v.recordings[r.URL.Path]
	ready := !v.opts.Now().Before(recording.ready)
	v.mu.Unlock()
	if !found || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	v.deliverRecording(w, r, &v.shelf, askedRecording{id: recording.task, ready: ready, refusal: interlineAnswer{},
		notReady: func(w http.ResponseWriter) { http.NotFound(w, r) }})
}
