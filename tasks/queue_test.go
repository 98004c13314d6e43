package tasks_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

func TestIDsAndQueues(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		ulid := regexp.MustCompile(`^jumdata\.[0-9A-HJKMNP-TV-Z]{26}$`)
		for priority, queue := range map[tasks.Priority]string{
			"": "jumdata-main:normal", tasks.Normal: "jumdata-main:normal",
			tasks.Urgent: "jumdata-main:urgent", tasks.Bulk: "jumdata-main:bulk",
		} {
			j := call()
			j.Priority = priority
			receipt := enqueue(t, c, j)
			if !ulid.MatchString(receipt.ID) {
				t.Errorf("id %s of a job without a key", receipt.ID)
			}
			if info := taskOf(t, r, queue, receipt.ID); info.State != asynq.TaskStatePending {
				t.Errorf("%q: the task is %v", priority, info.State)
			}
		}
		// SHA-256 of both length-prefixed, its first 16 bytes, computed elsewhere.
		if got := enqueue(t, c, keyed("order-4711")).ID; got != "jumdata.wg56vhtun27tk3ua7wd2raprme" {
			t.Errorf("id %s", got)
		}
	})
}

func TestQueueCarriesNoNumber(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		j := keyed("k")
		j.Tags = map[string]string{"order": "tag-value"}
		receipt := enqueue(t, producer(t, r), j)
		info := taskOf(t, r, "jumdata-main:normal", receipt.ID)
		if got, want := string(info.Payload), `{"v":1,"id":"`+receipt.ID+`"}`; got != want {
			t.Errorf("payload %s, want %s", got, want)
		}
		if info.Type != "notify" || info.MaxRetry != 1_000_000 || info.Timeout != 20*time.Minute ||
			info.Retention != 24*time.Hour || !info.Deadline.IsZero() {
			t.Errorf("task %+v", info)
		}
		for _, key := range keysLike(t, r, "asynq:*:t:*") {
			for field, value := range r.Client.HGetAll(t.Context(), key).Val() {
				for _, word := range []string{"13800000001", "JM1001", "张三", "tag-value"} {
					if strings.Contains(value, word) {
						t.Errorf("%s of %s holds %s", field, key, word)
					}
				}
			}
		}
	})
}

func TestFollowUpsAreNotKept(t *testing.T) {
	r := redistest.Mini(t)
	broker := tasks.NewAsynqBroker(r.Client)
	for kind, queue := range map[tasks.Kind]tasks.Queue{
		tasks.KindPoll: tasks.FollowQueue("a"), tasks.KindPush: tasks.PushQueue("a"),
	} {
		e := tasks.Entry{Queue: queue, Kind: kind, TaskID: tasks.Sequenced("g.1", 2), ID: "g.1"}
		if err := broker.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		info := taskOf(t, r, "a:"+map[tasks.Kind]string{tasks.KindPoll: "follow", tasks.KindPush: "push"}[kind], "g.1~2")
		if info.Retention != 0 || info.MaxRetry != 1_000_000 || info.Timeout != 20*time.Minute {
			t.Errorf("%s: %+v", kind, info)
		}
		if err := broker.Put(t.Context(), e); !errors.Is(err, tasks.ErrTaskExists) {
			t.Errorf("%s again: %v, want ErrTaskExists", kind, err)
		}
	}
}

func TestStartIsRoundedUp(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		broker := tasks.NewAsynqBroker(r.Client)
		second := time.Now().Add(time.Hour).Truncate(time.Second)
		for after, want := range map[time.Duration]time.Time{
			0: second, 1: second.Add(time.Second), time.Millisecond: second.Add(time.Second),
			time.Second - 1: second.Add(time.Second), time.Second: second.Add(time.Second),
		} {
			e := tasks.Entry{Queue: "a:normal", Kind: tasks.KindNotify, TaskID: "g." + after.String(), ID: "g.1", At: second.Add(after)}
			if err := broker.Put(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			info := taskOf(t, r, "a:normal", e.TaskID)
			if !info.NextProcessAt.Equal(want) || info.State != asynq.TaskStateScheduled {
				t.Errorf("%v after the second: %v at %v, want %v", after, info.State, info.NextProcessAt, want)
			}
		}
	})
}

func TestSequencedNames(t *testing.T) {
	if got := tasks.Sequenced("g.1", 12); got != "g.1~12" {
		t.Error(got)
	}
	for task, want := range map[string]struct {
		id string
		n  int
		ok bool
	}{
		"g.1~12": {"g.1", 12, true}, "g.1": {"g.1", 0, false}, "g.1~": {"g.1", 0, false},
		"g.1~x": {"g.1", 0, false}, "": {"", 0, false}, "g.1~1~2": {"g.1", 0, false},
	} {
		if id, n, ok := tasks.SplitSequenced(task); id != want.id || n != want.n || ok != want.ok {
			t.Errorf("%q: %q %d %v", task, id, n, ok)
		}
	}
}

func TestPayload(t *testing.T) {
	if id, err := tasks.DecodePayload(tasks.EncodePayload("g.1")); id != "g.1" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	id, err := tasks.DecodePayload([]byte(`{"v":2,"id":"g.1","to":"new"}`))
	var version *tasks.VersionError
	if id != "g.1" || !errors.As(err, &version) || version.Version != 2 {
		t.Errorf("another version: %q, %v", id, err)
	}
	for _, b := range []string{"", "null", "{}", "[]", `"g.1"`, `{"v":1}`, `{"v":1,"id":""}`, `{"v":"1","id":"g.1"}`, `{"v":1,"id":"g.1"}x`} {
		if id, err := tasks.DecodePayload([]byte(b)); err == nil || id != "" {
			t.Errorf("%q: %q, %v", b, id, err)
		}
	}
}

func FuzzPayload(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":"g.1"}`))
	f.Add([]byte(`{"v":2,"id":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, err := tasks.DecodePayload(b); err == nil {
			if again, err := tasks.DecodePayload(tasks.EncodePayload(id)); again != id || err != nil {
				t.Errorf("%q became %q, %v", id, again, err)
			}
		}
	})
}
