package vendorwire

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// Clean removes a byte order mark and surrounding space, and makes the rest
// UTF-8: what is not is read as GBK, and where that fails too, each character
// that cannot be read is replaced.
func Clean(raw []byte) []byte {
	raw = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(raw), byteOrderMark))
	if utf8.Valid(raw) {
		return raw
	}
	// GB 18030 contains GBK and GB 2312.
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	if err == nil && utf8.Valid(decoded) && !bytes.ContainsRune(decoded, utf8.RuneError) {
		return decoded
	}
	return replaceUnreadable(raw)
}

// replaceUnreadable replaces a character of two bytes whole where it looks like
// GBK: its second byte may be a backslash, which would swallow a quote after it.
func replaceUnreadable(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/2)
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		if r == utf8.RuneError && size == 1 {
			if len(raw) > 1 && raw[0] >= 0x81 && raw[1] >= 0x40 && raw[1] != 0x7f && raw[1] != '}' {
				size = 2
			}
			out = utf8.AppendRune(out, utf8.RuneError)
		} else {
			out = append(out, raw[:size]...)
		}
		raw = raw[size:]
	}
	return out
}
