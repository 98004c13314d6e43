package jumdata

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/callpacer/callpacer/providers"
)

// maxPush caps a push; the receiver's own cap is the same.
const maxPush = 1 << 20

// maxBadElements is how many unreadable elements an error names.
const maxBadElements = 3

var errPushUnreadable = errors.New("jumdata: push holds no report that can be read")

// Ack implements providers.PushParser.
func (a *Adapter) Ack() providers.Ack { return a.cfg.ack }

// ParsePush implements providers.PushParser. An element without a callId is an
// error that names its position, counted from 0; the reports of the other
// elements are returned beside it. With an error and no report, nothing could
// be read.
//
// Jumdata, 语音通知-随机主叫, 呼叫结果回调推送. Method and encoding are not
// stated, so the body's first byte decides between JSON and a form, and a push
// without a body is read from its query string.
func (a *Adapter) ParsePush(p providers.Push) ([]providers.Report, error) {
	if p.Method != http.MethodPost && p.Method != http.MethodGet {
		return nil, errors.New("jumdata: push is neither POST nor GET")
	}
	if len(p.Body) > maxPush || len(p.RawQuery) > maxPush {
		return nil, errors.New("jumdata: push is larger than 1 MiB")
	}
	elements, err := pushElements(p)
	if err != nil {
		return nil, err
	}
	var reports []providers.Report
	var bad []int
	for i, element := range elements {
		fields, _ := element.(map[string]any)
		report := a.cfg.report(fields)
		if report.VendorID == "" {
			bad = append(bad, i)
			continue
		}
		reports = append(reports, report)
	}
	switch {
	case len(bad) > 0:
		return reports, fmt.Errorf("jumdata: push: %d of %d elements without a usable callId, first at %v",
			len(bad), len(elements), bad[:min(len(bad), maxBadElements)])
	case len(reports) == 0:
		return nil, errPushUnreadable
	}
	return reports, nil
}

func pushElements(p providers.Push) ([]any, error) {
	body := clean(p.Body)
	switch {
	case len(body) == 0:
		return formElement(p.RawQuery)
	case body[0] != '{' && body[0] != '[':
		return formElement(string(body))
	}
	v, err := decode(body)
	if err != nil {
		return nil, errPushUnreadable
	}
	switch v := v.(type) {
	case []any:
		return v, nil
	case map[string]any:
		if list, ok := v["array"].([]any); ok {
			return list, nil
		}
	}
	return []any{v}, nil
}

// formElement reads a form or query string. A malformed pair costs only itself.
func formElement(raw string) ([]any, error) {
	values, err := url.ParseQuery(raw)
	if err != nil && len(values) == 0 {
		return nil, errPushUnreadable
	}
	fields := map[string]any{}
	for name := range values {
		fields[name] = string(clean([]byte(values.Get(name))))
	}
	return []any{fields}, nil
}
