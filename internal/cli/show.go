package cli

import (
	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
)

func (a *app) showCommand() *cobra.Command {
	var source, asJSON bool
	cmd := &cobra.Command{
		Use:   "show NAME[@VERSION]",
		Short: "Print a prompt",
		Long: `Print a prompt as a file: tags, metadata, tenant and author in the front
matter, then the text. What it prints, save takes. In a Git repository the
author is the commit's and not printed.

Every byte is printed as it is; only on a terminal a text that ends without a
new line gets one.`,
		Example: `  prompty show support/refund
  prompty show support/refund@2 > old.prompty`,
		Args: wantArgs(1, 1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "source", "json"); err != nil {
				return err
			}
			ref, err := parseRef(args[0])
			if err != nil {
				return err
			}
			return a.withStorage(false, func(s prompty.TemplateStorage) error {
				t, err := get(cmd.Context(), s, ref)
				switch {
				case err != nil:
					return err
				case asJSON:
					return a.printJSON(t)
				case source:
					a.printText(t.Source)
				default:
					a.printText(fileText(s, t))
				}
				return nil
			})
		}),
	}
	cmd.Flags().BoolVar(&source, "source", false, "print the text alone, without what the storage keeps beside it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the prompt with all its fields as JSON")
	return cmd
}
