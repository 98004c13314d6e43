package main

import (
	"bufio"
	"io"
	"path/filepath"
	"strings"

	"github.com/callpacer/callpacer/tasks"
)

// rowSource gives the rows of a file one after the other. A row's own error is
// in its item; io.EOF is the end, and any other error ends the file.
type rowSource interface {
	next() (item, error)
}

// rowsOf begins to read a file. defaults are the kind and account of rows that
// name none.
func rowsOf(name string, in io.Reader, defaults tasks.Job, keyColumn string) (rowSource, error) {
	buffered := bufio.NewReaderSize(in, maxRow)
	format := strings.ToLower(filepath.Ext(name))
	if format == ".ndjson" || format == ".jsonl" {
		return newNDJSONRows(buffered, defaults, keyColumn), nil
	}
	switch first := firstCharacter(buffered); {
	case first == '{' && format != ".csv":
		return newNDJSONRows(buffered, defaults, keyColumn), nil
	case first == '{':
		return nil, failf("", "line 1: begins with { as NDJSON does, and the name ends in .csv; rename the file")
	case first == '[':
		return nil, failf("", "line 1: begins with [ as a JSON array does; write one object a line (NDJSON) instead")
	}
	return newCSVRows(buffered, defaults, keyColumn)
}

// firstCharacter looks for the first that is no blank; 0: there is none, or no
// reading, which the reader of rows will meet too.
func firstCharacter(in *bufio.Reader) byte {
	for n := 1; ; n++ {
		head, err := in.Peek(n)
		if err != nil {
			return 0
		}
		if strings.IndexByte(" \t\r\n\uFEFF", head[n-1]) < 0 {
			return head[n-1]
		}
	}
}
