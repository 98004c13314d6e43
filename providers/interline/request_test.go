package interline

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// ours is userData as it goes over the wire.
func ours(ref, data string) string {
	return base64.StdEncoding.EncodeToString([]byte(ref + "\n" + data))
}

func TestBindRequests(t *testing.T) {
	full := axb()
	full.Record, full.Display, full.UserData = true, "0,1", "客户 7"
	full.Prompts, full.AnswerPrompts = []string{"p1", "", "p3"}, []string{"q1", "q2"}
	transfer := xa()
	transfer.Record, transfer.Display, transfer.TTL, transfer.Prompts = true, "1", 100*time.Second, []string{"p1"}
	noRef := xa()
	noRef.Ref, noRef.A = "", "+85291234567"
	onlyData := noRef
	onlyData.UserData = "u"
	for name, tc := range map[string]struct {
		b    providers.Binding
		path string
		form url.Values
	}{
		"axb": {axb(), "/igw/service/uc/interline/" + testX, url.Values{"appid": {testApp}, "anum": {testA}, "bnum": {testB},
			"reqid": {"req-1"}, "ttl": {"3600"}, "userData": {ours(jobRef, "")}}},
		"axb in full": {full, "/igw/service/uc/interline/" + testX, url.Values{"appid": {testApp}, "anum": {testA}, "bnum": {testB},
			"reqid": {"req-1"}, "ttl": {"3600"}, "userData": {ours(jobRef, "客户 7")}, "record": {"1"}, "display": {"0,1"},
			"anucode": {"p1,,p3"}, "ansanu": {"q1,q2"}}},
		"xa": {xa(), "/igw/service/uc/interline/" + testX + "/transfer", url.Values{"appid": {testApp}, "anum": {testA},
			"reqid": {"req-1"}, "userData": {ours(jobRef, "")}}},
		"xa in full": {transfer, "/igw/service/uc/interline/" + testX + "/transfer", url.Values{"appid": {testApp}, "anum": {testA},
			"reqid": {"req-1"}, "userData": {ours(jobRef, "")}, "record": {"1"}, "display": {"1"}, "ttl": {"100"}, "anucode": {"p1"}}},
		"nothing to echo": {noRef, "/igw/service/uc/interline/" + testX + "/transfer", url.Values{"appid": {testApp},
			"anum": {"+85291234567"}, "reqid": {"req-1"}}},
		"user data without reference": {onlyData, "/igw/service/uc/interline/" + testX + "/transfer", url.Values{"appid": {testApp},
			"anum": {"+85291234567"}, "reqid": {"req-1"}, "userData": {ours("", "u")}}},
	} {
		t.Run(name, func(t *testing.T) {
			v := says(accepted)
			got := bind(t, v.adapter(t), tc.b)
			if want := (providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: testSub, VendorCode: "0", VendorText: "成功"}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if len(v.asked()) != 1 {
				t.Fatalf("%d requests, want 1", len(v.asked()))
			}
			s := v.asked()[0]
			if s.method != http.MethodPut || s.uri != tc.path {
				t.Errorf("%s %s, want PUT %s", s.method, s.uri, tc.path)
			}
			if s.form.Encode() != tc.form.Encode() {
				t.Errorf("form %v, want %v", s.form, tc.form)
			}
		})
	}
}

// L10: the vendor knows a repeated request by its reqid and content.
func TestL10RepetitionIsTheSameRequest(t *testing.T) {
	v := says(accepted)
	a := v.adapter(t)
	now := testNow
	a.clock = newClock(func() time.Time { return now })
	first := axb()
	first.Record, first.Display, first.UserData, first.Prompts = true, "1,1", "u", []string{"a", "b"}
	bind(t, a, first)
	now = now.Add(time.Minute)
	first.Repeated = true
	bind(t, a, first)
	r := v.asked()
	if len(r) != 2 || r[0].body != r[1].body || r[0].uri != r[1].uri || r[0].method != r[1].method {
		t.Fatalf("requests differ: %+v", r)
	}
	if r[0].auth == r[1].auth {
		t.Error("the repetition bears the old signature")
	}
}

