package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callpacer/callpacer/ratelimit"
)

// suppressRow is a row as it is written; a field that is empty is not given.
type suppressRow struct{ number, reason, until string }

func (r *suppressRow) field(name string) *string {
	switch name {
	case "number":
		return &r.number
	case "reason":
		return &r.reason
	case "until":
		return &r.until
	}
	return nil
}

// entry reads a row; its error is a *failure of the row.
func (r suppressRow) entry(now time.Time) (ratelimit.Suppressed, error) {
	e, err := suppressedNumber(r.number)
	if err != nil {
		return ratelimit.Suppressed{}, err
	}
	if e.Reason, err = readReason(r.reason); err != nil {
		return ratelimit.Suppressed{}, err
	}
	if r.until == "" {
		return e, nil
	}
	if e.Until, err = parseTime(r.until); err != nil {
		return ratelimit.Suppressed{}, failf("until", "%s", err)
	}
	if !e.Until.After(now) {
		return ratelimit.Suppressed{}, failf("until", "%s is in the past: the number would not be suppressed", r.until)
	}
	return e, nil
}

// suppressRows gives the rows of a file one after the other. wrong is the row's
// own error; err is io.EOF at the end, or what ends the file.
type suppressRows interface {
	next() (row suppressRow, wrong *failure, err error)
}

// suppressRowsOf begins to read a file, by its name or else its first character.
func suppressRowsOf(name string, in io.Reader) (suppressRows, error) {
	buffered := bufio.NewReaderSize(in, maxRow)
	format := strings.ToLower(filepath.Ext(name))
	first := firstCharacter(buffered)
	switch {
	case format == ".ndjson", format == ".jsonl", format != ".csv" && first == '{':
		return &suppressNDJSON{lines: ndjsonRows{in: buffered}}, nil
	case first == '{':
		return nil, failf("", "line 1: begins with { as NDJSON does, and the name ends in .csv; rename the file")
	case first == '[':
		return nil, failf("", "line 1: begins with [ as a JSON array does; write one object a line (NDJSON) instead")
	}
	return newSuppressCSV(buffered)
}

// suppressCSV reads rows under a header.
type suppressCSV struct {
	reader  *csvReader
	columns []string
}

func newSuppressCSV(in io.Reader) (*suppressCSV, error) {
	c := &suppressCSV{reader: newCSVReader(in)}
	cells, err := c.reader.next()
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return nil, failf("", "line 1: the file is empty; its first line names the columns")
	case errors.As(err, &wrong):
		return nil, badSyntax(wrong)
	case err != nil:
		return nil, err
	}
	seen := map[string]bool{}
	for i, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		where := fmt.Sprintf("line 1, column %d", i+1)
		switch {
		case new(suppressRow).field(name) == nil:
			return nil, failf("", "%s: %q is not a known column; known are number, reason, until", where, name)
		case seen[name]:
			return nil, failf("", "%s: %q is there twice", where, name)
		}
		seen[name] = true
		c.columns = append(c.columns, name)
	}
	if !seen["number"] {
		return nil, failf("", `line 1: there is no column "number"`)
	}
	return c, nil
}

// next implements suppressRows.
func (c *suppressCSV) next() (row suppressRow, wrong *failure, err error) {
	cells, err := c.reader.next()
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		return row, badSyntax(syntax), nil
	case err != nil:
		return row, nil, err
	case len(cells) != len(c.columns):
		return row, failf("", "the row has %d cells and the header %d; a value that holds a comma goes in quotes",
			len(cells), len(c.columns)), nil
	}
	for i, cell := range cells {
		if strings.Contains(cell, "\n") {
			return row, failf("", "column %d holds a line break; is a quote never closed?", i+1), nil
		}
		*row.field(c.columns[i]) = strings.Clone(strings.TrimSpace(cell)) // the reader uses its rows again
	}
	return row, nil, nil
}

// suppressNDJSON reads one object a line. Of ndjsonRows it is only the lines.
type suppressNDJSON struct{ lines ndjsonRows }

// next implements suppressRows.
func (s *suppressNDJSON) next() (row suppressRow, wrong *failure, err error) {
	for {
		tooLong, err := s.lines.read()
		if err != nil {
			return row, nil, err
		}
		line := bytes.TrimSpace(s.lines.buf)
		switch {
		case tooLong:
			return row, failf("", "line %d: is longer than %d KiB", s.lines.line, maxLine>>10), nil
		case len(line) == 0:
			continue
		case !utf8.Valid(line):
			return row, failf("", "line %d: is not UTF-8 (GBK, perhaps); save the file as UTF-8", s.lines.line), nil
		case line[0] != '{' || !json.Valid(line):
			return row, failf("", "line %d: is not a JSON object; each line is one, such as {\"number\":…}", s.lines.line), nil
		}
		wrong = row.read(line)
		return row, wrong, nil
	}
}

// read takes the fields of an object that is valid JSON.
func (r *suppressRow) read(line []byte) *failure {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return failf("", "%s", err)
	}
	seen := map[string]bool{}
	for d.More() {
		name, value, err := field(d)
		if err != nil {
			return failf("", "%s", err)
		}
		target := r.field(name)
		switch {
		case target == nil && len(name) > longestField:
			return failf("", "has an unknown field with a long name; known are number, reason, until")
		case target == nil:
			return failf(name, "is not a known field; known are number, reason, until")
		case seen[name]:
			return failf(name, "is given twice")
		case json.Unmarshal(value, target) != nil:
			return failf(name, "must be a string")
		}
		seen[name] = true
		*target = strings.TrimSpace(*target)
	}
	return nil
}
