package gitstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// everyWrite are the calls that change the template "a", which has versions,
// each on a repository of its own.
var everyWrite = map[string]func(ctx context.Context, s *gitstore.Store) error{
	"Save": func(ctx context.Context, s *gitstore.Store) error {
		return s.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "saved"})
	},
	"Save the same": func(ctx context.Context, s *gitstore.Store) error {
		return s.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "two\n"})
	},
	"SaveAll": func(ctx context.Context, s *gitstore.Store) error {
		return s.SaveAll(ctx, []*prompty.StoredTemplate{{Name: "new/x", Source: "x"}, {Name: "a", Source: "saved"}})
	},
	"Delete":        func(ctx context.Context, s *gitstore.Store) error { return s.Delete(ctx, "a") },
	"DeleteVersion": func(ctx context.Context, s *gitstore.Store) error { return s.DeleteVersion(ctx, "a", 2) },
}

// busy makes a work tree in which people have things under way, on other
// files; the status they see is the second result.
func busy(t *testing.T) (*gittest.Repo, string) {
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "one\n", "edited.prompty", "1", "staged.prompty", "1", "both.prompty", "1",
		"removed.prompty", "1", "unlinked.prompty", "1", "dir/deep.prompty", "1", "README.md", "1")
	r.Commit("Second", "a.prompty", "two\n")
	r.Write("edited.prompty", "2")
	r.Write("staged.prompty", "2")
	r.Git("add", "staged.prompty")
	r.Write("both.prompty", "2")
	r.Git("add", "both.prompty")
	r.Write("both.prompty", "3")
	r.Git("rm", "-q", "removed.prompty")
	must(t, os.Remove(r.Path("unlinked.prompty")))
	r.Write("dir/untracked.txt", "x")
	r.Write("dir/intent.txt", "x")
	r.Git("add", "-N", "dir/intent.txt")
	return r, r.Status()
}

// TestStatus makes every call beside what people have under way, and git
// status says the same before and after.
func TestStatus(t *testing.T) {
	t.Parallel()
	for name, write := range everyWrite {
		for _, index := range []string{"2", "3", "4"} {
			t.Run(name+"/index "+index, func(t *testing.T) {
				t.Parallel()
				r, before := busy(t)
				r.Git("update-index", "--index-version", index)
				switch index {
				case "3":
					r.Git("config", "core.untrackedCache", "true")
					r.Git("update-index", "--untracked-cache")
				case "4":
					r.Git("config", "index.threads", "4")
				}
				r.Git("status")
				staged := r.Git("diff", "--cached")
				edited := r.Git("diff")
				tip := r.Git("rev-parse", "main")
				must(t, write(t.Context(), open(t, r.Dir)))
				if now := r.Git("rev-parse", "main~1"); now != tip {
					t.Errorf("main is not one commit further")
				}
				if got := r.Status(); got != before {
					t.Errorf("git status was\n%s\nand is\n%s", before, got)
				}
				if got := r.Git("diff", "--cached"); got != staged {
					t.Errorf("what is staged was\n%s\nand is\n%s", staged, got)
				}
				if got := r.Git("diff"); got != edited {
					t.Errorf("what is edited was\n%s\nand is\n%s", edited, got)
				}
				if changed := r.Git("show", "--name-only", "--format=", "main"); strings.Contains(changed, "staged") || strings.Contains(changed, "both") {
					t.Errorf("our commit took along what was staged: %s", changed)
				}
				if tree := r.Git("ls-files", "-t", "--stage", "a.prompty"); name != "Delete" && tree == "" {
					t.Error("a.prompty is not in the index")
				}
				// What git writes on top of our index is right as well.
				r.Git("commit", "-qm", "Staged")
				if got := r.Git("show", "--name-status", "--format=", "--no-renames", "main"); got != "M\tboth.prompty\nD\tremoved.prompty\nM\tstaged.prompty" {
					t.Errorf("the next git commit holds %q", got)
				}
				r.Git("reset", "-q", "--", "dir/intent.txt") // which git stash cannot take
				r.Git("stash", "-q")
				if got := r.Git("status", "--porcelain", "-uno"); got != "" {
					t.Errorf("git status after git stash: %s", got)
				}
				r.Fsck()
				if out, err := r.Try("diff-index", "--cached", "--exit-code", "HEAD"); err != nil {
					t.Errorf("the index differs from HEAD: %v %s", err, out)
				}
			})
		}
	}
}

