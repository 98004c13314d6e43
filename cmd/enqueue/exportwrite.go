package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
)

// rowWriter writes the rows of an export into a buffer that is another's to
// flush.
type rowWriter interface {
	begin() error
	row(r exportRow) error
}

func newRowWriter(out *bufio.Writer, format string) rowWriter {
	if format == ndjsonName {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return ndjsonExport{e}
	}
	w := csv.NewWriter(out) // which uses the buffer, and has none of its own
	w.UseCRLF = true        // RFC 4180
	return csvExport{out, w}
}

type ndjsonExport struct{ encoder *json.Encoder }

func (w ndjsonExport) begin() error          { return nil }
func (w ndjsonExport) row(r exportRow) error { return w.encoder.Encode(r) }

type csvExport struct {
	out *bufio.Writer
	csv *csv.Writer
}

// begin writes the mark by which Excel knows that the file is UTF-8, and the header.
func (w csvExport) begin() error {
	if _, err := w.out.WriteString("\ufeff"); err != nil {
		return err
	}
	return w.csv.Write(exportColumns)
}

func (w csvExport) row(r exportRow) error { return w.csv.Write(r.cells()) }
