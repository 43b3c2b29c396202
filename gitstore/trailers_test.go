package gitstore_test

import (
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestNamesInTrailers saves and hides versions of a name that git would trim in
// a trailer, and of one that is not the path.
func TestNamesInTrailers(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	s := open(t, r.Dir)
	for _, name := range []string{" x", "a.prompty/b.prompty/c"} {
		for range 3 {
			save(t, s, name, "same")
		}
		wantVersions(t, s, name, 3, 2, 1)
		must(t, s.DeleteVersion(t.Context(), name, 2))
		wantVersions(t, s, name, 3, 1)
		wantVersions(t, open(t, r.Dir), name, 3, 1)
	}
	wantVersions(t, s, "x")
}
