package providertest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/callpacer/callpacer/providers"
)

const boundary = "----formBoundary7MA4YWxk"

// gbkWays write an object in GBK, declared and undeclared. A name that is not
// read makes sure that there is something to encode.
func gbkWays(object []member) map[string]providers.Push {
	object = append(append([]member{}, object...), member{"x_unknown", "呼叫失败，号码次数超过限制"})
	js, ok := inGBK(string(writeJSON(object)))
	if !ok {
		return nil
	}
	ways := map[string]providers.Push{
		"GBK, undeclared":                posted("", js),
		"GBK, said to be JSON":           posted(jsonType, js),
		"GBK, declared":                  posted(jsonType+";charset=gbk", js),
		"GBK, declared as GB 2312":       posted("text/plain; charset=GB2312", js),
		"GBK, declared as GB 18030":      posted("application/json; charset=gb18030", js),
		"GBK, declared as UTF-8":         posted("application/json; charset=utf-8", js),
		"GBK in field data":              posted(formType, "data="+escape(js)),
		"GBK in field data, raw":         posted("", "data="+escapeLittle(js)),
		"GBK in the only key":            posted(formType, escape(js)+"="),
		"GBK in part data":               multipartPush("", []member{{"data", js}}),
		"UTF-8, declared as GBK":         posted("application/json; charset=gbk", string(writeJSON(object))),
		"GBK in a query's field, raw":    queried("data=" + escapeLittle(js)),
		"GBK in a query's field":         queried("data=" + escape(js)),
		"GBK with a BOM":                 posted(jsonType, bom+js),
		"GBK, in an array beside nobody": posted(jsonType, "["+js+"]"),
	}
	maps.Copy(ways, gbkFields(texts(object)))
	return ways
}

// gbkFields are forms and queries in GBK, escaped and as raw bytes.
func gbkFields(flat []member) map[string]providers.Push {
	if flat == nil {
		return nil
	}
	encoded := make([]member, len(flat))
	for i, m := range flat {
		text, _ := m.value.(string)
		if gbk, ok := inGBK(text); ok {
			text = gbk
		}
		encoded[i] = member{m.name, text}
	}
	form, ok := asForm(encoded, func(s string) string { return s })
	if !ok {
		return nil
	}
	raw := littleForm(encoded)
	return map[string]providers.Push{
		"form in GBK":              posted(formType, form),
		"form in GBK, declared":    posted("application/x-www-form-urlencoded; charset=gbk", form),
		"form in GBK, raw":         posted("", raw),
		"form in GBK, raw, stated": posted("application/x-www-form-urlencoded;charset=GB2312", raw),
		"query in GBK":             queried(form),
		"query in GBK, raw":        queried(raw),
		"query in GBK of a POST":   {Method: http.MethodPost, RawQuery: form, ContentType: "text/html; charset=gb18030"},
		"multipart in GBK":         multipartPush("multipart/form-data; boundary=\""+boundary+"\"; charset=gbk", encoded),
		"multipart in GBK, bare":   multipartPush("", encoded),
	}
}

// multipartPush writes fields as multipart/form-data.
func multipartPush(contentType string, fields []member) providers.Push {
	var b strings.Builder
	for _, m := range fields {
		text, _ := m.value.(string)
		b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + m.name + "\"\r\n\r\n" + text + "\r\n")
	}
	return posted(contentType, b.String()+"--"+boundary+"--\r\n")
}

// texts are the fields of a flat object, each as text; nil where it is not flat.
func texts(object []member) []member {
	flat := make([]member, len(object))
	for i, m := range object {
		switch v := m.value.(type) {
		case string:
			flat[i] = member{m.name, v}
		case json.Number:
			flat[i] = member{m.name, v.String()}
		default:
			return nil
		}
	}
	return flat
}

func escape(text string) string { return url.QueryEscape(text) }

// escapeLittle leaves everything as it is but what would end the field.
func escapeLittle(text string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", "#", "%23").Replace(text)
}

// littleForm writes fields in their order, as those do who forget to escape.
func littleForm(fields []member) string {
	var pairs []string
	for _, m := range fields {
		text, _ := m.value.(string)
		pairs = append(pairs, m.name+"="+escapeLittle(text))
	}
	return strings.Join(pairs, "&")
}

// emptied are fields that say nothing.
func emptied(fields []member) string {
	var pairs []string
	for _, m := range fields {
		pairs = append(pairs, m.name+"=")
	}
	return strings.Join(pairs, "&")
}
