package gitstore_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestRemedies has a conflict with a person's change say what to do about a
// change of that kind.
func TestRemedies(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		what   string
		change func(r *gittest.Repo)
		remedy string
	}{
		{"an edit", func(r *gittest.Repo) { must(t, os.WriteFile(r.Path("a.prompty"), []byte("edit"), 0o666)) }, "undo it (git restore)"},
		{"a staged edit", func(r *gittest.Repo) {
			must(t, os.WriteFile(r.Path("a.prompty"), []byte("edit"), 0o666))
			r.Git("add", "a.prompty")
		}, "git restore --staged"},
		{"a removed file", func(r *gittest.Repo) { must(t, os.Remove(r.Path("a.prompty"))) }, "git restore"},
		{"an untracked file", func(r *gittest.Repo) {
			r.Git("rm", "-q", "a.prompty")
			r.Git("commit", "-q", "-m", "remove a")
			must(t, os.WriteFile(r.Path("a.prompty"), []byte("new"), 0o666))
		}, "move it away"},
	} {
		r := gittest.WorkTree(t)
		r.Commit("one", "a.prompty", "1")
		tc.change(r)
		err := open(t, r.Dir).Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "2"})
		wantError(t, "Save over "+tc.what, err, prompty.ErrConflict, "a.prompty", tc.remedy)
		if err != nil && strings.HasSuffix(err.Error(), "; ") {
			t.Errorf("Save over %s has no remedy: %v", tc.what, err)
		}
	}
}
