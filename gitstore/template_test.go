package gitstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
)

// TestTexts wants the cache to stay within its bounds, and its count right.
func TestTexts(t *testing.T) {
	t.Parallel()
	var x texts
	big := strings.Repeat("x", maxText/2)
	for i := range 3 * maxTexts / len(big) {
		x.put(textKey{path: fmt.Sprint(i)}, &prompty.StoredTemplate{Source: big})
		if n := x.bytes.Load(); n > maxTexts+maxText {
			t.Fatalf("%d bytes are kept after %d texts, the limit is %d", n, i+1, maxTexts)
		}
	}
	kept := int64(0)
	x.byKey.Range(func(k, v any) bool {
		kept += weight(k.(textKey), v.(*prompty.StoredTemplate))
		return true
	})
	if kept != x.bytes.Load() || kept < maxTexts/2 {
		t.Errorf("%d bytes are kept, %d are counted", kept, x.bytes.Load())
	}
	huge := textKey{path: "huge"}
	x.put(huge, &prompty.StoredTemplate{Source: big + big})
	if x.get(huge) != nil {
		t.Error("a text of more than the limit for one is kept")
	}
	x.clear()
	if n := x.bytes.Load(); n != 0 || x.get(textKey{path: "0"}) != nil {
		t.Errorf("%d bytes are counted after clear", n)
	}
}

// TestConfigured reads what git's configuration says of new objects.
func TestConfigured(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	config := func(args ...string) *repo.Config {
		t.Helper()
		r.Git(append([]string{"config"}, args...)...)
		found, err := repo.Find(r.Dir, repo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return found.Config
	}
	for value, want := range map[string]int{"false": 0, "umask": 0, "group": 0o660, "1": 0o660, "all": 0o664, "0640": -0o640, "0700": -0o600} {
		if got := shared(config("core.sharedRepository", value)); got != want {
			t.Errorf("shared with %s = %o, want %o", value, got, want)
		}
	}
	r.Git("config", "--unset", "core.sharedRepository")
	if got, err := compression(config("core.compression", "9")); got != 9 || err != nil {
		t.Errorf("compression = %d, %v, want 9", got, err)
	}
	if got, err := compression(config("core.looseCompression", "3")); got != 3 || err != nil {
		t.Errorf("compression = %d, %v, want that for loose objects", got, err)
	}
	for _, bad := range []string{"10", "-2", "x"} {
		if _, err := compression(config("core.looseCompression", bad)); err == nil {
			t.Errorf("core.looseCompression=%s is accepted", bad)
		}
	}
}

// TestKeepSoon wants the history's file while the store is open, once there is
// enough in it.
func TestKeepSoon(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	s, err := Open(r.Dir, Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var list []*prompty.StoredTemplate
	for i := range keepAfter {
		list = append(list, &prompty.StoredTemplate{Name: fmt.Sprint("t", i), Source: "x"})
	}
	if err := s.SaveAll(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	s.work.Wait()
	if files, _ := filepath.Glob(r.Path("prompty/history-*")); len(files) != 1 {
		t.Errorf("after %d saves there are the files %q", keepAfter, files)
	}
	// Where it cannot be written Describe says so, and all else works.
	other := gittest.Bare(t)
	if err := os.WriteFile(other.Path("prompty"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	other.Commit("First", "a.prompty", "1")
	o, err := Open(other.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	st, err := o.where(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.line(st.ref).write(st)
	d, err := o.Describe(t.Context())
	if err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "cannot be kept") {
		t.Errorf("Describe = %+v, %v, want the problem with the file", d, err)
	}
}

// TestLocate finds the file of the latest version, and the commit of any other.
func TestLocate(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "p/a.prompty", "---\ntags: [x]\n---\none\n")
	r.Commit("Second", "p/a.prompty", "---\ntags: [x]\n---\ntwo\n")
	at := func(rev string) string { return r.Git("rev-parse", "--short=10", rev) + ":p/a.prompty" }
	first, second := at("HEAD~"), at("HEAD")
	s, err := Open(r.Path("p"), Options{Worktree: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	locate := func(s *Store, version int, wantFile string, wantLine int) {
		t.Helper()
		file, line, err := s.Locate(t.Context(), "a", version, 1)
		if wantFile == "" {
			if !errors.Is(err, prompty.ErrVersionNotFound) {
				t.Errorf("Locate of version %d = %s:%d, %v, want ErrVersionNotFound", version, file, line, err)
			}
			return
		}
		if err != nil || file != wantFile || line != wantLine {
			t.Errorf("Locate of version %d = %s:%d, %v, want %s:%d", version, file, line, err, wantFile, wantLine)
		}
	}
	edited := filepath.Join(s.WorkTree, "p", "a.prompty")
	locate(s, 2, edited, 4)
	locate(s, 1, first, 4)
	locate(s, 3, "", 0)
	r.Write("p/a.prompty", "---\ntags: [x]\nmore: y\n---\nthree\n")
	locate(s, 3, edited, 1) // the front matter belongs to the text
	locate(s, 2, second, 4)
	locate(s, 4, "", 0)
	plain, err := Open(r.Path("p"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	locate(plain, 2, second, 4)
	locate(plain, 3, "", 0)
}

// TestClash saves where something else stands.
func TestClash(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	blob := r.Pipe("x", "hash-object", "-w", "--stdin")
	sub := r.Pipe("100644 blob "+blob+"\tf\n", "mktree")
	tree := r.Pipe("100644 blob "+blob+"\tfolder\n040000 tree "+sub+"\tdir.prompty\n120000 blob "+blob+"\tlink.prompty\n", "mktree")
	r.Git("update-ref", "refs/heads/main", r.Git("commit-tree", "-m", "x", tree))
	s, err := Open(r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, word := range map[string]string{"folder/x": "folder is there already and is no folder", "dir": "dir.prompty is there already and is no regular", "link": "link.prompty is there"} {
		err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "x"})
		if !errors.Is(err, prompty.ErrConflict) || !strings.Contains(err.Error(), word) {
			t.Errorf("Save(%q): %v, want a conflict that says %q", name, err, word)
		}
	}
	if got := r.Git("rev-list", "--count", "main"); got != "1" {
		t.Errorf("refused saves made %s commits", got)
	}
}
