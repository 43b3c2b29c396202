package fsstore

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/google/go-cmp/cmp"
)

// TestWaysOfSaving edits with real tools. Each edit is the next version.
func TestWaysOfSaving(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "d/a", "version 1")
	version := 1
	for _, script := range []string{
		`printf 'version 2' > a.prompty`,
		`sed -i 's/2/3/' a.prompty`,
		`printf 'version 4' > tmp && mv tmp a.prompty`,
		`mv a.prompty a.prompty~ && printf 'version 5' > a.prompty`,
		`cp a.prompty a.bak && rm a.prompty && printf 'version 6' > a.prompty`,
		`touch -r a.prompty ref && printf 'version 7' > a.prompty && touch -r ref a.prompty`, // same size, same mtime
		`printf 'version 8' | dd of=a.prompty conv=notrunc status=none`,
		`printf 'version 9' > new && install -m 600 new a.prompty`,
		`printf ' (10)' >> a.prompty`,
	} {
		if got, err := s.Get(t.Context(), "d/a"); err != nil || got.Version != version { // so that it is in the cache
			t.Fatalf("before %s: Get = %v, %v, want version %d", script, got, err, version)
		}
		cmd := exec.Command("sh", "-c", script)
		cmd.Dir = filepath.Join(dir, "d")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		version++
		want, err := os.ReadFile(filepath.Join(dir, "d/a.prompty"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(t.Context(), "d/a")
		if err != nil || got.Version != version || got.Source != string(want) {
			t.Errorf("after %s: Get = %+v, %v, want version %d: %s", script, got, err, version, want)
		}
	}
	for n := 1; n <= version; n++ {
		if got, err := s.GetVersion(t.Context(), "d/a", n); err != nil || !strings.Contains(got.Source, fmt.Sprint(min(n, 9))) {
			t.Errorf("GetVersion(%d) = %v, %v", n, got, err)
		}
	}
}

// TestSameSizeSameTime rewrites a file at the pace of the clock that stamps
// files, with the same size and mtime: every text is seen.
func TestSameSizeSameTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	p := filepath.Join(dir, "a.prompty")
	at := time.Now().Add(-time.Hour)
	for i := range 300 {
		text := fmt.Sprintf("%03d", i)
		writeFile(t, p, text)
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != text {
			t.Fatalf("Get = %v, %v, want %s", got, err, text)
		}
	}
}

// TestTreeByHand creates, moves and removes files and folders.
func TestTreeByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	at := func(name string) string { return filepath.Join(dir, name+".prompty") }
	versions := func(name string, want ...int) {
		t.Helper()
		if got, err := s.ListVersions(t.Context(), name); err != nil || !slices.Equal(got, want) {
			t.Errorf("ListVersions(%s) = %v, %v, want %v", name, got, err, want)
		}
	}
	mustSave(t, s, "a", "one")
	mustSave(t, s, "a", "two")
	must(t, os.Rename(at("a"), at("b")))
	must(t, os.Chtimes(dir, time.Time{}, time.Now().Add(-time.Minute)))
	versions("a")
	versions("b", 1)
	if got, err := s.Get(t.Context(), "b"); err != nil || got.Source != "two" {
		t.Errorf("Get(b) = %v, %v, want the moved text", got, err)
	}
	writeFile(t, at("a"), "again")
	versions("a", 3) // 1 and 2 went with the file
	if _, err := s.GetVersion(t.Context(), "a", 1); !errors.Is(err, prompty.ErrVersionNotFound) {
		t.Errorf("GetVersion(a, 1): %v, want ErrVersionNotFound", err)
	}

	// A whole folder goes: List notices, in this process and in a fresh one.
	for _, fresh := range []bool{false, true} {
		mustSave(t, s, "team/x", "x")
		mustSave(t, s, "team/y", "y")
		if _, err := s.List(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		must(t, os.RemoveAll(filepath.Join(dir, "team")))
		must(t, os.Chtimes(dir, time.Time{}, time.Now().Add(-time.Minute)))
		looker := s
		if fresh {
			looker = newStore(t, dir, Options{Sync: SyncNone})
		}
		list, err := looker.List(t.Context(), nil)
		if err != nil || len(list) != 2 {
			t.Errorf("List = %v, %v, want a and b", list, err)
		}
		for _, name := range []string{"team/x", "team/y"} {
			h, err := s.readShelf(name)
			if err != nil || len(h.live) != 0 {
				t.Errorf("after List the versions %v of %s are live, %v", h.live, name, err)
			}
		}
	}
}

