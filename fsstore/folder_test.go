package fsstore

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty"
)

// TestMarkdown serves a folder of Markdown prompts as it lies there: that of
// testdata, and the one that PROMPTY_CORPUS names.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	folders := []string{"testdata/markdown"}
	if dir := os.Getenv("PROMPTY_CORPUS"); dir != "" {
		folders = append(folders, dir)
	}
	for _, from := range folders {
		dir := t.TempDir()
		must(t, os.CopyFS(dir, os.DirFS(from)))
		s := newStore(t, dir, Options{Ext: ".md"})
		files := 0
		for range 2 { // recorded, then compared with what was recorded
			files = 0
			must(t, filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
				rel, _ := filepath.Rel(from, p)
				name, ok := strings.CutSuffix(filepath.ToSlash(rel), ".md")
				if err != nil || !ok || e.IsDir() {
					return err
				}
				files++
				want, err := os.ReadFile(p)
				if err != nil {
					return err
				}
				got, err := s.Get(t.Context(), name)
				if err != nil || got.Source != string(want) || got.Version != 1 {
					t.Errorf("Get(%s) = %+v, %v, want the file's %d bytes", name, got, err, len(want))
				}
				if now, err := os.ReadFile(filepath.Join(dir, rel)); err != nil || !bytes.Equal(now, want) {
					t.Errorf("%s has changed, %v", p, err)
				}
				return nil
			}))
		}
		list, err := s.List(t.Context(), nil)
		if err != nil || len(list) != files || files == 0 {
			t.Errorf("List of %s has %d templates, %v, want %d", from, len(list), err, files)
		}
		t.Logf("%s: %d files", from, files)
	}
}

// TestManyFiles lists 10,000 files: each is read once in the process's life,
// unless it changes.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	files := 10_000
	if testing.Short() {
		files = 500
	}
	dir := fastDir(t)
	for i := range files {
		if i%100 == 0 {
			must(t, os.MkdirAll(filepath.Join(dir, fmt.Sprint("d", i/100)), 0o777))
		}
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("d%d/n%d.prompty", i/100, i)), []byte(fmt.Sprint("text ", i)), 0o666))
	}
	s := newStore(t, dir, Options{})
	var reads, flushes atomic.Int64
	s.disk.fault = func(op, path string) error {
		switch {
		case op == "open" && strings.HasPrefix(path, "d"):
			reads.Add(1)
		case op == "fsync":
			flushes.Add(1)
		}
		return nil
	}
	look := func(want int) (opened int64) {
		t.Helper()
		reads.Store(0)
		list, err := s.List(t.Context(), nil)
		if err != nil || len(list) != want {
			t.Fatalf("List has %d templates, %v, want %d", len(list), err, want)
		}
		return reads.Load()
	}
	look(files)
	if n := flushes.Load(); n > 4 {
		t.Errorf("recording %d files took %d flushes, want a few", files, n)
	}
	// A file that was looked at in the very moment of its writing is looked at
	// again; after a few Lists none is left.
	for look(files) > 0 {
	}
	must(t, os.WriteFile(filepath.Join(dir, "d1/n100.prompty"), []byte("changed"), 0o666))
	if n := look(files); n < 1 || n > 3 {
		t.Errorf("List after one edit read %d files, want that one", n)
	}
	if got, err := s.Get(t.Context(), "d1/n100"); err != nil || got.Version != 2 || got.Source != "changed" {
		t.Errorf("Get = %+v, %v, want version 2", got, err)
	}
}

// TestListAllVersions lists deleted, tagged and paged versions.
func TestListAllVersions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	for _, name := range []string{"b", "a", "a/x"} {
		for _, text := range []string{"1", "2", "3"} {
			must(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: text, Tags: []string{"t" + text}}))
		}
	}
	must(t, s.DeleteVersion(t.Context(), "a", 2))
	show := func(q *prompty.TemplateQuery) (list []string) {
		t.Helper()
		got, err := s.List(t.Context(), q)
		must(t, err)
		for _, tmpl := range got {
			list = append(list, string(tmpl.ID))
		}
		return list
	}
	for _, tc := range []struct {
		q    *prompty.TemplateQuery
		want []string
	}{
		{nil, []string{"a@3", "a/x@3", "b@3"}},
		{&prompty.TemplateQuery{IncludeAllVersions: true}, []string{"a@3", "a@1", "a/x@3", "a/x@2", "a/x@1", "b@3", "b@2", "b@1"}},
		{&prompty.TemplateQuery{IncludeAllVersions: true, Tags: []string{"t2"}}, []string{"a/x@2", "b@2"}},
		{&prompty.TemplateQuery{Tags: []string{"t2"}}, nil},
		{&prompty.TemplateQuery{NamePrefix: "a", Offset: 1, Limit: 5}, []string{"a/x@3"}},
	} {
		if got := show(tc.q); !slices.Equal(got, tc.want) {
			t.Errorf("List(%+v) = %q, want %q", tc.q, got, tc.want)
		}
	}
	if n := mustSave(t, s, "c", ""); n != 1 {
		t.Error(n)
	}
	if got, err := s.Get(t.Context(), "c"); err != nil || got.Source != "" {
		t.Errorf("Get of an empty template = %v, %v", got, err)
	}
}