// TestNextCommit lets git commit on top of ours, from an index in which it had
// noted the trees of before.
func TestNextCommit(t *testing.T) {
	t.Parallel()
	for name, write := range everyWrite {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			r.Commit("First", "a.prompty", "one\n", "b.txt", "1", "dir/c.txt", "1", "new/c.txt", "1")
			r.Commit("Second", "a.prompty", "two\n")
			r.Git("read-tree", "HEAD")
			r.Git("update-index", "--refresh")
			must(t, write(t.Context(), open(t, r.Dir)))
			if index, head := r.Git("write-tree"), r.Git("rev-parse", "HEAD^{tree}"); index != head {
				t.Errorf("the index holds the tree %s, HEAD %s", index, head)
			}
			r.Write("dir/c.txt", "2")
			r.Git("commit", "-qam", "Mine")
			if got := r.Git("show", "--format=", "--name-only", "HEAD"); got != "dir/c.txt" {
				t.Errorf("the next git commit changes %q", got)
			}
			settled(t, r)
		})
	}
}

// TestUncommitted refuses to touch what people changed in the very file.
func TestUncommitted(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		dirty func(t *testing.T, r *gittest.Repo)
		words string
	}{
		{"edited", func(t *testing.T, r *gittest.Repo) { r.Write("a.prompty", "mine\n") }, "a.prompty"},
		{"edited, same size", func(t *testing.T, r *gittest.Repo) { r.Write("a.prompty", "TWO\n") }, "a.prompty"},
		{"edited, same size and time", func(t *testing.T, r *gittest.Repo) {
			fi, err := os.Stat(r.Path("a.prompty"))
			must(t, err)
			r.Write("a.prompty", "TWO\n")
			must(t, os.Chtimes(r.Path("a.prompty"), fi.ModTime(), fi.ModTime()))
		}, "a.prompty"},
		{"staged", func(t *testing.T, r *gittest.Repo) { r.Write("a.prompty", "mine\n"); r.Git("add", "a.prompty") }, "a.prompty"},
		{"staged, and back in the tree", func(t *testing.T, r *gittest.Repo) {
			r.Write("a.prompty", "mine\n")
			r.Git("add", "a.prompty")
			r.Write("a.prompty", "two\n")
		}, "a.prompty"},
		{"removed", func(t *testing.T, r *gittest.Repo) { must(t, os.Remove(r.Path("a.prompty"))) }, "a.prompty"},
		{"removed and staged", func(t *testing.T, r *gittest.Repo) { r.Git("rm", "-q", "a.prompty") }, "a.prompty"},
		{"removed from the index alone", func(t *testing.T, r *gittest.Repo) { r.Git("rm", "-q", "--cached", "a.prompty") }, "a.prompty"},
		{"a link instead", func(t *testing.T, r *gittest.Repo) {
			must(t, os.Remove(r.Path("a.prompty")))
			must(t, os.Symlink("/etc/hostname", r.Path("a.prompty")))
		}, "a.prompty"},
		{"a folder instead", func(t *testing.T, r *gittest.Repo) {
			must(t, os.Remove(r.Path("a.prompty")))
			r.Write("a.prompty/x", "x")
		}, "a.prompty"},
		{"unmerged", func(t *testing.T, r *gittest.Repo) {
			r.Git("checkout", "-q", "-b", "side", "HEAD~1")
			r.Commit("Side", "a.prompty", "side\n")
			r.Git("checkout", "-q", "main")
			if _, err := r.Try("merge", "-q", "side"); err == nil {
				t.Fatal("the merge has no conflict")
			}
		}, "a.prompty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			r.Commit("First", "a.prompty", "one\n", "b.prompty", "b")
			r.Commit("Second", "a.prompty", "two\n")
			s := open(t, r.Dir)
			want(t, s, "a", 2, "two\n")
			tc.dirty(t, r)
			tip, status, index := r.Git("rev-parse", "main"), r.Status(), r.Git("ls-files", "--stage")
			text, _ := os.ReadFile(r.Path("a.prompty"))
			for name, write := range everyWrite {
				wantError(t, name, write(t.Context(), s), prompty.ErrConflict, tc.words)
			}
			if now, _ := os.ReadFile(r.Path("a.prompty")); string(now) != string(text) {
				t.Errorf("the file was %q and is %q", text, now)
			}
			if now := r.Git("rev-parse", "main"); now != tip {
				t.Errorf("the branch moved: %s", r.Git("log", "--stat", tip+".."+now))
			}
			if now := r.Status(); now != status {
				t.Errorf("git status was\n%s\nand is\n%s", status, now)
			}
			if now := r.Git("ls-files", "--stage"); now != index {
				t.Errorf("the index was\n%s\nand is\n%s", index, now)
			}
			want(t, s, "a", 2, "two\n")
			if got := save(t, s, "b", "2"); got.Version != 2 { // another file is free
				t.Errorf("Save(b) = version %d", got.Version)
			}
			r.Fsck()
		})
	}
	t.Run("untracked in the way", func(t *testing.T) {
		t.Parallel()
		r := gittest.WorkTree(t)
		r.Commit("First", "a.prompty", "one\n", ".gitignore", "ignored.prompty\n")
		s := open(t, r.Dir)
		r.Write("new.prompty", "mine")
		r.Write("ignored.prompty", "mine")
		r.Write("dir", "a file where a folder should be")
		for _, name := range []string{"new", "ignored", "dir/x"} {
			err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "x"})
			wantError(t, "Save("+name+")", err, prompty.ErrConflict, strings.TrimSuffix(name, "/x"))
		}
		if r.Read("new.prompty")+r.Read("ignored.prompty") != "minemine" {
			t.Error("a file was written over")
		}
	})
}

