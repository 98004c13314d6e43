package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/callpacer/callpacer/tasks"
)

// maxLine is how long a line of NDJSON may be.
const maxLine = 1 << 20

// ndjsonRows reads one job a line, in constant memory.
type ndjsonRows struct {
	in       *bufio.Reader
	line     int       // number of the line that was read last, from 1
	buf      []byte    // that line
	defaults tasks.Job // kind and account of rows that name none
	keyField string    // of --key-column; may be empty
}

func newNDJSONRows(in *bufio.Reader, defaults tasks.Job, keyField string) *ndjsonRows {
	return &ndjsonRows{in: in, defaults: defaults, keyField: keyField}
}

// next implements rowSource.
func (r *ndjsonRows) next() (item, error) {
	for {
		tooLong, err := r.read()
		if err != nil {
			return item{}, err
		}
		line := bytes.TrimSpace(r.buf)
		switch {
		case tooLong:
			return item{err: failf("", "line %d: is longer than %d KiB", r.line, maxLine>>10)}, nil
		case len(line) == 0:
			continue
		case !utf8.Valid(line):
			return item{err: failf("", "line %d: is not UTF-8 (GBK, perhaps); save the file as UTF-8", r.line)}, nil
		case line[0] != '{':
			return item{err: failf("", "line %d: is not a JSON object; each line is one job, such as {\"to\":…}", r.line)}, nil
		}
		job, err := r.job(line)
		return item{job: job, err: err}, nil
	}
}

// read takes one line into buf. Of one that is too long it keeps nothing, and
// goes on to its end.
func (r *ndjsonRows) read() (tooLong bool, err error) {
	r.buf = r.buf[:0]
	r.line++
	for {
		part, err := r.in.ReadSlice('\n')
		if len(r.buf)+len(bytes.TrimRight(part, "\r\n")) > maxLine {
			tooLong = true
		}
		if !tooLong {
			r.buf = append(r.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(r.buf) > 0 || tooLong):
			// The last line needs no end. The next read meets the end again.
		case errors.Is(err, io.EOF):
			return false, err
		case err != nil:
			return false, fmt.Errorf("line %d: %w", r.line, err)
		}
		if r.line == 1 {
			r.buf = bytes.TrimPrefix(r.buf, []byte("\uFEFF"))
		}
		return tooLong, nil
	}
}

// job makes the job of a line; its errors are of this row.
func (r *ndjsonRows) job(line []byte) (tasks.Job, error) {
	job := r.defaults
	var key *string
	if r.keyField != "" {
		var err error
		if line, key, err = r.takeKey(line); err != nil {
			return tasks.Job{}, err
		}
	}
	if err := json.Unmarshal(line, &job); err != nil {
		return tasks.Job{}, r.broken(err)
	}
	if key != nil && job.IdempotencyKey != "" && job.IdempotencyKey != *key {
		return tasks.Job{}, failf("idempotency_key", "is given beside %q, which --key-column names; keep one of them", r.keyField)
	}
	if key != nil {
		job.IdempotencyKey = *key
	}
	if job.Kind == "" {
		job.Kind = r.defaults.Kind
	}
	if job.Account == "" {
		job.Account = r.defaults.Account
	}
	if err := job.Validate(); err != nil {
		return tasks.Job{}, refusal(err)
	}
	return job, nil
}

// broken is a line that is no job.
func (r *ndjsonRows) broken(err error) *failure {
	if f := refusal(err); f != nil {
		return f
	}
	return failf("", "line %d: is not JSON: %s", r.line, err)
}
