package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/callpacer/callpacer/internal/phone"
)

// orphanPrinter shows one push after the other; end is called after the last one.
func orphanPrinter(w io.Writer, f orphanFlags) (show func(orphanJSON) error, end func() error) {
	if f.json {
		return func(o orphanJSON) error { return printJSON(w, o) }, func() error { return nil }
	}
	const flushEvery = 100 // the table's columns are as wide as these lines need them
	n, table := 0, tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	show = func(o orphanJSON) error {
		if n == 0 {
			fmt.Fprintln(table, "ID\tACCOUNT\tSTATE\tRECEIVED\tSIZE\tDETAIL")
		}
		n++
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", o.ID, o.Account, o.State, o.ReceivedAt.Format(time.RFC3339), o.Size, dash(o.Detail))
		if o.Body == nil && n%flushEvery != 0 {
			return nil
		}
		if err := table.Flush(); err != nil || o.Body == nil {
			return err
		}
		return printContent(w, *o.Query, *o.Body)
	}
	end = func() error {
		if n == 0 {
			_, err := fmt.Fprintln(w, "no such push is kept")
			return err
		}
		return table.Flush()
	}
	return show, end
}

// printContent shows what stands in a push, set in below its line.
func printContent(w io.Writer, query, body string) error {
	var out strings.Builder
	for _, part := range []struct{ name, text string }{{"query", query}, {"body", body}} {
		if part.text != "" {
			fmt.Fprintf(&out, "  %s: %s\n", part.name, strings.ReplaceAll(part.text, "\n", "\n    "))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// longDigits are five digits and more, of any script: a phone number, or a part of it.
var longDigits = regexp.MustCompile(`\p{Nd}{5,}`)

// maskContent makes what a vendor sent fit for a terminal: no number is to be read
// in it, and nothing in it steers the terminal. What is no UTF-8 becomes "?".
func maskContent(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(text, "?"))
	text = numberLike.ReplaceAllStringFunc(text, phone.Mask) // those with spaces and dashes
	return longDigits.ReplaceAllStringFunc(text, func(s string) string {
		digits := []rune(s)
		return strings.Repeat("*", len(digits)-2) + string(digits[len(digits)-2:])
	})
}

// maskDetail masks what may be a phone number in words about a push, on one line;
// the ids of the group's jobs stay.
func maskDetail(group, text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	jobID := regexp.QuoteMeta(group) + `\.[\w.~/-]+`
	return regexp.MustCompile(jobID+"|"+numberLike.String()).ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, group+".") {
			return s
		}
		return phone.Mask(s)
	})
}
