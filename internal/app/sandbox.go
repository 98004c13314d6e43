package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/sandbox"
)

// SandboxOptions say how the sandbox runs.
type SandboxOptions struct {
	Once     bool // take free ports, and end when the sample batch is done
	JSON     bool // the closing table as JSON lines
	Terminal bool // Out is a terminal: progress is drawn in place
	Out, Err io.Writer
}

// RunSandbox shows the whole path in one process: a sample batch of every kind
// at every vendor with progress and a closing table; then, without Once, it
// stays up until ctx ends.
func RunSandbox(ctx context.Context, o SandboxOptions) (err error) {
	log := logrus.New()
	log.SetOutput(o.Err)
	log.SetLevel(logrus.ErrorLevel)
	w, err := openWorld(ctx, o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	say := o.Out
	if o.JSON {
		say = o.Err // standard output has the table's objects and nothing else
	}
	fmt.Fprintln(say, "This is callpacer's sandbox: the vendors are simulated, Redis runs inside this process,")
	fmt.Fprintln(say, "nobody is called, and nothing is kept when it ends.")
	fmt.Fprintln(say)
	batch := &sampleBatch{world: w, say: say, out: o.Out, json: o.JSON, inPlace: o.Terminal && !o.JSON}
	if err := batch.run(ctx); err != nil {
		return err
	}
	if o.Once {
		return nil
	}
	w.invite(say)
	return w.follow(ctx, say, batch.ids)
}

// invite says what a person can try while the sandbox stays up.
func (w *world) invite(say io.Writer) {
	fmt.Fprintf(say, "\nThe sandbox stays up until Ctrl-C. Monitoring: http://%s/monitor/\n", w.admin)
	for _, try := range []string{
		"notify  --sandbox --account " + accountJumdata + " --to 13800000012 --template T1",
		"notify  --sandbox --account " + accountITNIO + " --to +8613800000029 --template F1",
		"connect --sandbox --account " + accountDingxin + " --from 13900000001 --to 13800000011",
		"bind    --sandbox --account " + accountInterline + " --x 17000000009 --a 13800000022 --b 13900000009 --ttl 10m",
		"bind    --sandbox --account " + accountInterline + " --x auto --a 13800000001 --b 13900000010 --ttl 10m",
		"bindings --sandbox",
	} {
		fmt.Fprintf(say, "Try:  go run ./cmd/enqueue %s\n", try)
	}
	fmt.Fprintln(say, "The last two digits of a number (the callee's, for a binding A's) decide what becomes of it:")
	for _, v := range []struct {
		name    string
		numbers []sandbox.NumberCase
	}{
		{"jumdata", sandbox.Numbers()}, {"itnio", sandbox.ITNIONumbers()}, {"dingxin", sandbox.DingxinNumbers()},
		{"interline", interlineCases()},
	} {
		fmt.Fprintf(say, "%s\n", v.name)
		for _, n := range v.numbers {
			suffix := n.Suffix
			if suffix == "" {
				suffix = "any other"
			}
			fmt.Fprintf(say, "  %-9s  %s\n", suffix, n.What)
		}
	}
}

func interlineCases() []sandbox.NumberCase {
	var out []sandbox.NumberCase
	for _, n := range sandbox.InterlineNumbers() {
		out = append(out, sandbox.NumberCase{Suffix: n.Suffix, What: n.What})
	}
	return out
}
