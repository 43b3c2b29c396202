package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const initHelp = `Make a folder a project: prompty.yaml, by which prompts are found from any
folder in it; a first prompt with a layout and a partial; what tells editors
what a .prompty file is; in a Git work tree, also what keeps line ends the same
on every system.

Nothing is overwritten: what is there already is left alone and named, so that
running it again adds only what is missing. Prompts are added only to a new
project whose folder for them is empty.

--storage is written into prompty.yaml; a path in it counts from DIR.`

// gitStorage makes commits the versions of what init makes.
const gitStorage = "git:.?dir=prompts&worktree=1"

func (a *app) initCommand() *cobra.Command {
	var ci string
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a folder a project",
		Long:  initHelp,
		Example: `  prompty init
  prompty init shop
  prompty init --ci github
  prompty init --storage '` + gitStorage + `'`,
		Args: wantArgs(0, 1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("ci") && ci != "github" {
				return usage(fmt.Errorf("--ci cannot be %q", ci), withGuess(ci, []string{"github"}, "it is github; elsewhere run `prompty lint` and `prompty fmt --check`"))
			}
			dir := "."
			if len(args) == 1 && args[0] == "" {
				return usage(errors.New("the folder has no name"), "without an argument it is this folder")
			}
			if len(args) == 1 {
				dir = filepath.Clean(args[0])
			}
			return a.init(dir, ci)
		}),
	}
	cmd.Flags().StringVar(&ci, "ci", "", "add a workflow that checks the prompts: `SERVICE` is github")
	completeWords(cmd, "ci", "github")
	return cmd
}

func (a *app) init(dir, ci string) error {
	if fi, err := os.Stat(dir); err == nil && !fi.IsDir() {
		return usage(fmt.Errorf("%q is a file, and a project is a folder", dir), "name a folder, or none for this one")
	}
	storage := cmp.Or(a.storage, "filesystem:prompts")
	var driver, connection string
	var err error
	if !strings.HasPrefix(storage, inVariable) { // set where it is used
		if driver, connection, err = knownStorage(storage); err != nil {
			return err
		}
	}
	if err := unwritten(storage); err != nil {
		return err
	}
	if ci != "" && (isDatabase(driver) || driver == "") {
		return usage(errors.New("--ci checks prompts that are in the project, and --storage names another place"), "run `prompty lint` where the database can be reached")
	}
	s := &setup{dir: dir, top: gitTop(dir)}
	_, err = os.Lstat(filepath.Join(dir, projectFile))
	fresh := errors.Is(err, fs.ErrNotExist)
	outer, _ := a.project() // one that is broken is nobody's here
	settings, err := projectText(storage, s.top != "")
	if err != nil {
		return err
	}
	s.add(projectFile, settings, "")
	folder, ext, ok := promptFolder(driver, connection)
	if ok && fresh {
		s.addPrompts(folder, ext)
	}
	s.addHints(ext)
	if ci != "" {
		s.addWorkflow()
	}
	if err := s.write(); err != nil {
		s.undo()
		return err
	}
	// A repository to be: what is in a work tree has one.
	place, options, _ := strings.Cut(connection, "?")
	needsGit := driver == "git" && s.top == "" && !filepath.IsAbs(place) && !strings.Contains(options, "init=1")
	a.printSetup(s, needsGit)
	if !fresh && a.storage != "" {
		a.warn("note: prompty.yaml was there, and --storage is not written into it")
	}
	if fresh && outer != nil && outer.Path != "" {
		a.warn("note: this is in the project of %s; for this folder the new prompty.yaml counts", outer.Path)
	}
	if v, _ := a.lookupEnv(storageEnv); v != "" {
		a.warn("note: %s is set to %s and goes before prompty.yaml; unset it to use the project's prompts", storageEnv, withoutSecrets(v))
	}
	return nil
}

// firstPrompt is the prompt to begin with.
const firstPrompt = "support/reply"

func (a *app) printSetup(s *setup, needsGit bool) {
	for _, path := range s.made {
		fmt.Fprintf(&a.out, "made        %s\n", printable(path))
	}
	for _, note := range s.kept {
		fmt.Fprintf(&a.out, "left alone  %s\n", note)
	}
	if !slices.Contains(s.made, filepath.Join(s.dir, projectFile)) {
		return
	}
	steps := []string{"prompty ls", "prompty lint"}
	if slices.ContainsFunc(s.made, func(p string) bool { return strings.Contains(filepath.ToSlash(p), firstPrompt) }) {
		steps = []string{"prompty ls", "prompty render " + firstPrompt, "prompty lint", "prompty new support/refund"}
	}
	if needsGit {
		steps = slices.Insert(steps, 0, "git init")
	}
	if s.dir != "." {
		dir := s.dir
		if strings.HasPrefix(dir, "-") {
			dir = "./" + dir
		}
		steps = slices.Insert(steps, 0, "cd "+shellWord(dir))
	}
	fmt.Fprintf(&a.out, "\nNext:\n  %s\n", strings.Join(steps, "\n  "))
	if s.top != "" && a.storage == "" {
		fmt.Fprintf(&a.out, "\nThis is a Git work tree. To have commits as versions, write in %s:\n  storage: %s\n", projectFile, gitStorage)
	}
}
