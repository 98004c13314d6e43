package interline

import (
	"net/http"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// answer is what the vendor's JSON says.
type answer struct {
	code   int
	raw    string // the code as it stood there
	reason string
	subID  string
	fields vendorwire.Object
}

// maxCode bounds what is read as a code of the vendor.
const maxCode = 1_000_000

// parseAnswer reads the vendor's envelope. false: this is not the vendor's
// JSON, and only the HTTP status can be judged. That includes an "error" that is
// no whole number: frameworks and gateways write {"status":502,"error":"Bad
// Gateway"}.
func parseAnswer(body []byte) (answer, bool) {
	o, ok := vendorwire.DecodeObject(body)
	if !ok {
		return answer{}, false
	}
	n, ok := o.Whole("error")
	if !ok || n < -maxCode || n > maxCode {
		return answer{}, false
	}
	return answer{code: int(n), raw: o.Text("error"), reason: o.Text("reason"), subID: o.ID("subid"), fields: o}, true
}

// refusesSignature says that a reply refuses the request's signature: HTTP 401
// unless its JSON says something else that is documented, and code 1101 under
// any status.
//
// 云通信平台, 1 错误码定义.
func refusesSignature(reply providers.Reply, a answer, parsed bool) bool {
	if parsed && a.code == codeAuth {
		return true
	}
	return reply.Status == http.StatusUnauthorized && (!parsed || !documented(a.code))
}
