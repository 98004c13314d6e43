package main

import (
	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

const bindHelp = `Bind a privacy number.

--mode axb (the default): A and B reach each other through X, for --ttl.
--mode xa: whoever calls X reaches A; without --ttl it has no end, which the
account must allow (allow_endless: true).

--x auto leaves the choice to callpacer: a worker takes a number of the account's
pool that is free for A and B, the one with the fewest bindings. The account's
workers must have a pool (pool in their configuration). While none is free the job
is held, reason no_number. Which number it became stands in clear in enqueue
status, in enqueue bindings and in the event binding.active.

A binding that leaves another one no room on its X is not sent: one of either mode
that has A or B on the same X, and in mode xa any other of that mode. While the
other is being sent or in doubt, the job is held (reason binding_conflict); where
it stands, the job waits for an unbind, ten seconds or while a request about X is
under way, and then ends failed, cause binding_conflict. See enqueue bindings.

The job is active while the binding stands; each call over it has a record of its
own. It ends released (enqueue unbind) or expired. With --key every submit of the
same key is one binding, also with --x auto.

--display says who sees which number: in mode axb what B sees and what A sees,
0 for X and 1 for the real number ("0,0"); in mode xa one of them ("0").
--prompts are the vendor's ids of announcements before the connection: in mode
axb up to three (for B calling X, for A calling X, for others calling X), in mode
xa one. --answer-prompts are heard when the call is answered, up to two, in mode
axb only. An empty place leaves that one out: --prompts ,7`

const bindExample = `  enqueue bind --account interline-main --x 17000000000 --a 13800138000 --b 13900000001 --ttl 1h --record --key order-1
  enqueue bind --account interline-main --mode axb --x 17000000000 --a 13800138000 --b 13900000001 --ttl 1h --display 0,0 --prompts 3,4 --user-data order-1
  enqueue bind --account interline-main --mode xa --x 17000000000 --a 13800138000 --ttl 24h
  enqueue bind --account interline-main --x auto --a 13800138000 --b 13900000001 --ttl 1h --key order-2`

func bindCommand() jobCommand {
	return jobCommand{
		kind: tasks.KindBind, short: "Bind a privacy number", long: bindHelp, example: bindExample,
		required: []string{"x", "a"},
		flags: func(cmd *cobra.Command, j *tasks.Job) {
			flags := cmd.Flags()
			flags.StringVar(&j.Mode, "mode", tasks.ModeAXB, "axb or xa")
			flags.StringVar(&j.X, "x", "", "the privacy `NUMBER`, or "+tasks.AutoX+" for a free one of the account's pool (required)")
			flags.StringVar(&j.A, "a", "", "the `NUMBER` of A (required)")
			flags.StringVar(&j.B, "b", "", "the `NUMBER` of B (required in mode axb)")
			flags.DurationVar(&j.TTL, "ttl", 0, "how long the binding stands, a `DURATION` such as 1h (required in mode axb)")
			flags.BoolVar(&j.Record, "record", false, "record the calls")
			flags.StringVar(&j.Display, "display", "", "who sees which number, `FLAGS` such as 0,0 (default: the vendor's)")
			flags.StringSliceVar(&j.Prompts, "prompts", nil, "`IDS` of announcements before the connection, between commas")
			flags.StringSliceVar(&j.AnswerPrompts, "answer-prompts", nil, "`IDS` of announcements at the answer, between commas")
			flags.StringVar(&j.UserData, "user-data", "", "`TEXT` that the vendor tells again with each call")
		},
	}
}

const unbindHelp = `Release a privacy number. Name the binding in one way: by the job that bound it
(--job), by its id at the vendor (--subid), or, in mode xa, by the privacy number
(--mode xa --x). A job that has no record (any more) is refused: records end some
days after their binding.

With --job the request goes out only while that binding may stand, and in mode xa
only while no later one has its X: what has ended (released, expired by its ttl,
canceled) is not asked for again, and the job is completed without a request. A
bind that waits to be sent again is not sent any more; one that was never sent is
better canceled: enqueue cancel. Of a binding of which nobody knows the vendor's id
(its answer was lost) the job is held, reason binding, until a call or message over
it tells the id, or its time is over; repeats of the bind go on, which may tell it.
With --subid the job is completed without a request where callpacer knows the
binding and it has ended.`

const unbindExample = `  enqueue unbind --account interline-main --job interline.01ARZ3NDEKTSV4RRFFQ69G5FAV
  enqueue unbind --account interline-main --subid 1234567890abcdef
  enqueue unbind --account interline-main --mode xa --x 17000000000`

func unbindCommand() jobCommand {
	return jobCommand{
		kind: tasks.KindUnbind, short: "Release a privacy number", long: unbindHelp, example: unbindExample,
		flags: func(cmd *cobra.Command, j *tasks.Job) {
			flags := cmd.Flags()
			flags.StringVar(&j.Binding, "job", "", "`ID` of the job that bound it")
			flags.StringVar(&j.Subid, "subid", "", "`ID` of the binding at the vendor")
			flags.StringVar(&j.Mode, "mode", "", "xa, beside --x")
			flags.StringVar(&j.X, "x", "", "the privacy `NUMBER`, in mode xa")
		},
		contradiction: oneWay,
	}
}

// oneWay wants one name of the binding, and no more.
func oneWay(given func(flag string) bool) error {
	ways := 0
	for _, flag := range []string{"job", "subid", "x"} {
		if given(flag) {
			ways++
		}
	}
	switch {
	case ways > 1:
		return usagef("job", "name the binding in one way only: --job ID, --subid ID, or --mode xa --x NUMBER")
	case ways == 0 && !given("mode"):
		return usagef("job", "name the binding: --job ID, --subid ID, or --mode xa --x NUMBER")
	}
	return nil
}
