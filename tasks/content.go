package tasks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Content is what a job is about, as the record keeps it: the fields that two
// submits of one idempotency key must share. Which are set depends on the kind.
// Numbers are in the form of package phone.
type Content struct {
	To            string   `json:"to,omitempty"`
	Template      string   `json:"template,omitempty"`
	Params        []string `json:"params,omitempty"`
	Times         int      `json:"times,omitempty"`
	From          string   `json:"from,omitempty"`
	Mode          string   `json:"mode,omitempty"`
	X             string   `json:"x,omitempty"`
	A             string   `json:"a,omitempty"`
	B             string   `json:"b,omitempty"`
	TTLSeconds    int64    `json:"ttl,omitempty"`
	Record        bool     `json:"record,omitempty"`
	Display       string   `json:"display,omitempty"`
	Prompts       []string `json:"prompts,omitempty"`
	AnswerPrompts []string `json:"answer_prompts,omitempty"`
	UserData      string   `json:"user_data,omitempty"`
	Binding       string   `json:"job,omitempty"`
	Subid         string   `json:"subid,omitempty"`
	VendorID      string   `json:"vendor_id,omitempty"`
}

// DecodeContent reads the content of a record of the kind.
func DecodeContent(k Kind, content string) (Content, error) {
	var c Content
	if json.Unmarshal([]byte(content), &c) != nil || !c.fits(k) {
		return Content{}, fmt.Errorf("the record's content is not that of a %s job", k)
	}
	return c, nil
}

// fits says that what the kind cannot do without is there.
func (c Content) fits(k Kind) bool {
	switch k {
	case KindNotify:
		return c.To != "" && c.Template != ""
	case KindConnect:
		return c.From != "" && c.To != ""
	case KindBind:
		return c.X != "" && c.A != ""
	case KindUnbind:
		return c.Binding != "" || c.Subid != "" || c.Mode == ModeXA && c.X != ""
	case KindPoll, KindRecording:
		return c.VendorID != ""
	case KindAccount:
		return true
	case KindPush:
	}
	return false
}

func (c checkedJob) contentOf() Content {
	x := c.x.Digits()
	if c.Kind == KindBind && c.X == AutoX {
		x = AutoX
	}
	return Content{
		To: c.to.Digits(), Template: c.Template, Params: c.Params, Times: c.Times, From: c.from.Digits(),
		Mode: c.Mode, X: x, A: c.a.Digits(), B: c.b.Digits(), TTLSeconds: int64(c.TTL.Seconds()),
		Record: c.Record, Display: c.Display, Prompts: c.Prompts, AnswerPrompts: c.AnswerPrompts,
		UserData: c.UserData, Binding: c.Binding, Subid: c.Subid, VendorID: c.VendorID,
	}
}

// content is the job's content, with a fingerprint of the whole and of each
// field. The fingerprints outlive the record, so they are keyed by the
// idempotency key, which is stored nowhere: nobody can try all numbers against
// them.
func (c checkedJob) content(key string) (content, whole string, parts map[string]string, err error) {
	b, err := json.Marshal(c.contentOf())
	if err != nil {
		return "", "", nil, fmt.Errorf("encode the job's content: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return "", "", nil, fmt.Errorf("take the job's content apart: %w", err)
	}
	fields["kind"] = []byte(c.Kind)
	parts = make(map[string]string, len(fields))
	for name, value := range fields {
		parts[name] = digest(key, value)
	}
	return string(b), digest(key, append([]byte(c.Kind+"\x00"), b...)), parts, nil
}

// differing names the first field, in a fixed order, in which two contents
// differ; a field that one of them has not is one. Another kind, which brings
// other fields along, is named before them.
func differing(first, now map[string]string) string {
	if first["kind"] != now["kind"] {
		return "kind"
	}
	all := maps.Clone(first)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if first[name] != now[name] {
			return name
		}
	}
	return "content"
}
