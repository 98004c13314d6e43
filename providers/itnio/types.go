package itnio

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// answer is what ITNIO's JSON says. What lies in its data depends on the request.
type answer struct {
	status string // as text: it is documented as a string
	reason string
	body   vendorwire.Object
	// learned is true where the vendor refused our clock and told a better one.
	learned bool
}

// parseAnswer reads the vendor's envelope. false: this is not the vendor's
// JSON, and only the HTTP status can be judged.
func parseAnswer(r providers.Reply) (answer, bool) {
	o, ok := vendorwire.DecodeObject(r.Body)
	if !ok || o.Empty("status") {
		return answer{}, false
	}
	a := answer{status: o.Text("status"), reason: o.Text("reason"), body: o}
	// {"timestamp":…,"status":404,"error":"Not Found","path":…} is what the web
	// framework before the vendor's program says by itself: its status is the
	// HTTP status, and the vendor's own codes are 0 and below.
	framework := r.Status >= 400 && a.status == strconv.Itoa(r.Status) && a.reason == ""
	return a, !framework
}

// rows are the rows of a send's data: documented as a list, one row a callee.
func (a answer) rows() []vendorwire.Object {
	data := a.body["data"]
	if text, ok := data.(string); ok {
		inner, err := vendorwire.Decode([]byte(text))
		if err != nil {
			return nil
		}
		data = inner
	}
	switch v := data.(type) {
	case map[string]any:
		return []vendorwire.Object{v}
	case []any:
		rows := make([]vendorwire.Object, len(v))
		for i, row := range v {
			rows[i], _ = row.(map[string]any)
		}
		return rows
	}
	return nil
}

// row is the one row of a send's answer, if it is about callee: a request names
// one callee, so an answer with none or several says nothing for sure.
func (a answer) row(callee string) (vendorwire.Object, bool) {
	rows := a.rows()
	if len(rows) != 1 || len(rows[0]) == 0 {
		return nil, false
	}
	told := strings.TrimLeft(rows[0].Text("callee"), "+0")
	// A number that is missing or masked is no other number.
	return rows[0], !wholeNumber.MatchString(told) || strings.HasSuffix(callee, told)
}

// sendBody is the body of a send. The zero fields are the vendor's defaults.
//
// ITNIO, voice/sendGroup.
type sendBody struct {
	AppID      string `json:"appId"`
	Callee     string `json:"callee"` // country code and number, no plus; the vendor takes several, we send one
	DisplayNum string `json:"displayNum,omitempty"`
	FileID     string `json:"fileId"`
	LoopCount  int    `json:"loopCount,omitempty"`
	CalledInfo string `json:"calledInfo,omitempty"` // echoed in records and pushes
}

var (
	mainlandMobile = regexp.MustCompile(`^1[0-9]{10}$`)
	international  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	wholeNumber    = regexp.MustCompile(`^[0-9]{7,}$`)
	callID         = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
)

// calleeOf writes a normalised number as the vendor wants it: 7 to 15 digits
// with the country code.
func calleeOf(number string) (string, bool) {
	switch {
	case mainlandMobile.MatchString(number):
		return "86" + number, true
	case international.MatchString(number):
		return number[1:], true
	}
	return "", false
}

// voiceID is a call's id, or "" where the field holds none that a query's path
// could carry.
func voiceID(o vendorwire.Object) string {
	if id := told(o, "voiceId"); callID.MatchString(id) {
		return id
	}
	return ""
}

// told is a field as text, without the word in which Java writes nothing.
func told(o vendorwire.Object, name string) string {
	if text := o.Text(name); text != "null" {
		return text
	}
	return ""
}
