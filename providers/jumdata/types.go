package jumdata

import "github.com/callpacer/callpacer/internal/vendorwire"

// codeUnknown stands for a code that is there and cannot be read.
const codeUnknown = -1

// answer is what Jumdata's JSON says. data's content depends on the request.
type answer struct {
	code   int    // codeUnknown: present, but no whole number
	raw    string // the code as it stood there
	msg    string
	taskNo string
	data   vendorwire.Object
}

// parseAnswer reads the vendor's envelope. false: this is not the vendor's
// JSON, or it holds no code, and only the HTTP status can be judged.
func parseAnswer(body []byte) (answer, bool) {
	o, ok := vendorwire.DecodeObject(body)
	if !ok || o.Empty("code") {
		return answer{}, false
	}
	a := answer{code: codeUnknown, raw: o.Text("code"), msg: o.Text("msg"), taskNo: o.ID("taskNo"), data: o.Object("data")}
	if n, ok := o.Whole("code"); ok {
		a.code = int(n)
	}
	return a, true
}
