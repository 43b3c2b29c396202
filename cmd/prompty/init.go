package main

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/go-prompty/prompty/promptfile"
)

//go:embed skeleton
var skeleton embed.FS

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
			if len(args) == 1 {
				dir = filepath.Clean(args[0])
			}
			return a.init(dir, ci)
		}),
	}
	cmd.Flags().StringVar(&ci, "ci", "", "add a workflow that checks the prompts: `SERVICE` is github")
	cmd.RegisterFlagCompletionFunc("ci", cobra.FixedCompletions([]string{"github"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// setup is one run of init.
type setup struct {
	dir     string
	top     string // of the Git work tree that dir is in; "" if there is none
	files   []initFile
	kept    []string // what was there
	written []string // files and folders that were not, in the order they were made
	made    []string // the files among them
}

type initFile struct{ path, data string }

func (a *app) init(dir, ci string) error {
	if fi, err := os.Stat(dir); err == nil && !fi.IsDir() {
		return usage(fmt.Errorf("%q is a file, and a project is a folder", dir), "name a folder, or none for this one")
	}
	storage := cmp.Or(a.storage, "filesystem:prompts")
	driver, connection, err := knownStorage(storage)
	if err != nil {
		return err
	}
	s := &setup{dir: dir, top: gitTop(dir)}
	_, err = os.Lstat(filepath.Join(dir, projectFile))
	fresh := errors.Is(err, fs.ErrNotExist)
	settings, err := projectText(storage, s.top != "")
	if err != nil {
		return err
	}
	s.add(projectFile, settings)
	if folder, ext, ok := promptFolder(driver, connection); ok && fresh {
		s.addPrompts(folder, ext)
	}
	s.add(".editorconfig", skeletonText("editorconfig"))
	s.add(".vscode/settings.json", skeletonText("vscode.json"))
	if s.top != "" {
		s.add(".gitattributes", skeletonText("gitattributes"))
	}
	if ci != "" {
		s.addWorkflow()
	}
	if err := s.write(); err != nil {
		s.undo()
		return err
	}
	a.printSetup(s)
	if v, _ := a.lookupEnv(storageEnv); v != "" {
		a.warn("note: %s is set to %s and goes before prompty.yaml; unset it to use the project's prompts", storageEnv, v)
	}
	return nil
}

// projectText is a prompty.yaml.
func projectText(storage string, inGit bool) (string, error) {
	value, err := yaml.Marshal(storage) // in quotes if it has to be
	if err != nil {
		return "", err
	}
	text := "# Where the prompts are. Paths count from this file.\nstorage: " + string(value)
	if inGit && storage != gitStorage {
		text += "# With commits as versions:\n# storage: " + gitStorage + "\n"
	}
	return text + "\nlint:\n  strict: false # true: warnings fail, too\n\n# What render --stats counts tokens with.\n# tokenizer: o200k_base\n", nil
}

// promptFolder is where a storage has its files; not ok if that is not a folder
// in which files are prompts at once.
func promptFolder(driver, connection string) (folder, ext string, ok bool) {
	place, text, _ := strings.Cut(connection, "?")
	option := make(map[string]string)
	for pair := range strings.SplitSeq(text, "&") {
		key, value, _ := strings.Cut(pair, "=")
		option[key] = value
	}
	ext = cmp.Or(option["ext"], promptfile.DefaultExt)
	switch driver {
	case "filesystem", "fs":
		return place, ext, place != ""
	case "git":
		otherBranch := option["branch"] != "" || option["ref"] != ""
		return filepath.Join(place, filepath.FromSlash(option["dir"])), ext, !otherBranch && option["worktree"] != ""
	}
	return "", "", false
}

// add adds a file by its path in the project.
func (s *setup) add(path, data string) {
	s.files = append(s.files, initFile{inFolder(s.dir, filepath.FromSlash(path)), data})
}

// inFolder is a path that counts from dir, unless it is absolute.
func inFolder(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// skeletonText is a file of the skeleton. The names are constants, and tests
// make each of the files.
func skeletonText(name string) string {
	text, _ := skeleton.ReadFile("skeleton/" + name)
	return string(text)
}

// addPrompts adds the first prompts, unless there are some.
func (s *setup) addPrompts(folder, ext string) {
	at := inFolder(s.dir, folder)
	if list, err := os.ReadDir(at); err == nil && len(list) > 0 && at != s.dir {
		s.kept = append(s.kept, at+string(filepath.Separator))
		return
	}
	for _, name := range []string{"layouts/chat", "partials/tone", firstPrompt} {
		s.add(filepath.Join(folder, name+ext), skeletonText("prompts/"+name+promptfile.DefaultExt))
	}
}

// addWorkflow adds what GitHub runs, which lies at the top of the repository.
func (s *setup) addWorkflow() {
	top := cmp.Or(s.top, s.dir)
	folder := "."
	if rel, err := relative(top, s.dir); err == nil {
		folder = filepath.ToSlash(rel)
	}
	text := strings.NewReplacer("FOLDER", folder, "VERSION", installable(buildOf(debug.ReadBuildInfo()).Version)).Replace(skeletonText("github.yml"))
	s.files = append(s.files, initFile{filepath.Join(top, ".github", "workflows", "prompts.yml"), text})
}

// write writes what is missing. It looks at everything first: what is in the way
// of one file keeps all from being written.
func (s *setup) write() error {
	var todo []initFile
	for _, f := range s.files {
		_, err := os.Lstat(f.path)
		switch {
		case err == nil:
			s.kept = append(s.kept, f.path)
			continue
		case !errors.Is(err, fs.ErrNotExist):
			return blocked(f.path, err)
		}
		todo = append(todo, f)
	}
	for _, f := range todo {
		folders, err := makeFolders(filepath.Dir(f.path))
		s.written = append(s.written, folders...)
		if err == nil {
			err = writeNew(f.path, []byte(f.data))
		}
		if err != nil {
			return blocked(f.path, err)
		}
		s.written = append(s.written, f.path)
		s.made = append(s.made, f.path)
	}
	return nil
}

// undo takes away what write has made; folders only if nobody has put anything
// into them.
func (s *setup) undo() {
	for _, path := range slices.Backward(s.written) {
		os.Remove(path)
	}
}

// blocked says what keeps a file from being written, and what to do.
func blocked(path string, err error) error {
	for p := filepath.Dir(path); p != filepath.Dir(p); p = filepath.Dir(p) {
		if fi, serr := os.Stat(p); serr == nil && !fi.IsDir() {
			return withHint(&inTheWay{p}, "move it away, or choose another folder; nothing was written")
		}
	}
	hint := ""
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		hint = "choose a folder that you may write to; nothing was written"
	}
	return withHint(err, hint)
}

// firstPrompt is the prompt to begin with.
const firstPrompt = "support/reply"

func (a *app) printSetup(s *setup) {
	for _, path := range s.made {
		fmt.Fprintf(&a.out, "made        %s\n", printable(path))
	}
	for _, path := range s.kept {
		fmt.Fprintf(&a.out, "left alone  %s, which was there\n", printable(path))
	}
	if !slices.Contains(s.made, filepath.Join(s.dir, projectFile)) {
		return
	}
	steps := []string{"prompty ls", "prompty lint"}
	if slices.ContainsFunc(s.made, func(p string) bool { return strings.Contains(filepath.ToSlash(p), firstPrompt) }) {
		steps = []string{"prompty ls", "prompty render " + firstPrompt, "prompty lint", "prompty new support/refund"}
	}
	if s.dir != "." {
		steps = slices.Insert(steps, 0, "cd "+shellWord(s.dir))
	}
	fmt.Fprintf(&a.out, "\nNext:\n  %s\n", strings.Join(steps, "\n  "))
	if s.top != "" && a.storage == "" {
		fmt.Fprintf(&a.out, "\nThis is a Git work tree. To have commits as versions, write in %s:\n  storage: %s\n", projectFile, gitStorage)
	}
}

// shellWord is a word as a shell takes it.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+@%,:", r)
	}
	if s != "" && !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// gitTop is the top of the Git work tree that dir is in, or will be in.
func gitTop(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			if rel, err := relative(".", at); err == nil {
				return rel
			}
			return at
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// relative is the way from one folder to another.
func relative(from, to string) (string, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", err
	}
	return filepath.Rel(from, to)
}
