package configs

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// off is the only word for "none".
const off = "off"

// scalar takes a key's single value; ok is false where the key is not given, or
// holds none and has failed.
func (o *object) scalar(key string) (value, scalar, bool) {
	v, ok := o.take(key)
	if !ok {
		return v, scalar{}, false
	}
	s, ok := v.scalar()
	return v, s, ok
}

// text returns a key's text, or def where the key is not given.
func (o *object) text(key, def string) string {
	v, s, ok := o.scalar(key)
	if !ok {
		return def
	}
	if s.text == "" {
		v.fail("is empty; write a value or leave the key out")
		return def
	}
	if strings.ContainsFunc(s.text, unicode.IsControl) {
		v.fail("holds a line break or another control character")
		return def
	}
	return s.text
}

// required is text of a key that has no default.
func (o *object) required(key string) string {
	if !o.has(key) {
		o.missing(key)
	}
	return o.text(key, "")
}

// choice returns one of a closed set of words, or def.
func (o *object) choice(key, def string, allowed ...string) string {
	v, s, ok := o.scalar(key)
	if !ok {
		return def
	}
	for _, a := range allowed {
		if s.text == a {
			return a
		}
	}
	message := "is not one of " + strings.Join(allowed, ", ")
	if near := nearest(s.text, allowed); near != "" {
		message += "; did you mean " + near + "?"
	}
	v.fail("%s %s", s.shown, message)
	return def
}

// boolean reads a switch that is off where it is not given.
func (o *object) boolean(key string) bool {
	v, s, ok := o.scalar(key)
	switch {
	case !ok, s.text == "false":
		return false
	case s.text == "true":
		return true
	}
	v.fail("%s is neither true nor false", s.shown)
	return false
}

func (o *object) integer(key string, def, least, most int) int {
	v, s, ok := o.scalar(key)
	if !ok {
		return def
	}
	n, err := strconv.Atoi(s.text)
	switch {
	case err != nil:
		v.fail("%s is not a whole number", s.shown)
		return def
	case n < least || n > most:
		v.fail("%s is not within %d and %d", s.shown, least, most)
		return def
	}
	return n
}

// number returns a number above zero, up to most.
func (o *object) number(key string, def, most float64) float64 {
	v, s, ok := o.scalar(key)
	if !ok {
		return def
	}
	n, err := strconv.ParseFloat(s.text, 64)
	switch {
	case err != nil || math.IsNaN(n):
		v.fail("%s is not a number", s.shown)
		return def
	case n <= 0 || n > most:
		v.fail("%s must be more than 0 and at most %g", s.shown, most)
		return def
	}
	return n
}

// child opens the mapping under a key; nil where the key is not given.
func (o *object) child(key string) *object {
	v, ok := o.take(key)
	if !ok {
		return nil
	}
	return v.object()
}

// section is child, with an empty mapping where the key is not given.
func (o *object) section(key string) *object {
	if c := o.child(key); c != nil {
		return c
	}
	return &object{l: o.l, path: o.pathOf(key), line: o.line, fields: map[string]value{}}
}

// items returns the elements of the list under a key.
func (o *object) items(key string) []value {
	v, ok := o.take(key)
	if !ok {
		return nil
	}
	list, _ := v.list()
	return list
}
