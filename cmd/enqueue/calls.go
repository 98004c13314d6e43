package main

import (
	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

const connectHelp = `Connect two phones through a middle number, so that neither sees the other's.

The vendor rings --from and then --to; on a line that is dialled directly it waits
(state awaiting_dial) until --from dials the middle number. Both phones count
under the rules per number.`

const connectExample = `  enqueue connect --account dingxin-main --from 13900000001 --to 13800138000 --key order-1
  enqueue connect --sandbox --account dingxin-sandbox --from 13900000001 --to 13800138012 --json`

func connectCommand() jobCommand {
	return jobCommand{
		kind: tasks.KindConnect, short: "Connect two phones through a middle number", long: connectHelp, example: connectExample,
		required: []string{"from", "to"},
		flags: func(cmd *cobra.Command, j *tasks.Job) {
			cmd.Flags().StringVar(&j.From, "from", "", "the caller's `NUMBER` (required)")
			cmd.Flags().StringVar(&j.To, "to", "", "the callee's `NUMBER` (required)")
		},
	}
}

const pollHelp = `Ask the vendor how a call ended that was placed outside callpacer. The record
begins as submitted under the vendor's id, and is asked about until the call has
ended, at most until the job expires: 24 hours after it was accepted, or
--expires-in. The account's poll.give_up does not end it. Nobody is called. Calls
of jobs of callpacer's own are asked about by themselves.`

const pollExample = `  enqueue poll --account jumdata-main --vendor-id 69564903663951243279 --to 13800138000
  enqueue poll --account itnio-main --vendor-id 2108021054011000095`

func pollCommand() jobCommand {
	return jobCommand{
		kind: tasks.KindPoll, short: "Ask how a call ended", long: pollHelp, example: pollExample,
		required: []string{"vendor-id"},
		flags: func(cmd *cobra.Command, j *tasks.Job) {
			cmd.Flags().StringVar(&j.VendorID, "vendor-id", "", "the call's `ID` at the vendor (required)")
			cmd.Flags().StringVar(&j.To, "to", "", "the `NUMBER` called, which Jumdata wants")
		},
	}
}

const recordingHelp = `Fetch the recording of a call from the vendor. Nobody is called.`

const recordingExample = `  enqueue recording --account dingxin-main --vendor-id 1234567890abcdef`

func recordingCommand() jobCommand {
	return jobCommand{
		kind: tasks.KindRecording, short: "Fetch the recording of a call", long: recordingHelp, example: recordingExample,
		required: []string{"vendor-id"},
		flags: func(cmd *cobra.Command, j *tasks.Job) {
			cmd.Flags().StringVar(&j.VendorID, "vendor-id", "", "the call's `ID` at the vendor, Dingxin's subid (required)")
		},
	}
}

const accountHelp = `Ask the vendor how the account stands: its balance or its status. The job ends
completed or failed, and the timeline of its record tells the answer. Nobody is
called.`

const accountExample = `  enqueue account --account interline-main
  enqueue account --account itnio-main --json`

func accountCommand() jobCommand {
	return jobCommand{
		kind: tasks.KindAccount, short: "Ask the vendor how the account stands", long: accountHelp, example: accountExample,
		flags: func(*cobra.Command, *tasks.Job) {},
	}
}
