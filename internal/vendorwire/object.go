package vendorwire

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

// MaxID is the most bytes that an identifier of a vendor has.
const MaxID = 64

// ErrNotJSON says that a body is not one JSON value. It quotes nothing.
var ErrNotJSON = errors.New("not one JSON value")

// Object is a JSON object or a form whose fields are read leniently.
type Object map[string]any

// Text is a field as trimmed text: a string or a number; all else is "".
func (o Object) Text(name string) string {
	switch v := o[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// First is the first of a field's names that holds something.
func (o Object) First(names ...string) string {
	for _, name := range names {
		if v := o.Text(name); v != "" {
			return v
		}
	}
	return ""
}

// ID is an identifier, or "" where the field holds nothing that could be one.
func (o Object) ID(name string) string {
	v := o.Text(name)
	if len(v) > MaxID || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return ""
	}
	return v
}

// Empty says that a field is absent or one of the ways in which back ends
// write nothing: null, "", [], {}.
func (o Object) Empty(name string) bool {
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

// Object is a field that is an object, or a string that holds one as JSON;
// anything else reads as an empty one.
func (o Object) Object(name string) Object {
	switch v := o[name].(type) {
	case map[string]any:
		return v
	case string:
		if inner, err := Decode([]byte(v)); err == nil {
			fields, _ := inner.(map[string]any)
			return fields
		}
	}
	return nil
}

var wholeNumber = regexp.MustCompile(`^[+-]?[0-9]{1,18}$`)

// Whole reads a field that is a whole number, as a number or as a string.
func (o Object) Whole(name string) (n int64, ok bool) {
	text := o.Text(name)
	if !wholeNumber.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// DecodeObject reads a body that is exactly one JSON object.
func DecodeObject(body []byte) (Object, bool) {
	v, err := Decode(body)
	if err != nil {
		return nil, false
	}
	fields, ok := v.(map[string]any)
	return fields, ok
}

// Decode reads exactly one JSON value. Numbers keep every digit.
func Decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(Clean(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, ErrNotJSON // the decoder's own words quote the input
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrNotJSON
	}
	return v, nil
}
