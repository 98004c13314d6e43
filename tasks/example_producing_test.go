package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/tasks"
)

// redisWithWorkers is an embedded Redis on which workers have published an account
// whose applications hear of their jobs.
func redisWithWorkers(ctx context.Context) (rdb *redis.Client, stop func(), err error) {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	rdb = redis.NewClient(&redis.Options{Addr: server.Addr()})
	stop = func() { _ = rdb.Close(); server.Close() }
	_, err = tasks.Publish(ctx, rdb, tasks.Account{
		Name: "jumdata-main", Vendor: "jumdata", Group: "jumdata", Kinds: []tasks.Kind{tasks.KindNotify}, Traits: tasks.Traits{Params: true},
		Retention: 72 * time.Hour, KeyRetention: 720 * time.Hour,
		Events: true, EventPrefixes: []string{"https://app.example.com/hooks/"},
	})
	if err != nil {
		stop()
		return nil, nil, err
	}
	return rdb, stop, nil
}

// Many jobs take few round trips. Each has an answer of its own.
func ExampleClient_EnqueueMany() {
	ctx := context.Background()
	rdb, stop, err := redisWithWorkers(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	client := tasks.NewClient(rdb)
	jobs := []tasks.Job{
		{Account: "jumdata-main", To: "13800000001", Template: "JM1001", IdempotencyKey: "order-1", Priority: tasks.Bulk},
		{Account: "jumdata-main", To: "1380000000", Template: "JM1001", IdempotencyKey: "order-2", Priority: tasks.Bulk},
		{Account: "jumdata-main", To: "13800000001", Template: "JM1001", IdempotencyKey: "order-1", Priority: tasks.Bulk},
	}
	for i, result := range client.EnqueueMany(ctx, jobs) {
		var wrong *tasks.FieldError
		switch {
		case errors.As(result.Err, &wrong):
			fmt.Println(i, "mend it:", wrong.Field, wrong.Message)
		case result.Err != nil:
			fmt.Println(i, "submit it again:", result.Err)
		default:
			fmt.Println(i, result.Receipt.State, result.Receipt.Duplicate)
		}
	}

	// Output:
	// 0 queued false
	// 1 mend it: to phone number is too short: 10 digits, want 11
	// 2 queued true
}

// An application that has an asynq client already puts the job into a task.
func ExampleNewNotifyTask() {
	ctx := context.Background()
	rdb, stop, err := redisWithWorkers(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	client := asynq.NewClientFromRedisClient(rdb)

	accounts, err := tasks.Accounts(ctx, rdb) // once, and again now and then
	if err != nil {
		fmt.Println(err)
		return
	}
	task, id, err := tasks.NewNotifyTask(accounts["jumdata-main"], tasks.Job{
		To: "13800000001", Template: "JM1001", Params: []string{"张三", "8点"}, IdempotencyKey: "order-4711",
	})
	if err != nil {
		fmt.Println(err) // a *tasks.FieldError: nothing was put anywhere
		return
	}
	info, err := client.EnqueueContext(ctx, task)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		fmt.Println(id, "is there already") // this key was submitted before
		return
	}
	if err != nil {
		fmt.Println(err) // whether it was put there is open: enqueue the same task again
		return
	}
	fmt.Println(id, info.ID == id, info.Queue)

	// Output:
	// jumdata.wg56vhtun27tk3ua7wd2raprme true jumdata-main:normal
}

// A job may have its events told to an address of its own, where the workers'
// configuration allows the beginning of it.
func ExampleJob_eventURL() {
	ctx := context.Background()
	rdb, stop, err := redisWithWorkers(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	client := tasks.NewClient(rdb)

	job := tasks.Job{Account: "jumdata-main", To: "13800000001", Template: "JM1001", IdempotencyKey: "order-4712"}
	job.EventURL = "https://app.example.com/hooks/orders/4712"
	job.Tags = map[string]string{"order": "4712"} // every event repeats them
	receipt, err := client.Enqueue(ctx, job)
	fmt.Println(receipt.State, err)

	job.EventURL = "https://elsewhere.example.com/"
	_, err = client.Enqueue(ctx, job)
	fmt.Println(err)

	// Output:
	// queued <nil>
	// event_url: begins with none of events.allowed_prefixes of account jumdata-main's workers, and is not their events.url
}
