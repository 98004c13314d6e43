package dingxin

import "bytes"

// signatureBytes are enough to tell every kind of audio that is known here.
const signatureBytes = 8

// mediaType tells audio by its first bytes, "" where they are none's. The
// Content-Type is not asked: back ends send files as text/html, their default,
// and refusals as octet-stream.
func mediaType(head []byte) string {
	for _, known := range []struct{ signature, media string }{
		{"RIFF", "audio/wav"},
		{"ID3", "audio/mpeg"},
		{"OggS", "audio/ogg"},
		{"#!AMR", "audio/amr"},
	} {
		if bytes.HasPrefix(head, []byte(known.signature)) {
			return known.media
		}
	}
	return frameType(head)
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
