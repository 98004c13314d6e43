package main

import (
	"cmp"
	"io"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// bindingJSON is a binding that may stand.
type bindingJSON struct {
	X          string     `json:"x"`
	A          string     `json:"a"`
	B          string     `json:"b"` // empty: mode xa
	Mode       string     `json:"mode"`
	State      string     `json:"state"`
	EndsAt     *time.Time `json:"ends_at,omitempty"` // nil: without end
	Account    string     `json:"account"`
	Job        string     `json:"job"`
	Generation int64      `json:"generation"`
}

func (a *app) printBinding(w io.Writer, h record.Holding) error {
	if a.json {
		return printJSON(w, bindingJSON{
			X: h.X, A: h.A, B: h.B, Mode: h.Mode, State: h.State, EndsAt: timeOrNil(h.Until),
			Account: h.Account, Job: h.Job, Generation: h.Generation,
		})
	}
	ends := "without end"
	if !h.Until.IsZero() {
		ends = clock(h.Until)
	}
	return printBindingCells(w, h.X, h.A, cmp.Or(h.B, "-"), h.Mode, h.State, ends, h.Account, h.Job)
}

// printBindingCells writes a line of the table. Its columns have fixed widths, for
// nobody has seen the last row when the first one is written.
func printBindingCells(w io.Writer, x, a, b, mode, state, ends, account, job string) error {
	return printLine(w, "%-13s  %-13s  %-13s  %-4s  %-8s  %-29s  %-16s  %s", x, a, b, mode, state, ends, account, job)
}
