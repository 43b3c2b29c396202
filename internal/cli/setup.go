package cli

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"github.com/go-prompty/prompty/promptfile"
)

//go:embed skeleton
var skeleton embed.FS

// setup is one run of init.
type setup struct {
	dir     string
	top     string // of the Git work tree that dir is in; "" if there is none
	files   []initFile
	pattern string   // of prompts' files
	kept    []string // what was there, with what to do about it
	written []string // files and folders that were not, in the order they were made
	made    []string // the files among them
}

// initFile is a file to make. Where there is one already that does not speak of
// prompts, its owner may add a line.
type initFile struct{ path, data, line string }

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
func (s *setup) add(path, data, line string) {
	s.files = append(s.files, initFile{inFolder(s.dir, filepath.FromSlash(path)), data, line})
}

// addHints adds what tells editors and Git how to treat prompts.
func (s *setup) addHints(ext string) {
	files := "*" + cmp.Or(ext, promptfile.DefaultExt)
	s.pattern = files
	of := func(name string) string { return strings.ReplaceAll(skeletonText(name), "*.prompty", files) }
	s.add(".editorconfig", of("editorconfig"), "["+files+"] trim_trailing_whitespace = false")
	if files != "*.md" { // which editors know
		s.add(".vscode/settings.json", of("vscode.json"), `"files.associations": {"`+files+`": "markdown"}`)
	}
	if s.top != "" {
		s.add(".gitattributes", of("gitattributes"), files+" text eol=lf")
	}
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
		s.kept = append(s.kept, printable(at+string(filepath.Separator))+", which was there")
		return
	}
	for _, name := range []string{"layouts/chat", "partials/tone", firstPrompt} {
		s.add(filepath.Join(folder, name+ext), skeletonText("prompts/"+name+promptfile.DefaultExt), "")
	}
}

// addWorkflow adds what GitHub runs, which lies at the top of the repository.
func (s *setup) addWorkflow() {
	top := cmp.Or(s.top, s.dir)
	folder := "."
	if rel, err := relative(top, s.dir); err == nil {
		folder = filepath.ToSlash(rel)
	}
	info, _ := debug.ReadBuildInfo()
	text := strings.NewReplacer("FOLDER", folder, "VERSION", installable(info)).Replace(skeletonText("github.yml"))
	s.files = append(s.files, initFile{filepath.Join(top, ".github", "workflows", "prompts.yml"), text, ""})
}

// write writes what is missing. It looks at everything first: what is in the way
// of one file keeps all from being written.
func (s *setup) write() error {
	var todo []initFile
	for _, f := range s.files {
		_, err := os.Lstat(f.path)
		switch {
		case err == nil:
			s.keep(f)
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
		switch {
		case errors.Is(err, fs.ErrExist): // somebody was faster
			s.keep(f)
			continue
		case err != nil:
			return blocked(f.path, err)
		}
		s.written = append(s.written, f.path)
		s.made = append(s.made, f.path)
	}
	return nil
}

// keep leaves alone what is there.
func (s *setup) keep(f initFile) {
	note := printable(f.path) + ", which was there"
	if data, err := os.ReadFile(f.path); err == nil && f.line != "" && !bytes.Contains(data, []byte(s.pattern)) {
		note += "; it could say: " + f.line
	}
	s.kept = append(s.kept, note)
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
