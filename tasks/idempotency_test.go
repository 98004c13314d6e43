package tasks_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

func TestOneKeyAtOnceFromManyProducers(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const producers = 20
		clients := make([]*tasks.Client, producers)
		for i := range clients {
			clients[i] = producer(t, r)
		}
		receipts, errs := make([]tasks.Receipt, producers), make([]error, producers)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i, c := range clients {
			wg.Go(func() {
				<-start
				receipts[i], errs[i] = c.Enqueue(t.Context(), keyed("order-4711"))
			})
		}
		close(start)
		wg.Wait()
		first := 0
		for i, receipt := range receipts {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if !receipt.Duplicate {
				first++
			}
			if receipt.ID != receipts[0].ID || receipt.State != "queued" {
				t.Errorf("receipt %+v, want the job %s, queued", receipt, receipts[0].ID)
			}
		}
		if first != 1 {
			t.Errorf("%d producers were told that theirs is the first, want 1", first)
		}
		wantCounts(t, r, 1, 1)
	})
}

func TestKeyAfterTheEnd(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		first := enqueue(t, c, keyed("k"))
		if _, err := record.New(r.Client).Fail(t.Context(), first.ID, "platform", "a test ended it"); err != nil {
			t.Fatal(err)
		}
		// asynq forgot the task: its id alone would let a second call through.
		if err := r.Client.Del(t.Context(), keysLike(t, r, "asynq:{*}*")...).Err(); err != nil {
			t.Fatal(err)
		}
		want := tasks.Receipt{ID: first.ID, Account: "jumdata-main", Kind: tasks.KindNotify, State: "failed", Duplicate: true}
		if got := enqueue(t, c, keyed("k")); got != want {
			t.Errorf("after the end: %+v, want %+v", got, want)
		}
		wantCounts(t, r, 1, 0)
		// The record's retention is over, the key's is not.
		if err := r.Client.Del(t.Context(), "callpacer:{jumdata}:job:"+first.ID).Err(); err != nil {
			t.Fatal(err)
		}
		if got := enqueue(t, c, keyed("k")); got != want {
			t.Errorf("after the record: %+v, want %+v", got, want)
		}
		wantCounts(t, r, 0, 0)
		if ttl := r.Client.PTTL(t.Context(), "callpacer:{jumdata}:key:"+first.ID).Val(); ttl < 719*time.Hour || ttl > 720*time.Hour {
			t.Errorf("the key is kept for %v, want 720h", ttl)
		}
	})
}

func TestKeyWithOtherContent(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		first := keyed("k")
		first.Params = nil
		receipt := enqueue(t, c, first)
		check := func(t *testing.T) {
			for field, change := range map[string]func(j *tasks.Job){
				"to":       func(j *tasks.Job) { j.To = "13800000002" },
				"template": func(j *tasks.Job) { j.Template, j.Params = "JM1002", []string{} }, // no params are no params
				"params":   func(j *tasks.Job) { j.Params = []string{"李四"} },
				"times":    func(j *tasks.Job) { j.Times = 2 },
			} {
				j := first
				change(&j)
				_, err := c.Enqueue(t.Context(), j)
				wantField(t, err, field, "was used before")
			}
			// What is no content is the first submit's, and no mistake.
			j := first
			j.To, j.Kind, j.Params = "+86 138 0000 0001", "notify", []string{}
			j.Priority, j.Tags, j.ExpiresIn = tasks.Urgent, map[string]string{"a": "b"}, time.Hour
			if got := enqueue(t, c, j); !got.Duplicate || got.ID != receipt.ID {
				t.Errorf("%+v, want a duplicate of %s", got, receipt.ID)
			}
		}
		t.Run("record", check)
		wantCounts(t, r, 1, 1)
		if err := r.Client.Del(t.Context(), "callpacer:{jumdata}:job:"+receipt.ID).Err(); err != nil {
			t.Fatal(err)
		}
		t.Run("marker", check)
		wantCounts(t, r, 0, 1)
	})
}

