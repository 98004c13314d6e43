package interline

import (
	"bytes"
	"regexp"

	"github.com/callpacer/callpacer/providers"
)

// letters are the forms in which the text of a message stands in a push.
//
// 云通信平台, 5.3 始呼回调: smsContent.
var letters = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`((?:^|[&?\s])smsContent=)[^&]*`), "${1}*"},
	{regexp.MustCompile(`(?s)("smsContent"\s*:\s*)"(?:[^"\\]|\\.)*"?`), `${1}"*"`},
}

var letterName = []byte("smsContent")

// BlankPush implements providers.PushBlanker: a message's text gives way to a star, so
// that the push still tells of a message. Of one that holds it in another form nothing
// is left.
func (a *Adapter) BlankPush(p providers.Push) providers.Push {
	blank := func(text []byte) []byte {
		if !bytes.Contains(text, letterName) {
			return text
		}
		out, found := text, 0
		for _, l := range letters {
			found += len(l.form.FindAllIndex(out, -1))
			out = l.form.ReplaceAll(out, []byte(l.with))
		}
		if found < bytes.Count(text, letterName) {
			return nil
		}
		return out
	}
	p.Body, p.RawQuery = blank(p.Body), string(blank([]byte(p.RawQuery)))
	return p
}
