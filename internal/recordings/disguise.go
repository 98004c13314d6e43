package recordings

import "bytes"

// looks names what came in the place of audio, for people.
func looks(body []byte) string {
	words := bytes.TrimLeft(bytes.TrimPrefix(body[:min(len(body), 512)], []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(body) == 0:
		return "empty"
	case bytes.HasPrefix(words, []byte("{")), bytes.HasPrefix(words, []byte("[")):
		return "json"
	case bytes.HasPrefix(words, []byte("<")):
		return "html"
	case bytes.ContainsFunc(words, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' }):
		return "binary"
	}
	return "text"
}
