//go:build unix

package fsstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// slow takes the short way into the folder from a store.
func slow(s *Store) *Store {
	s.disk.quick.close()
	s.disk.quick = quick{}
	return s
}

// TestWithoutQuick holds a store that has a short way into the folder against
// one that has not: they see the same, and say the same of what they cannot use.
func TestWithoutQuick(t *testing.T) {
	t.Parallel()
	dir := fastDir(t)
	for _, name := range []string{"a", "d/b", "d/e/c", "d/.x.prompty/y", "nul", "big"} {
		writeFile(t, filepath.Join(dir, name+".prompty"), "text of "+name)
	}
	writeFile(t, filepath.Join(dir, "nul.prompty"), "a\x00b")
	must(t, os.Truncate(filepath.Join(dir, "big.prompty"), maxFile+1))
	out := filepath.Join(fastDir(t), "out")
	writeFile(t, filepath.Join(out, "o.prompty"), "outside")
	must(t, os.MkdirAll(filepath.Join(dir, "folder.prompty"), 0o777))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe.prompty"), 0o666))
	for link, to := range map[string]string{
		"link.prompty": "d/b.prompty", "up.prompty": "d/../a.prompty", "loop.prompty": "loop.prompty", "nowhere.prompty": "none",
		"out.prompty": filepath.Join(out, "o.prompty"), "far.prompty": "../../../../../etc/passwd", "ld": "d", "lo": out,
	} {
		must(t, os.Symlink(to, filepath.Join(dir, link)))
	}
	past := time.Now().Add(-time.Minute)
	for _, d := range []string{".", "d", "d/e"} {
		must(t, os.Chtimes(filepath.Join(dir, d), past, past))
	}
	q, s := newStore(t, dir, Options{Sync: SyncNone}), slow(newStore(t, dir, Options{Sync: SyncNone}))
	names := []string{
		"a", "d/b", "d/e/c", "x.prompty/y", "d/x.prompty/y", "nul", "big", "folder", "pipe", "link", "up", "loop", "nowhere", "out", "far",
		"ld/b", "lo/o", "none", "a/b", "d", "none/none",
	}
	for round := range 3 {
		said := map[*Store][]string{}
		for _, one := range []*Store{q, s} {
			for _, name := range names {
				got, err := one.Get(t.Context(), name)
				if err == nil {
					said[one] = append(said[one], fmt.Sprint(got.ID, got.Source, got.CreatedAt))
				} else {
					said[one] = append(said[one], fmt.Sprint(errors.Unwrap(err)))
				}
			}
			list, err := one.List(t.Context(), nil)
			said[one] = append(said[one], fmt.Sprint(err))
			for _, got := range list {
				said[one] = append(said[one], fmt.Sprint(got.ID, got.Source, got.CreatedAt))
			}
			d, err := one.Describe(t.Context())
			said[one] = append(said[one], fmt.Sprintf("%+v %v", d, err))
		}
		if diff := cmp.Diff(said[s], said[q]); diff != "" {
			t.Errorf("round %d, without and with the short way:\n%s", round, diff)
		}
		writeFile(t, filepath.Join(dir, "d/b.prompty"), fmt.Sprint("edit ", round))
	}
}

// TestStepsWithoutQuick does every step without the short way.
func TestStepsWithoutQuick(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		_, after, _ := st.ends(t)
		dir := fastDir(t)
		s := slow(newStore(t, dir, Options{Sync: SyncNone}))
		st.setup(t, s, dir)
		must(t, st.do(t.Context(), s))
		if got := observe(t, dir, "d/a"); !cmp.Equal(got, after) {
			t.Errorf("%s: %+v, want %+v", st.name, got, after)
		}
	}
}

// TestFolderInTheWay saves where somebody has left an empty folder.
func TestFolderInTheWay(t *testing.T) {
	t.Parallel()
	s := newStore(t, fastDir(t), Options{Sync: SyncNone})
	must(t, os.MkdirAll(filepath.Join(s.dir, tmpDir, "version"), 0o777))
	if n := mustSave(t, s, "a", "text"); n != 1 {
		t.Errorf("Save made version %d, want 1", n)
	}
}
