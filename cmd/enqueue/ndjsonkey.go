package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/callpacer/callpacer/tasks"
)

// takeKey finds the field that --key-column names, and takes it out of the line
// unless it is a field of a job, which keeps its meaning. The key is nil where
// the value is null or empty: that is a key that is not given.
func (r *ndjsonRows) takeKey(line []byte) (rest []byte, key *string, err error) {
	if !json.Valid(line) {
		return line, nil, nil // to be told as any other line is
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, nil, r.broken(err)
	}
	keep := isField(r.keyField)
	found := false
	var fields [][]byte
	for d.More() {
		name, value, err := field(d)
		if err != nil {
			return nil, nil, r.broken(err)
		}
		if name == r.keyField {
			if found {
				return nil, nil, failf(r.keyField, "is given twice")
			}
			found = true
			if key, err = keyIn(r.keyField, value); err != nil {
				return nil, nil, err
			}
			if !keep {
				continue
			}
		}
		written, err := json.Marshal(name)
		if err != nil {
			return nil, nil, r.broken(err)
		}
		fields = append(fields, append(append(written, ':'), value...))
	}
	if !found {
		return nil, nil, failf(r.keyField, "is missing; --key-column names it")
	}
	return append(append([]byte{'{'}, bytes.Join(fields, []byte{','})...), '}'), key, nil
}

func field(d *json.Decoder) (name string, value json.RawMessage, err error) {
	token, err := d.Token()
	if err != nil {
		return "", nil, err
	}
	name, _ = token.(string) // the keys of an object are strings
	err = d.Decode(&value)
	return name, value, err
}

// isField says that jobs have a field of the name.
func isField(name string) bool {
	written, err := json.Marshal(map[string]any{name: nil})
	if err != nil {
		return false
	}
	var j tasks.Job
	return json.Unmarshal(written, &j) == nil
}

// keyIn reads a key that is text or a number.
func keyIn(name string, value json.RawMessage) (*string, error) {
	if string(value) == "null" {
		return nil, nil
	}
	var key string
	if value[0] != '"' {
		key = string(value) // a number, as it is written
		if value[0] != '-' && (value[0] < '0' || value[0] > '9') {
			return nil, failf(name, "must be a string or a number: --key-column names it")
		}
	} else if err := json.Unmarshal(value, &key); err != nil {
		return nil, failf(name, "must be a string or a number: --key-column names it")
	}
	if key = strings.TrimSpace(key); key == "" {
		return nil, nil
	}
	return &key, nil
}
