package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// listed is a prompt in the output of ls --json: all but its source.
type listed struct {
	Name        string             `json:"name"`
	Version     int                `json:"version"`
	ID          prompty.TemplateID `json:"id"`
	Description string             `json:"description,omitempty"`
	Tags        []string           `json:"tags,omitempty"`
	Metadata    map[string]string  `json:"metadata,omitempty"`
	TenantID    string             `json:"tenant_id,omitempty"`
	CreatedBy   string             `json:"created_by,omitempty"`
	CreatedAt   time.Time          `json:"created_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
	Size        int                `json:"size"` // bytes of the source
}

func (a *app) lsCommand() *cobra.Command {
	var query prompty.TemplateQuery
	var asJSON, names bool
	cmd := &cobra.Command{
		Use:   "ls [PREFIX]",
		Short: "List prompts",
		Long: `List prompts by name, all or those whose name starts with PREFIX.

Conditions are joined by "and". What the storage finds wrong with its place
(files that can be no prompts, say) is told on standard error.`,
		Example: `  prompty ls
  prompty ls support/ --tag billing
  prompty ls --names | xargs -n1 prompty log
  prompty ls --json | jq -r '.[].name'`,
		Args:              wantArgs(0, 1),
		ValidArgsFunction: a.completeNames,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "names", "json"); err != nil {
				return err
			}
			if query.Limit < 0 || query.Offset < 0 {
				return usage(errors.New("--limit and --offset cannot be negative"), "")
			}
			if len(args) == 1 {
				if isPath(args[0]) {
					return usage(fmt.Errorf("ls takes the beginning of names, and %q is a path", args[0]), "`prompty ls -s "+shellWord(args[0])+"` lists a folder")
				}
				query.NamePrefix = args[0]
			}
			return a.withStorage(false, func(s prompty.TemplateStorage) error {
				list, err := s.List(cmd.Context(), &query)
				if err != nil {
					return err
				}
				found, err := problems(cmd.Context(), s)
				if err != nil {
					return err
				}
				a.warnOf(found)
				switch {
				case asJSON:
					return a.printListJSON(list)
				case names:
					for _, t := range list {
						fmt.Fprintln(&a.out, printable(refOf(t, query.IncludeAllVersions)))
					}
					return nil
				case len(list) == 0:
					a.warnOfNone(cmd, s, &query)
					return nil
				}
				a.printList(list)
				return nil
			})
		}),
	}
	f := cmd.Flags()
	f.StringArrayVar(&query.Tags, "tag", nil, "only prompts with this `TAG`; may be given several times")
	f.StringVar(&query.TenantID, "tenant", "", "only prompts of this `TENANT`")
	f.StringVar(&query.CreatedBy, "by", "", "only prompts saved by this `AUTHOR`")
	f.BoolVar(&query.IncludeAllVersions, "all-versions", false, "list every version, not only the latest")
	f.IntVar(&query.Limit, "limit", 0, "list at most `N`")
	f.IntVar(&query.Offset, "offset", 0, "leave out the first `N`")
	f.BoolVar(&names, "names", false, "print names alone, one a line")
	f.BoolVar(&asJSON, "json", false, "print JSON, without the texts")
	_ = cmd.RegisterFlagCompletionFunc("tag", a.completeFields(func(t *prompty.StoredTemplate) []string { return t.Tags }))
	_ = cmd.RegisterFlagCompletionFunc("by", a.completeFields(func(t *prompty.StoredTemplate) []string { return []string{t.CreatedBy} }))
	_ = cmd.RegisterFlagCompletionFunc("tenant", a.completeFields(func(t *prompty.StoredTemplate) []string { return []string{t.TenantID} }))
	return cmd
}

func (a *app) printList(list []*prompty.StoredTemplate) {
	var rows [][]string
	for _, t := range list {
		rows = append(rows, []string{t.Name, strconv.Itoa(t.Version), clock(t.UpdatedAt), strings.Join(t.Tags, ","), summary(description(t))})
	}
	a.printTable([]string{"NAME", "VERSION", "UPDATED", "TAGS", "DESCRIPTION"}, rows)
}

func (a *app) printListJSON(list []*prompty.StoredTemplate) error {
	all := []listed{}
	for _, t := range list {
		all = append(all, listed{
			Name: t.Name, Version: t.Version, ID: t.ID, Description: description(t), Tags: t.Tags, Metadata: t.Metadata,
			TenantID: t.TenantID, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, Size: len(t.Source),
		})
	}
	return a.printJSON(all)
}

// description is what the prompt's front matter says of it; "" if that is
// broken, which is lint's affair.
func description(t *prompty.StoredTemplate) string {
	h, err := promptfile.ParseHeader(t.Name, t.Source)
	if err != nil || h == nil {
		return ""
	}
	return h.Description
}

// refOf names a prompt, and the version if that is asked for.
func refOf(t *prompty.StoredTemplate, version bool) string {
	if version {
		return fmt.Sprintf("%s@%d", t.Name, t.Version)
	}
	return t.Name
}
