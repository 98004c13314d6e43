package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/callpacer/callpacer/tasks"
)

// table knows the columns of a file.
type table struct {
	columns  []column
	defaults tasks.Job // kind and account of rows that name none
	ownKey   int       // the column of --key-column; -1: none
	nthParam map[int]bool
}

const mostParams = 50

// requiredColumns are those without which every row of a kind would be refused;
// one of each list.
var requiredColumns = map[tasks.Kind][][]string{
	tasks.KindNotify:    {{"to"}, {"template"}},
	tasks.KindConnect:   {{"from"}, {"to"}},
	tasks.KindBind:      {{"x"}, {"a"}},
	tasks.KindUnbind:    {{"job", "subid", "x"}},
	tasks.KindPoll:      {{"vendor_id"}},
	tasks.KindRecording: {{"vendor_id"}},
}

func quoted(names []string) string { return `"` + strings.Join(names, `" or "`) + `"` }

// readHeader makes the table of a header row. Its errors name line and column.
func readHeader(line int, cells []string, defaults tasks.Job, keyColumn string) (*table, error) {
	t := &table{defaults: defaults, ownKey: -1, nthParam: map[int]bool{}}
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
	if !has("kind") { // else each row says by its own what it lacks
		for _, oneOf := range requiredColumns[t.defaults.Kind] {
			if !slices.ContainsFunc(oneOf, has) {
				return failf("", "%s: there is no column %s", line, quoted(oneOf))
			}
		}
	}
	switch {
	case t.defaults.Account == "" && !has("account"):
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
