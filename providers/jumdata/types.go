package jumdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxID   = 64  // callId, taskNo, notifyData: opaque strings
	maxText = 200 // what is kept of the vendor's words
)

var errNotJSON = errors.New("not one JSON value")

// object is a JSON object whose fields are read leniently: the vendor writes
// the same field as a number in one place and as a string in another.
type object map[string]any

// text is a field as trimmed text: a string or a number; all else is "".
func (o object) text(name string) string {
	switch v := o[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// either is the first of two names of a field that holds something.
func (o object) either(a, b string) string {
	if v := o.text(a); v != "" {
		return v
	}
	return o.text(b)
}

// id is an identifier, or "" where the field holds nothing that could be one.
func (o object) id(name string) string {
	v := o.text(name)
	if len(v) > maxID || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return ""
	}
	return v
}

// empty says that a field is absent or one of the ways in which back ends
// write nothing: null, "", [], {}.
func (o object) empty(name string) bool {
	switch v := o[name].(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// object is a field that is an object; anything else reads as an empty one.
func (o object) object(name string) object {
	v, _ := o[name].(map[string]any)
	return v
}

// codeUnknown stands for a code that is there and cannot be read.
const codeUnknown = -1

var wholeNumber = regexp.MustCompile(`^-?[0-9]{1,9}$`)

// answer is what Jumdata's JSON says. data's content depends on the request.
type answer struct {
	code   int    // codeUnknown: present, but no whole number
	raw    string // the code as it stood there
	msg    string
	taskNo string
	data   object
}

// parseAnswer reads the vendor's envelope. false: this is not the vendor's
// JSON, or it holds no code, and only the HTTP status can be judged.
func parseAnswer(body []byte) (answer, bool) {
	v, err := decode(body)
	if err != nil {
		return answer{}, false
	}
	fields, ok := v.(map[string]any)
	if !ok || object(fields).empty("code") {
		return answer{}, false
	}
	o := object(fields)
	a := answer{code: codeUnknown, raw: o.text("code"), msg: o.text("msg"), taskNo: o.id("taskNo"), data: o.object("data")}
	if wholeNumber.MatchString(a.raw) {
		if n, err := strconv.Atoi(a.raw); err == nil {
			a.code = n
		}
	}
	return a, true
}

// decode reads exactly one JSON value. Numbers keep every digit.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(clean(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errNotJSON // the decoder's own words quote the input
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return v, nil
}

// clean removes a byte order mark and surrounding space, and replaces what is
// not UTF-8. A GBK character is replaced whole: its second byte may be a
// backslash, which would swallow the quote after it.
func clean(raw []byte) []byte {
	raw = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\xef\xbb\xbf")))
	if utf8.Valid(raw) {
		return raw
	}
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
