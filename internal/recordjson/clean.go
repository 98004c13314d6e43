package recordjson

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// cleaner hides the numbers of a job, and of the binding that a call went over,
// where a vendor's words or the application's own tags repeat them. It hides
// nothing else: ids are long numbers too.
func cleaner(r, parent *record.Record) func(string) string {
	var hides []hide
	for _, number := range numbersOf(r, parent) {
		hides = append(hides, hideOf(number))
	}
	return func(text string) string {
		for _, h := range hides {
			text = h.in(text)
		}
		return text
	}
}

var isNumber = regexp.MustCompile(`^[+]?[0-9]+$`)

// numbersOf returns the numbers that records know in clear, the longest first:
// a short one may be a part of it.
func numbersOf(records ...*record.Record) []string {
	var numbers []string
	for _, r := range records {
		if r == nil {
			continue
		}
		numbers = append(numbers, r.Hides...)
		c, err := tasks.DecodeContent(tasks.Kind(r.Kind), r.Content)
		if err != nil {
			continue // it knows none
		}
		numbers = append(numbers, c.To, c.From, c.X, c.A, c.B)
	}
	numbers = slices.DeleteFunc(numbers, func(n string) bool { return !isNumber.MatchString(n) })
	slices.SortStableFunc(numbers, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(numbers)
}

// hide is one number that is not to be seen.
type hide struct {
	written *regexp.Regexp
	masked  string
	whole   bool // it is short, and may be a part of other numbers
}

// shortest is the length from which digits are a number also within others.
const shortest = 7

// separators may stand between two digits, as package phone reads them.
const separators = `[\s\p{Pd}\p{Cf}−]{0,3}`

// hideOf finds a number in all the forms that package phone reads.
func hideOf(number string) hide {
	digits := strings.TrimPrefix(number, "+")
	var pattern strings.Builder
	if digits != number {
		pattern.WriteString(`(?:[+＋]|[0０]{2})?`)
	}
	for i, d := range digits {
		one := fmt.Sprintf("[%c%c]", d, d-'0'+'０')
		switch {
		case i == 0 && d == '0' && len(digits) > shortest: // an area code's, which a country code takes off
			pattern.WriteString("(?:" + one + separators + ")?")
		case i < len(digits)-1:
			pattern.WriteString(one + separators)
		default:
			pattern.WriteString(one)
		}
	}
	return hide{regexp.MustCompile(pattern.String()), phone.Mask(number), len(digits) < shortest}
}

func (h hide) in(text string) string {
	var out strings.Builder
	from := 0
	for _, at := range h.written.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if h.whole && (unicode.IsDigit(before) || unicode.IsDigit(after)) {
			continue
		}
		out.WriteString(text[from:at[0]] + h.masked)
		from = at[1]
	}
	return out.String() + text[from:]
}
