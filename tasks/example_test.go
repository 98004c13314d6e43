package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/tasks"
)

// An application needs the address of Redis and the name of an account. This
// one brings an embedded Redis and does what workers do at their start.
func ExampleClient_Enqueue() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer func() { _ = rdb.Close() }()
	ctx := context.Background()
	_, err := tasks.Publish(ctx, rdb, tasks.Account{
		Name: "jumdata-main", Vendor: "jumdata", Group: "jumdata", Kinds: []tasks.Kind{tasks.KindNotify}, Traits: tasks.Traits{Params: true},
		Retention: 72 * time.Hour, KeyRetention: 720 * time.Hour,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	client := tasks.NewClient(rdb)
	job := tasks.Job{
		Account: "jumdata-main", To: "+86 138-0000-0001", Template: "JM1001", Params: []string{"张三", "8点"},
		IdempotencyKey: "order-4711", ExpiresIn: 2 * time.Hour,
	}
	first, err := client.Enqueue(ctx, job)
	fmt.Println(first.ID, first.State, first.Duplicate, err)

	// The same key again is the same call, also from another process or after
	// a lost answer.
	again, err := client.Enqueue(ctx, job)
	fmt.Println(again.ID == first.ID, again.Duplicate, err)

	// With other content it is a mistake, and so is a job that cannot work.
	job.Params = []string{"李四", "9点"}
	_, err = client.Enqueue(ctx, job)
	fmt.Println(err)
	job.To = "12345"
	_, err = client.Enqueue(ctx, job)
	var wrong *tasks.FieldError
	fmt.Println(errors.As(err, &wrong), wrong.Field)

	// Output:
	// jumdata.wg56vhtun27tk3ua7wd2raprme queued false <nil>
	// true true <nil>
	// params: the idempotency key was used before with another value here; use a new key, or the same content
	// true to
}
