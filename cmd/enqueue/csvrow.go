package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// separator stands between the values of the columns params and tags.
const separator = "|"

// asField names the field in which err lies; nil stays nil.
func asField(field string, err error) error {
	if err == nil {
		return nil
	}
	return failf(field, "%s", err)
}

func setParams(d *draft, cell string) error {
	if cell != "" {
		d.job.Params = strings.Split(cell, separator)
	}
	return nil
}

func setTimes(d *draft, cell string) error {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	n, err := strconv.Atoi(cell)
	switch {
	case err != nil:
		return failf("times", "is not a whole number; a message is played 1 to 3 times")
	case n == 0:
		return failf("times", "%s", zeroTimes)
	}
	d.job.Times = n
	return nil
}

func setAccount(d *draft, cell string) error {
	if cell = strings.TrimSpace(cell); cell != "" {
		d.job.Account = cell
	}
	return nil
}

func setNotBefore(d *draft, cell string) error {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	at, err := parseTime(cell)
	d.job.NotBefore = at
	return asField("not_before", err)
}

func setExpiresIn(d *draft, cell string) error {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	span, err := time.ParseDuration(cell)
	switch {
	case err != nil:
		return failf("expires_in", "%q is not a duration such as 2h or 30m", cell)
	case span == 0:
		return failf("expires_in", "%s", zeroSpan)
	}
	d.job.ExpiresIn = span
	return nil
}

func setKey(d *draft, cell string) error {
	d.job.IdempotencyKey = strings.TrimSpace(cell)
	return nil
}

func setTags(d *draft, cell string) error {
	if strings.TrimSpace(cell) == "" {
		return nil
	}
	for _, tag := range strings.Split(cell, separator) {
		if err := addTag(&d.job, strings.TrimSpace(tag)); err != nil {
			return asField("tags", err)
		}
	}
	return nil
}

// job makes the job of a row; its cells are no longer needed then. Every error
// is a *failure of this row.
func (t *table) job(cells []string) (tasks.Job, error) {
	if len(cells) != len(t.columns) {
		return tasks.Job{}, failf("", "the row has %d cells and the header %d; a value that holds a comma goes in quotes",
			len(cells), len(t.columns))
	}
	d := draft{job: tasks.Job{Kind: t.kind, Account: t.account}}
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
