package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxRow is how long a row may be. A quote that is never closed would otherwise
// draw the rest of the file into memory.
const maxRow = 64 << 10

// lineReader hands encoding/csv one whole line at a time, so that a line in a
// wrong encoding is found when its turn comes, and not some rows before.
type lineReader struct {
	in   *bufio.Reader
	rest []byte // of the line that is being handed over
	line int    // number of that line, from 1
	row  int    // bytes since beginRow
	err  error  // a *failure about the file, or what reading it brought
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, maxRow)}
}

// beginRow starts to count the length of the next row.
func (l *lineReader) beginRow() { l.row = 0 }

// Read implements io.Reader.
func (l *lineReader) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.err == nil {
			l.err = l.next()
		}
		if len(l.rest) == 0 {
			return 0, l.err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// next takes one line from the file. At the end of the file it may leave a last
// line without a line end beside io.EOF.
func (l *lineReader) next() error {
	line, err := l.in.ReadSlice('\n')
	l.line++
	if l.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	}
	l.row += len(line)
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || l.row > maxRow:
		return failf("", "line %d: the row is longer than %d KiB; is a quote never closed?", l.line, maxRow>>10)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("line %d: %w", l.line, err)
	case !utf8.Valid(line):
		return failf("", "line %d: is not UTF-8 (GBK, perhaps); save the file as UTF-8 (in Excel: CSV UTF-8)", l.line)
	}
	l.rest = line
	return err
}

// csvReader reads the rows of a CSV file in constant memory.
type csvReader struct {
	lines *lineReader
	rows  *csv.Reader
}

func newCSVReader(r io.Reader) *csvReader {
	lines := newLineReader(r)
	rows := csv.NewReader(lines)
	rows.FieldsPerRecord = -1 // counted here, where the error is only the row's
	rows.ReuseRecord = true
	return &csvReader{lines: lines, rows: rows}
}

// next returns the cells of the next row, valid until the next call. A
// *csv.ParseError is about this row alone; io.EOF is the end; any other error
// ends the file.
func (c *csvReader) next() ([]string, error) {
	c.lines.beginRow()
	cells, err := c.rows.Read()
	if broken := c.lines.err; broken != nil && !errors.Is(broken, io.EOF) {
		return nil, broken
	}
	return cells, err
}

// badSyntax tells of a row that is no CSV, and of the lines that it took along.
func badSyntax(e *csv.ParseError) *failure {
	if e.StartLine != e.Line {
		return failf("", "lines %d to %d: %s; none of them was read", e.StartLine, e.Line, e.Err)
	}
	return failf("", "line %d, column %d: %s", e.Line, e.Column, e.Err)
}

// interruptible lets ctx end a Read of standard input, which nothing else can:
// the goroutine of the Read that is under way then lasts until its input comes,
// or the process ends.
type interruptible struct {
	ctx  context.Context
	in   io.Reader
	buf  []byte
	rest []byte
}

// Read implements io.Reader.
func (r *interruptible) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.buf == nil {
			r.buf = make([]byte, maxRow)
		}
		type result struct {
			n   int
			err error
		}
		done := make(chan result, 1)
		go func() {
			n, err := r.in.Read(r.buf)
			done <- result{n, err}
		}()
		select {
		case <-r.ctx.Done():
			r.buf = nil // the Read still owns it
			return 0, r.ctx.Err()
		case got := <-done:
			if got.n == 0 {
				return 0, got.err
			}
			// An error beside data comes again with the next Read.
			r.rest = r.buf[:got.n]
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
