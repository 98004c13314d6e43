package sandbox

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

type recordingFaultKind string

const (
	recordingFine      recordingFaultKind = ""
	recordingCut       recordingFaultKind = "cut"
	recordingHang      recordingFaultKind = "hang"
	recordingStall     recordingFaultKind = "stall"
	recordingSlow      recordingFaultKind = "slow"
	recordingTruncated recordingFaultKind = "truncated"
	recordingShort     recordingFaultKind = "short"
	recordingRefused   recordingFaultKind = "refused"
	recordingStatus    recordingFaultKind = "status"
	recordingNotReady  recordingFaultKind = "not ready"
	recordingRedirect  recordingFaultKind = "redirect"
)

// RecordingFault is what goes wrong with one download; the zero RecordingFault is
// nothing.
type RecordingFault struct {
	kind     recordingFaultKind
	delay    time.Duration
	code     int
	msg      string
	location string
}

// RecordingCut resets the connection in the middle.
func RecordingCut() RecordingFault { return RecordingFault{kind: recordingCut} }

// RecordingHang answers nothing until the client leaves or the vendor is closed.
func RecordingHang() RecordingFault { return RecordingFault{kind: recordingHang} }

// RecordingStall sends half and then nothing, until the client leaves or the
// vendor is closed.
func RecordingStall() RecordingFault { return RecordingFault{kind: recordingStall} }

// RecordingSlow sends all of it in ten pieces, d after each other.
func RecordingSlow(d time.Duration) RecordingFault {
	return RecordingFault{kind: recordingSlow, delay: d}
}

// RecordingTruncated tells the length of all of it, sends half and ends politely.
func RecordingTruncated() RecordingFault { return RecordingFault{kind: recordingTruncated} }

// RecordingShort sends half and tells the length of that half: only the file
// itself says that it is not whole.
func RecordingShort() RecordingFault { return RecordingFault{kind: recordingShort} }

// RecordingRefused answers a code and message in the vendor's JSON, as HTTP 200
// and audio.
func RecordingRefused(code int, msg string) RecordingFault {
	return RecordingFault{kind: recordingRefused, code: code, msg: msg}
}

// RecordingStatus answers an HTTP status with a page that is not JSON.
func RecordingStatus(status int) RecordingFault {
	return RecordingFault{kind: recordingStatus, code: status}
}

// RecordingNotReady answers as if it were not there yet.
func RecordingNotReady() RecordingFault { return RecordingFault{kind: recordingNotReady} }

// RecordingRedirect answers 302 to a location.
func RecordingRedirect(location string) RecordingFault {
	return RecordingFault{kind: recordingRedirect, location: location}
}

const audioWAV = "audio/wav"

// deliverRecording answers a download as the shelf's faults have it.
func (v *vendor) deliverRecording(w http.ResponseWriter, r *http.Request, s *shelf, a askedRecording) {
	f := s.ask(a.id, r.URL.Path, a.ready, v.now())
	switch f.kind {
	case recordingHang:
		v.untilLeft(r.Context(), nil)
		cut(w)
	case recordingRefused:
		writeBody(w, http.StatusOK, audioWAV, encode(a.refusal.refused(f.code, f.msg)))
	case recordingStatus:
		writeBody(w, f.code, "text/html", []byte("<html><body><h1>nginx</h1></body></html>"))
	case recordingRedirect:
		w.Header().Set("Location", f.location)
		w.WriteHeader(http.StatusFound)
	case recordingNotReady:
		a.notReady(w)
	case recordingFine, recordingCut, recordingStall, recordingSlow, recordingTruncated, recordingShort:
		if !a.ready {
			a.notReady(w)
			return
		}
		v.sendAudio(w, r, RecordingAudio(a.id), f, func(times int) { s.left(a.id, times) })
	}
}

// sendAudio sends a recording. One that leaves whole is counted before its last
// piece does, after which the client may look; -1 takes that back.
func (v *vendor) sendAudio(w http.ResponseWriter, r *http.Request, audio []byte, f RecordingFault, count func(times int)) {
	half := audio[:len(audio)/2]
	length, pieces := len(audio), [][]byte{audio}
	switch f.kind {
	case recordingShort:
		length, pieces = len(half), [][]byte{half}
	case recordingCut, recordingStall, recordingTruncated:
		pieces = [][]byte{half}
	case recordingSlow:
		pieces = nil
		for i := range slowPieces {
			pieces = append(pieces, audio[len(audio)*i/slowPieces:len(audio)*(i+1)/slowPieces])
		}
	}
	w.Header().Set("Content-Type", audioWAV)
	w.Header().Set("Content-Length", strconv.Itoa(length))
	for i, piece := range pieces {
		if i > 0 && !v.holdBack(r.Context(), f.delay, Fault{}) {
			cut(w)
			return
		}
		last := i == len(pieces)-1 && (f.kind == recordingFine || f.kind == recordingSlow)
		if last {
			count(1)
		}
		_, err := w.Write(piece)
		if err = errors.Join(err, http.NewResponseController(w).Flush()); err != nil {
			if last {
				count(-1)
			}
			return // the client left; the server ends the connection
		}
	}
	switch f.kind {
	case recordingCut:
		cut(w)
	case recordingStall:
		v.untilLeft(r.Context(), nil)
		cut(w)
	}
	// A truncated one ends here: a server closes the connection of an answer that
	// has less than it said.
}

const slowPieces = 10
