package providertest

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// rewrite applies change to every scalar, at any depth.
func rewrite(v any, change func(any) any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = rewrite(element, change)
		}
		return list
	case []member:
		object := make([]member, len(v))
		for i, m := range v {
			object[i] = member{m.name, rewrite(m.value, change)}
		}
		return object
	}
	return change(v)
}

// plainInteger has no other way to be written as a number.
var plainInteger = regexp.MustCompile(`^(?:0|-?[1-9][0-9]*)$`)

// swapped writes numbers as strings, and strings that are whole numbers as numbers.
func swapped(v any) any {
	return rewrite(v, func(scalar any) any {
		switch s := scalar.(type) {
		case json.Number:
			return s.String()
		case string:
			if plainInteger.MatchString(s) {
				return json.Number(s)
			}
		}
		return scalar
	})
}

// reversed writes the fields of every object in the opposite order.
func reversed(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = reversed(element)
		}
		return list
	case []member:
		object := make([]member, len(v))
		for i, m := range v {
			object[len(v)-1-i] = member{m.name, reversed(m.value)}
		}
		return object
	}
	return v
}

// inGBK is a text in the vendor's other encoding; false where it would look the
// same, or cannot be written in it.
func inGBK(text string) (string, bool) {
	out, err := simplifiedchinese.GBK.NewEncoder().String(text)
	return out, err == nil && out != text
}

// asForm writes a flat object as a form, passing each value through encode.
func asForm(object []member, encode func(string) string) (string, bool) {
	form := url.Values{}
	for _, m := range object {
		switch v := m.value.(type) {
		case string:
			form.Set(m.name, encode(v))
		case json.Number:
			form.Set(m.name, v.String())
		default:
			return "", false
		}
	}
	return form.Encode(), len(form) == len(object)
}

// fromForm reads a form as a flat object of strings, sorted by name.
func fromForm(raw string) ([]member, bool) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, false
	}
	var object []member
	for name, list := range values {
		if len(list) != 1 {
			return nil, false
		}
		object = append(object, member{name, list[0]})
	}
	slices.SortFunc(object, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return object, len(object) > 0
}

// rewritten are other ways in which a back end may write the same answer.
func rewritten(body string) map[string]string {
	ways := map[string]string{}
	body = strings.TrimSpace(strings.TrimPrefix(body, bom))
	object, ok := readObject([]byte(body))
	if !ok {
		return ways
	}
	ways["BOM and space"] = bom + " \r\n" + body + "\n "
	ways["fields in another order"] = string(writeJSON(reversed(object)))
	ways["unknown fields"] = string(writeJSON(append(object, member{"x_unknown", []member{{"y", json.Number("7")}}})))
	ways["numbers as strings and the reverse"] = string(writeJSON(swapped(object)))
	if gbk, ok := inGBK(body); ok {
		ways["GBK"] = gbk
	}
	return ways
}

const bom = "\ufeff"
