package fsstore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
)

// TestManyVersions saves and edits, in two stores by turns, what has many
// versions: the numbers follow each other whoever made the one before, and a
// store that was the last to write lists nothing again.
func TestManyVersions(t *testing.T) {
	t.Parallel()
	dir := fastDir(t)
	a, b := newStore(t, dir, Options{Sync: SyncNone}), newStore(t, dir, Options{Sync: SyncNone})
	versions := filepath.Join(dir, versionsDir, "d/a")
	n := manyVersions + 5
	for i := range n {
		writeFile(t, filepath.Join(versions, fmt.Sprint(i+1, ".prompty")), fmt.Sprint("text ", i+1))
	}
	writeFile(t, filepath.Join(dir, "d/a.prompty"), fmt.Sprint("text ", n))
	lists := 0
	a.disk.fault = func(op, p string) error {
		if op == "list" && strings.HasSuffix(p, "d/a") {
			lists++
		}
		return nil
	}
	save := func(s *Store) {
		t.Helper()
		n++
		if got := mustSave(t, s, "d/a", fmt.Sprint("text ", n)); got != n {
			t.Fatalf("Save made version %d, want %d", got, n)
		}
	}
	edit := func(s *Store) {
		t.Helper()
		n++
		writeFile(t, filepath.Join(dir, "d/a.prompty"), fmt.Sprint("edit ", n))
		list, err := s.ListVersions(t.Context(), "d/a")
		if err != nil || len(list) == 0 || list[0] != n {
			t.Fatalf("ListVersions after an edit = %v, %v, want %d first", list[:min(3, len(list))], err, n)
		}
	}
	for range 3 {
		save(a)
		edit(a)
		if !a.disk.ordered || !a.disk.quick.works() {
			continue // nothing is remembered here
		}
		lists = 0
		save(a)
		edit(a)
		save(a)
		if lists > 0 {
			t.Errorf("the folder of versions is listed %d times by the one who changed it last", lists)
		}
		save(b)
		edit(b)
	}
	list, err := a.ListVersions(t.Context(), "d/a")
	if err != nil || len(list) != n {
		t.Fatalf("ListVersions = %d versions, %v, want %d", len(list), err, n)
	}

	// What people do there shows at once.
	must(t, os.Remove(filepath.Join(versions, "2.prompty")))
	if list, err := a.ListVersions(t.Context(), "d/a"); err != nil || len(list) != n-1 {
		t.Errorf("after one was removed by hand there are %d versions, %v, want %d", len(list), err, n-1)
	}
	writeFile(t, filepath.Join(versions, fmt.Sprint(n+7, ".prompty.deleted")), "x")
	n += 7
	save(a)

	must(t, a.DeleteVersion(t.Context(), "d/a", n))
	if got, err := a.Get(t.Context(), "d/a"); err != nil || got.Version == n {
		t.Errorf("Get after DeleteVersion = %+v, %v", got, err)
	}
	save(a)
	must(t, a.Delete(t.Context(), "d/a"))
	save(a)
}

// TestFewShelves has more names with many versions than are remembered.
func TestFewShelves(t *testing.T) {
	t.Parallel()
	s := newStore(t, fastDir(t), Options{Sync: SyncNone})
	h := &shelf{at: map[int]mark{}}
	for i := range manyVersions {
		h.live, h.all = append(h.live, i+1), append(h.all, i+1)
	}
	for i := range mostShelves + 10 {
		s.keep(fmt.Sprint("n", i), kept{shelf: h})
	}
	if len(s.shelves) != mostShelves {
		t.Errorf("%d shelves are remembered, want %d", len(s.shelves), mostShelves)
	}
	if _, err := s.Get(t.Context(), "n1"); err == nil {
		t.Error("a shelf is believed whose folder does not exist")
	} else if _, ok := err.(*prompty.StorageError); !ok {
		t.Error(err)
	}
}
