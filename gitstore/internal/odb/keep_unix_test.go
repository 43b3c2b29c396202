//go:build unix

package odb

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// TestHold: git repack deletes a pack to which no ref leads, but not if it is
// held.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, hold := range []bool{false, true} {
		r := gittest.WorkTree(t)
		r.Commit("one", "a.txt", "one")
		db := open(t, r)
		w := &writer{t: t, batch: db.Begin()}
		if hold {
			w.batch.Hold()
		}
		for i := range 30 {
			w.save("a.prompty", fmt.Sprint(i), object.ID{})
		}
		if err := w.batch.Flush(SyncNone); err != nil {
			t.Fatal(err)
		}
		other := open(t, r) // another process must not take it for a dead one's
		if got := len(files(t, r, "pack/*.keep")); (got == 1) != hold {
			t.Errorf("hold %v: %d .keep files", hold, got)
		}
		r.Git("repack", "-adq")
		if has, err := other.Has(w.tip); err != nil || has != hold {
			t.Errorf("hold %v: after git repack the commit is there: %v, %v", hold, has, err)
		}
		w.batch.Discard()
		if left := files(t, r, "pack/*.keep"); len(left) != 0 {
			t.Errorf("hold %v: left behind: %v", hold, left)
		}
		if hold {
			r.Git("update-ref", "refs/heads/held", w.tip.String())
			r.Git("repack", "-adq")
			checkAll(t, db, w.all)
			r.Fsck()
		}
	}
}

// TestSweep: .keep files of the dead go, those of the living and of other
// people stay.
func TestSweep(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	db := open(t, r)
	path := func(name string) string { return filepath.Join(db.dir, "pack", name) }
	write(t, path("dead.keep"), []byte(keepText+"\n"))
	write(t, path("person.keep"), []byte("mine, and longer than the text that prompty writes into its own\n"))
	write(t, path("empty.keep"), nil)
	living, err := db.hold(path("living.keep"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := db.hold(path("living.keep")); again != nil || err != nil {
		t.Errorf("a second .keep file: %v, %v", again, err)
	}
	open(t, r)
	for name, want := range map[string]bool{"dead.keep": false, "person.keep": true, "empty.keep": true, "living.keep": true} {
		if _, err := os.Stat(path(name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
	release(living)
	if _, err := os.Stat(path("living.keep")); err == nil {
		t.Error("release leaves the file")
	}
}
