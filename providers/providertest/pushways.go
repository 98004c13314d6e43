package providertest

import (
	"net/http"
	"strings"

	"github.com/callpacer/callpacer/providers"
)

const formType, jsonType = "application/x-www-form-urlencoded; charset=UTF-8", "application/json"

// otherWays are pushes that say the same as p.
func otherWays(p providers.Push) map[string]providers.Push {
	with := func(contentType, body string) providers.Push {
		return providers.Push{Method: http.MethodPost, ContentType: contentType, Body: []byte(body)}
	}
	ways := map[string]providers.Push{"a second time": p}
	if len(p.Body) > 0 {
		ways["without a type"] = with("", string(p.Body))
		ways["said to be JSON"] = with(jsonType, string(p.Body))
		ways["said to be a form"] = with(formType, string(p.Body))
		ways["said to be text"] = with("text/plain", string(p.Body))
		ways["BOM and space"] = with(p.ContentType, bom+"\n "+string(p.Body)+"\r\n")
	}
	v, ok := readJSON(p.Body)
	object, isObject := v.([]member)
	if ok {
		for how, body := range rewritten(string(p.Body)) {
			ways[how] = with(p.ContentType, body)
		}
		ways["numbers as strings and the reverse"] = with(p.ContentType, string(writeJSON(swapped(v))))
	} else if raw := string(p.Body) + p.RawQuery; !strings.ContainsAny(raw, "{[") {
		if object, isObject = fromForm(raw); isObject {
			ways["JSON"] = with(jsonType, string(writeJSON(object)))
		}
	}
	if !isObject || has(object, "array") {
		return ways
	}
	ways["array of one"] = with(jsonType, "["+string(writeJSON(object))+"]")
	ways["named array of one"] = with(jsonType, `{"array":[`+string(writeJSON(object))+"]}")
	if form, ok := asForm(object, func(s string) string { return s }); ok {
		ways["form"] = with(formType, form)
		ways["form with %20"] = with(formType, strings.ReplaceAll(form, "+", "%20"))
		ways["query of a GET"] = providers.Push{Method: http.MethodGet, RawQuery: form}
		ways["query of a POST"] = providers.Push{Method: http.MethodPost, RawQuery: form}
	}
	encode := func(s string) string {
		if gbk, ok := inGBK(s); ok {
			return gbk
		}
		return s
	}
	if form, ok := asForm(object, encode); ok {
		ways["form in GBK"] = with(formType, form)
	}
	return ways
}
