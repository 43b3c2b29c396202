package fsstore

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWatchCrash ends a process after every file operation of every step. Who
// watches from another one is told of what the step has done, though nobody
// looks at the name afterwards, and has finished it.
func TestWatchCrash(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			before, _, ops := st.ends(t)
			for i := range len(ops) + 1 {
				if i > 0 && i < len(ops) && ops[i-1].changesNothing() {
					continue
				}
				var h *hearing
				watched := st
				watched.setup = func(t testing.TB, s *Store, dir string) {
					st.setup(t, s, dir)
					h = hear(t, newStore(t, dir, Options{Sync: SyncNone}))
				}
				k, last := 0, ""
				dir, err := watched.perform(t, func(_, op, path string) error {
					if k++; k > i {
						return fmt.Errorf("%w: %s", errInjected, op)
					}
					last = op + " " + path
					return nil
				})
				must(t, h.s.Sync(t.Context()))
				mustSave(t, h.s, "marker", "x")
				told := false
				for end := false; !end; {
					for _, c := range h.next().Changes {
						told = told || c.Name == "d/a"
						end = end || c.Name == "marker"
					}
				}
				must(t, h.s.Close())
				if got := observe(t, dir, "d/a"); !cmp.Equal(got, before) && !told {
					t.Errorf("crash after %d (%s), error %v: nothing was told\nbefore %+v\ngot    %+v", i, last, err, before, got)
				}
				os.RemoveAll(dir)
			}
		})
	}
}