// L9, L23: what leaves, to the byte. A DELETE has its fields in the URI, escaped,
// and no body.
func TestL9L23BytesOnTheWire(t *testing.T) {
	const head = "Host: %s\r\nUser-Agent: callpacer\r\nConnection: close\r\nAuthorization: Keytime " +
		testDev + ",1700000000123,e3098b6a429e16aa\r\n\r\n"
	for name, tc := range map[string]struct {
		u    providers.Unbinding
		line string
	}{
		"axb":     {providers.Unbinding{Mode: providers.ModeAXB, VendorID: testSub}, "/igw/service/uc/interline?appid=" + testApp + "&subid=" + testSub},
		"escaped": {providers.Unbinding{Mode: providers.ModeAXB, VendorID: "a&b=c+d/#"}, "/igw/service/uc/interline?appid=" + testApp + "&subid=a%26b%3Dc%2Bd%2F%23"},
		"xa":      {providers.Unbinding{Mode: providers.ModeXA, X: testX}, "/igw/service/uc/interline/" + testX + "/transfer?appid=" + testApp},
	} {
		t.Run(name, func(t *testing.T) {
			var listen net.ListenConfig
			l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			got := make(chan string, 1)
			go func() {
				conn, err := l.Accept()
				if err != nil {
					got <- err.Error()
					return
				}
				defer func() { _ = conn.Close() }()
				in := bufio.NewReader(conn)
				var raw strings.Builder
				for !strings.HasSuffix(raw.String(), "\r\n\r\n") {
					line, err := in.ReadString('\n')
					if raw.WriteString(line); err != nil {
						break
					}
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"error\":0}")
				rest, _ := io.ReadAll(in) // a body would follow
				got <- raw.String() + string(rest)
			}()
			s := testSettings()
			s.BaseURL = "http://" + l.Addr().String()
			out := unbind(t, newAdapter(t, s), tc.u)
			if out.Class != providers.ClassOK || out.Placed != providers.PlacedYes {
				t.Errorf("got %+v", out)
			}
			want := "DELETE " + tc.line + " HTTP/1.1\r\n" + fmt.Sprintf(head, l.Addr())
			if raw := <-got; sortHead(raw) != sortHead(want) {
				t.Errorf("sent %q, want %q", raw, want)
			}
			_ = l.Close()
		})
	}
}

// sortHead takes the order of the headers out of a comparison, and nothing else.
func sortHead(raw string) string {
	lines := strings.SplitAfter(raw, "\r\n")
	if len(lines) > 2 {
		sortStrings(lines[1 : len(lines)-2])
	}
	return strings.Join(lines, "")
}

// L6, L7, L18 and the rest of what the document allows: nothing else is sent.
func TestUnfitRequestsAreNotSent(t *testing.T) {
	v := says(accepted)
	a := v.adapter(t)
	refused := func(name string, out providers.Outcome) {
		t.Helper()
		if out.Class != providers.ClassPermanent || out.Placed != providers.PlacedNo || !out.Unsent || out.Cause == "" || out.VendorText == "" || out.Repeatable {
			t.Errorf("%s: %+v", name, out)
		}
	}
	for name, b := range unfit() {
		refused(name, bind(t, a, b))
	}
	for name, u := range map[string]providers.Unbinding{
		"no mode":      {X: testX, VendorID: testSub},
		"no subid":     {Mode: providers.ModeAXB, X: testX},
		"subid of 65":  {Mode: providers.ModeAXB, VendorID: strings.Repeat("s", 65)},
		"subid of 2":   {Mode: providers.ModeAXB, VendorID: "a b"},
		"no X":         {Mode: providers.ModeXA, VendorID: testSub},
		"X is a path":  {Mode: providers.ModeXA, X: "1/../2"},
		"X of 25":      {Mode: providers.ModeXA, X: strings.Repeat("1", 25)},
		"X with space": {Mode: providers.ModeXA, X: "1 2"},
	} {
		refused("unbind: "+name, unbind(t, a, u))
	}
	if n := len(v.asked()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
