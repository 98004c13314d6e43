// Command enqueue puts jobs on the queue, one or a file of them, and tells what
// became of them.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // hosts and images without zone data

	"github.com/redis/go-redis/v9"
)

func main() { os.Exit(runProcess()) }

func runProcess() int {
	redis.SetLogger(noLog{}) // a failure is one line on standard error, and it is ours
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// run is the whole command; it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newApp(stdin, stdout, stderr).run(ctx, args)
}

// noLog drops what go-redis would print beside our own line.
type noLog struct{}

// Printf takes a line of go-redis.
func (noLog) Printf(context.Context, string, ...any) {}
