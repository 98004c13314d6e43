package vendorwire

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/callpacer/callpacer/providers"
)

// maxPush caps a push; the receiver's own cap is the same.
const maxPush = 1 << 20

// maxBadElements is how many unreadable elements an error names.
const maxBadElements = 3

// ErrUnreadable says that a push holds nothing that can be read.
var ErrUnreadable = errors.New("push holds no report that can be read")

// Reports reads each element of a push with read, in order. Where an element
// tells nothing by itself, what is wrapped in it is read. An element that read
// refuses (false) is an error that names its position, counted from 0; the
// reports of the other elements are returned beside it.
func Reports(p providers.Push, read func(Object) (providers.Report, bool)) ([]providers.Report, error) {
	elements, err := Elements(p)
	if err != nil {
		return nil, err
	}
	f := finding{read: read}
	for _, element := range elements {
		f.take(element, 0)
	}
	switch {
	case f.refused > 0:
		return f.reports, fmt.Errorf("push: %d of %d elements name no call, first at %v", f.refused, f.seen, f.bad)
	case len(f.reports) == 0:
		return nil, ErrUnreadable
	}
	return f.reports, nil
}

// finding is what was read of a push so far.
type finding struct {
	read          func(Object) (providers.Report, bool)
	reports       []providers.Report
	seen, refused int
	bad           []int // the first positions that were refused
}

// take reads an element, or the elements that lie in it. depth counts the
// wrappings that were opened.
func (f *finding) take(o Object, depth int) {
	var r providers.Report
	var named bool
	if len(o) > 0 { // thousands of nothings cost nothing
		r, named = f.read(o)
	}
	if !named && depth < maxWrappings {
		if inner, found := unwrap(o); found {
			for _, element := range inner {
				f.take(element, depth+1)
			}
			return
		}
	}
	if named && !tells(r) {
		if whole, found := flatten(o); found {
			if fuller, ok := f.read(whole); ok {
				r = fuller
			}
		}
	}
	if named {
		f.reports = append(f.reports, r)
	} else {
		f.refused++
		if len(f.bad) < maxBadElements {
			f.bad = append(f.bad, f.seen)
		}
	}
	f.seen++
}

func tells(r providers.Report) bool { return r.State != "" || r.Kind != providers.ReportCall }

// Elements takes a push apart: JSON, a form, multipart/form-data or, without a
// body, the query string. The first byte decides between them, for the content
// type is often absent or wrong. A JSON array or {"array":[…]} is taken apart
// into its elements; one that is no object is a nil Object. XML is refused: no
// vendor documents any.
func Elements(p providers.Push) ([]Object, error) {
	if p.Method != http.MethodPost && p.Method != http.MethodGet {
		return nil, errors.New("push is neither POST nor GET")
	}
	if len(p.Body) > maxPush || len(p.RawQuery) > maxPush {
		return nil, errors.New("push is larger than 1 MiB")
	}
	if boundary, ok := boundaryOf(p); ok {
		return multipartForm(p.Body, boundary)
	}
	body := Clean(p.Body)
	if saysNothing(string(body)) && p.RawQuery != "" {
		return form(p.RawQuery)
	}
	if len(body) == 0 {
		return nil, ErrUnreadable
	}
	switch body[0] {
	case '{', '[', '"':
		return document(body)
	case '<':
		return nil, ErrUnreadable
	}
	return form(string(body))
}

// saysNothing: a client library that posts a query string writes such a body
// beside it.
func saysNothing(body string) bool {
	switch body {
	case "", "{}", "[]", "null", `""`:
		return true
	}
	return false
}
