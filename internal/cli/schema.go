package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
)

const schemaHelp = `Print what makes the tables of a database, as numbered migrations. It is for
those who make tables by hand, or whose program may not: with schema=manual in
the connection nothing is ever made or changed. Without it a storage makes and
migrates its tables by itself when it is opened.

DRIVER is postgres, mysql or sqlite, for SQL; mongodb, for a script of mongosh; or
dynamodb, for what aws dynamodb create-table reads. --table-prefix is what
table_prefix says in the connection. Only the command with the databases' drivers
has this.`

func (a *app) schemaCommand() *cobra.Command {
	var prefix string
	cmd := &cobra.Command{
		Use:   "schema DRIVER",
		Short: "Print the tables that a database needs",
		Long:  schemaHelp,
		Example: `  prompty schema postgres > schema.sql
  prompty schema mysql --table-prefix team_`,
		Args: wantArgs(1, 1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return slices.Sorted(maps.Keys(a.config.Schemas)), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: a.verb(func(_ *cobra.Command, args []string) error {
			driver, _ := splitStorage(args[0] + ":")
			text, err := a.schema(driver, prefix)
			if err != nil {
				return err
			}
			fmt.Fprintln(&a.out, strings.TrimRight(text, "\n"))
			return nil
		}),
	}
	cmd.Flags().StringVar(&prefix, "table-prefix", "", "begin the names of the tables with `P`, and not with prompty_; of dynamodb the name of the table")
	return cmd
}

func (a *app) schema(driver, prefix string) (string, error) {
	have := slices.Sorted(maps.Keys(a.config.Schemas))
	if makes, ok := a.config.Schemas[driver]; ok {
		text, err := makes(prefix)
		if err != nil {
			return "", usage(err, "")
		}
		return text, nil
	}
	if !slices.Contains(prompty.ListStorageDrivers(), driver) {
		return "", noDriver(driver)
	}
	hint := withDatabases
	if len(have) > 0 {
		hint = "those with tables are " + strings.Join(have, ", ")
	}
	return "", usage(fmt.Errorf("%s has no tables to make", driver), hint)
}
