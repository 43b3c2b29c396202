package storebench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/fsstore"
)

// name is that of prompt i.
func (c *Config) name(i int) string {
	return fmt.Sprintf("team%03d/prompt%05d", i%c.Folders, i)
}

// text is a prompt of about a kilobyte. No two are the same.
func text(i, change int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\ndescription: What prompt %d is for\ninputs:\n  customer: {type: string, required: true}\n---\n", i)
	fmt.Fprintf(&b, "You are assistant %d of the team, in edition %d.\n", i, change)
	for n := range 10 {
		fmt.Fprintf(&b, "%d. Answer {~prompty.var name=\"customer\" /~} in a friendly way, and keep to the facts.\n", n)
	}
	return b.String()
}

// folder makes a folder with all prompts and lets a store have a first look at
// it, so that each is a version.
func (c *Config) folder(ctx context.Context, base string) (dir string, err error) {
	dir = filepath.Join(c.Dir, base)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	for i := range c.Files {
		p := filepath.Join(dir, filepath.FromSlash(c.name(i))+".prompty")
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(p, []byte(text(i, 0)), 0o644); err != nil {
			return "", err
		}
	}
	s, err := fsstore.Open(dir, fsstore.Options{})
	if err != nil {
		return "", err
	}
	list, err := s.List(ctx, nil)
	if err == nil {
		err = c.same(dir, list)
	}
	return dir, errors.Join(err, s.Close())
}

// same reports an error unless list is what the files of the folder hold.
func (c *Config) same(dir string, list []*prompty.StoredTemplate) error {
	got := make(map[string]string, len(list))
	for _, t := range list {
		got[t.Name] = t.Source
	}
	n := 0
	err := walk(dir, func(p string, d fs.DirEntry) error {
		n++
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if name := strings.TrimSuffix(filepath.ToSlash(rel), ".prompty"); got[name] != string(data) {
			return fmt.Errorf("%s is listed as %q, the file holds %q", name, got[name], data)
		}
		return nil
	})
	if err == nil && (n != len(list) || n != c.Files) {
		err = fmt.Errorf("%d templates listed, %d files, want %d", len(list), n, c.Files)
	}
	return err
}

// walk visits the prompts' files as one would by hand.
func walk(dir string, visit func(p string, d fs.DirEntry) error) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".prompty" {
				return fs.SkipDir
			}
			return nil
		}
		return visit(p, d)
	})
}
