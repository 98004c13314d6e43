package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

// jobFlags are the flags that every command has that enqueues a job.
type jobFlags struct {
	job       tasks.Job // the command's own flags write here too
	notBefore string
	tags      []string
	dryRun    bool
}

func (f *jobFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.job.Account, "account", "", "`NAME` of the account (required)")
	flags.StringVar(&f.job.IdempotencyKey, "key", "", "idempotency `KEY`: all its submits are one job")
	flags.StringVar(&f.notBefore, "not-before", "", "do not send before this `TIME` (RFC 3339)")
	flags.DurationVar(&f.job.ExpiresIn, "expires-in", 0, "give up when not sent within this `DURATION` (default 24h)")
	flags.StringVar((*string)(&f.job.Priority), "priority", "", "urgent, normal or bulk (default normal)")
	flags.StringVar(&f.job.EventURL, "event-url", "", "tell this job's events to `URL` (begins with one of the workers' events.allowed_prefixes)")
	flags.StringArrayVar(&f.tags, "tag", nil, "`NAME=VALUE` kept with the job; repeat it")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say whether the job would be accepted, and write nothing")
}

// read makes the job of the flags. A malformed flag is wrong usage; a value
// that no job may have is a refused job.
func (f *jobFlags) read(given func(flag string) bool) (tasks.Job, error) {
	j := f.job
	if given("not-before") {
		at, err := parseTime(f.notBefore)
		if err != nil {
			return tasks.Job{}, usagef("not_before", "%s", err)
		}
		j.NotBefore = at
	}
	for _, tag := range f.tags {
		if err := addTag(&j, tag); err != nil {
			return tasks.Job{}, usagef("tags", "%s", err)
		}
	}
	switch {
	case given("key") && j.IdempotencyKey == "":
		return tasks.Job{}, failf("idempotency_key", "is empty; without a key each submit would be a new job")
	case given("event-url") && j.EventURL == "":
		return tasks.Job{}, failf("event_url", "is empty; leave the flag out to have the events told to the workers' own address")
	case given("times") && j.Times == 0:
		return tasks.Job{}, failf("times", "%s", zeroTimes)
	case given("expires-in") && j.ExpiresIn == 0:
		return tasks.Job{}, failf("expires_in", "%s", zeroSpan)
	}
	return j, nil
}

const (
	zeroTimes = "is 0; a message is played 1 to 3 times"
	zeroSpan  = "is zero; give a duration such as 2h"
)

// otherFields are the flags whose field of a job has another name.
var otherFields = map[string]string{"key": "idempotency_key", "param": "params", "tag": "tags"}

// fieldOf is the field of a job that a flag fills.
func fieldOf(flag string) string {
	if field, ok := otherFields[flag]; ok {
		return field
	}
	return strings.ReplaceAll(flag, "-", "_")
}

// flagOf is the flag that fills a field.
func flagOf(field string) string {
	for flag, f := range otherFields {
		if f == field {
			return flag
		}
	}
	return strings.ReplaceAll(field, "_", "-")
}

// missing names the required flags that are not given.
func missing(required []string, given func(flag string) bool) error {
	var names []string
	for _, name := range required {
		if !given(name) {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return usagef(fieldOf(strings.Trim(names[0], `"`)), "required flag(s) %s not set", strings.Join(names, ", "))
}

func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return time.Time{}, fmt.Errorf("%q is not a time in RFC 3339, such as 2027-01-31T09:00:00+08:00", text)
	}
	return at, nil
}

func addTag(j *tasks.Job, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("a tag is NAME=VALUE, such as order=1024")
	}
	if _, twice := j.Tags[name]; twice {
		return fmt.Errorf("tag %q is given twice", name)
	}
	if j.Tags == nil {
		j.Tags = map[string]string{}
	}
	j.Tags[name] = value
	return nil
}
