package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/internal/phone"
)

// Exit statuses.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitSomeRows = 3 // or all of a batch failed; the file and Redis were right
)

// failure is why a command did not do what it was told.
type failure struct {
	status  int
	field   string // of the job or the flags; may be empty
	message string
	id      string // of the job whose state the failure tells; else empty
	state   string
	// silent: everything was told already, row by row.
	silent bool
	away   bool // there is no answer from Redis
}

// Error implements error.
func (f *failure) Error() string {
	if f.field == "" {
		return f.message
	}
	return f.field + ": " + f.message
}

func failf(field, format string, args ...any) *failure {
	return &failure{status: exitFailed, field: field, message: fmt.Sprintf(format, args...)}
}

func usagef(field, format string, args ...any) *failure {
	return &failure{status: exitUsage, field: field, message: fmt.Sprintf(format, args...)}
}

// errorJSON is a failure on standard output, or a row's part of it.
type errorJSON struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (f *failure) asJSON() errorJSON {
	// The name of an unknown field is whatever was written.
	return errorJSON{Field: clean(f.field), Message: clean(f.message)}
}

// flagName is the flag in an error of reading the command line.
var flagName = regexp.MustCompile(`"--([a-z-]+)" flag: `)

// badFlag is a flag's value that cannot be read.
func badFlag(err error) *failure {
	field := ""
	if m := flagName.FindStringSubmatch(err.Error()); m != nil {
		field = fieldOf(m[1])
	}
	return usagef(field, "%s", err)
}

// end reports what the command came to and returns the exit status.
func (a *app) end(err error, args []string) int {
	if err == nil {
		return exitDone
	}
	var f *failure
	if !errors.As(err, &f) {
		f = failf("", "%s", err)
		if !a.entered { // from cobra: an unknown command or flag, a missing one, a malformed value
			f.status = exitUsage
		}
	}
	if f.silent {
		return f.status
	}
	a.say("%s", f)
	if a.rowsOnly {
		return f.status
	}
	// A flag that cannot be read stops cobra before it comes to --json.
	if a.json || !a.entered && slices.Contains(args, "--json") {
		out := struct {
			ID    string    `json:"id,omitempty"`
			State string    `json:"state,omitempty"`
			Error errorJSON `json:"error"`
		}{f.id, f.state, f.asJSON()}
		if err := printJSON(a.stdout, out); err != nil {
			a.say("%s", err)
		}
	}
	return f.status
}

// say writes one line to standard error.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.stderr, "enqueue: "+clean(fmt.Sprintf(format, args...)))
}

// printJSON writes one object and a line end.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	return nil
}

func printLine(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format+"\n", args...); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	return nil
}

// clean is one line that shows no number and no password, whatever was typed in
// the wrong place and is quoted.
func clean(s string) string { return maskNumbers(passwords.ReplaceAllString(oneLine(s), "$1***@")) }

// passwords are the user's part of Redis addresses.
var passwords = regexp.MustCompile(`(rediss?://)[^\s"]*@`)

var lineBreaks = regexp.MustCompile(`\s*[\r\n]+\s*`)

// oneLine joins the lines of an error, which some libraries write.
func oneLine(s string) string { return lineBreaks.ReplaceAllString(strings.TrimSpace(s), "; ") }

// numberLike is what may be a phone number, or most of one, in any of the forms
// that phone.Parse reads.
var numberLike = regexp.MustCompile(`[+＋]?[0-9０-９](?:[\s\p{Pd}\p{Cf}−]{0,3}[0-9０-９]){8,}`)

// maskNumbers hides whatever looks like a phone number: errors quote what was
// typed, and a number may stand where something else was due.
func maskNumbers(s string) string { return numberLike.ReplaceAllStringFunc(s, phone.Mask) }
