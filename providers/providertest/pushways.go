package providertest

import (
	"maps"
	"net/http"
	"strings"

	"github.com/callpacer/callpacer/providers"
)

const formType, jsonType = "application/x-www-form-urlencoded; charset=UTF-8", "application/json"

// otherWays are pushes that say the same as p.
func otherWays(p providers.Push) map[string]providers.Push {
	ways := map[string]providers.Push{"a second time": p}
	if len(p.Body) > 0 {
		ways["without a type"] = posted("", string(p.Body))
		ways["said to be JSON"] = posted(jsonType, string(p.Body))
		ways["said to be a form"] = posted(formType, string(p.Body))
		ways["said to be text"] = posted("text/plain", string(p.Body))
		ways["said to be multipart"] = posted("multipart/form-data; boundary=b", string(p.Body))
		ways["said to be nonsense"] = posted("; charset", string(p.Body))
		ways["BOM and space"] = posted(p.ContentType, bom+"\n "+string(p.Body)+"\r\n")
		ways["beside a query"] = providers.Push{Method: http.MethodPost, ContentType: p.ContentType, Body: p.Body, RawQuery: "x_unknown=1"}
	}
	v, ok := readJSON(p.Body)
	object, isObject := v.([]member)
	if ok {
		for how, body := range rewritten(string(p.Body)) {
			ways[how] = posted(p.ContentType, body)
		}
		ways["numbers as strings and the reverse"] = posted(p.ContentType, string(writeJSON(swapped(v))))
	} else if raw := string(p.Body) + p.RawQuery; !strings.ContainsAny(raw, "{[") {
		if object, isObject = fromForm(raw); isObject {
			ways["JSON"] = posted(jsonType, string(writeJSON(object)))
		}
	}
	if !isObject || has(object, "array") {
		return ways
	}
	maps.Copy(ways, wrappedWays(object))
	maps.Copy(ways, flatWays(object))
	maps.Copy(ways, gbkWays(object))
	return ways
}

func posted(contentType, body string) providers.Push {
	return providers.Push{Method: http.MethodPost, ContentType: contentType, Body: []byte(body)}
}

func queried(query string) providers.Push {
	return providers.Push{Method: http.MethodGet, RawQuery: query}
}

// wrappedWays put an object into what back ends put around one.
func wrappedWays(object []member) map[string]providers.Push {
	js := string(writeJSON(object))
	text := string(writeJSON(js))
	escaped := escape(js)
	twice := string(writeJSON(append(append([]member{}, object...), object...)))
	return map[string]providers.Push{
		"array of one":              posted(jsonType, "["+js+"]"),
		"array of a text":           posted(jsonType, "["+text+"]"),
		"named array of one":        posted(jsonType, `{"array":[`+js+"]}"),
		"named array in a text":     posted(jsonType, string(writeJSON([]member{{"array", "[" + js + "]"}}))),
		"each field twice":          posted(jsonType, twice),
		"a text":                    posted(jsonType, text),
		"object in data":            posted(jsonType, `{"data":`+js+"}"),
		"text in data":              posted(jsonType, `{"data":`+text+"}"),
		"list in data":              posted(jsonType, `{"data":[`+js+"]}"),
		"object in data, beside it": posted(jsonType, `{"x_unknown":200,"x_text":"成功","data":`+js+"}"),
		"object in an only field":   posted(jsonType, `{"x_unknown":`+js+"}"),
		"wrapped three times":       posted(jsonType, `{"x_unknown":{"data":{"list":[`+js+"]}}}"),
		"field data":                posted(formType, "data="+escaped),
		"field data, beside it":     posted(formType, "x_unknown=1&data="+escaped+"&x_other="),
		"field data, unescaped":     posted(formType, "data="+escapeLittle(js)),
		"only field":                posted(formType, "x_unknown="+escaped),
		"only field, a list":        posted(formType, "x_unknown="+escape("["+js+"]")),
		"field array":               posted(formType, "array="+escape("["+js+"]")),
		"the only key":              posted(formType, escaped+"="),
		"the only key, without =":   posted(formType, escaped),
		"the only key, unescaped":   posted(formType, js+"="),
		"field data of a GET":       queried("data=" + escaped),
		"part data":                 multipartPush("", []member{{"data", js}}),
		"beside an empty body":      {Method: http.MethodPost, ContentType: jsonType, Body: []byte("{}"), RawQuery: "data=" + escaped},
	}
}

// flatWays write an object without objects in it as fields.
func flatWays(object []member) map[string]providers.Push {
	form, ok := asForm(object, func(s string) string { return s })
	if !ok {
		return nil
	}
	flat := texts(object)
	return map[string]providers.Push{
		"form":                             posted(formType, form),
		"form without a type":              posted("", form),
		"form with %20":                    posted(formType, strings.ReplaceAll(form, "+", "%20")),
		"form, escaped a little":           posted(formType, littleForm(flat)),
		"form, each field twice":           posted(formType, form+"&"+form),
		"form, each field empty before":    posted(formType, emptied(flat)+"&"+form),
		"form, unknown fields":             posted(formType, "x_unknown=%5B%5D&x_other&"+form+"&x_bad=%zz"),
		"form, BOM and space":              posted(formType, bom+" "+form+"\r\n"),
		"query of a GET":                   queried(form),
		"query of a POST":                  {Method: http.MethodPost, RawQuery: form},
		"query of a POST, an empty object": {Method: http.MethodPost, RawQuery: form, Body: []byte("{}")},
		"query, escaped a little":          queried(littleForm(flat)),
		"multipart":                        multipartPush("multipart/form-data; boundary="+boundary, flat),
		"multipart without a type":         multipartPush("", flat),
		"multipart said to be JSON":        multipartPush(jsonType, flat),
	}
}
