package worktree

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"golang.org/x/text/unicode/norm"
)

// Scan returns, sorted by path, the files below dir ("": all) with the
// extension ext that differ from head, which yields HEAD's paths there, sorted
// bytewise, each with its blob. Untracked files count unless git ignores them;
// what lies in other repositories and behind symbolic links does not. A file
// whose name is only ext does not count.
func (t *Tree) Scan(ctx context.Context, dir, ext string, head iter.Seq2[string, object.ID]) ([]File, error) {
	index, err := t.load()
	if err != nil {
		return nil, err
	}
	there, err := t.walk(ctx, index, dir, ext)
	if err != nil {
		return nil, err
	}
	var out []File
	add := func(path string, id object.ID) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := t.compare(path, id, index)
		if err == nil && f.State != Same {
			out = append(out, f)
		}
		return err
	}
	for path, id := range head {
		for len(there) > 0 && there[0] < path {
			if err := add(there[0], object.ID{}); err != nil {
				return nil, err
			}
			there = there[1:]
		}
		if len(there) > 0 && there[0] == path {
			there = there[1:]
		}
		if err := add(path, id); err != nil {
			return nil, err
		}
	}
	for _, path := range there {
		if err := add(path, object.ID{}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// walk lists the regular files below dir with that extension, sorted.
func (t *Tree) walk(ctx context.Context, index loaded, dir, ext string) ([]string, error) {
	var out []string
	for todo := []string{dir}; len(todo) > 0; {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		list, err := os.ReadDir(filepath.Join(t.opts.WorkTree, filepath.FromSlash(dir)))
		if missing(err) {
			continue // gone since it was listed
		}
		if err != nil {
			return nil, err
		}
		if dir != "" && slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == ".git" }) {
			continue // another repository
		}
		for _, e := range list {
			name := e.Name()
			if t.set.precompose && runtime.GOOS == "darwin" {
				name = norm.NFC.String(name)
			}
			path := name
			if dir != "" {
				path = dir + "/" + name
			}
			switch {
			case e.IsDir() && name != ".git" && (index.Below(path) || !t.rules.matchFolder(path)):
				todo = append(todo, path)
			case e.Type().IsRegular() && strings.HasSuffix(name, ext) && name != ext:
				out = append(out, path)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}
