package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/diff"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/promptfile"
)

// rewrite is a prompt whose text a verb writes anew: one of the storage, a file,
// or standard input.
type rewrite struct {
	name   string                  // as people know it: a name, a path, -
	old    string                  // the source of a stored prompt, else the whole file
	new    string                  // what is to become of it
	stored *prompty.StoredTemplate // nil for a file
}

func (d *rewrite) version() int {
	if d.stored == nil {
		return 0
	}
	return d.stored.Version
}

// label names one of the two sides in a diff.
func (d *rewrite) label() string {
	if d.stored == nil {
		return printable(d.name)
	}
	return printable(refOf(d.stored, true))
}

// printDiff prints what is to change.
func (a *app) printDiff(d *rewrite) {
	a.printDifference(&difference{Lines: diff.Compare(d.old, d.new), oldLabel: d.label(), newLabel: printable(d.name)}, a.colour(a.stdout))
}

// write puts a text where it came from, if that is as it was, and returns the
// stored prompt that it is now, nil for a file. A commit without a message of the user's gets the one given.
func (a *app) write(ctx context.Context, s prompty.TemplateStorage, d *rewrite, message string) (*prompty.StoredTemplate, error) {
	if d.stored == nil {
		a.sweep(filepath.Dir(d.name))
		return nil, replaceFile(d.name, []byte(d.old), []byte(d.new))
	}
	t := d.stored.Clone()
	t.Source = d.new
	if _, commits := prompty.As[reviser](s); commits {
		t.CreatedBy = "" // whoever commits: see fileText
		if message != "" {
			ctx = gitstore.WithCommit(ctx, gitstore.Commit{Message: message})
		}
	}
	err := prompty.SaveIf(ctx, s, t, d.stored.Version)
	if errors.Is(err, errors.ErrUnsupported) {
		err = s.Save(ctx, t)
	}
	return t, err
}

// replaceFile writes a file anew, whole or not at all, with the mode that it
// had. Behind a symbolic link it is the file that is replaced, not the link.
func replaceFile(path string, old, data []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	temp := tempName(path)
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(fi.Mode().Perm()), f.Sync(), f.Close()); err != nil {
		return err
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, old) {
		return errors.Join(err, withHint(fmt.Errorf("%s has changed meanwhile and is left alone", path), "do it again"))
	}
	return os.Rename(temp, path)
}

// sweep removes what a run that was killed left in a folder, once a run. What is
// younger may be somebody's who writes there now; if it is not, but stopped for
// long, the rename at the end fails, and no file is harmed.
func (a *app) sweep(dir string) {
	const old = 10 * time.Second
	if a.swept[dir] {
		return
	}
	if a.swept == nil {
		a.swept = make(map[string]bool)
	}
	a.swept[dir] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // writing there will tell
	}
	for _, e := range entries {
		if !isTempName(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > old {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// promptFiles returns the prompts in a folder and below it. What starts with a
// dot is somebody's own affair, such as a storage's old versions.
func promptFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular() && filepath.Ext(path) == promptfile.DefaultExt:
			files = append(files, path)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = withHint(fmt.Errorf("there are no %s files in %s", promptfile.DefaultExt, dir), "name the files, or with --storage the folder and its extension")
	}
	return files, err
}

// readRewrites reads the files that arguments name, folders file by file, each
// once; the other arguments are returned.
func (a *app) readRewrites(args []string) (files []*rewrite, names []string, err error) {
	seen := make(map[string]bool)
	for _, arg := range args {
		if arg != "-" && !isPath(arg) {
			names = append(names, arg)
			continue
		}
		paths := []string{arg}
		if fi, err := os.Stat(arg); arg != "-" && err == nil && fi.IsDir() {
			if paths, err = promptFiles(arg); err != nil {
				return nil, nil, err
			}
		}
		for _, path := range paths {
			if seen[filepath.Clean(path)] {
				continue
			}
			seen[filepath.Clean(path)] = true
			text, err := a.read(path, maxPrompt)
			if err != nil {
				return nil, nil, err
			}
			files = append(files, &rewrite{name: path, old: string(text)})
		}
	}
	return files, names, nil
}
