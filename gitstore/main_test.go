package gitstore_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/promptfile"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	if job := os.Getenv(workerEnv); job != "" {
		work(job)
		return
	}
	flag.Parse()
	if dir, err := os.MkdirTemp("/dev/shm", "gitstore"); err == nil {
		os.Remove(dir)
		os.Setenv("TMPDIR", "/dev/shm") // these tests make tens of thousands of files
	}
	os.Exit(m.Run())
}

// realDisk is where temporary files lie when the tests are not in a hurry.
var realDisk = os.TempDir()

// onDisk makes a folder on a real file system, whatever TestMain did.
func onDisk(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(realDisk, "gitstore")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens a repository through the driver. Without flushing, unless the
// query says otherwise: what power loss leaves is the file system's affair.
func open(t testing.TB, dir string, query ...string) *gitstore.Store {
	t.Helper()
	s, err := tryOpen(dir, query...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func tryOpen(dir string, query ...string) (*gitstore.Store, error) {
	if !strings.Contains(strings.Join(query, "&"), "sync=") {
		query = append(query, "sync=none")
	}
	s, err := prompty.OpenStorage("git", dir+"?"+strings.Join(query, "&"))
	if err != nil {
		return nil, err
	}
	return s.(*gitstore.Store), nil
}

// save saves a text and returns the template as Save left it.
func save(t testing.TB, s prompty.TemplateStorage, name, source string) *prompty.StoredTemplate {
	t.Helper()
	tmpl := &prompty.StoredTemplate{Name: name, Source: source}
	if err := s.Save(t.Context(), tmpl); err != nil {
		t.Fatalf("Save(%q): %v", name, err)
	}
	return tmpl
}

// want compares the latest version.
func want(t testing.TB, s prompty.TemplateStorage, name string, version int, source string) *prompty.StoredTemplate {
	t.Helper()
	got, err := s.Get(t.Context(), name)
	if err != nil {
		t.Fatalf("Get(%q): %v, want version %d, %q", name, err, version, source)
	}
	if got.Version != version || got.Source != source {
		t.Errorf("Get(%q) = version %d, %q, want version %d, %q", name, got.Version, got.Source, version, source)
	}
	return got
}

func wantVersions(t testing.TB, s prompty.TemplateStorage, name string, versions ...int) {
	t.Helper()
	got, err := s.ListVersions(t.Context(), name)
	if err != nil || !slices.Equal(got, versions) {
		t.Errorf("ListVersions(%q) = %v, %v, want %v", name, got, err, versions)
	}
}

// wantError wants an error that errors.Is finds kind in (unless that is nil),
// and that says all of the words.
func wantError(t testing.TB, what string, err error, kind error, words ...string) {
	t.Helper()
	if err == nil || kind != nil && !errors.Is(err, kind) {
		t.Errorf("%s: error %v, want %v", what, err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %v, want one that says %q", what, err, w)
		}
	}
}

func names(list []*prompty.StoredTemplate) []string {
	var all []string
	for _, x := range list {
		all = append(all, x.Name)
	}
	return all
}

// agree holds a store against what git log --first-parent and git cat-file
// make of a revision: each version of each name, with number, commit, text.
func agree(t testing.TB, s prompty.TemplateStorage, r *gittest.Repo, rev, dir, ext string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	want := map[string][]string{} // by ID: number, name, text
	live := map[string][]int{}
	blobOf := map[string]string{}
	var blobs []string
	history := r.Versions(rev, dir, ext)
	for name, versions := range history {
		live[name] = nil
		for _, v := range versions {
			if !v.Hidden {
				id := v.Commit + ":" + gittest.TemplatePath(name, dir, ext)
				blobOf[id] = v.Blob
				blobs = append(blobs, v.Blob)
				live[name] = slices.Insert(live[name], 0, v.N)
			}
		}
	}
	slices.Sort(blobs)
	texts := r.Blobs(slices.Compact(blobs))
	for id, blob := range blobOf {
		source, _, err := promptfile.Decode(id, []byte(texts[blob]))
		if err != nil {
			t.Fatalf("%s is no template: %v", id, err)
		}
		want[id] = []string{source}
	}

	list, err := s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil {
		t.Errorf("List: %v", err)
		return
	}
	got := map[string][]string{}
	for _, x := range list {
		got[string(x.ID)] = append(got[string(x.ID)], x.Source)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List against git log (-git +List):\n%.4000s", diff)
	}
	for name, versions := range live {
		numbers, err := s.ListVersions(ctx, name)
		if err != nil || !slices.Equal(numbers, versions) {
			t.Errorf("ListVersions(%q) = %v, %v, git log says %v", name, numbers, err, versions)
			continue
		}
		if ok, err := s.Exists(ctx, name); err != nil || ok != (len(versions) > 0) {
			t.Errorf("Exists(%q) = %v, %v, git log says %v", name, ok, err, versions)
		}
		for _, v := range history[name] {
			got, err := s.GetVersion(ctx, name, v.N)
			if v.Hidden {
				if !errors.Is(err, prompty.ErrVersionNotFound) {
					t.Errorf("GetVersion(%q, %d) of a deleted version: %v", name, v.N, err)
				}
				continue
			}
			id := v.Commit + ":" + gittest.TemplatePath(name, dir, ext)
			if err != nil || string(got.ID) != id || got.Source != want[id][0] {
				t.Errorf("GetVersion(%q, %d) = %+v, %v, git log says %s, %q", name, v.N, got, err, id, want[id][0])
			}
		}
	}
}