// TestGap looks while an editor is between moving the old file away, or
// emptying it, and writing the new one.
func TestGap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		open func(p string) error
	}{
		{"moved away", func(p string) error { return os.Rename(p, p+"~") }},
		{"emptied", func(p string) error { return os.Truncate(p, 0) }},
		{"folder moved away", func(p string) error { return os.Rename(filepath.Dir(p), filepath.Dir(p)+"~") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := newStore(t, dir, Options{Sync: SyncNone})
			mustSave(t, s, "d/a", "one")
			p := filepath.Join(dir, "d/a.prompty")
			must(t, tc.open(p))
			var closeGap sync.Once
			looks := 0
			s.disk.fault = func(op, path string) error {
				if op == "stat" && path == "d/a.prompty" {
					if looks++; looks == 4 { // it has been seen in the gap, and looked at again
						closeGap.Do(func() { writeFile(t, p, "two") })
					}
				}
				return nil
			}
			got, err := s.Get(t.Context(), "d/a")
			if err != nil || got.Source != "two" || got.Version != 2 {
				t.Errorf("Get = %+v, %v, want version 2", got, err)
			}
			if list, err := s.ListVersions(t.Context(), "d/a"); err != nil || !slices.Equal(list, []int{2, 1}) {
				t.Errorf("ListVersions = %v, %v, want [2 1]", list, err)
			}
		})
	}
	t.Run("emptied for good", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s := newStore(t, dir, Options{Sync: SyncNone})
		mustSave(t, s, "a", "one")
		writeFile(t, filepath.Join(dir, "a.prompty"), "")
		if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "" || got.Version != 2 {
			t.Errorf("Get = %+v, %v, want an empty version 2", got, err)
		}
	})
	t.Run("removed for good", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s := newStore(t, dir, Options{Sync: SyncNone})
		mustSave(t, s, "a", "one")
		must(t, os.Remove(filepath.Join(dir, "a.prompty")))
		if got, err := s.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("Get = %+v, %v, want ErrTemplateNotFound", got, err)
		}
	})
}

// TestTimes has clocks that go wrong and files from the future.
func TestTimes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	p := filepath.Join(dir, "a.prompty")
	hour := time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	edit := func(text string, at time.Time) *prompty.StoredTemplate {
		t.Helper()
		writeFile(t, p, text)
		must(t, os.Chtimes(p, at, at))
		got, err := s.Get(t.Context(), "a")
		must(t, err)
		return got
	}
	if got := edit("1", hour); !got.UpdatedAt.Equal(hour) || !got.CreatedAt.Equal(hour) || got.UpdatedAt.Location() != time.UTC {
		t.Errorf("an edit of %v has the times %v and %v", hour, got.CreatedAt, got.UpdatedAt)
	}
	if got := edit("2", hour.Add(-time.Hour)); !got.CreatedAt.After(hour) || got.CreatedAt.After(hour.Add(time.Second)) {
		t.Errorf("an edit with an older file has the time %v, want just after %v", got.CreatedAt, hour)
	}
	if got := edit("3", time.Now().Add(time.Hour)); got.CreatedAt.After(time.Now()) {
		t.Errorf("an edit with a file from the future has the time %v", got.CreatedAt)
	}
	// The clock has gone back since the last version: time goes on all the same.
	future := time.Now().Add(time.Hour)
	must(t, os.Chtimes(filepath.Join(dir, versionsDir, "a/3.prompty"), future, future))
	tmpl := &prompty.StoredTemplate{Name: "a", Source: "4"}
	must(t, s.Save(t.Context(), tmpl))
	if !tmpl.CreatedAt.After(future) {
		t.Errorf("Save after the clock went back has the time %v, want one after %v", tmpl.CreatedAt, future)
	}
	got, err := s.Get(t.Context(), "a")
	if err != nil || !got.CreatedAt.Equal(tmpl.CreatedAt) || !got.UpdatedAt.Equal(tmpl.UpdatedAt) {
		t.Errorf("Get = %+v, %v, want Save's times %v", got, err, tmpl.CreatedAt)
	}
	history, err := s.History(t.Context(), "a")
	must(t, err)
	if !slices.IsSortedFunc(history, func(a, b prompty.HistoryEntry) int { return b.Time.Compare(a.Time) }) {
		t.Errorf("History is not in the order of time: %v", history)
	}
}

