package dingxin

import (
	"strings"

	"github.com/callpacer/callpacer/internal/vendorwire"
)

// codeUnknown stands for a code that is there and cannot be read.
const codeUnknown = -1

// answer is what Dingxin's JSON says.
type answer struct {
	code  int    // codeUnknown: present, but no whole number
	raw   string // the code as it stood there
	msg   string
	subid string // the call
	telX  string // the middle number as it stood there; "" where there is none
}

// maxX is the most bytes that a middle number has.
const maxX = 24

// x is the middle number, or "" where telX holds nothing that could be one.
func (a answer) x() string {
	if len(a.telX) > maxX || strings.ContainsFunc(a.telX, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return a.telX
}

// parseAnswer reads the vendor's envelope. false: this is not the vendor's
// JSON, or it holds no code, and only the HTTP status can be judged.
//
// The table calls data a string and lists subid and telX beside it, the example
// nests them in it: an object, an object in a string and siblings are read.
func parseAnswer(body []byte) (answer, bool) {
	o, ok := vendorwire.DecodeObject(body)
	if !ok || o.Empty("code") {
		return answer{}, false
	}
	a := answer{code: codeUnknown, raw: o.Text("code"), msg: o.Text("msg")}
	if n, ok := o.Whole("code"); ok {
		a.code = int(n)
	}
	a.subid, a.telX = o.ID("subid"), o.Text("telX")
	data := o.Object("data")
	if id := data.ID("subid"); id != "" {
		a.subid = id
	}
	if x := data.Text("telX"); x != "" {
		a.telX = x
	}
	return a, true
}
