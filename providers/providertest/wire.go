package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// member is one field of a JSON object, in the order in which it was written.
type member struct {
	name  string
	value any // string, json.Number, bool, nil, []any or []member
}

// readJSON reads one JSON value and keeps the order of fields and every digit.
func readJSON(raw []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		return nil, false
	}
	_, err = d.Token()
	return v, errors.Is(err, io.EOF)
}

func readValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		object := []member{}
		for d.More() {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			name, _ := token.(string) // the decoder takes nothing else for a name
			object = append(object, member{name, v})
		}
		_, err = d.Token()
		return object, err
	}
	return token, nil
}

// readObject reads a JSON object.
func readObject(raw []byte) ([]member, bool) {
	v, ok := readJSON(raw)
	if !ok {
		return nil, false
	}
	object, ok := v.([]member)
	return object, ok
}

// writeJSON is the reverse of readJSON, without any space.
func writeJSON(v any) []byte {
	var b bytes.Buffer
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(writeJSON(element))
		}
		b.WriteByte(']')
	case []member:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(writeJSON(m.name))
			b.WriteByte(':')
			b.Write(writeJSON(m.value))
		}
		b.WriteByte('}')
	default:
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic(err) // only scalars that a decoder made reach this
		}
		b.Truncate(b.Len() - 1)
	}
	return b.Bytes()
}

// rewrite applies change to every scalar, at any depth.
func rewrite(v any, change func(any) any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = rewrite(element, change)
		}
		return list
	case []member:
		object := make([]member, len(v))
		for i, m := range v {
			object[i] = member{m.name, rewrite(m.value, change)}
		}
		return object
	}
	return change(v)
}

// plainInteger has no other way to be written as a number.
var plainInteger = regexp.MustCompile(`^(?:0|-?[1-9][0-9]*)$`)

// swapped writes numbers as strings, and strings that are whole numbers as numbers.
func swapped(v any) any {
	return rewrite(v, func(scalar any) any {
		switch s := scalar.(type) {
		case json.Number:
			return s.String()
		case string:
			if plainInteger.MatchString(s) {
				return json.Number(s)
			}
		}
		return scalar
	})
}

// reversed writes the fields of every object in the opposite order.
func reversed(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = reversed(element)
		}
		return list
	case []member:
		object := make([]member, len(v))
		for i, m := range v {
			object[len(v)-1-i] = member{m.name, reversed(m.value)}
		}
		return object
	}
	return v
}

// inGBK is a text in the vendor's other encoding; false where it would look the
// same, or cannot be written in it.
func inGBK(text string) (string, bool) {
	out, err := simplifiedchinese.GBK.NewEncoder().String(text)
	return out, err == nil && out != text
}

// asForm writes a flat object as a form, passing each value through encode.
func asForm(object []member, encode func(string) string) (string, bool) {
	form := url.Values{}
	for _, m := range object {
		switch v := m.value.(type) {
		case string:
			form.Set(m.name, encode(v))
		case json.Number:
			form.Set(m.name, v.String())
		default:
			return "", false
		}
	}
	return form.Encode(), len(form) == len(object)
}

// fromForm reads a form as a flat object of strings, sorted by name.
func fromForm(raw string) ([]member, bool) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, false
	}
	var object []member
	for name, list := range values {
		if len(list) != 1 {
			return nil, false
		}
		object = append(object, member{name, list[0]})
	}
	slices.SortFunc(object, func(a, b member) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return object, len(object) > 0
}
