package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Recording is the audio of an answered call, as the vendor knows it.
type Recording struct {
	ID     string // Dingxin's subid, interline's taskid
	Path   string // where it is asked for
	Size   int    // bytes
	SHA256 string // lower-case hex
	// Ready is since when it can be had; it may lie ahead.
	Ready time.Time
	// Asked is how often it was asked for by whoever may have it, Whole how often
	// all of it, and nothing else, left the vendor.
	Asked, Whole int
}

// RecordingRequest is a download as SetRecordingFault's function sees it: of a
// recording that exists, by whoever may have it.
type RecordingRequest struct {
	Seq   int    // counts these requests from 1
	ID    string // Dingxin's subid, interline's taskid
	Path  string // as asked
	Ready bool
	At    time.Time
	// Asked is how often it was asked for, this time included, Whole how often all
	// of it has left the vendor.
	Asked, Whole int
}

// shelf is a vendor's recordings: how they were asked for and what goes wrong
// with them. Its zero value is one on which nobody asked yet.
type shelf struct {
	askedMu sync.Mutex
	spoil   func(RecordingRequest) RecordingFault
	seq     int
	asked   map[string]int
	whole   map[string]int
}

// SetRecordingFault has f decide for each download what goes wrong with it; nil
// ends that. f may use the vendor's other methods and must not block for long.
func (s *shelf) SetRecordingFault(f func(RecordingRequest) RecordingFault) {
	s.askedMu.Lock()
	defer s.askedMu.Unlock()
	s.spoil = f
}

// ask counts a request and says what goes wrong with it.
func (s *shelf) ask(id, path string, ready bool, at time.Time) RecordingFault {
	s.askedMu.Lock()
	if s.asked == nil {
		s.asked, s.whole = map[string]int{}, map[string]int{}
	}
	s.seq++
	s.asked[id]++
	request := RecordingRequest{Seq: s.seq, ID: id, Path: path, Ready: ready, At: at, Asked: s.asked[id], Whole: s.whole[id]}
	spoil := s.spoil
	s.askedMu.Unlock() // the caller's code: not under our lock
	if spoil == nil {
		return RecordingFault{}
	}
	return spoil(request)
}

// left counts a recording that leaves whole, or takes that back with -1.
func (s *shelf) left(id string, times int) {
	s.askedMu.Lock()
	defer s.askedMu.Unlock()
	s.whole[id] += times
}

// evidence is all that is known of a recording.
func (s *shelf) evidence(id, path string, ready time.Time) Recording {
	audio := RecordingAudio(id)
	sum := sha256.Sum256(audio)
	s.askedMu.Lock()
	defer s.askedMu.Unlock()
	return Recording{ID: id, Path: path, Size: len(audio), SHA256: hex.EncodeToString(sum[:]), Ready: ready,
		Asked: s.asked[id], Whole: s.whole[id]}
}

// downloads is how often any recording left whole.
func (s *shelf) downloads() int {
	s.askedMu.Lock()
	defer s.askedMu.Unlock()
	total := 0
	for _, n := range s.whole {
		total += n
	}
	return total
}

// asked is a download in the hands of a vendor.
type askedRecording struct {
	id       string
	ready    bool
	notReady func(http.ResponseWriter) // answers one that is not there yet
	refusal  answer                    // the vendor's JSON, for a fault to fill in
}

// RecordingAudio is the audio of a call, all its own: noise that depends on the id
// alone, as WAV of one channel, 8000 samples a second of 8 bits. Three calls of
// four have 2 to 5 seconds, the others 20 to 59, some hundreds of KiB.
func RecordingAudio(id string) []byte {
	const rate, header = 8000, 36
	seed := sha256.Sum256([]byte(id))
	seconds := 2 + int(seed[1])%4
	if seed[0]%4 == 0 {
		seconds = 20 + int(seed[1])%40
	}
	samples := make([]byte, seconds*rate)
	noise := rand.NewChaCha8(seed)
	if _, err := noise.Read(samples); err != nil {
		panic("sandbox: noise: " + err.Error()) // it never fails
	}
	var wav bytes.Buffer
	number := func(size int, n int) {
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], uint32(n)) //nolint:gosec // G115: lengths of less than a minute
		wav.Write(b[:size])
	}
	wav.WriteString("RIFF")
	number(4, header+len(samples))
	wav.WriteString("WAVEfmt ")
	number(4, 16)
	number(2, 1) // PCM
	number(2, 1) // channels
	number(4, rate)
	number(4, rate) // bytes per second
	number(2, 1)    // bytes per frame
	number(2, 8)    // bits per sample
	wav.WriteString("data")
	number(4, len(samples))
	wav.Write(samples)
	return wav.Bytes()
}
