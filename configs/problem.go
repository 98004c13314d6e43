package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxProblems is how many problems of one file are worth reading.
const maxProblems = 25

// Error is everything that is wrong with one file, in the order of its lines.
type Error struct {
	File     string
	Problems []Problem
}

// Problem is one mistake. It quotes no secret.
type Problem struct {
	Line    int    // from 1; 0: of the file as a whole
	Path    string // such as accounts[0].rules.window.open; may be empty
	Message string
}

// Error implements error: one line "file:line: path: message" for each problem.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems))
	for i, p := range e.Problems {
		if i == maxProblems {
			lines = append(lines, fmt.Sprintf("%s: and %d more problems", e.File, len(e.Problems)-i))
			break
		}
		where := e.File
		if p.Line > 0 {
			where = fmt.Sprintf("%s:%d", where, p.Line)
		}
		if p.Path != "" {
			where += ": " + p.Path
		}
		lines = append(lines, where+": "+p.Message)
	}
	return strings.Join(lines, "\n")
}

func (l *loader) add(p Problem) { l.problems = append(l.problems, p) }

func (l *loader) err() *Error {
	slices.SortStableFunc(l.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return &Error{File: l.name, Problems: l.problems}
}
