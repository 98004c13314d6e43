package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestInterlineBindFields(t *testing.T) {
	bytes24 := strings.Repeat("张", 8)
	for _, c := range []struct {
		name, axb, xa string // the fields that change, "a=b&…"; empty for a case of the other only
		code          int
	}{
		{"nothing changed", "reqid=r", "reqid=r", 0},
		{"no appid", "appid=-", "appid=-", 1002},
		{"no anum", "anum=-", "anum=-", 1002},
		{"no bnum", "bnum=-", "", 1002},
		{"bnum of XA", "", "bnum=13900000002", 1002},
		{"no reqid", "reqid=-", "reqid=-", 1002},
		{"empty reqid", "reqid=", "reqid=", 1002},
		{"other appid", "appid=other", "appid=other", 1103},
		{"24 bytes", "anum=" + bytes24 + "&bnum=" + strings.Repeat("1", 24), "anum=" + bytes24, 0},
		{"25 bytes of A", "anum=" + bytes24 + "1", "anum=" + bytes24 + "1", 1002},
		{"25 bytes of B", "bnum=" + strings.Repeat("1", 25), "", 1002},
		{"A is B", "bnum=" + someA, "", 1002},
		{"no ttl (L7)", "ttl=-", "", 1002},
		{"forever (L7)", "", "ttl=-", 0},
		{"ttl 0 (L7)", "ttl=0", "", 1002},
		{"ttl 0 (L7)", "", "ttl=0", 0},
		{"ttl 1", "ttl=1", "ttl=1", 0},
		{"ttl negative", "ttl=-1", "ttl=-1", 1002},
		{"ttl not a number", "ttl=1h", "ttl=1h", 1002},
		{"ttl not whole", "ttl=1.5", "ttl=1.5", 1002},
		{"record", "record=1", "record=0", 0},
		{"record other", "record=true", "record=2", 1002},
		{"display (L6)", "display=0,1", "display=1", 0},
		{"display of the other (L6)", "display=1", "display=0,1", 1002},
		{"display other (L6)", "display=0, 1", "display=2", 1002},
		{"prompts", "anucode=1,2,3&ansanu=4,5", "anucode=1", 0},
		{"prompts too many", "anucode=1,2,3,4", "anucode=1,2", 1002},
		{"answer prompts too many", "ansanu=1,2,3", "ansanu=1", 1002},
		{"empty options", "record=&display=&anucode=&ansanu=&userData=", "record=&display=&anucode=&ttl=&userData=", 0},
		{"unknown field", "userdata=x", "callbackUrl=x", 1002},
	} {
		pairs := func(changes string) (p []string) {
			for change := range strings.SplitSeq(changes, "&") {
				name, value, _ := strings.Cut(change, "=")
				p = append(p, name, value)
			}
			return p
		}
		v := newInterline(t, InterlineOptions{})
		want := 0
		if c.axb != "" {
			a := bindAXB(t, v, someX, axb("1", pairs(c.axb)...))
			if a.Error != c.code || (a.SubID != "") != (c.code == 0) {
				t.Errorf("axb, %s: %+v, want %d", c.name, a, c.code)
			}
			want++
		}
		if c.xa != "" {
			a := bindXA(t, v, otherX, xa("2", pairs(c.xa)...))
			// L8: no subid.
			if a.Error != c.code && (c.name != "nothing changed" || a.Error != interlineRepeated) || a.SubID != "" {
				t.Errorf("xa, %s: %+v, want %d", c.name, a, c.code)
			}
			want++
		}
		if c.name == "nothing changed" {
			want = 1 // reqid "r" twice, with other content
		} else if c.code != 0 {
			want = 0
		}
		wantBindings(t, v, want, want)
	}
}

