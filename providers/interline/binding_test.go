package interline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

func sortStrings(s []string) { slices.Sort(s) }

func newClock(now func() time.Time) *vendorwire.Clock { return vendorwire.NewClock(now) }

// unfit are bindings that the document does not allow.
func unfit() map[string]providers.Binding {
	list := map[string]providers.Binding{}
	in := func(name string, from providers.Binding, change func(*providers.Binding)) {
		change(&from)
		list[name] = from
	}
	in("no mode", axb(), func(b *providers.Binding) { b.Mode = "" })
	in("no X", axb(), func(b *providers.Binding) { b.X = "" })
	in("X is a path", axb(), func(b *providers.Binding) { b.X = "1/transfer" })
	in("X of 25", axb(), func(b *providers.Binding) { b.X = strings.Repeat("1", 25) })
	in("no A", axb(), func(b *providers.Binding) { b.A = "" })
	in("A in words", axb(), func(b *providers.Binding) { b.A = "tel" })
	in("L18 A of 25", axb(), func(b *providers.Binding) { b.A = strings.Repeat("1", 25) })
	in("L18 A of 25 with plus", xa(), func(b *providers.Binding) { b.A = "+" + strings.Repeat("1", 24) })
	in("L18 full-width digits", xa(), func(b *providers.Binding) { b.A = "１３８" })
	in("no B", axb(), func(b *providers.Binding) { b.B = "" })
	in("L18 B of 25", axb(), func(b *providers.Binding) { b.B = strings.Repeat("1", 25) })
	in("B in xa", xa(), func(b *providers.Binding) { b.B = testB })
	in("L7 axb for ever", axb(), func(b *providers.Binding) { b.TTL = 0 })
	in("L7 ttl below a second", axb(), func(b *providers.Binding) { b.TTL = time.Millisecond })
	in("L7 ttl not whole", xa(), func(b *providers.Binding) { b.TTL = 1500 * time.Millisecond })
	in("L7 ttl negative", xa(), func(b *providers.Binding) { b.TTL = -time.Second })
	in("L6 xa's display in axb", axb(), func(b *providers.Binding) { b.Display = "1" })
	in("L6 axb's display in xa", xa(), func(b *providers.Binding) { b.Display = "0,0" })
	in("L6 display of 2", axb(), func(b *providers.Binding) { b.Display = "0,2" })
	in("no request id", axb(), func(b *providers.Binding) { b.RequestID = "" })
	in("request id of 65", axb(), func(b *providers.Binding) { b.RequestID = strings.Repeat("r", 65) })
	in("reference of two lines", axb(), func(b *providers.Binding) { b.Ref = "a\nb" })
	in("four prompts", axb(), func(b *providers.Binding) { b.Prompts = []string{"1", "2", "3", "4"} })
	in("prompt with comma", axb(), func(b *providers.Binding) { b.Prompts = []string{"1,2"} })
	in("prompts of nothing", axb(), func(b *providers.Binding) { b.Prompts = []string{"", ""} })
	in("two prompts in xa", xa(), func(b *providers.Binding) { b.Prompts = []string{"1", "2"} })
	in("three answer prompts", axb(), func(b *providers.Binding) { b.AnswerPrompts = []string{"1", "2", "3"} })
	in("empty answer prompt", axb(), func(b *providers.Binding) { b.AnswerPrompts = []string{"1", ""} })
	in("answer prompt in xa", xa(), func(b *providers.Binding) { b.AnswerPrompts = []string{"1"} })
	return list
}

// L18: bytes count, not digits, and there is no rule of 11 digits.
func TestL18NumbersAreCountedInBytes(t *testing.T) {
	for _, n := range []string{"110", testA, "008613900139000", "+85291234567", strings.Repeat("1", 24), "+" + strings.Repeat("1", 23)} {
		for _, b := range []providers.Binding{axb(), xa()} {
			b.A = n
			if b.Mode == providers.ModeAXB {
				b.B = n
			}
			if word, _ := unfitBinding(b); word != "" {
				t.Errorf("%s %q: %s", b.Mode, n, word)
			}
		}
	}
	b := axb()
	b.X = "170000000010001" // 15 digits
	if word, _ := unfitBinding(b); word != "" {
		t.Errorf("X of 15 digits: %s", word)
	}
}

// L6: every value of display in its mode; an unset one is left to the vendor.
func TestL6DisplayIsTwoTypes(t *testing.T) {
	for mode, values := range map[providers.Mode][]string{providers.ModeAXB: {"0,0", "0,1", "1,0", "1,1"}, providers.ModeXA: {"0", "1"}} {
		b := map[providers.Mode]providers.Binding{providers.ModeAXB: axb(), providers.ModeXA: xa()}[mode]
		if form := bindForm(b, testApp); form.Has("display") {
			t.Errorf("%s: display %q though unset", mode, form.Get("display"))
		}
		for _, value := range values {
			b.Display = value
			word, _ := unfitBinding(b)
			if got := bindForm(b, testApp)["display"]; word != "" || !slices.Equal(got, []string{value}) {
				t.Errorf("%s %s: %v, %s", mode, value, got, word)
			}
		}
	}
}

// L7: AXB always has a ttl; XA without one is bound for ever.
func TestL7TTL(t *testing.T) {
	b := axb()
	b.TTL = time.Second
	if word, _ := unfitBinding(b); word != "" || bindForm(b, testApp).Get("ttl") != "1" {
		t.Errorf("axb for 1s: %q, %v", word, bindForm(b, testApp))
	}
	if word, _ := unfitBinding(xa()); word != "" || bindForm(xa(), testApp).Has("ttl") {
		t.Errorf("xa without end: %q, %v", word, bindForm(xa(), testApp))
	}
	b.TTL = 0
	if word, _ := unfitBinding(b); word == "" {
		t.Error("axb without end was accepted")
	}
}

// L8: what is sent as userData comes back apart.
func TestL8UserDataRoundTrip(t *testing.T) {
	for _, tc := range [][2]string{
		{jobRef, ""}, {jobRef, "u"}, {jobRef, "两行\n的 数据"}, {"", "only data"}, {jobRef, "\n"}, {jobRef, "a>>>???~~~"}, {"r", ">>>"}, {"r", ">"} /* base64 that ends in a plus */, {"r", "=="},
	} {
		sent := joinUserData(tc[0], tc[1])
		if ref, data := splitUserData(sent); ref != tc[0] || data != tc[1] {
			t.Errorf("%q: %q, %q", tc, ref, data)
		}
		// X6: a form that was not escaped.
		if ref, data := splitUserData(strings.TrimSpace(strings.ReplaceAll(sent, "+", " "))); ref != tc[0] || data != tc[1] {
			t.Errorf("%q with spaces: %q, %q", tc, ref, data)
		}
	}
	if joinUserData("", "") != "" {
		t.Error("nothing became something")
	}
}

func TestForeignUserDataStaysAsItIs(t *testing.T) {
	for _, foreign := range []string{"", "abc", "订单 7", "b3JkZXI=", "b3JkZXIgNwpvdGhlcg==" /* "order 7\nother" */, "a\nb", "{\"a\":1}"} {
		if ref, data := splitUserData(foreign); ref != "" || data != foreign {
			t.Errorf("%q: %q, %q", foreign, ref, data)
		}
	}
}
