package main

import (
	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

const notifyHelp = `Play a vendor's template, or a voice file, to one phone.

--template is Jumdata's template id, or ITNIO's voice file id, which takes no
--param. --param gives the template's variables in order, once for each; a comma
does not separate them. With --key every submit of the same key is one call,
also days later; without it each run of this command is a new call.

With --sandbox the last two digits of --to decide what happens: 11 no answer,
12 busy, 13 rejected, 14 the vendor refuses the number, 15, 17 and 19 the
vendor's answer is lost after the call was placed, 16 the connection is cut
before, once; at Jumdata's 18 blacklisted, 20 maintenance, once. Most others are
answered; "worker --sandbox" prints the list of each vendor.`

const notifyExample = `  enqueue notify --account jumdata-main --to 13800138000 --template 1001 --param 张三 --param 8点 --key order-1
  enqueue notify --account itnio-main --to +8613800138000 --template 6677 --times 2
  enqueue notify --sandbox --account jumdata-sandbox --to 13800138012 --template 1001 --priority urgent --json`

func notifyCommand() jobCommand {
	return jobCommand{
		kind: tasks.KindNotify, short: "Play a template or a voice file to one phone", long: notifyHelp, example: notifyExample,
		required: []string{"to", "template"},
		flags: func(cmd *cobra.Command, j *tasks.Job) {
			flags := cmd.Flags()
			flags.StringVar(&j.To, "to", "", "mainland mobile `NUMBER`, or a foreign one with its country code where the vendor calls those (required)")
			flags.StringVar(&j.Template, "template", "", "Jumdata's template `ID`, ITNIO's voice file id (required)")
			flags.StringArrayVar(&j.Params, "param", nil, "`VALUE` of the next template variable; repeat it")
			flags.IntVar(&j.Times, "times", 0, "play it `N` times, 1 to 3 (default: the vendor's)")
		},
	}
}