// TestTouched takes no touch for an edit.
func TestTouched(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "one\n")
	s := open(t, r.Dir)
	for i := range 3 {
		now := time.Now().Add(time.Duration(i-1) * time.Hour)
		must(t, os.Chtimes(r.Path("a.prompty"), now, now))
		save(t, s, "a", fmt.Sprintf("%d\n", i)) // the size stays
		r.Write("a.prompty", fmt.Sprintf("%d\n", i))
		save(t, s, "a", fmt.Sprintf("%c\n", 'a'+i))
		if got := r.Read("a.prompty"); got != fmt.Sprintf("%c\n", 'a'+i) {
			t.Errorf("the file holds %q", got)
		}
	}
	settled(t, r)
}

// TestLocks waits for other people's locks, up to a deadline, and names them.
func TestLocks(t *testing.T) {
	t.Parallel()
	for _, lock := range []string{"index.lock", "refs/heads/main.lock", "HEAD.lock"} {
		t.Run(filepath.Base(lock), func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			r.Commit("First", "a.prompty", "one\n")
			r.Commit("Second", "a.prompty", "two\n")
			file := filepath.Join(r.GitDir(), lock)
			s := open(t, r.Dir, "timeout=100ms")
			held := func() {
				t.Helper()
				must(t, os.WriteFile(file, nil, 0o666))
			}
			tip := r.Git("rev-parse", "main")
			held()
			for name, write := range everyWrite {
				err := write(t.Context(), s)
				wantError(t, name, err, nil, file)
				if _, err := os.Lstat(file); err != nil {
					t.Fatalf("%s: another program's lock is gone: %v", name, err)
				}
			}
			if now := r.Git("rev-parse", "main"); now != tip {
				t.Errorf("the branch moved under the lock %s", lock)
			}
			want(t, s, "a", 2, "two\n") // reading needs none
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			patient := open(t, r.Dir, "timeout=1h")
			err := patient.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "x"})
			wantError(t, "Save until the context ends", err, context.DeadlineExceeded)

			done := make(chan error)
			go func() {
				done <- patient.Save(context.Background(), &prompty.StoredTemplate{Name: "a", Source: "three\n"})
			}()
			select {
			case err := <-done:
				t.Errorf("Save beside a held lock returned %v", err)
			case <-time.After(30 * time.Millisecond):
			}
			must(t, os.Remove(file))
			if err := <-done; err != nil {
				t.Errorf("Save after the lock was released: %v", err)
			}
			want(t, s, "a", 3, "three\n")
			if left, _ := filepath.Glob(filepath.Join(r.GitDir(), "*.lock")); left != nil {
				t.Errorf("locks are left: %q", left)
			}
			settled(t, r)
		})
	}
}

