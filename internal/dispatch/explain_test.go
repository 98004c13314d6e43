package dispatch

import (
	"reflect"
	"testing"

	"github.com/callpacer/callpacer/internal/explain"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// What explains why a job waits asks of the rules what the job's own run asks.
func TestExplainedAsItIsAsked(t *testing.T) {
	for kind, content := range map[tasks.Kind]string{
		tasks.KindNotify:  `{"to":"13800000001","template":"T"}`,
		tasks.KindConnect: `{"from":"13800000001","to":"13800000002"}`,
		tasks.KindBind:    `{"mode":"axb","x":"17000000001","a":"13800000001","b":"13800000002"}`,
		tasks.KindUnbind:  `{"subid":"s1"}`,
	} {
		l := &Lane{Account: "a", Pace: &ratelimit.Pacer{}, FreePace: &ratelimit.Pacer{}, QueryPace: &ratelimit.Pacer{}}
		rec := &record.Record{ID: "g.j", Kind: string(kind), State: record.Queued, Content: content, Numbers: []string{"n1", "n2"}, Attempt: 3}
		c, err := tasks.DecodeContent(kind, content)
		if err != nil {
			t.Fatal(err)
		}
		what, _ := l.orderOf(kind, rec, c) // no vendor is needed to ask
		if what.people, err = peopleOf(kind, c); err != nil {
			t.Fatal(err)
		}
		run := attempt{lane: l, rec: rec, order: what, n: rec.Attempt + 1}
		want := run.request()
		got, pace, err := explain.RequestOf(rec, nil)
		if err != nil {
			t.Fatal(err)
		}
		// These are the vendor's, and no rule asks for them before the permit.
		got.Repeatable, got.Keeps = want.Repeatable, want.Keeps
		if len(want.Suppress) == 0 {
			want.Suppress = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: explained as %+v, asked as %+v", kind, got, want)
		}
		paces := map[ratelimit.Pace]*ratelimit.Pacer{ratelimit.PaceCalls: l.Pace, ratelimit.PaceAnytime: l.FreePace, ratelimit.PaceQueries: l.QueryPace}
		if run.pace() != paces[pace] {
			t.Errorf("%s: explained at the pace %d, which is not the one that it goes by", kind, pace)
		}
	}
}
