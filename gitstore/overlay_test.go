package gitstore_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestOverlay serves uncommitted edits to who asked for them, and to nobody else.
func TestOverlay(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1", "b.prompty", "b", "c.prompty", "c", ".gitignore", "ignored*\n")
	s, plain := open(t, r.Dir, "worktree=1"), open(t, r.Dir)
	committed := want(t, s, "a", 1, "1")
	isDirty := func(x *prompty.StoredTemplate) {
		t.Helper()
		if !strings.Contains(string(x.ID), "dirty") {
			t.Errorf("the ID of an uncommitted text is %q", x.ID)
		}
		if got, err := s.GetByID(t.Context(), x.ID); err != nil || got.Source != x.Source || got.Version != x.Version {
			t.Errorf("GetByID(%q) = %+v, %v, want %q", x.ID, got, err, x.Source)
		}
		if id, err := s.LatestID(t.Context(), x.Name); err != nil || id != x.ID {
			t.Errorf("LatestID = %q, %v, want %q", id, err, x.ID)
		}
	}
	r.Write("a.prompty", "edited")
	dirty := want(t, s, "a", 2, "edited")
	isDirty(dirty)
	wantVersions(t, s, "a", 2, 1)
	if got, err := s.GetVersion(t.Context(), "a", 2); err != nil || got.Source != "edited" {
		t.Errorf("GetVersion(2) = %+v, %v", got, err)
	}
	if got, err := s.GetVersion(t.Context(), "a", 1); err != nil || got.ID != committed.ID {
		t.Errorf("GetVersion(1) = %+v, %v, want %s", got, err, committed.ID)
	}
	if h, err := s.History(t.Context(), "a"); err != nil || len(h) != 2 || h[0].ID != dirty.ID || h[0].Commit != "" {
		t.Errorf("History = %+v, %v", h, err)
	}
	file, line, err := s.Locate(t.Context(), "a", 2, 1)
	if err != nil || !strings.HasSuffix(file, "a.prompty") || line != 1 {
		t.Errorf("Locate = %s:%d, %v", file, line, err)
	}
	want(t, plain, "a", 1, "1")

	r.Write("a.prompty", "edited again")
	isDirty(want(t, s, "a", 2, "edited again"))
	if _, err := s.GetByID(t.Context(), dirty.ID); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("GetByID of an edit that was edited away: %v", err)
	}
	r.Write("new/d.prompty", "---\ntags: [new]\n---\nd")
	got, err := s.Get(t.Context(), "new/d")
	if err != nil || got.Version != 1 || got.Source != "d" || !slices.Equal(got.Tags, []string{"new"}) {
		t.Errorf("Get of an untracked file = %+v, %v", got, err)
	}
	isDirty(got)
	r.Write("ignored.prompty", "x")
	if got, err := s.Get(t.Context(), "ignored"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Get of an ignored file = %+v, %v", got, err)
	}
	must(t, os.Remove(r.Path("b.prompty")))
	if got, err := s.Get(t.Context(), "b"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Get of a file that was removed = %+v, %v", got, err)
	}
	want(t, plain, "b", 1, "b")
	list, err := s.List(t.Context(), nil)
	if want := []string{"a", "c", "new/d"}; err != nil || !slices.Equal(names(list), want) {
		t.Errorf("List = %q, %v, want %q", names(list), err, want)
	}
	list, err = s.List(t.Context(), &prompty.TemplateQuery{Tags: []string{"new"}})
	if err != nil || len(list) != 1 {
		t.Errorf("List by tag = %q, %v", names(list), err)
	}

	// Nothing of it is committed, or lost, by us.
	tip := r.Git("rev-parse", "HEAD")
	for what, err := range map[string]error{
		"Save over an edit":           s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}),
		"SaveIf over an edit":         s.SaveIf(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}, 2),
		"Save over an untracked file": s.Save(t.Context(), &prompty.StoredTemplate{Name: "new/d", Source: "x"}),
		"Delete of an edit":           s.Delete(t.Context(), "a"),
		"DeleteVersion of an edit":    s.DeleteVersion(t.Context(), "a", 2),
	} {
		wantError(t, what, err, prompty.ErrConflict)
	}
	if now := r.Git("rev-parse", "HEAD"); now != tip {
		t.Errorf("refused calls made commits: %s", r.Git("log", "--stat", tip+".."+now))
	}
	if got := r.Read("a.prompty"); got != "edited again" {
		t.Errorf("the edit is now %q", got)
	}
	save(t, s, "c", "c2") // another file is nobody's edit
	want(t, s, "c", 2, "c2")
	want(t, s, "a", 2, "edited again")
	before := " M a.prompty\n D b.prompty\n?? new/d.prompty"
	if got := r.Status(); got != before {
		t.Errorf("git status = %q, want %q", got, before)
	}

	// A snapshot keeps the edits as they are now, or leaves them out; it must not move.
	snap, err := s.Snapshot(t.Context())
	must(t, err)
	defer snap.Close()
	first, err := snap.Get(t.Context(), "a")
	must(t, err)
	r.Git("commit", "-qam", "What was edited")
	real := want(t, s, "a", 2, "edited again")
	if strings.Contains(string(real.ID), "dirty") || real.Version != 2 {
		t.Errorf("after the commit Get = %+v", real)
	}
	second, err := snap.Get(t.Context(), "a")
	if err != nil || second.ID != first.ID || second.Source != first.Source {
		t.Errorf("the snapshot moved from %+v to %+v, %v", first, second, err)
	}
	r.Write("a.prompty", "x")
	must(t, os.WriteFile(r.Path("a.prompty"), []byte("edited again"), 0o666)) // back as it was
	if got := want(t, s, "a", 2, "edited again"); got.ID != real.ID {
		t.Errorf("an edit that was taken back has the ID %q, want %q", got.ID, real.ID)
	}

	// Staged is not committed either.
	r.Write("a.prompty", "staged")
	r.Git("add", "a.prompty")
	isDirty(want(t, s, "a", 3, "staged"))
	wantError(t, "Save over what is staged", s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}), prompty.ErrConflict)

	// What can be no template is an error there, and no reason to hide the rest.
	must(t, os.WriteFile(r.Path("c.prompty"), []byte("\xff"), 0o666))
	if _, err := s.Get(t.Context(), "c"); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("Get of an edit that is no UTF-8: %v", err)
	}
	if got, err := s.GetVersion(t.Context(), "c", 2); err != nil || got.Source != "c2" {
		t.Errorf("GetVersion beside it = %+v, %v", got, err)
	}
	r.Fsck()
}

// TestOverlayRefused wants a work tree.
func TestOverlayRefused(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("First", "a.prompty", "1")
	r.Git("branch", "other")
	_, err := tryOpen(r.Dir, "worktree=1")
	wantError(t, "worktree=1 on a bare repository", err, nil, "work tree")
	w := gittest.WorkTree(t)
	w.Commit("First", "a.prompty", "1")
	w.Git("branch", "other")
	_, err = tryOpen(w.Dir, "worktree=1", "ref=other")
	wantError(t, "worktree=1 with ref", err, nil, "worktree", "ref")
	if s, err := tryOpen(w.Dir, "worktree=1", "branch=other"); err == nil {
		s.Close()
		t.Error("worktree=1 with a branch that is checked out nowhere gave no error")
	}
}