// TestStateRemoved takes our own files away.
func TestStateRemoved(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T) (*Store, string) {
		dir := t.TempDir()
		s := newStore(t, dir, Options{Sync: SyncNone})
		for _, text := range []string{"one", "two", "three"} {
			mustSave(t, s, "a", text)
		}
		mustSave(t, s, "b/c", "bc")
		if _, err := s.List(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return s, dir
	}
	t.Run("all of it", func(t *testing.T) {
		s, dir := setup(t)
		must(t, os.RemoveAll(filepath.Join(dir, stateDir)))
		if diff := cmp.Diff(view{Live: map[int]string{1: "three"}, Latest: 1, Next: 2}, observe(t, dir, "a")); diff != "" {
			t.Errorf("to a fresh process (-want +got):\n%s", diff)
		}
		if n := mustSave(t, s, "a", "four"); n != 2 {
			t.Errorf("the next Save = %d, want 2", n)
		}
		if n := mustSave(t, s, "b/c", "new"); n != 2 {
			t.Errorf("the next Save of the other = %d, want 2", n)
		}
	})
	t.Run("an old version", func(t *testing.T) {
		s, dir := setup(t)
		must(t, os.Remove(filepath.Join(dir, versionsDir, "a/2.prompty")))
		if diff := cmp.Diff(view{Live: map[int]string{1: "one", 3: "three"}, Latest: 3, Next: 4}, observe(t, dir, "a")); diff != "" {
			t.Errorf("to a fresh process (-want +got):\n%s", diff)
		}
		if _, err := s.GetVersion(t.Context(), "a", 2); !errors.Is(err, prompty.ErrVersionNotFound) {
			t.Errorf("GetVersion(2): %v, want ErrVersionNotFound", err)
		}
	})
	t.Run("the latest version", func(t *testing.T) {
		_, dir := setup(t)
		must(t, os.Remove(filepath.Join(dir, versionsDir, "a/3.prompty")))
		if diff := cmp.Diff(view{Live: map[int]string{1: "one", 2: "two", 3: "three"}, Latest: 3, Next: 4}, observe(t, dir, "a")); diff != "" {
			t.Errorf("it is recorded again from the tree (-want +got):\n%s", diff)
		}
	})
	t.Run("a damaged latest version", func(t *testing.T) {
		_, dir := setup(t)
		p := filepath.Join(dir, versionsDir, "a/3.prompty")
		must(t, os.Remove(p))
		writeFile(t, p, "\xff")
		s := newStore(t, dir, Options{})
		if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "three" || got.Version != 4 {
			t.Errorf("Get = %+v, %v, want the tree's text as version 4", got, err)
		}
		if _, err := s.GetVersion(t.Context(), "a", 3); !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), "3.prompty") {
			t.Errorf("GetVersion(3): %v, want ErrInvalidTemplate that names the file", err)
		}
	})
	t.Run("leftovers of a crash", func(t *testing.T) {
		s, dir := setup(t)
		for _, name := range []string{"tree", "version", "batch0"} {
			writeFile(t, filepath.Join(dir, tmpDir, name), "half")
		}
		mustSave(t, s, "a", "four")
		writeFile(t, filepath.Join(dir, "d.prompty"), "d")
		if list, err := s.List(t.Context(), nil); err != nil || len(list) != 3 {
			t.Errorf("List = %v, %v", list, err)
		}
		if left, err := os.ReadDir(filepath.Join(dir, tmpDir)); err != nil || len(left) != 0 {
			t.Errorf("tmp still holds %v, %v", left, err)
		}
	})
	t.Run("the folder itself", func(t *testing.T) {
		s, dir := setup(t)
		refused := func(what string) {
			t.Helper()
			_, lerr := s.List(t.Context(), nil)
			_, derr := s.Describe(t.Context())
			_, werr := s.Watch(t.Context())
			serr := s.Save(t.Context(), &prompty.StoredTemplate{Name: "new", Source: "x"})
			for _, err := range []error{lerr, derr, werr, serr} {
				if err == nil || !strings.Contains(err.Error(), what) {
					t.Errorf("%v, want an error that says %q", err, what)
				}
			}
		}
		must(t, os.Rename(dir, dir+".old"))
		defer os.RemoveAll(dir + ".old")
		refused("removed or moved away")
		writeFile(t, dir, "a file")
		refused("is a file now")
		must(t, os.Remove(dir))
		must(t, os.Mkdir(dir, 0o777)) // another one in its place
		if n := mustSave(t, s, "new", "x"); n != 1 {
			t.Errorf("Save in the new folder = %d, want 1", n)
		}
		if list, err := s.List(t.Context(), nil); err != nil || len(list) != 1 {
			t.Errorf("List = %v, %v, want the new one alone", list, err)
		}
		must(t, os.RemoveAll(dir))
		must(t, os.Rename(dir+".old", dir))
		if list, err := s.List(t.Context(), nil); err != nil || len(list) != 2 {
			t.Errorf("List = %v, %v, want the old ones", list, err)
		}
	})
}

