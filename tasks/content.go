package tasks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Notify is the content of a notify job as the record keeps it.
type Notify struct {
	To       string   `json:"to"` // 11 digits
	Template string   `json:"template"`
	Params   []string `json:"params,omitempty"`
	Times    int      `json:"times,omitempty"`
}

// DecodeNotify reads a record's content.
func DecodeNotify(content string) (Notify, error) {
	var n Notify
	if err := json.Unmarshal([]byte(content), &n); err != nil || n.To == "" {
		return Notify{}, fmt.Errorf("the record's content is not that of a notify job")
	}
	return n, nil
}

// content is what two submits of one idempotency key must share, with a
// fingerprint of the whole and of each field. The fingerprints outlive the
// record, so they are keyed by the idempotency key, which is stored nowhere:
// nobody can try all numbers against them.
func (c checkedJob) content() (content, whole string, parts map[string]string, err error) {
	n := Notify{To: c.number.Digits(), Template: c.Template, Params: c.Params, Times: c.Times}
	b, err := json.Marshal(n)
	if err != nil {
		return "", "", nil, fmt.Errorf("encode the job's content: %w", err)
	}
	fields := map[string]any{"kind": c.Kind, "to": n.To, "template": n.Template, "params": n.Params, "times": n.Times}
	parts = make(map[string]string, len(fields))
	for name, value := range fields {
		v, err := json.Marshal(value)
		if err != nil {
			return "", "", nil, fmt.Errorf("encode the job's %s: %w", name, err)
		}
		parts[name] = digest(c.IdempotencyKey, v)
	}
	return string(b), digest(c.IdempotencyKey, append([]byte(c.Kind+"\x00"), b...)), parts, nil
}

// differing names the first field, in a fixed order, in which two contents differ.
func differing(first, now map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if first[name] != now[name] {
			return name
		}
	}
	return "content"
}
