package interline

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const (
	maxNumber        = 24 // bytes ("最长 24 字节")
	maxAXBPrompts    = 3  // B->X, A->X, others->X
	maxAnswerPrompts = 2  // one, or one per side
)

var (
	// X stands in the path. The document gives it no length; that of A and B is taken.
	middleNumber = regexp.MustCompile(`^[0-9]{1,24}$`)
	// The document bounds bytes and tells no form, so a country code may stand in front.
	realNumber = regexp.MustCompile(`^\+?[0-9]+$`)
)

// displays are the values of display: text in mode axb, a number in mode xa.
var displays = map[providers.Mode][]string{
	providers.ModeAXB: {"", "0,0", "0,1", "1,0", "1,1"},
	providers.ModeXA:  {"", "0", "1"},
}

// bindForm is the content of a bind request. What is left at the vendor's
// default is not sent.
func bindForm(b providers.Binding, appID string) url.Values {
	form := url.Values{"appid": {appID}, "anum": {b.A}, "reqid": {b.RequestID}}
	if b.Mode == providers.ModeAXB {
		form.Set("bnum", b.B)
	}
	if b.TTL > 0 { // without it, XA is bound for ever
		form.Set("ttl", strconv.FormatInt(int64(b.TTL/time.Second), 10))
	}
	if b.Record {
		form.Set("record", "1")
	}
	if b.Display != "" {
		form.Set("display", b.Display)
	}
	if len(b.Prompts) > 0 {
		form.Set("anucode", strings.Join(b.Prompts, ","))
	}
	if len(b.AnswerPrompts) > 0 {
		form.Set("ansanu", strings.Join(b.AnswerPrompts, ","))
	}
	if data := joinUserData(b.Ref, b.UserData); data != "" {
		form.Set("userData", data)
	}
	return form
}

// unfitBinding says in a fixed word why the vendor's document does not allow a
// binding; "" where it does.
func unfitBinding(b providers.Binding) (string, providers.Cause) {
	switch {
	case b.Mode != providers.ModeAXB && b.Mode != providers.ModeXA:
		return "mode is neither axb nor xa", providers.CausePlatform
	case !middleNumber.MatchString(b.X):
		return "X is not 1 to 24 digits", providers.CauseInvalidNumber
	case !fitsNumber(b.A):
		return "A is not a number of at most 24 bytes", providers.CauseInvalidNumber
	case b.Mode == providers.ModeAXB && !fitsNumber(b.B):
		return "B is not a number of at most 24 bytes", providers.CauseInvalidNumber
	case b.Mode == providers.ModeXA && b.B != "":
		return "B has no place in mode xa", providers.CausePlatform
	case b.TTL < 0 || b.TTL%time.Second != 0:
		return "ttl is not a number of whole seconds", providers.CausePlatform
	case b.TTL == 0 && b.Mode == providers.ModeAXB:
		// The document gives 0 a meaning for XA only.
		return "ttl must be at least 1s in mode axb", providers.CausePlatform
	case !slices.Contains(displays[b.Mode], b.Display):
		return "display does not fit the mode", providers.CausePlatform
	case !fitsID(b.RequestID):
		return "request id is missing, longer than 64 or not ASCII", providers.CausePlatform
	case b.Ref != "" && !fitsID(b.Ref):
		return "reference is longer than 64 or not ASCII", providers.CausePlatform
	}
	return unfitPrompts(b), providers.CausePlatform
}

func unfitPrompts(b providers.Binding) string {
	most, mostAnswer := maxAXBPrompts, maxAnswerPrompts
	if b.Mode == providers.ModeXA {
		most, mostAnswer = 1, 0
	}
	switch {
	case len(b.Prompts) > most:
		return "too many prompts for the mode"
	case len(b.AnswerPrompts) > mostAnswer:
		return "too many answer prompts for the mode"
	case slices.ContainsFunc(b.AnswerPrompts, func(id string) bool { return !fitsPrompt(id) }):
		return "an answer prompt is empty or longer than 64, or holds a comma or a character that is not ASCII"
	}
	// Their order tells whose they are, so one beside others may be empty.
	named := false
	for _, id := range b.Prompts {
		if id != "" && !fitsPrompt(id) {
			return "a prompt is longer than 64, or holds a comma or a character that is not ASCII"
		}
		named = named || id != ""
	}
	if len(b.Prompts) > 0 && !named {
		return "prompts name none"
	}
	return ""
}

func fitsNumber(n string) bool { return len(n) <= maxNumber && realNumber.MatchString(n) }

func fitsID(id string) bool { return id != "" && len(id) <= vendorwire.MaxID && graphic(id) }

// Ids are joined by commas, and the document knows no escape.
func fitsPrompt(id string) bool { return fitsID(id) && !strings.Contains(id, ",") }
