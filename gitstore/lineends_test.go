package gitstore_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestLineEnds writes the files as a checkout would, and commits them as they
// were saved.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config, attributes string
		file               string // of the text "a\nb\n"
	}{
		"autocrlf":         {"core.autocrlf=true", "", "a\r\nb\r\n"},
		"autocrlf input":   {"core.autocrlf=input", "", "a\nb\n"},
		"eol of text":      {"core.eol=crlf", "*.prompty text\n", "a\r\nb\r\n"},
		"eol attribute":    {"core.autocrlf=input", "*.prompty text eol=crlf\n", "a\r\nb\r\n"},
		"text auto":        {"core.eol=crlf", "* text=auto\n", "a\r\nb\r\n"},
		"binary":           {"core.autocrlf=true", "*.prompty binary\n", "a\nb\n"},
		"not text":         {"core.autocrlf=true", "*.prompty -text\n", "a\nb\n"},
		"nested":           {"core.autocrlf=true", "*.prompty -text\n\n[attr]x text\n", "a\nb\n"},
		"nothing of these": {"core.autocrlf=false", "", "a\nb\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			key, value, _ := strings.Cut(tc.config, "=")
			r.Git("config", key, value)
			r.Git("config", "core.safecrlf", "false")
			if tc.attributes != "" {
				r.Commit("Attributes", ".gitattributes", tc.attributes)
			}
			s := open(t, r.Dir)
			for _, step := range []string{"x\n", "a\nb\n"} {
				tmpl := save(t, s, "d/a", step)
				if got := r.Git("cat-file", "blob", string(tmpl.ID)); got+"\n" != step {
					t.Errorf("committed is %q, want %q", got, step)
				}
				if got := want(t, s, "d/a", tmpl.Version, step); got.ID != tmpl.ID {
					t.Errorf("Get = %+v", got)
				}
				settled(t, r)
			}
			if got := r.Read("d/a.prompty"); got != tc.file {
				t.Errorf("the work tree holds %q, want %q", got, tc.file)
			}
			r.Git("update-index", "--refresh", "--really-refresh")
			must(t, os.Remove(r.Path("d/a.prompty")))
			r.Git("checkout", "-q", "--", "d/a.prompty")
			if got := r.Read("d/a.prompty"); got != tc.file {
				t.Errorf("git itself checks out %q, want %q: the test is wrong", got, tc.file)
			}
			must(t, s.DeleteVersion(t.Context(), "d/a", 2))
			settled(t, r)
			overlay := open(t, r.Dir, "worktree=1")
			if got := want(t, overlay, "d/a", 1, "x\n"); strings.Contains(string(got.ID), "dirty") {
				t.Errorf("what nobody edited is dirty: %+v", got)
			}
			r.Write("d/a.prompty", strings.ReplaceAll(tc.file, "b", "c"))
			want(t, overlay, "d/a", 3, "a\nc\n")
		})
	}
	for _, attribute := range []string{"filter=lfs", "ident", "working-tree-encoding=UTF-16"} {
		t.Run(attribute, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			r.Commit("First", ".gitattributes", "filtered* "+attribute+"\n", "filtered.prompty", "", "a.prompty", "a")
			s := open(t, r.Dir)
			tip := r.Git("rev-parse", "main")
			err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "filtered", Source: "x"})
			key, _, _ := strings.Cut(attribute, "=")
			wantError(t, "Save", err, nil, key, "filtered.prompty")
			if now := r.Git("rev-parse", "main"); now != tip {
				t.Error("the branch moved all the same")
			}
			save(t, s, "a", "2")
			r.Git("checkout", "-q", "-b", "other")
			save(t, open(t, r.Dir, "branch=main"), "filtered", "x") // not checked out
			r.Fsck()
		})
	}
}