func TestJobsWithoutAKeyAreAsManyAsTheSubmits(t *testing.T) {
	r := redistest.Mini(t)
	c := producer(t, r)
	for range 3 {
		if got := enqueue(t, c, call()); got.Duplicate {
			t.Errorf("%+v is a duplicate", got)
		}
	}
	wantCounts(t, r, 3, 3)
	if found := keysLike(t, r, "callpacer:{jumdata}:key:*"); len(found) != 0 {
		t.Errorf("key markers %q of jobs without a key", found)
	}
}

// A key belongs to its account.
func TestKeysOfTwoAccountsAreTwoCalls(t *testing.T) {
	r := redistest.Mini(t)
	c := producer(t, r)
	other := account
	other.Name = "jumdata-spare"
	if _, err := tasks.Publish(t.Context(), r.Client, other); err != nil {
		t.Fatal(err)
	}
	j := keyed("k")
	enqueue(t, c, j)
	j.Account = "jumdata-spare"
	if got := enqueue(t, c, j); got.Duplicate {
		t.Errorf("%+v is a duplicate", got)
	}
	wantCounts(t, r, 2, 2)
}

func TestTooLate(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		j := keyed("k")
		j.ExpiresAt = time.Now().Add(-time.Second)
		_, err := c.Enqueue(t.Context(), j)
		wantField(t, err, "expires_at", "past")
		_, err = c.DryRun(t.Context(), j)
		wantField(t, err, "expires_at", "past")
		wantCounts(t, r, 0, 0)
		// A start long gone by is no reason to refuse.
		j.ExpiresAt, j.NotBefore = time.Time{}, time.Now().Add(-100*time.Hour)
		receipt := enqueue(t, c, j)
		rec := recordOf(t, r, receipt.ID)
		if life := rec.ExpiresAt.Sub(rec.CreatedAt); life != 24*time.Hour {
			t.Errorf("it lives for %v, want 24h", life)
		}
		// Submitted again when its time is over it is still the first job.
		j.NotBefore, j.ExpiresAt = time.Time{}, time.Now().Add(-time.Second)
		if got := enqueue(t, c, j); !got.Duplicate || got.ID != receipt.ID {
			t.Errorf("%+v, want a duplicate", got)
		}
	})
}

func TestDryRunWritesNothing(t *testing.T) {
	r := redistest.Mini(t)
	c := producer(t, r)
	before := fmt.Sprint(keysLike(t, r, "*"))
	dry, err := c.DryRun(t.Context(), keyed("k"))
	if err != nil || dry.State != "valid" {
		t.Fatalf("%+v, %v", dry, err)
	}
	if after := fmt.Sprint(keysLike(t, r, "*")); after != before {
		t.Errorf("keys %s, want %s", after, before)
	}
	if got := enqueue(t, c, keyed("k")); got.ID != dry.ID {
		t.Errorf("the job is %s, said was %s", got.ID, dry.ID)
	}
}

func TestRecordOfAJob(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		j := keyed("k")
		j.Tags = map[string]string{"order": "4711", "a": "\x00 <&> 张三", "e": ""}
		j.NotBefore = time.Now().Add(time.Hour).Truncate(time.Millisecond)
		receipt := enqueue(t, c, j)
		rec := recordOf(t, r, receipt.ID)
		if rec.To != "138****0001" || rec.Account != "jumdata-main" || rec.Vendor != "jumdata" || rec.Kind != "notify" ||
			rec.Priority != "normal" || len(rec.Numbers) != 1 || !rec.NotBefore.Equal(j.NotBefore) ||
			!rec.ExpiresAt.Equal(j.NotBefore.Add(24*time.Hour)) {
			t.Errorf("record %+v", rec)
		}
		if fmt.Sprint(rec.Tags) != fmt.Sprint(j.Tags) {
			t.Errorf("tags %q, want %q", rec.Tags, j.Tags)
		}
		n, err := tasks.DecodeContent(tasks.KindNotify, rec.Content)
		if err != nil || n.To != "13800000001" || fmt.Sprint(n.Params) != "[张三 8点]" {
			t.Errorf("content %+v, %v", n, err)
		}
		wantDue(t, r, receipt.ID)
	})
}