// TestBrokenFrontMatter serves it as text, for the engine to complain of.
func TestBrokenFrontMatter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	text := "---\ntags: [a\n---\nbody"
	writeFile(t, filepath.Join(dir, "a.prompty"), text)
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != text || got.Tags != nil {
		t.Errorf("Get = %+v, %v, want the whole file as text", got, err)
	}
	d, err := s.Describe(t.Context())
	if err != nil || d.State != "1 template" || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "a.prompty:2:") {
		t.Errorf("Describe = %+v, %v, want a problem at a.prompty:2", d, err)
	}
}

// TestFileKeepsItsLooks saves new tags and keeps the author's bytes and mode.
func TestFileKeepsItsLooks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	p := filepath.Join(dir, "a.prompty")
	writeFile(t, p, "---\n# mine\ndescription: 'x'\ntags: [a]   # why\n---\r\nbody")
	must(t, os.Chmod(p, 0o640))
	got, err := s.Get(t.Context(), "a")
	must(t, err)
	got.Tags = []string{"a", "b"}
	must(t, s.Save(t.Context(), got))
	data, err := os.ReadFile(p)
	must(t, err)
	if want := "---\n# mine\ndescription: 'x'\ntags: [a, b]   # why\n---\r\nbody"; string(data) != want {
		t.Errorf("the file is %q, want %q", data, want)
	}
	if fi, err := os.Stat(p); err != nil || fi.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is %v, %v, want 0640", fi.Mode(), err)
	}
}

// TestTooManyFields refuses what front matter cannot hold, before anything is
// written.
func TestTooManyFields(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Metadata: map[string]string{"k": strings.Repeat("x", 20<<20)}})
	if !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), "front matter") {
		t.Errorf("Save: %v, want ErrInvalidTemplate", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.prompty")); !os.IsNotExist(err) {
		t.Errorf("the file: %v", err)
	}
}
