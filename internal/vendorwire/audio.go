package vendorwire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http"

	"github.com/callpacer/callpacer/providers"
)

// MaxAudio is the most that a recording may have, in bytes: two hours of
// uncompressed telephone audio are about 115 MB.
const MaxAudio = 256 << 20

// maxRefusal caps what came in the place of audio.
const maxRefusal = 1 << 20

// Audio is a recording on its way. Its owner closes it; only io.EOF says that all
// of it was read.
type Audio struct {
	io.ReadCloser

	Type string // media type, by the first bytes
}

// Recording tells audio from what came in its place: vendors answer HTTP 200 to
// their refusals, too, and call them audio. Without audio it returns the
// refusal's first mebibyte and closes the body, as it does where it fails, with
// the body's own error.
func Recording(status int, body io.ReadCloser) (*Audio, []byte, error) {
	all, media, err := sniff(body)
	if err == nil && status == http.StatusOK && media != "" {
		return &Audio{Type: media, ReadCloser: audioBody{whole(all), body}}, nil, nil
	}
	defer func() { _ = body.Close() }() // the refusal is known by then
	if err != nil {
		return nil, nil, err
	}
	refusal, err := io.ReadAll(io.LimitReader(all, maxRefusal))
	return nil, refusal, err
}

type audioBody struct {
	io.Reader
	io.Closer
}

// signatureBytes hold a RIFF file's signature and length; audioBytes are enough to
// tell every kind of audio that is known here.
const (
	signatureBytes = 8
	audioBytes     = 12
)

// sniff looks at the first bytes and takes none away. A body that ends within
// them is no error.
func sniff(body io.Reader) (all *bufio.Reader, media string, err error) {
	all = bufio.NewReader(body)
	head, err := all.Peek(signatureBytes)
	if err == nil && (string(head[:4]) == "RIFF" || string(head[4:]) == "ftyp") {
		head, err = all.Peek(audioBytes) // these tell their content behind their length
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	return all, mediaType(head), nil
}

// mediaType tells audio by its first bytes, "" where they are none's. The
// Content-Type is not asked: back ends send files as text/html, their default,
// and refusals as octet-stream.
func mediaType(head []byte) string {
	for _, known := range []struct{ signature, media string }{
		{"RIFF", "audio/wav"},
		{"ID3", "audio/mpeg"},
		{"OggS", "audio/ogg"},
		{"#!AMR", "audio/amr"},
		{"fLaC", "audio/flac"},
	} {
		if bytes.HasPrefix(head, []byte(known.signature)) {
			if len(head) >= audioBytes && known.signature == "RIFF" && string(head[8:audioBytes]) != "WAVE" {
				return "" // pictures and films are RIFF, too
			}
			return known.media
		}
	}
	if len(head) >= audioBytes && head[0] == 0 && head[1] == 0 && string(head[4:8]) == "ftyp" && soundBrand(head[8:audioBytes]) {
		return "audio/mp4" // behind the length of its first box, a few dozen bytes
	}
	return frameType(head)
}

// soundBrand knows the brands of MPEG-4 and 3GPP files that hold sound.
func soundBrand(brand []byte) bool {
	for _, known := range []string{"M4A", "M4B", "mp4", "iso", "3gp", "3g2"} {
		if bytes.HasPrefix(brand, []byte(known)) {
			return true
		}
	}
	return false
}

// frameType knows MPEG audio without a tag by its frame's header: 11 bits of
// sync, then version (2 bits) and layer (2 bits).
func frameType(head []byte) string {
	if len(head) < 2 || head[0] != 0xFF || head[1]&0xE0 != 0xE0 {
		return ""
	}
	const reserved = 1
	version, layer := head[1]>>3&3, head[1]>>1&3
	switch {
	case head[1]&0xF6 == 0xF0: // ADTS: 12 bits of sync, layer 0
		return "audio/aac"
	case version == reserved, layer == 0:
		return ""
	case layer == 3:
		// Layer I is not used any more, and FF FE begins text in UTF-16.
		return ""
	}
	return "audio/mpeg"
}

// whole watches a body that tells its own length, as RIFF does: HTTP cannot tell
// a file that a gateway cut and measured anew from the file.
func whole(body *bufio.Reader) io.Reader {
	head, err := body.Peek(signatureBytes)
	switch {
	case !bytes.HasPrefix(head, []byte("RIFF")):
		return body
	case err != nil:
		return &measured{body: body, missing: signatureBytes}
	}
	rest := int64(binary.LittleEndian.Uint32(head[4:]))
	if rest == 0 || rest > MaxAudio {
		return body // what writers put there that cannot go back and fill it in
	}
	// Some count a last byte of padding that they do not write.
	return &measured{body: body, missing: signatureBytes + rest - 1}
}

// measured fails where its body ends too soon.
type measured struct {
	body    io.Reader
	missing int64
}

// Read implements io.Reader.
func (m *measured) Read(p []byte) (int, error) {
	n, err := m.body.Read(p)
	m.missing -= int64(n)
	if errors.Is(err, io.EOF) && m.missing > 0 {
		err = &providers.TransportError{Stage: providers.StageBody, Written: true, Reason: "truncated"}
	}
	return n, err
}
