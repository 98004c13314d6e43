package main

import (
	"context"
	"io"
	"os"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
)

// app is one run of the command.
type app struct {
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	env     func(name string) string
	open    func(*redis.UniversalOptions) redis.UniversalClient
	json    bool
	where   whereFlags
	entered bool // the command line was right, a command is running
	// rowsOnly: standard output is for the rows of a file, also where the command fails.
	rowsOnly bool
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, env: os.Getenv, open: redis.NewUniversalClient}
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // nil would mean the process's own
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	a.rowsOnly = cmd.Name() == importName || cmd.Name() == exportName
	return a.end(err, args)
}

const rootHelp = `enqueue puts jobs on callpacer's queue - calls, privacy numbers and questions to
the vendors - and tells what became of them.

It needs to know where Redis is, from the first of these that is given:
  --sandbox              the Redis of "worker --sandbox" on 127.0.0.1:16379; it
                         goes with neither --redis nor --config
  --redis URL            such as redis://127.0.0.1:6379/0
  --config FILE          a worker's configuration: its redis section, and its
                         accounts where no worker has published them yet, which
                         count beside --redis too
  CALLPACER_REDIS_URL    in the environment

With --json standard output holds one JSON object a line and nothing else (of an
import or export: the rows, and no other failure); what failed is one line on
standard error in either case.

Exit status: 0 done; 1 failed (unknown account or id, Redis away, refused);
2 wrong usage; 3 some or all rows of a batch failed.`

const rootExample = `  enqueue notify --sandbox --account jumdata-sandbox --to 13800138000 --template 1001 --param 张三
  enqueue bind --config callpacer.yaml --account interline-main --x 17000000000 --a 13800138000 --b 13900000001 --ttl 1h
  enqueue import calls.csv --config callpacer.yaml --account jumdata-main
  enqueue status jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV --wait`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "enqueue", Short: "Put jobs on the queue", Long: rootHelp, Example: rootExample,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			return usagef("", "a command is missing, such as notify, connect, bind, import or status (enqueue --help explains them)")
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(helpCommand())
	flags := root.PersistentFlags()
	flags.StringVar(&a.where.redis, "redis", "", "address of Redis, as a `URL`")
	flags.StringVar(&a.where.config, "config", "", "a worker's configuration `FILE`")
	flags.BoolVar(&a.where.sandbox, "sandbox", false, "use the Redis of worker --sandbox")
	flags.BoolVar(&a.json, "json", false, "print JSON, one object a line")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badFlag(err) })
	for _, c := range jobCommands() {
		root.AddCommand(a.jobCommand(c))
	}
	root.AddCommand(a.importCommand(), a.exportCommand(), a.statusCommand(), a.whyCommand(), a.cancelCommand(), a.bindingsCommand(), a.suppressCommand())
	return root
}

// helpCommand differs from cobra's own in that a wrong topic is wrong usage.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Explain a command", Example: "  enqueue help import",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, _, err := cmd.Root().Find(args)
			if err != nil {
				return usagef("", "%s", err)
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// action marks that the command line was right: what fails from here on is no
// wrong usage unless it says so itself.
func (a *app) action(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.entered = true
		a.where.given = cmd.Flags().Changed
		return do(cmd, args)
	}
}
