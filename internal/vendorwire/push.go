package vendorwire

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/callpacer/callpacer/providers"
)

// maxPush caps a push; the receiver's own cap is the same.
const maxPush = 1 << 20

// maxBadElements is how many unreadable elements an error names.
const maxBadElements = 3

// ErrUnreadable says that a push holds nothing that can be read.
var ErrUnreadable = errors.New("push holds no report that can be read")

// Reports reads each element of a push with read, in order. An element that
// read refuses (false) is an error that names its position, counted from 0; the
// reports of the other elements are returned beside it.
func Reports(p providers.Push, read func(Object) (providers.Report, bool)) ([]providers.Report, error) {
	elements, err := Elements(p)
	if err != nil {
		return nil, err
	}
	var reports []providers.Report
	var bad []int
	for i, element := range elements {
		report, ok := read(element)
		if !ok {
			bad = append(bad, i)
			continue
		}
		reports = append(reports, report)
	}
	switch {
	case len(bad) > 0:
		return reports, fmt.Errorf("push: %d of %d elements name no call, first at %v",
			len(bad), len(elements), bad[:min(len(bad), maxBadElements)])
	case len(reports) == 0:
		return nil, ErrUnreadable
	}
	return reports, nil
}

// Elements takes a push apart: JSON or a form by the body's first byte, a JSON
// array or {"array":[…]} as its elements, and without a body the query string.
// An element that is no object is a nil Object.
func Elements(p providers.Push) ([]Object, error) {
	if p.Method != http.MethodPost && p.Method != http.MethodGet {
		return nil, errors.New("push is neither POST nor GET")
	}
	if len(p.Body) > maxPush || len(p.RawQuery) > maxPush {
		return nil, errors.New("push is larger than 1 MiB")
	}
	body := Clean(p.Body)
	switch {
	case len(body) == 0:
		return form(p.RawQuery)
	case body[0] != '{' && body[0] != '[':
		return form(string(body))
	}
	v, err := Decode(body)
	if err != nil {
		return nil, ErrUnreadable
	}
	return elements(v), nil
}

func elements(v any) []Object {
	list, _ := v.([]any)
	if fields, isObject := v.(map[string]any); isObject {
		var batch bool
		if list, batch = fields["array"].([]any); !batch {
			return []Object{fields}
		}
	}
	objects := make([]Object, len(list))
	for i, element := range list {
		objects[i], _ = element.(map[string]any)
	}
	return objects
}

// form reads a form or query string. A malformed pair costs only itself.
func form(raw string) ([]Object, error) {
	values, err := url.ParseQuery(raw)
	if err != nil && len(values) == 0 {
		return nil, ErrUnreadable
	}
	fields := Object{}
	for name := range values {
		fields[name] = string(Clean([]byte(values.Get(name))))
	}
	return []Object{fields}, nil
}
