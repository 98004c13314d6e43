package main

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/callpacer/callpacer/tasks"
)

// draft is a row on its way to a job.
type draft struct {
	job    tasks.Job
	params []string // of the columns param1, param2, …
}

// job makes the job of a row; its cells are no longer needed then. Every error
// is a *failure of this row.
func (t *table) job(cells []string) (tasks.Job, error) {
	if len(cells) != len(t.columns) {
		return tasks.Job{}, failf("", "the row has %d cells and the header %d; a value that holds a comma goes in quotes",
			len(cells), len(t.columns))
	}
	d := draft{job: t.defaults}
	for i, put := range t.columns {
		cell := strings.Clone(cells[i]) // the reader uses its rows again
		if strings.Contains(cell, "\n") {
			return tasks.Job{}, failf("", "column %d holds a line break; is a quote never closed?", i+1)
		}
		if put != nil {
			if err := put(&d, cell); err != nil {
				return tasks.Job{}, err
			}
		}
		if i == t.ownKey {
			d.job.IdempotencyKey = strings.TrimSpace(cell)
		}
	}
	if len(d.params) > 0 {
		d.job.Params = withoutTail(d.params)
	}
	if err := d.job.Validate(); err != nil {
		return tasks.Job{}, refusal(err)
	}
	return d.job, nil
}

// withoutTail drops the empty cells after the last value: rows of one file may
// have different numbers of values.
func withoutTail(params []string) []string {
	n := len(params)
	for n > 0 && params[n-1] == "" {
		n--
	}
	return params[:n]
}

// csvRows gives the rows under a header.
type csvRows struct {
	reader *csvReader
	table  *table
}

// newCSVRows reads the header.
func newCSVRows(in io.Reader, defaults tasks.Job, keyColumn string) (*csvRows, error) {
	reader := newCSVReader(in)
	cells, err := reader.next()
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return nil, failf("", "line 1: the file is empty; its first line names the columns")
	case errors.As(err, &wrong):
		return nil, badSyntax(wrong)
	case err != nil:
		return nil, err
	}
	line, _ := reader.rows.FieldPos(0)
	t, err := readHeader(line, cells, defaults, keyColumn)
	return &csvRows{reader: reader, table: t}, err
}

// next implements rowSource.
func (c *csvRows) next() (item, error) {
	cells, err := c.reader.next()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		return item{err: badSyntax(wrong)}, nil
	case err != nil:
		return item{}, err
	}
	job, err := c.table.job(cells)
	return item{job: job, err: err}, nil
}
