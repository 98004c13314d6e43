package vendorwire

import "strings"

// maxWrappings bounds how deep a report may be wrapped.
const maxWrappings = 4

// wrappers are the names under which back ends put a whole report, or a list of
// them, as an object or as JSON in a string. The only field of an object is
// looked into whatever its name is.
var wrappers = []string{"array", "data", "list", "records", "rows", "body", "content", "payload", "params", "param", "json", "message", "report", "cdr"}

// unwrap returns the elements that lie in an object that names no call itself.
func unwrap(o Object) ([]Object, bool) {
	for _, v := range wrapped(o) {
		switch v := opened(v).(type) {
		case map[string]any:
			return []Object{v}, true
		case []any:
			if len(v) > 0 {
				return objects(v), true
			}
		}
	}
	return nil, false
}

// flatten is an object together with the fields of one that lies in it. What
// contradicts the fields around it may be about something else and stays out.
func flatten(o Object) (Object, bool) {
	for _, v := range wrapped(o) {
		inner, isObject := opened(v).(map[string]any)
		if !isObject || len(inner) == 0 {
			continue
		}
		whole := Object(inner)
		flat := Object{}
		for name := range inner {
			if !o.Empty(name) && o.Text(name) != whole.Text(name) {
				return nil, false
			}
			flat[name] = inner[name]
		}
		for name, field := range o {
			if !o.Empty(name) {
				flat[name] = field
			}
		}
		return flat, true
	}
	return nil, false
}

// wrapped are the values of an object that may hold reports.
func wrapped(o Object) []any {
	if len(o) == 1 {
		for _, v := range o {
			return []any{v}
		}
	}
	var found []any
	for _, name := range wrappers {
		if v, told := o[name]; told {
			found = append(found, v)
		}
	}
	return found
}

// opened is a value, or what a string holds as JSON.
func opened(v any) any {
	if text, isText := v.(string); isText && looksLikeJSON(text) {
		if inner, err := Decode([]byte(text)); err == nil {
			return inner
		}
	}
	return v
}

func looksLikeJSON(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && (text[0] == '{' || text[0] == '[')
}

// objects are a list's elements; one that is no object is a nil Object.
func objects(list []any) []Object {
	out := make([]Object, len(list))
	for i, v := range list {
		out[i], _ = opened(v).(map[string]any)
	}
	return out
}
