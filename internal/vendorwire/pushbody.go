package vendorwire

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/providers"
)

// maxParts bounds a multipart body: a call's record has some twenty fields.
const maxParts = 1000

// document reads a body of JSON. It may end in "=": a form whose only field is
// named by the whole document. It may be a string that holds the document.
func document(body []byte) ([]Object, error) {
	v, err := Decode(body)
	if err != nil {
		v, err = Decode(bytes.TrimSuffix(body, []byte("=")))
	}
	if err != nil {
		return nil, ErrUnreadable
	}
	v = opened(v)
	if object, isObject := v.(map[string]any); isObject {
		if list, batch := object["array"].([]any); batch {
			return objects(list), nil
		}
		return []Object{object}, nil
	}
	if list, isList := v.([]any); isList {
		return objects(list), nil
	}
	return nil, ErrUnreadable
}

// form reads a form or query string. A malformed pair costs only itself, and of
// a repeated field the first that holds something counts.
func form(raw string) ([]Object, error) {
	// A bare semicolon is a character like any other to those who write forms
	// today; net/url would drop the pair.
	values, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
	if err != nil && len(values) == 0 {
		return nil, ErrUnreadable
	}
	fields := Object{}
	for _, raw := range slices.Sorted(maps.Keys(values)) {
		name := cleanText(raw)
		for _, value := range values[raw] {
			if fields.Empty(name) {
				fields[name] = cleanText(value)
			}
		}
	}
	return fieldsOf(fields)
}

// fieldsOf is what a form's fields say: themselves, or the document that the
// only field's name is.
func fieldsOf(fields Object) ([]Object, error) {
	if len(fields) == 1 {
		for name := range fields {
			if looksLikeJSON(name) && fields.Empty(name) {
				return document([]byte(name))
			}
		}
	}
	return []Object{fields}, nil
}

// boundaryOf says whether a push is multipart/form-data: by its type, and where
// that says nothing, by its first line.
func boundaryOf(p providers.Push) (string, bool) {
	body := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(p.Body), byteOrderMark))
	if len(body) == 0 || looksLikeJSON(string(body[:1])) {
		return "", false
	}
	if kind, params, err := mime.ParseMediaType(p.ContentType); err == nil && strings.HasPrefix(kind, "multipart/") {
		if boundary := params["boundary"]; boundary != "" && bytes.Contains(body, []byte("--"+boundary)) {
			return boundary, true
		}
	}
	line, rest, _ := bytes.Cut(body, []byte("\n"))
	line = bytes.TrimRight(line, "\r \t")
	boundary, dashed := strings.CutPrefix(string(line), "--")
	return boundary, dashed && boundary != "" && bytes.Contains(rest, line)
}

// multipartForm reads the fields of a multipart body; each has its own encoding.
func multipartForm(body []byte, boundary string) ([]Object, error) {
	fields := Object{}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			if len(fields) == 0 {
				return nil, ErrUnreadable
			}
			return fieldsOf(fields)
		}
		if err != nil {
			return nil, ErrUnreadable // its words may quote the push
		}
		value, err := io.ReadAll(io.LimitReader(part, maxPush))
		if err != nil {
			return nil, ErrUnreadable
		}
		if name := cleanText(part.FormName()); name != "" && fields.Empty(name) {
			fields[name] = cleanText(string(value))
		}
	}
	return nil, ErrUnreadable
}

func cleanText(raw string) string { return string(Clean([]byte(raw))) }
