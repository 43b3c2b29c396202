package gitstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestRepackUnderWay lets git throw away what no ref leads to, while a batch is
// on disk already and waits for the branch.
func TestRepackUnderWay(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("First", "a.prompty", "one\n")
	r.Git("repack", "-adq")
	s := open(t, r.Dir, "timeout=1m")
	lock := r.Path("refs/heads/main.lock")
	for round := range 3 {
		must(t, os.WriteFile(lock, nil, 0o666))
		var list []*prompty.StoredTemplate
		for i := range 40 {
			list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("many/%d", i), Source: fmt.Sprint("text ", round, i)})
		}
		done := make(chan error, 1)
		go func() { done <- s.SaveEach(context.Background(), list) }()
		packs := func() int { list, _ := filepath.Glob(r.Path("objects/pack/*.idx")); return len(list) }
		// If nothing comes, the batch waits for the lock before it writes: as well.
		for deadline := time.Now().Add(2 * time.Second); packs() < 2 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		r.Git("repack", "-adq")
		r.Git("gc", "-q", "--prune=1.hour.ago")
		must(t, os.Remove(lock))
		must(t, <-done)
		r.Fsck()
		agree(t, s, r, "main", "", ".prompty")
		r.Git("repack", "-adq")
		if keep, _ := filepath.Glob(r.Path("objects/pack/*.keep")); keep != nil {
			t.Errorf("packs are kept for ever: %q", keep)
		}
		if n := packs(); n != 1 {
			t.Errorf("%d packs after git repack -ad", n)
		}
	}
	settled(t, r)
}

// TestBeside lets git tidy up between any two of our calls.
func TestBeside(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r.Dir)
	var texts []string
	for i, tidy := range [][]string{
		{"gc", "-q"}, {"repack", "-adq"}, {"pack-refs", "--all", "--prune"}, {"gc", "-q", "--prune=now", "--aggressive"}, {"prune", "--expire=now"},
		{"repack", "-q"}, {"repack", "-Adfq"}, {"prune-packed", "-q"}, {"reflog", "expire", "--expire=now", "--all"}, {"gc", "-q", "--prune=now"}, {"update-index", "--refresh"},
		{"multi-pack-index", "write"}, {"commit-graph", "write", "--reachable"}, {"read-tree", "HEAD"}, {"update-index", "--index-version", "4"},
	} {
		text := fmt.Sprintf("text %d\n", i)
		texts = append(texts, text)
		save(t, s, "a", text)
		var list []*prompty.StoredTemplate
		for j := range 25 {
			list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("many/%d", j), Source: fmt.Sprint(i, j)})
		}
		must(t, s.SaveAll(t.Context(), list))
		r.Git(tidy...)
		want(t, s, "a", i+1, text)
		for n, text := range texts {
			if got, err := s.GetVersion(t.Context(), "a", n+1); err != nil || got.Source != text {
				t.Fatalf("GetVersion(%d) after git %s = %+v, %v", n+1, tidy, got, err)
			}
		}
		if r.Git("update-index", "--refresh"); r.Status() != "" {
			t.Fatalf("git status after git %s: %s", tidy, r.Status())
		}
	}
	if keep, _ := filepath.Glob(filepath.Join(r.GitDir(), "objects/pack/*.keep")); keep != nil {
		t.Errorf("packs are kept for ever: %q", keep)
	}
	if tmp, _ := filepath.Glob(filepath.Join(r.GitDir(), "objects/*/tmp_*")); tmp != nil {
		t.Errorf("temporary files stay: %q", tmp)
	}
	list, err := s.ListVersions(t.Context(), "many/7")
	if err != nil || len(list) != len(texts) || !slices.IsSortedFunc(list, func(a, b int) int { return b - a }) {
		t.Errorf("ListVersions = %v, %v", list, err)
	}
	agree(t, s, r, "main", "", ".prompty")
	settled(t, r)
}
