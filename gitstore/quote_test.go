package gitstore_test

import (
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestLeadingSpace saves and hides versions of a name that git's trailers would
// trim.
func TestLeadingSpace(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	s := open(t, r.Dir)
	for range 3 {
		save(t, s, " x", "same")
	}
	wantVersions(t, s, " x", 3, 2, 1)
	must(t, s.DeleteVersion(t.Context(), " x", 2))
	wantVersions(t, s, " x", 3, 1)
	wantVersions(t, open(t, r.Dir), " x", 3, 1)
	wantVersions(t, s, "x")
}
