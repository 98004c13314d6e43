package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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
