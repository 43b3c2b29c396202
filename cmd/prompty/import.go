package main

import "github.com/spf13/cobra"

func (a *app) importCommand() *cobra.Command {
	return &cobra.Command{Use: "import PATH...", Short: "Bring in prompts of other tools", Hidden: true, Args: wantArgs(1, -1),
		RunE: a.verb(func(*cobra.Command, []string) error { return nil })}
}