func TestInterlineBindingAsMade(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now, Numbers: []string{someX, otherX}})
	start := clock.now()
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1", "record", "1", "display", "1,0", "userData", "dQ==")))
	wantError(t, bindXA(t, v, otherX, xa("r2")), interlineOK)
	got := v.Bindings()
	if len(got) != 2 || got[1].SubID == "" || got[1].SubID == subid {
		t.Fatalf("bindings %+v", got)
	}
	want := []InterlineBinding{
		{Op: InterlineBindAXB, X: someX, A: someA, B: someB, ReqID: "r1", SubID: subid, UserData: "dQ==", Display: "1,0",
			Record: true, Since: start, Until: start.Add(time.Hour)},
		{Op: InterlineBindXA, X: otherX, A: someA, ReqID: "r2", SubID: got[1].SubID, Since: start},
	}
	if got[0] != want[0] || got[1] != want[1] {
		t.Errorf("bindings\n%+v\nwant\n%+v", got, want)
	}
	wantError(t, bindAXB(t, v, "17200000000", axb("r3")), interlineNoNumber)
	wantError(t, bindXA(t, v, "17200000000", xa("r4")), interlineNoNumber)
}

func TestInterlineConflicts(t *testing.T) {
	const c, d = "13700000003", "13600000004"
	for _, k := range []struct {
		name, x, a, b string
		code          int
		lax           bool
	}{
		{"the same pair", someX, someA, someB, interlineDuplicate, false},
		{"the same pair, turned", someX, someB, someA, interlineDuplicate, false},
		{"A with another", someX, someA, c, interlineConflict, false},
		{"A as B", someX, c, someA, interlineConflict, false},
		{"B with another", someX, c, someB, interlineConflict, false},
		{"B as A", someX, someB, c, interlineConflict, false},
		{"another pair", someX, c, d, 0, false},
		{"another X", otherX, someA, someB, 0, false},
		{"the same pair, allowed", someX, someA, someB, 0, true},
		{"A with another, allowed", someX, someA, c, 0, true},
	} {
		v := newInterline(t, InterlineOptions{AllowConflicts: k.lax})
		wantBound(t, bindAXB(t, v, someX, axb("r1")))
		a := bindAXB(t, v, k.x, axb("r2", "anum", k.a, "bnum", k.b))
		if a.Error != k.code {
			t.Errorf("%s: %+v, want %d", k.name, a, k.code)
		}
	}
	v := newInterline(t, InterlineOptions{})
	wantBound(t, bindAXB(t, v, someX, axb("r1")))
	wantError(t, bindXA(t, v, someX, xa("r2")), 0) // X may serve both: callers other than A and B
	wantError(t, bindXA(t, v, someX, xa("r3")), interlineDuplicate)
	wantError(t, bindXA(t, v, someX, xa("r4", "anum", someB)), interlineConflict)
	wantError(t, bindXA(t, v, otherX, xa("r5")), 0)
}

func TestInterlineTTL(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1", "ttl", "100")))
	wantError(t, bindXA(t, v, someX, xa("x1", "ttl", "200")), 0)
	wantError(t, bindXA(t, v, otherX, xa("x2")), 0)
	clock.move(100*time.Second - time.Millisecond)
	wantBindings(t, v, 3, 3)
	wantError(t, bindAXB(t, v, someX, axb("r2")), interlineDuplicate)
	clock.move(time.Millisecond)
	wantBindings(t, v, 2, 3)
	wantError(t, unbindAXB(t, v, subid), interlineNoTask)
	wantBound(t, bindAXB(t, v, someX, axb("r3", "ttl", "100")))
	clock.move(100 * time.Second)
	wantBindings(t, v, 1, 4)
	wantError(t, unbindXA(t, v, someX), interlineNoNumber)
	clock.move(10 * 365 * 24 * time.Hour)
	wantBindings(t, v, 1, 4) // forever
	if got := v.BoundTwice(); got != nil {
		t.Errorf("bound twice: %v", got)
	}
}

