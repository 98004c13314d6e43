package sandbox

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxRequestBody is far above anything the documented fields can hold.
const maxRequestBody = 64 << 10

// form reads a request's fields, each given exactly once: of the method that has
// a body from that urlencoded body and nowhere else, of any other from the query,
// and its body is not read.
func form(w http.ResponseWriter, r *http.Request, bodyMethod string) (map[string]string, error) {
	raw := r.URL.RawQuery
	if r.Method == bodyMethod {
		if raw != "" {
			return nil, errors.New("fields in the query of a " + bodyMethod)
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, errors.New("the body is not x-www-form-urlencoded")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
		if err != nil {
			return nil, err
		}
		raw = string(body)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(values))
	for name, given := range values {
		if len(given) != 1 {
			return nil, errors.New("a field is given twice")
		}
		fields[name] = given[0]
	}
	return fields, nil
}

// unknownField says whether there is a field that the document does not have.
func unknownField[V any](fields map[string]V, known ...string) bool {
	n := 0
	for _, name := range known {
		if _, given := fields[name]; given {
			n++
		}
	}
	return n != len(fields)
}