// TestReflog writes what git writes.
func TestReflog(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "one\n")
	s := open(t, r.Dir, "committer=Bot+<bot@example.org>")
	save(t, s, "a", "two\n")
	must(t, s.SaveEach(t.Context(), []*prompty.StoredTemplate{{Name: "a", Source: "3"}, {Name: "b", Source: "1"}}))
	must(t, s.Delete(t.Context(), "b"))
	for _, ref := range []string{"main", "HEAD"} {
		log := strings.Split(r.Git("reflog", "show", "--format=%H %gn %gs", ref), "\n")
		chain := strings.Split(r.Git("rev-list", "--first-parent", "main"), "\n")
		if len(log) != 4 {
			t.Fatalf("the reflog of %s has %d entries, want 4: %q", ref, len(log), log)
		}
		for i, commit := range []string{chain[0], chain[1], chain[3]} { // SaveEach is one move
			if !strings.HasPrefix(log[i], commit+" Bot ") || len(log[i]) < len(commit)+10 {
				t.Errorf("entry %d of the reflog of %s is %q, want commit %s by Bot, with words", i, ref, log[i], commit)
			}
		}
	}
	r.Git("reset", "-q", "--hard", "main@{1}")
	want(t, s, "b", 1, "1")
	settled(t, r)
}

// TestInProgress saves, or refuses to, in the middle of what git is doing.
func TestInProgress(t *testing.T) {
	t.Parallel()
	conflict := func(t *testing.T) *gittest.Repo {
		r := gittest.WorkTree(t)
		r.Commit("First", "a.prompty", "one\n", "b.prompty", "b")
		r.Git("checkout", "-q", "-b", "side")
		r.Commit("Side", "a.prompty", "side\n")
		r.Commit("Side 2", "c.prompty", "c\n")
		r.Git("checkout", "-q", "main")
		r.Commit("Main", "a.prompty", "main\n")
		return r
	}
	t.Run("merge", func(t *testing.T) {
		t.Parallel()
		r := conflict(t)
		s := open(t, r.Dir)
		if _, err := r.Try("merge", "-q", "side"); err == nil {
			t.Fatal("the merge has no conflict")
		}
		wantError(t, "Save of the file in conflict", s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}), prompty.ErrConflict, "a.prompty")
		save(t, s, "b", "2")
		r.Write("a.prompty", "solved\n")
		r.Git("commit", "-qam", "Merge")
		want(t, s, "a", 3, "solved\n")
		want(t, s, "b", 2, "2")
		want(t, s, "c", 1, "c\n")
		agree(t, s, r, "main", "", ".prompty")
		settled(t, r)
	})
	for _, how := range []string{"--merge", "--apply"} {
		t.Run("rebase "+how, func(t *testing.T) {
			t.Parallel()
			r := conflict(t)
			s := open(t, r.Dir)
			r.Git("checkout", "-q", "side")
			want(t, s, "a", 2, "side\n")
			if _, err := r.Try("rebase", "-q", how, "main"); err == nil {
				t.Fatal("the rebase has no conflict")
			}
			// The branch is served as it was; nobody writes to it now.
			want(t, s, "a", 2, "side\n")
			tip := r.Git("rev-parse", "side")
			byBranch := open(t, r.Dir, "branch=side")
			want(t, byBranch, "a", 2, "side\n")
			for name, write := range everyWrite {
				wantError(t, name, write(t.Context(), s), nil, "rebase")
				wantError(t, name+" with branch=side", write(t.Context(), byBranch), nil, "rebase")
			}
			if now := r.Git("rev-parse", "side"); now != tip {
				t.Error("the branch moved while it is rebased")
			}
			save(t, open(t, r.Dir, "branch=main"), "b", "2") // another branch is free
			r.Write("a.prompty", "solved\n")
			r.Git("add", "a.prompty")
			r.Git("rebase", "--continue")
			want(t, s, "a", 3, "solved\n")
			save(t, s, "a", "after\n")
			agree(t, s, r, "side", "", ".prompty")
			settled(t, r)
		})
	}
	t.Run("cherry-pick", func(t *testing.T) {
		t.Parallel()
		r := conflict(t)
		s := open(t, r.Dir)
		if _, err := r.Try("cherry-pick", "side~1"); err == nil {
			t.Fatal("the cherry-pick has no conflict")
		}
		save(t, s, "b", "2")
		r.Write("a.prompty", "picked\n")
		r.Git("add", "a.prompty")
		r.Git("cherry-pick", "--continue")
		want(t, s, "a", 3, "picked\n")
		want(t, s, "b", 2, "2")
		settled(t, r)
	})
	t.Run("bisect", func(t *testing.T) {
		t.Parallel()
		r := conflict(t)
		for i := range 4 {
			r.Commit("More", "b.prompty", fmt.Sprint("more", i))
		}
		s := open(t, r.Dir)
		r.Git("bisect", "start", "main", "main~4")
		wantError(t, "Save", s.Save(t.Context(), &prompty.StoredTemplate{Name: "b", Source: "x"}), nil, "detached")
		r.Git("bisect", "reset")
		save(t, s, "b", "x")
		settled(t, r)
	})
}

