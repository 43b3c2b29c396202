package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
)

func (a *app) logCommand() *cobra.Command {
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "log NAME",
		Short: "List the versions of a prompt",
		Long: `List the versions of a prompt, the newest first: when and by whom each was
saved, how many bytes its text has, and where the storage is a Git repository
the commit, the number of the pull request that it merged, whether it is signed
(good, bad, or unverified: there is no key to check with), and its subject.`,
		Example: `  prompty log support/refund --limit 5`,
		Args:    wantArgs(1, 1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usage(errors.New("--limit cannot be negative"), "")
			}
			name, err := bareName("log", args[0])
			if err != nil {
				return err
			}
			return a.withStorage(false, func(s prompty.TemplateStorage) error {
				list, err := prompty.History(cmd.Context(), s, name)
				if errors.Is(err, prompty.ErrTemplateNotFound) || errors.Is(err, prompty.ErrInvalidName) && isPath(name) {
					err = missingHint(cmd.Context(), s, name, err)
				}
				if err != nil {
					return err
				}
				if limit > 0 && limit < len(list) {
					list = list[:limit]
				}
				if asJSON {
					return a.printJSON(list)
				}
				a.printHistory(list)
				return nil
			})
		}),
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "list at most `N`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printHistory(list []prompty.HistoryEntry) {
	const shortCommit = 10
	var rows [][]string
	for _, h := range list {
		pull := ""
		if h.PullRequest > 0 {
			pull = "#" + strconv.Itoa(h.PullRequest)
		}
		rows = append(rows, []string{
			strconv.Itoa(h.Version), clock(h.Time), h.Author, strconv.Itoa(h.Size),
			h.Commit[:min(shortCommit, len(h.Commit))], pull, h.Signature, summary(h.Message),
		})
	}
	a.printTable([]string{"VERSION", "TIME", "AUTHOR", "SIZE", "COMMIT", "PULL", "SIGNED", "MESSAGE"}, rows)
}
