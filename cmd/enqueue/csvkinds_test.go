package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/tasks"
)

func TestCSVColumnsOfEveryKind(t *testing.T) {
	r := allVendors(t)
	for name, c := range map[string]struct {
		kind, account, content string
		want                   tasks.Content
	}{
		"connect": {"connect", "dingxin-main", "from,to\n" + aNumber + "," + bNumber + "\n", tasks.Content{From: aNumber, To: bNumber}},
		"bind": {"bind", "interline-main", "mode,x,a,b,ttl,record,display,prompts,answer_prompts,user_data\naxb," + xNumber + "," + aNumber + "," + number +
			`,1h,TRUE,"0,0",|7|8,"1, 2",d` + "\n", tasks.Content{
			Mode: "axb", X: xNumber, A: aNumber, B: number, TTLSeconds: 3600, Record: true, Display: "0,0",
			Prompts: []string{"", "7", "8"}, AnswerPrompts: []string{"1", "2"}, UserData: "d",
		}},
		"bind xa":   {"bind", "interline-main", "mode,x,a,ttl,b,record\nxa," + xNumber + "," + aNumber + ",1m,,0\n", tasks.Content{Mode: "xa", X: xNumber, A: aNumber, TTLSeconds: 60}},
		"bind auto": {"bind", "interline-main", "x,a,b,ttl\nauto," + aNumber + "," + number + ",1h\n", tasks.Content{Mode: "axb", X: "auto", A: aNumber, B: number, TTLSeconds: 3600}},
		"unbind":    {"unbind", "interline-main", "subid\ns1\n", tasks.Content{Subid: "s1"}},
		"unbind id": {"unbind", "interline-main", "job\n" + boundJob + "\n", tasks.Content{Binding: boundJob}},
		"unbind xa": {"unbind", "interline-main", "mode,x\nxa," + xNumber + "\n", tasks.Content{Mode: "xa", X: xNumber}},
		"poll":      {"poll", "itnio-main", "vendor_id,to\nv1," + number + "\n", tasks.Content{VendorID: "v1", To: number}},
		"recording": {"recording", "dingxin-main", "vendor_id\nv1\n", tasks.Content{VendorID: "v1"}},
		"account":   {"account", "itnio-main", "key\nk1\n", tasks.Content{}},
		"by column": {"notify", "itnio-main", "kind,account,vendor_id\npoll,,v9\n", tasks.Content{VendorID: "v9"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := imported(t, r, c.content, "--kind", c.kind, "--account", c.account).want(0, "{", "1 rows: 1 accepted")
			rec := recordOf(t, r, o.only())
			got, err := tasks.DecodeContent(tasks.Kind(rec.Kind), rec.Content)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v (%v)", got, c.want, err)
			}
			imported(t, r, c.content, "--kind", c.kind, "--account", c.account).want(0, "{", "0 accepted, 1 duplicates")
		})
	}
}

func TestCSVRowsOfMixedKinds(t *testing.T) {
	r := allVendors(t)
	o := imported(t, r, "kind,account,to,template,from,x,a,ttl,record,expires_at\n"+
		",,"+number+",T1,,,,,,\n"+
		"connect,dingxin-main,"+number+",,"+aNumber+",,,,,2099-01-01T00:00:00Z\n"+
		"connect,dingxin-main,"+number+",T1,"+aNumber+",,,,,\n"+
		"bind,interline-main,,,,"+xNumber+","+aNumber+",1h,,\n"+
		"bind,interline-main,,,,"+xNumber+","+aNumber+",hour,,\n"+
		"bind,interline-main,,,,"+xNumber+","+aNumber+",1h,maybe,\n"+
		"dial,,,,,,,,,\n"+
		",,"+number+",T1,,,,,,soon\n", "--account", account)
	o.want(3, "{", "8 rows: 2 accepted, 0 duplicates, 6 failed")
	wantRows(t, o, []string{"", "", "template: not a field of a connect", "b: missing", "ttl: not a duration", "record: neither true nor false",
		"kind: not a kind of job", "expires_at: RFC 3339"})
}

func TestCSVHeadersOfEveryKind(t *testing.T) {
	r := allVendors(t)
	for kind, want := range map[string]string{
		"connect": `no column "from"`, "bind": `no column "x"`, "unbind": `no column "job" or "subid" or "x"`,
		"poll": `no column "vendor_id"`, "recording": `no column "vendor_id"`,
	} {
		imported(t, r, "to,template\n", "--kind", kind).want(1, "", "line 1: there is "+want)
	}
}

// The keys of rows never change: a file that a former version imported would be
// called again.
func TestRowKeysStayTheSame(t *testing.T) {
	for want, j := range map[string]tasks.Job{
		"import:68456182": {Kind: tasks.KindNotify, Account: "jumdata-main", To: "+86 139 0013 9007", Template: "T1", Params: []string{"张三"}, Times: 2, Priority: "bulk"},
		"import:aa879894": {Kind: tasks.KindNotify, Account: "jumdata-main", To: number, Template: "T1"},
		"import:9cfa2baa": {Kind: tasks.KindConnect, Account: "d", From: "+86 20 8888 6607", To: number},
		"import:ca5b6884": {Kind: tasks.KindBind, Account: "i", X: xNumber, A: aNumber, B: number, TTL: 3600e9, Record: true, Display: "0,0", Prompts: []string{"", "7"}},
		"import:889fd802": {Kind: tasks.KindBind, Account: "i", X: "auto", A: aNumber, B: number, TTL: 3600e9},
		"import:3ed05672": {Kind: tasks.KindUnbind, Account: "i", Subid: "s"},
		"import:313b961f": {Kind: tasks.KindPoll, Account: "i", VendorID: "s", Tags: map[string]string{"a": "b"}, IdempotencyKey: "x"},
	} {
		key, err := newRowKeys().keyOf(j)
		if err != nil || !strings.HasPrefix(key, want) {
			t.Errorf("%s: key %.15s, want %s (%v)", j.Kind, key, want, err)
		}
	}
}
