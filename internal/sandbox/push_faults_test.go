package sandbox

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pushing is a vendor of any kind with a way to have it push n times.
type pushing struct {
	v    *vendor
	push func(n int)
}

func pushers(t *testing.T, client *http.Client) map[string]func() pushing {
	t.Helper()
	each := func(n int, do func(a, b string)) {
		for i := range n {
			do(fmt.Sprintf("137%08d", i*100), fmt.Sprintf("138%08d", i*100))
		}
	}
	return map[string]func() pushing{
		"jumdata": func() pushing {
			j := newVendor(t, JumdataOptions{PushClient: client})
			return pushing{&j.vendor, func(n int) {
				each(n, func(_, b string) { wantPlaced(t, send(t, j, b, "job.1", "notifyUrl", pushTo)) })
			}}
		},
		"itnio": func() pushing {
			v := newITNIO(t, ITNIOOptions{PushClient: client, PushURL: itPushTo})
			return pushing{&v.vendor, func(n int) {
				each(n, func(_, b string) { itPlaced(t, itSend(t, v, "86"+b, "job.1")) })
			}}
		},
		"dingxin": func() pushing {
			d := newDingxin(t, DingxinOptions{PushClient: client})
			return pushing{&d.vendor, func(n int) { each(n, func(a, b string) { dxPlaced(t, dxCall(t, d, a, b, dxJobPush)) }) }}
		},
		"interline": func() pushing {
			v := newInterline(t, InterlineOptions{PushClient: client, PushURL: ilPushTo})
			wantError(t, bindXA(t, v, someX, xa("x1")), 0) // without end
			return pushing{&v.vendor, func(n int) {        // a start and a CDR of each call
				for range n / 2 {
					mustCall(t, v, someX, someA)
				}
			}}
		},
	}
}

func eachPusher(t *testing.T, answer func(int) (int, string), run func(t *testing.T, p pushing, app *application)) {
	t.Helper()
	for _, name := range []string{"jumdata", "itnio", "dingxin", "interline"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{answer: answer}
				run(t, pushers(t, httpClient(app))[name](), app)
			})
		})
	}
}

// TestPushFaults: of four hundred pushes about as many suffer each fault as its share
// says, and what comes is what the log says.
func TestPushFaults(t *testing.T) {
	eachPusher(t, nil, func(t *testing.T, p pushing, app *application) {
		p.v.SetPushFaults(PushFaults{Seed: 11, Lose: 0.1, Duplicate: 0.3, Reorder: 0.2})
		p.push(400)
		if p.v.PushesOpen() == 0 {
			t.Error("nothing is open though nothing was pushed")
		}
		time.Sleep(time.Hour)
		came := map[string]int{}
		for _, push := range app.got() {
			came[push.body]++
		}
		lost, held, doubled := 0, 0, 0
		for _, push := range p.v.PushLog() {
			want := 1 + push.Again
			switch {
			case push.Lost:
				lost++
				want = 0
			case push.Held:
				held++
			}
			if push.Again > 0 {
				doubled++
			}
			if push.Tries != want || push.Acked != want || !push.Over || len(push.CallIDs) != 1 || push.AckedAt.IsZero() != push.Lost {
				t.Errorf("%+v, want %d tries", push, want)
			}
			came[string(push.Body)] -= want
		}
		for body, n := range came {
			if n != 0 {
				t.Errorf("%d more came than the log says of %s", n, body)
			}
		}
		if near := func(n, want int) bool { return n > want*6/10 && n < want*14/10 }; !near(lost, 40) || !near(held, 80*9/10) || !near(doubled, 120) {
			t.Errorf("%d lost, %d held back, %d doubled", lost, held, doubled)
		}
		if p.v.PushesOpen() != 0 {
			t.Errorf("%d are still open", p.v.PushesOpen())
		}
	})
}

// TestPushFaultsAgain: the same seed draws the same, another one does not.
func TestPushFaultsAgain(t *testing.T) {
	drawn := func(seed uint64) (s string) {
		f := PushFaults{Seed: seed, Lose: 0.3, Duplicate: 0.3, Reorder: 0.3}
		for n := range 100 {
			lost, held, again := f.drawn(n)
			s += fmt.Sprint(lost, held, again, ";")
		}
		return s
	}
	one := drawn(1)
	if one != drawn(1) {
		t.Error("one seed draws differently")
	}
	if one == drawn(2) {
		t.Error("two seeds draw the same")
	}
}

// TestPushReordered: what is held back comes after what became due later, and its
// duplicates after that.
func TestPushReordered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		j := newVendor(t, JumdataOptions{PushClient: httpClient(app)})
		j.SetPushFaults(PushFaults{Reorder: 1, Duplicate: 1, Behind: 4 * time.Second, Again: time.Second})
		wantPlaced(t, send(t, j, "13800000000", "first.1", "notifyUrl", pushTo))
		time.Sleep(time.Second)
		j.SetPushFaults(PushFaults{})
		wantPlaced(t, send(t, j, "13800000100", "second.1", "notifyUrl", pushTo))
		time.Sleep(time.Hour)
		log, got := j.PushLog(), app.got()
		if len(log) != 2 || len(got) != 2+log[0].Again || got[0].body != string(log[1].Body) {
			t.Fatalf("%d pushes came of %+v", len(got), log)
		}
		if got[1].at.Sub(log[0].At) != 4*time.Second || got[2].at.Sub(log[0].At) != 5*time.Second {
			t.Errorf("held back until %s and %s", got[1].at.Sub(log[0].At), got[2].at.Sub(log[0].At))
		}
	})
}

// TestPushTries: redelivery is as the faults say, in place of the vendor's own.
func TestPushTries(t *testing.T) {
	refuse := func(int) (int, string) { return 503, "" }
	eachPusher(t, refuse, func(t *testing.T, p pushing, app *application) {
		for _, c := range []struct {
			f    PushFaults
			want int
		}{{PushFaults{Tries: 1}, 1}, {PushFaults{Tries: 20, Pause: 100 * time.Millisecond}, 20}, {PushFaults{Tries: 2}, 2}} {
			p.v.SetPushFaults(c.f)
			before := len(app.got())
			p.push(2)
			time.Sleep(time.Hour)
			got := app.got()[before:]
			if len(got) != 2*c.want {
				t.Fatalf("%d requests for two pushes, want %d", len(got), 2*c.want)
			}
			if took := got[len(got)-1].at.Sub(got[0].at); c.f.Pause > 0 && took > time.Second+20*c.f.Pause {
				t.Errorf("tries of %s", took)
			}
		}
		for _, push := range p.v.PushLog() {
			if push.Acked != 0 || !push.AckedAt.IsZero() || !push.Over {
				t.Errorf("%+v", push)
			}
		}
	})
}

func TestPushFaultsMistakes(t *testing.T) {
	for _, f := range []PushFaults{{Lose: -0.1}, {Duplicate: 1.1}, {Reorder: 2}, {Tries: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v is taken", f)
				}
			}()
			newVendor(t, JumdataOptions{}).SetPushFaults(f)
		}()
	}
}
