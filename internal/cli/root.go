package cli

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
)

const rootHelp = `Prompty keeps prompts with their versions, renders them and checks them.

A prompt has a name, a path such as support/refund. Each save makes a new
version; NAME@3 means version 3, NAME alone the latest. Where a verb takes files,
a path that starts with ./ or / is one, and - is standard input.

The prompts are where the first of these says: --storage, %[1]s in the
environment, storage in %[2]s (in this folder or above it), else
%[3]s. It is DRIVER:CONNECTION, with the drivers
%[4]s; a folder alone will do for filesystem:
  --storage ./prompts              the .prompty files in a folder
  --storage './notes?ext=.md'      any folder of Markdown prompts, as it lies there
  --storage 'git:.?dir=prompts'    what is committed in a Git repository; a save is a commit
  --storage postgres://app@db/x    a database, where the command has its driver
  --storage env:DATABASE_URL       what that variable of the environment holds
Only what writes makes a folder that does not exist; a repository is made by
git, or where the connection says init=1.

Exit codes:
%[5]s
On failure standard output stays empty, but for what was found, and what was
printed while watching.

https://github.com/go-prompty/prompty/blob/main/docs/command.md has it all.`

const rootExample = `  prompty init shop && cd shop
  prompty render support/reply --sample --set customer=Ann
  echo 'Hello {~prompty.var name="user" /~}!' | prompty save greeting
  prompty log greeting
  prompty lint`

func init() { cobra.EnableCommandSorting = false } // their order is ours

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:     "prompty",
		Short:   "Keep, render and check prompts",
		Long:    fmt.Sprintf(rootHelp, storageEnv, projectFile, defaultStorage, strings.Join(prompty.ListStorageDrivers(), ", "), exitCodeTable()),
		Example: rootExample,
		RunE: a.verb(func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("storage") {
				return usage(fmt.Errorf("--storage %s comes without a verb", shellWord(withoutSecrets(a.storage))), "for example: prompty --storage "+shellWord(withoutSecrets(a.storage))+" ls")
			}
			return cmd.Help()
		}),
		SilenceErrors:      true,
		SilenceUsage:       true,
		Version:            buildOf(debug.ReadBuildInfo()).String(),
		DisableSuggestions: true, // misuse makes them
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpCommand(helpCommand())
	f := root.PersistentFlags()
	f.StringVarP(&a.storage, "storage", "s", "", "where the prompts are: `DRIVER:CONNECTION`")
	f.Var(&a.color, "color", "color the output: auto, always or never")
	f.Lookup("color").DefValue = "" // said already
	a.group(root, "Everyday", a.newCommand(), a.lsCommand(), a.showCommand(), a.renderCommand(), a.saveCommand(), a.watchCommand())
	a.group(root, "Versions", a.logCommand(), a.diffCommand(), a.rollbackCommand(), a.rmCommand())
	a.group(root, "Checking", a.lintCommand(), a.fmtCommand(), a.inputsCommand(), a.graphCommand())
	a.group(root, "Storages", a.copyCommand(), a.checkCommand(), a.importCommand(), a.schemaCommand())
	a.group(root, "Project", a.initCommand(), a.completionCommand(), a.versionCommand())
	_ = root.RegisterFlagCompletionFunc("storage", completeStorage)
	completeWords(root, "color", "auto", "always", "never")
	root.SetHelpCommandGroupID("Project")
	root.InitDefaultHelpCmd()
	return root
}

// synonyms are what other tools call a verb.
var synonyms = map[string][]string{
	"ls":         {"list", "dir"},
	"show":       {"cat", "get", "view", "print"},
	"render":     {"run", "exec", "execute", "preview"},
	"save":       {"add", "put", "commit", "update", "set", "push"},
	"rm":         {"delete", "del", "remove"},
	"log":        {"history", "versions"},
	"rollback":   {"revert", "restore", "undo", "reset"},
	"lint":       {"validate", "test"},
	"fmt":        {"format"},
	"graph":      {"deps", "includes", "tree"},
	"inputs":     {"variables", "vars"},
	"copy":       {"cp", "sync", "migrate", "export"},
	"check":      {"compare", "drift", "verify"},
	"schema":     {"ddl", "sql", "tables"},
	"import":     {"convert"},
	"new":        {"create", "touch"},
	"init":       {"setup", "start"},
	"watch":      {"follow", "tail"},
	"completion": {"complete", "autocomplete"},
}

// group adds verbs to the root command, under a heading of its help. Those that
// take names and say nothing else complete them.
func (a *app) group(root *cobra.Command, title string, verbs ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title + ":"})
	for _, v := range verbs {
		v.GroupID = title
		v.SuggestFor = append(v.SuggestFor, synonyms[v.Name()]...)
		if v.ValidArgsFunction == nil && len(v.ValidArgs) == 0 {
			v.ValidArgsFunction = cobra.NoFileCompletions
			if strings.Contains(v.Use, "NAME") {
				v.ValidArgsFunction = a.completeNames
			}
		}
		root.AddCommand(v)
	}
}

// helpCommand is cobra's, but for an unknown command, which is misuse here as
// everywhere.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		Args:  wantArgs(0, 1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var verbs []string
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					verbs = append(verbs, candidate(c.Name(), c.Short))
				}
			}
			return verbs, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			verb, _, err := cmd.Root().Find(args)
			if err != nil {
				return misuse(cmd.Root(), err)
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	}
}

// verb wraps what a command does, so that run can tell a command line that
// was not understood from a verb that failed.
func (a *app) verb(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started = true
		return do(cmd, args)
	}
}

// exclusive refuses two switches at once.
func exclusive(cmd *cobra.Command, a, b string) error {
	if cmd.Flags().Changed(a) && cmd.Flags().Changed(b) {
		return usage(fmt.Errorf("--%s and --%s exclude each other", a, b), "")
	}
	return nil
}

// wantArgs accepts between low and high arguments (high -1: any number), which
// the command's usage line names.
func wantArgs(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := "usage: " + cmd.UseLine()
		switch {
		case len(args) < low:
			return usage(fmt.Errorf("%s needs %s", cmd.Name(), strings.Fields(cmd.Use)[len(args)+1]), hint)
		case high >= 0 && len(args) > high:
			return usage(fmt.Errorf("%s has an argument too many: %q", cmd.Name(), args[high]), hint)
		}
		return nil
	}
}