// TestModes leaves what a person set on a file.
func TestModes(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "one\n")
	must(t, os.Chmod(r.Path("a.prompty"), 0o755))
	r.Git("commit", "-qam", "Executable")
	s := open(t, r.Dir)
	save(t, s, "a", "two\n")
	if fi, err := os.Stat(r.Path("a.prompty")); err != nil || fi.Mode().Perm()&0o100 == 0 {
		t.Errorf("the file has the mode %v, %v", fi.Mode(), err)
	}
	save(t, s, "dir/b", "1")
	must(t, s.Delete(t.Context(), "dir/b"))
	if _, err := os.Lstat(r.Path("dir")); err == nil {
		t.Error("an empty folder stays, which git would have removed")
	}
	settled(t, r)
}

// TestShared keeps a repository of a group writable for the group.
func TestShared(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t).At(t.TempDir())
	r.Git("init", "-q", "--shared=group", "--bare", "-b", "main")
	r.Commit("First", "a.prompty", "1")
	reader := open(t, r.Dir)
	want(t, reader, "a", 1, "1")
	must(t, reader.Close()) // it has kept its index
	s := open(t, r.Dir)
	save(t, s, "d/a", "1")
	var list []*prompty.StoredTemplate
	for i := range 30 {
		list = append(list, &prompty.StoredTemplate{Name: fmt.Sprint("x", i), Source: "x"})
	}
	must(t, s.SaveAll(t.Context(), list))
	must(t, filepath.WalkDir(r.Dir, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(r.Dir, p)
		written := strings.HasPrefix(rel, "objects/") || strings.HasPrefix(rel, "refs/heads/") || strings.HasPrefix(rel, "logs") || strings.HasPrefix(rel, "prompty")
		if e.IsDir() && written && fi.Mode().Perm()&0o070 != 0o070 {
			t.Errorf("%s has the mode %v, which the group cannot write", rel, fi.Mode())
		}
		if !e.IsDir() && written && fi.Mode().Perm()&0o040 == 0 {
			t.Errorf("%s has the mode %v, which the group cannot read", rel, fi.Mode())
		}
		return nil
	}))
	settled(t, r)
}
