package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// column puts a cell of a row into its draft.
type column func(d *draft, cell string) error

// knownColumns are the names that a header may hold beside param1, param2, …
// and tag.NAME, which standsFor describes. An empty cell is a value that is not
// given.
var knownColumns = map[string]column{
	"kind":     text(func(j *tasks.Job) *string { return (*string)(&j.Kind) }),
	"account":  text(func(j *tasks.Job) *string { return &j.Account }),
	"priority": text(func(j *tasks.Job) *string { return (*string)(&j.Priority) }),
	"to":       text(func(j *tasks.Job) *string { return &j.To }),
	"template": text(func(j *tasks.Job) *string { return &j.Template }),
	"params":   setParams,
	"times":    filled(setTimes),

	"from":           text(func(j *tasks.Job) *string { return &j.From }),
	"mode":           text(func(j *tasks.Job) *string { return &j.Mode }),
	"x":              text(func(j *tasks.Job) *string { return &j.X }),
	"a":              text(func(j *tasks.Job) *string { return &j.A }),
	"b":              text(func(j *tasks.Job) *string { return &j.B }),
	"ttl":            filled(setTTL),
	"record":         filled(setRecord),
	"display":        text(func(j *tasks.Job) *string { return &j.Display }),
	"prompts":        filled(setIDs(func(j *tasks.Job) *[]string { return &j.Prompts })),
	"answer_prompts": filled(setIDs(func(j *tasks.Job) *[]string { return &j.AnswerPrompts })),
	"user_data":      text(func(j *tasks.Job) *string { return &j.UserData }),
	"job":            text(func(j *tasks.Job) *string { return &j.Binding }),
	"subid":          text(func(j *tasks.Job) *string { return &j.Subid }),
	"vendor_id":      text(func(j *tasks.Job) *string { return &j.VendorID }),

	"not_before":      filled(setNotBefore),
	"expires_at":      filled(setExpiresAt),
	"expires_in":      filled(setExpiresIn),
	"key":             text(func(j *tasks.Job) *string { return &j.IdempotencyKey }),
	"idempotency_key": text(func(j *tasks.Job) *string { return &j.IdempotencyKey }),
	"tags":            filled(setTags),
	"event_url":       text(func(j *tasks.Job) *string { return &j.EventURL }),
}

const standsFor = "to, template, params (or param1, param2, …), times, from, mode, x, a, b, ttl, record, display, prompts, " +
	"answer_prompts, user_data, job, subid, vendor_id, kind, account, priority, not_before, expires_at, expires_in, " +
	"key (or idempotency_key), tags (or tag.NAME), event_url; --key-column names one more"

// separator stands between the values of the columns params, tags and prompts;
// the ids of prompts may have commas between them too, as on the command line.
const separator = "|"

// text is a column that is the field as it is written, without the blanks around it.
func text(field func(*tasks.Job) *string) column {
	return filled(func(d *draft, cell string) error { *field(&d.job) = cell; return nil })
}

// filled leaves empty cells out and takes the blanks around a value off.
func filled(set column) column {
	return func(d *draft, cell string) error {
		if cell = strings.TrimSpace(cell); cell == "" {
			return nil
		}
		return set(d, cell)
	}
}

// asField names the field in which err lies; nil stays nil.
func asField(field string, err error) error {
	if err == nil {
		return nil
	}
	return failf(field, "%s", err)
}

// setParams keeps the blanks: they are part of what is said.
func setParams(d *draft, cell string) error {
	if cell != "" {
		d.job.Params = strings.Split(cell, separator)
	}
	return nil
}

func setTimes(d *draft, cell string) error {
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

func setTTL(d *draft, cell string) (err error) {
	d.job.TTL, err = span("ttl", cell)
	return err
}

func setExpiresIn(d *draft, cell string) (err error) {
	if d.job.ExpiresIn, err = span("expires_in", cell); err == nil && d.job.ExpiresIn == 0 {
		return failf("expires_in", "%s", zeroSpan)
	}
	return err
}

func span(field, cell string) (time.Duration, error) {
	d, err := time.ParseDuration(cell)
	if err != nil {
		return 0, failf(field, "%q is not a duration such as 2h or 30m", cell)
	}
	return d, nil
}

func setRecord(d *draft, cell string) error {
	yes, err := strconv.ParseBool(strings.ToLower(cell))
	if err != nil {
		return failf("record", "%q is neither true nor false", cell)
	}
	d.job.Record = yes
	return nil
}

func setIDs(field func(*tasks.Job) *[]string) column {
	return func(d *draft, cell string) error {
		ids := strings.Split(strings.ReplaceAll(cell, ",", separator), separator)
		for i := range ids {
			ids[i] = strings.TrimSpace(ids[i])
		}
		*field(&d.job) = ids
		return nil
	}
}

func setNotBefore(d *draft, cell string) (err error) {
	d.job.NotBefore, err = parseTime(cell)
	return asField("not_before", err)
}

func setExpiresAt(d *draft, cell string) (err error) {
	d.job.ExpiresAt, err = parseTime(cell)
	return asField("expires_at", err)
}

func setTags(d *draft, cell string) error {
	for _, tag := range strings.Split(cell, separator) {
		if err := addTag(&d.job, strings.TrimSpace(tag)); err != nil {
			return asField("tags", err)
		}
	}
	return nil
}
