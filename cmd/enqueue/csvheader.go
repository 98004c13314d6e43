package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/callpacer/callpacer/tasks"
)

// draft is a row on its way to a job.
type draft struct {
	job    tasks.Job
	params []string // of the columns param1, param2, …
}

// column puts a cell of a row into its draft.
type column func(d *draft, cell string) error

// table knows the columns of a file.
type table struct {
	columns  []column
	kind     tasks.Kind
	account  string // of rows that name none
	ownKey   int    // the column of --key-column; -1: none
	nthParam map[int]bool
}

// knownColumns are the names that a header may hold beside param1, param2, …
// and tag.NAME, which standsFor describes.
var knownColumns = map[string]column{
	"to":              func(d *draft, c string) error { d.job.To = strings.TrimSpace(c); return nil },
	"template":        func(d *draft, c string) error { d.job.Template = strings.TrimSpace(c); return nil },
	"params":          setParams,
	"times":           setTimes,
	"account":         setAccount,
	"priority":        func(d *draft, c string) error { d.job.Priority = tasks.Priority(strings.TrimSpace(c)); return nil },
	"not_before":      setNotBefore,
	"expires_in":      setExpiresIn,
	"key":             setKey,
	"idempotency_key": setKey,
	"tags":            setTags,
}

const standsFor = "to, template, params (or param1, param2, …), times, account, priority, not_before, expires_in, " +
	"key (or idempotency_key), tags (or tag.NAME); --key-column names one more"

const mostParams = 50

// readHeader makes the table of a header row. Its errors name line and column.
func readHeader(line int, cells []string, kind tasks.Kind, account, keyColumn string) (*table, error) {
	t := &table{kind: kind, account: account, ownKey: -1, nthParam: map[int]bool{}}
	seen := map[string]int{}
	for i, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		where := fmt.Sprintf("line %d, column %d", line, i+1)
		if first, twice := seen[name]; twice {
			return nil, failf("", "%s: %q is column %d already", where, name, first)
		}
		seen[name] = i + 1
		isKey := keyColumn != "" && (name == strings.ToLower(keyColumn) || strings.TrimSpace(cell) == keyColumn)
		if isKey {
			t.ownKey = i
		}
		put := t.columnOf(name, strings.TrimSpace(cell))
		if put == nil && !isKey {
			return nil, failf("", "%s: %q is not a known column; known are %s", where, name, standsFor)
		}
		t.columns = append(t.columns, put)
	}
	return t, t.checkHeader(fmt.Sprintf("line %d", line), seen, keyColumn)
}

// columnOf returns nil for a name that says nothing; written is the name before
// its letters were made small.
func (t *table) columnOf(name, written string) column {
	if c, ok := knownColumns[name]; ok {
		return c
	}
	for _, prefix := range []string{"tag.", "tags."} {
		if strings.HasPrefix(name, prefix) && len(name) > len(prefix) {
			tag := written[len(prefix):]
			return func(d *draft, c string) error {
				if c == "" {
					return nil
				}
				return asField("tags", addTag(&d.job, tag+"="+c))
			}
		}
	}
	digits, ok := strings.CutPrefix(name, "param")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > mostParams || strconv.Itoa(n) != digits {
		return nil
	}
	t.nthParam[n] = true
	return func(d *draft, c string) error {
		for len(d.params) < n {
			d.params = append(d.params, "")
		}
		d.params[n-1] = c
		return nil
	}
}

// checkHeader looks at the columns together.
func (t *table) checkHeader(line string, seen map[string]int, keyColumn string) error {
	has := func(name string) bool { return seen[name] > 0 }
	for _, name := range []string{"to", "template"} {
		if !has(name) {
			return failf("", "%s: there is no column %q", line, name)
		}
	}
	switch {
	case t.account == "" && !has("account"):
		return failf("account", "%s: there is no column \"account\", and no --account is given", line)
	case keyColumn != "" && t.ownKey < 0:
		return failf("", "%s: there is no column %q, which --key-column names", line, keyColumn)
	case has("key") && has("idempotency_key"):
		return failf("", "%s, column %d: key and idempotency_key are one thing; keep one of them",
			line, max(seen["key"], seen["idempotency_key"]))
	case t.ownKey >= 0 && (has("key") || has("idempotency_key")) && !slices.Contains([]int{seen["key"], seen["idempotency_key"]}, t.ownKey+1):
		return failf("", "%s, column %d: there is a key column beside that of --key-column; keep one of them",
			line, max(seen["key"], seen["idempotency_key"]))
	case has("params") && len(t.nthParam) > 0:
		return failf("", "%s, column %d: there are columns param1, … beside params; keep one kind", line, seen["params"])
	}
	for n := range len(t.nthParam) {
		if !t.nthParam[n+1] {
			return failf("", "%s: there is no column \"param%d\", but a later one", line, n+1)
		}
	}
	return nil
}
