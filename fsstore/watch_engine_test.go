package fsstore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
)

// TestWatchEngine renders from a folder that is edited. What OnChange and Sync
// say is in service is what is rendered.
func TestWatchEngine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{})
	reloads := make(chan *prompty.ReloadError, 10)
	se := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: s, OnReloadError: func(e *prompty.ReloadError) { reloads <- e }})
	t.Cleanup(func() { se.Close() })
	heard := make(chan prompty.ChangeBatch, 100)
	part, page := filepath.Join(dir, "lib/part.prompty"), filepath.Join(dir, "page.prompty")
	writeFile(t, part, "one")
	writeFile(t, page, `<{~prompty.include template="lib/part" /~}>`)
	renders := func(want string) {
		t.Helper()
		if got, err := se.Execute(t.Context(), "page", nil); err != nil || got != want {
			t.Errorf("Execute = %q, %v, want %q", got, err, want)
		}
	}
	renders("<one>")
	must(t, se.Sync(t.Context()))
	stop := se.OnChange(func(b prompty.ChangeBatch) { heard <- b })
	defer stop()
	h := &hearing{t, s, heard}

	writeFile(t, part, "two")
	h.wants("changed lib/part")
	renders("<two>")
	must(t, os.Rename(page, page+"~"))
	writeFile(t, page, `[{~prompty.include template="lib/part" /~}]`)
	h.wants("changed page")
	renders("[two]")
	mustSave(t, s, "lib/part", "three") // shows at once
	renders("[three]")
	h.wants("changed lib/part")

	writeFile(t, part, "broken\n{~prompty.if")
	h.wants("changed lib/part")
	e := <-reloads
	if e.Name != "lib/part" || e.Serving != 3 || !strings.Contains(e.Place, "lib/part.prompty:2:") {
		t.Errorf("the reload error is %+v", e)
	}
	renders("[three]")
	writeFile(t, part, "not even text \xff")
	h.wants("changed lib/part")
	writeFile(t, part, "mended")
	h.wants("changed lib/part")
	renders("[mended]")
	if st := se.Status(); len(st.Broken) > 0 || !st.Following {
		t.Errorf("the status is %+v, want nothing broken", st)
	}

	// Another folder with another state.
	writeFile(t, filepath.Join(dir+".new", "page.prompty"), "new")
	must(t, os.Rename(dir, dir+".old"))
	must(t, os.Rename(dir+".new", dir))
	for b := h.next(); !b.All; b = h.next() {
	}
	renders("new")
}
