package fsstore

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/google/go-cmp/cmp"
)

var errInjected = errors.New("injected fault")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newStore(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustSave(t testing.TB, s *Store, name, source string) int {
	t.Helper()
	tmpl := &prompty.StoredTemplate{Name: name, Source: source}
	if err := s.Save(t.Context(), tmpl); err != nil {
		t.Fatalf("Save(%s): %v", name, err)
	}
	return tmpl.Version
}

// fastDir makes a folder in memory where that is possible, for tests that flush
// thousands of times. The caller removes it when it can, the test at its end.
func fastDir(t testing.TB) string {
	t.Helper()
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = ""
	}
	dir, err := os.MkdirTemp(parent, "fsstore")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

var long = flag.Bool("long", false, "try every combination, and more rounds")

// writeFile edits by hand, in place.
func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// removeFile deletes by hand, long enough ago not to be the gap of an editor.
func removeFile(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Minute)
	if err := os.Chtimes(filepath.Dir(path), past, past); err != nil {
		t.Fatal(err)
	}
}

// view is everything that a reader can know of a name, and the number that
// comes next.
type view struct {
	Live   map[int]string
	Latest int
	Next   int
}

// observe opens the folder afresh, as the next process would.
func observe(t testing.TB, dir, name string) view {
	t.Helper()
	s, err := Open(dir, Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := view{Live: map[int]string{}}
	latest, err := s.Get(t.Context(), name)
	switch {
	case err == nil:
		v.Latest = latest.Version
		if tree, err := os.ReadFile(filepath.Join(dir, name+".prompty")); err != nil || string(tree) != latest.Source {
			t.Errorf("the tree holds %q, %v; the latest version is %q", tree, err, latest.Source)
		}
	case !errors.Is(err, prompty.ErrTemplateNotFound):
		t.Errorf("Get(%s): %v", name, err)
	}
	numbers, err := s.ListVersions(t.Context(), name)
	if err != nil {
		t.Errorf("ListVersions(%s): %v", name, err)
	}
	for _, n := range numbers {
		got, err := s.GetVersion(t.Context(), name, n)
		if err != nil {
			t.Errorf("GetVersion(%s, %d): %v", name, n, err)
			continue
		}
		v.Live[n] = got.Source
	}
	h, err := s.readShelf(name)
	if err != nil {
		t.Error(err)
	}
	if !h.settled() {
		t.Errorf("something is half done after a Get: %+v", h)
	}
	v.Next = h.high() + 1
	return v
}

// everyText lists what is in the files of the folder, hidden versions and
// all but not the tree, and complains of what should not have stayed.
func everyText(t testing.TB, dir string) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir(filepath.Join(dir, stateDir), func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || strings.HasSuffix(p, "lock") {
			return err
		}
		if filepath.Base(filepath.Dir(p)) == "tmp" {
			return nil
		}
		data, err := os.ReadFile(p)
		texts = append(texts, string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func count(list []string, text string) int {
	n := 0
	for _, s := range list {
		if s == text {
			n++
		}
	}
	return n
}

// A step is one call on the template "d/a", and what was there before.
type step struct {
	name  string
	setup func(t testing.TB, s *Store, dir string)
	do    func(ctx context.Context, s *Store) error
	saves string // the text that it saves, if it saves
}

func save(text string) func(context.Context, *Store) error {
	return func(ctx context.Context, s *Store) error {
		return s.Save(ctx, &prompty.StoredTemplate{Name: "d/a", Source: text})
	}
}

func texts(list ...string) func(testing.TB, *Store, string) {
	return func(t testing.TB, s *Store, dir string) {
		for _, text := range list {
			mustSave(t, s, "d/a", text)
		}
	}
}

// hiddenAbove leaves 1, 2 and 3 live while 4 to 6 were used.
func hiddenAbove(t testing.TB, s *Store, dir string) {
	texts("one", "two", "three", "four", "five", "six")(t, s, dir)
	for _, n := range []int{6, 5, 4} {
		if err := s.DeleteVersion(t.Context(), "d/a", n); err != nil {
			t.Fatal(err)
		}
	}
}

func get(ctx context.Context, s *Store) error {
	_, err := s.Get(ctx, "d/a")
	if errors.Is(err, prompty.ErrTemplateNotFound) {
		return nil
	}
	return err
}

var steps = []step{
	{"save new", texts(), save("new"), "new"},
	{"save second", texts("one"), save("new"), "new"},
	{"save third", texts("one", "two"), save("new"), "new"},
	{"save the same", texts("one", "two"), save("two"), ""},
	{"save the text before", texts("one", "two"), save("one"), ""},
	{"save after delete", func(t testing.TB, s *Store, dir string) {
		texts("one", "two")(t, s, dir)
		if err := s.Delete(t.Context(), "d/a"); err != nil {
			t.Fatal(err)
		}
	}, save("new"), "new"},
	{"save if", texts("one", "two"), func(ctx context.Context, s *Store) error {
		return s.SaveIf(ctx, &prompty.StoredTemplate{Name: "d/a", Source: "new"}, 2)
	}, "new"},
	{"delete", texts("one", "two", "three"), func(ctx context.Context, s *Store) error {
		return s.Delete(ctx, "d/a")
	}, ""},
	{"delete the latest version", texts("one", "two", "three"), func(ctx context.Context, s *Store) error {
		return s.DeleteVersion(ctx, "d/a", 3)
	}, ""},
	{"delete the latest of two equal versions", texts("one", "two", "two"), func(ctx context.Context, s *Store) error {
		return s.DeleteVersion(ctx, "d/a", 3)
	}, ""},
	{"delete an old version", texts("one", "two", "three"), func(ctx context.Context, s *Store) error {
		return s.DeleteVersion(ctx, "d/a", 1)
	}, ""},
	{"delete the only version", texts("one"), func(ctx context.Context, s *Store) error {
		return s.DeleteVersion(ctx, "d/a", 1)
	}, ""},
	{"delete the latest, the one before is hidden", func(t testing.TB, s *Store, dir string) {
		texts("one", "two", "three")(t, s, dir)
		if err := s.DeleteVersion(t.Context(), "d/a", 2); err != nil {
			t.Fatal(err)
		}
	}, func(ctx context.Context, s *Store) error { return s.DeleteVersion(ctx, "d/a", 3) }, ""},
	{"delete below hidden versions", hiddenAbove, func(ctx context.Context, s *Store) error {
		return s.Delete(ctx, "d/a")
	}, ""},
	{"delete the latest below hidden versions", hiddenAbove, func(ctx context.Context, s *Store) error {
		return s.DeleteVersion(ctx, "d/a", 3)
	}, ""},
	{"save below hidden versions", hiddenAbove, save("new"), "new"},
	{"get what was edited by hand", func(t testing.TB, s *Store, dir string) {
		texts("one", "two")(t, s, dir)
		writeFile(t, filepath.Join(dir, "d/a.prompty"), "hand")
	}, get, ""},
	{"get what was made by hand", func(t testing.TB, s *Store, dir string) {
		writeFile(t, filepath.Join(dir, "d/a.prompty"), "hand")
	}, get, ""},
	{"get what was deleted by hand", func(t testing.TB, s *Store, dir string) {
		texts("one", "two")(t, s, dir)
		removeFile(t, filepath.Join(dir, "d/a.prompty"))
	}, get, ""},
	{"list what was edited by hand", func(t testing.TB, s *Store, dir string) {
		texts("one", "two")(t, s, dir)
		writeFile(t, filepath.Join(dir, "d/a.prompty"), "hand")
		writeFile(t, filepath.Join(dir, "d/b.prompty"), "other")
	}, func(ctx context.Context, s *Store) error { _, err := s.List(ctx, nil); return err }, ""},
	{"save over an edit by hand", func(t testing.TB, s *Store, dir string) {
		texts("one")(t, s, dir)
		writeFile(t, filepath.Join(dir, "d/a.prompty"), "hand")
	}, save("new"), "new"},
}

// operation is what the disk was asked for.
type operation struct{ op, path string }

// isElsewhere reports whether it has nothing to do with the tree: then an edit
// after it is none other than before it.
func (o operation) isElsewhere() bool {
	for _, p := range strings.Fields(o.path) {
		if !strings.HasPrefix(p, stateDir+"/") {
			return o.op == "stat" && p == "."
		}
	}
	return true
}

// changesNothing reports whether a crash after it is none other than before it.
func (o operation) changesNothing() bool {
	switch o.op {
	case "stat", "lstat", "open", "list":
		return true
	}
	return false
}

// perform runs a step in a fresh folder while fault is in force, on a disk that
// keeps the order of what is done.
func (st step) perform(t testing.TB, fault func(dir, op, path string) error) (dir string, err error) {
	t.Helper()
	return st.performOn(t, true, fault)
}

// performOn is perform on a disk that keeps the order, or does not.
func (st step) performOn(t testing.TB, ordered bool, fault func(dir, op, path string) error) (dir string, err error) {
	t.Helper()
	dir = fastDir(t)
	s, err := Open(dir, Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st.setup(t, s, dir)
	s.disk.sync, s.disk.ordered = true, ordered // so that flushes can fail, too
	if fault != nil {
		s.disk.fault = func(op, path string) error { return fault(dir, op, path) }
	}
	return dir, st.do(t.Context(), s)
}

// ends runs a step without faults and returns what is true before and after,
// and its operations.
func (st step) ends(t *testing.T) (before, after view, ops []operation) {
	t.Helper()
	return st.endsOn(t, true)
}

func (st step) endsOn(t *testing.T, ordered bool) (before, after view, ops []operation) {
	t.Helper()
	dir, err := step{setup: st.setup, do: func(context.Context, *Store) error { return nil }}.perform(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	before = observe(t, dir, "d/a")
	os.RemoveAll(dir)
	dir, err = st.performOn(t, ordered, func(_, op, path string) error { ops = append(ops, operation{op, path}); return nil })
	if err != nil {
		t.Fatal(err)
	}
	after = observe(t, dir, "d/a")
	os.RemoveAll(dir)
	return before, after, ops
}

// TestFault fails every i-th file operation, alone (a full disk, a bad sector)
// and with all that follow (what kill -9 leaves behind): the next process sees
// the state before or the state after.
func TestFault(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		for _, mode := range []struct{ crash, ordered bool }{{false, true}, {false, false}, {true, true}} {
			t.Run(fmt.Sprintf("%s/crash=%v/ordered=%v", st.name, mode.crash, mode.ordered), func(t *testing.T) {
				t.Parallel()
				before, after, ops := st.endsOn(t, mode.ordered)
				if cmp.Equal(before, after) && st.name[:3] != "get" && st.name[:4] != "list" {
					t.Fatalf("the step changes nothing: %+v", before)
				}
				for i := range len(ops) {
					k, failed := 0, ""
					dir, err := st.performOn(t, mode.ordered, func(_, op, path string) error {
						k++
						if k == i+1 || mode.crash && k > i {
							if failed == "" {
								failed = op + " " + path
							}
							return fmt.Errorf("%w: %s", errInjected, op)
						}
						return nil
					})
					got := observe(t, dir, "d/a")
					switch {
					case cmp.Equal(got, after):
					case cmp.Equal(got, before) && err != nil:
					default:
						t.Errorf("operation %d (%s) fails, error %v:\nbefore %+v\nafter  %+v\ngot    %+v", i+1, failed, err, before, after, got)
					}
					os.RemoveAll(dir)
				}
			})
		}
	}
}

// edits are the ways of people and editors to change a file.
var edits = []struct {
	name string
	do   func(t testing.TB, path string)
}{
	{"in place", func(t testing.TB, path string) { writeFile(t, path, "edit") }},
	{"by rename", func(t testing.TB, path string) {
		writeFile(t, path+"~", "edit")
		if err := os.Rename(path+"~", path); err != nil {
			t.Fatal(err)
		}
	}},
	{"by moving away", func(t testing.TB, path string) {
		if err := os.Rename(path, path+"~"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		writeFile(t, path, "edit")
	}},
	{"deleted", removeFile0},
}

func removeFile0(t testing.TB, path string) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	removeFile(t, path)
}

// TestEditRacesStep edits the file by hand between any two file operations of
// a step, which then goes on or crashes at any operation after: neither the
// edit nor an acknowledged Save is lost or doubled, and what was deleted does
// not come back.
func TestEditRacesStep(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		for _, edit := range edits {
			t.Run(st.name+"/"+edit.name, func(t *testing.T) {
				t.Parallel()
				_, _, list := st.ends(t)
				ops := len(list)
				for i := range ops {
					if list[i].isElsewhere() && i+1 < ops {
						continue
					}
					for crashAt := ops + 20; crashAt > i; crashAt = next(crashAt, ops, i) {
						k := 0
						where := ""
						dir, err := st.perform(t, func(dir, op, path string) error {
							if k++; k == i+1 {
								where = op + " " + path
								edit.do(t, filepath.Join(dir, "d/a.prompty"))
							}
							if k > crashAt {
								return errInjected
							}
							return nil
						})
						checkEdit(t, st, edit.name, dir, err, fmt.Sprintf("edit before operation %d (%s), crash after %d", i+1, where, crashAt))
						os.RemoveAll(dir)
					}
				}
			})
		}
	}
}

// next thins out the crashes: none, then at one point after the edit.
func next(crashAt, ops, i int) int {
	switch {
	case crashAt > ops && *long:
		return ops
	case crashAt > ops:
		return min(ops, i+1+i%6)
	case *long:
		return crashAt - 1
	}
	return 0
}

func checkEdit(t *testing.T, st step, edit, dir string, err error, where string) {
	t.Helper()
	got := observe(t, dir, "d/a")
	stored := everyText(t, dir)
	if edit != "deleted" {
		if n := count(stored, "edit"); n != 1 {
			t.Errorf("%s: the edit is there %d times, want once\nerror %v\n%+v\n%q", where, n, err, got, stored)
		}
	}
	if st.saves != "" {
		if n := count(stored, st.saves); n > 1 || n == 0 && err == nil {
			t.Errorf("%s: the saved text is there %d times, error %v\n%+v\n%q", where, n, err, got, stored)
		}
	}
	for _, text := range []string{"one", "two", "three"} {
		if count(stored, text) > 2 {
			t.Errorf("%s: %q is there %d times\n%+v", where, text, count(stored, text), got)
		}
	}
	if slices.Contains(stored, "") {
		t.Errorf("%s: there is an empty version", where)
	}
}
