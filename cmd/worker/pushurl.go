package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/app"
)

const pushURLHelp = `Print the address to which a vendor shall push, for vendors where it is set once
on their side (ITNIO, interline). The others are told an address with each call:
for those the command is refused.

Whoever knows the address can push for the account: keep it as you keep a
password. It changes when public.secret changes.`

func pushURLCommand(stdout io.Writer) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "push-url ACCOUNT --config FILE",
		Short:   "Print the push address to configure at a vendor",
		Long:    pushURLHelp,
		Example: "  worker push-url itnio-main --config /etc/callpacer/callpacer.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("push-url: give the name of one account")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return usageError{errors.New("push-url: give --config FILE")}
			}
			config, err := configs.LoadFile(file)
			if err != nil {
				return err
			}
			address, err := app.PushURL(cmd.Context(), config, args[0])
			if err != nil {
				return fmt.Errorf("push-url: %w", err)
			}
			if !asJSON {
				fmt.Fprintln(stdout, address)
				return nil
			}
			return printJSON(stdout, map[string]string{"account": args[0], "url": address})
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