func TestInterlineUnbind(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
	wantError(t, bindXA(t, v, someX, xa("r2")), 0)
	xaSubid := v.Made()[1].SubID
	for _, c := range []struct {
		path, fields string
		code         int
	}{
		{InterlinePath, "appid=" + testIlApp, 1002},
		{InterlinePath, "subid=" + subid, 1002},
		{InterlinePath, "appid=" + testIlApp + "&subid=", 1002},
		{InterlinePath, "appid=" + testIlApp + "&subid=" + subid + "&x=1", 1002},
		{InterlinePath, "appid=" + testIlApp + "&subid=" + subid + "&subid=" + subid, 1002},
		{InterlinePath, "appid=other&subid=" + subid, 1103},
		{InterlinePath, "appid=" + testIlApp + "&subid=1", 1200},
		{InterlinePath, "appid=" + testIlApp + "&subid=" + xaSubid, 1200},
		{InterlinePath + "/" + someX + InterlineTransfer, "", 1002},
		{InterlinePath + "/" + someX + InterlineTransfer, "appid=other", 1103},
		{InterlinePath + "/" + someX + InterlineTransfer, "appid=" + testIlApp + "&subid=" + subid, 1002},
		{InterlinePath + "/" + otherX + InterlineTransfer, "appid=" + testIlApp, 1300},
	} {
		r := ilRequest(v, http.MethodDelete, c.path, nil)
		r.URL.RawQuery = c.fields
		if a := ilAsk(t, v, r); a.Error != c.code {
			t.Errorf("%s?%s: %+v, want %d", c.path, c.fields, a, c.code)
		}
	}
	wantBindings(t, v, 2, 2)
	clock.move(time.Minute)
	wantError(t, unbindAXB(t, v, subid), 0)
	wantBindings(t, v, 1, 2)
	wantError(t, unbindAXB(t, v, subid), interlineNoTask)
	wantBound(t, bindAXB(t, v, someX, axb("r3"))) // free again
	wantError(t, unbindXA(t, v, someX), 0)
	wantBindings(t, v, 1, 3)
	wantError(t, unbindXA(t, v, otherX), interlineNoNumber)
	if got := v.Made(); !got[0].Released.Equal(clock.now()) {
		t.Errorf("released %v", got[0].Released)
	}
	got := v.Unbinds()
	want := InterlineUnbind{Op: InterlineUnbindAXB, SubID: subid, At: clock.now(), Found: true}
	if len(got) != 7 || got[3] != want || got[4].Found || got[0].Found || got[5].X != someX || got[6].X != otherX {
		t.Errorf("unbinds %+v", got)
	}
}

// TestInterlineUnbindsWithoutBalance is L22.
func TestInterlineUnbindsWithoutBalance(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
	wantError(t, bindXA(t, v, someX, xa("x1")), 0)
	v.SetAccount(InterlineAccount{State: 1, Balance: -5, Overdraft: 5})
	wantError(t, bindAXB(t, v, otherX, axb("r2")), interlineNoBalance)
	wantError(t, bindXA(t, v, otherX, xa("x2")), interlineNoBalance)
	v.SetAccount(InterlineAccount{State: 2, Balance: 5})
	wantError(t, bindAXB(t, v, otherX, axb("r2")), interlineDisabled)
	wantError(t, unbindAXB(t, v, subid), interlineDisabled)
	v.SetAccount(InterlineAccount{State: 3, Balance: 5})
	wantError(t, bindXA(t, v, otherX, xa("x2")), interlineDisabled)
	v.SetAccount(InterlineAccount{State: 1})
	wantBindings(t, v, 2, 2)
	wantError(t, unbindAXB(t, v, subid), 0)
	wantError(t, unbindXA(t, v, someX), 0)
	v.SetAccount(InterlineAccount{State: 0, Balance: -4, Overdraft: 5})
	wantBound(t, bindAXB(t, v, otherX, axb("r2")))
	if got := v.Counts(); got.Bound != 3 || got.Requests != 10 || got.Codes[interlineDisabled] != 3 || got.Codes[0] != 5 {
		t.Errorf("counted %+v", got)
	}
}

func TestInterlineLog(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
	wantError(t, unbindAXB(t, v, subid), 0)
	got := v.Requests()
	if len(got) != 2 || got[0].Op != InterlineBindAXB || got[0].X != someX || got[0].A != someA || got[0].B != someB ||
		got[0].ReqID != "r1" || got[0].BoundSubID != subid || got[0].Result != "error 0" || got[0].At.IsZero() ||
		got[1].Op != InterlineUnbindAXB || got[1].SubID != subid || got[1].BoundSubID != "" {
		t.Errorf("requests %+v", got)
	}
	if fields, err := url.ParseQuery(strings.TrimPrefix(got[0].Content, "bind axb "+someX+" ")); err != nil || fields.Encode() != axb("r1").Encode() {
		t.Errorf("content %q", got[0].Content)
	}
	if got := v.Attempts(); got[0].Ref != "r1" || got[0].From != someA || got[0].Mobile != someB || got[0].CallID != subid {
		t.Errorf("attempts %+v", got)
	}
}
