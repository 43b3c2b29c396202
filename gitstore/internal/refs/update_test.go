package refs_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

var logEntry = refs.Log{
	Ident:   object.Ident{Name: gittest.Name, Email: gittest.Email, Unix: gittest.Epoch, Zone: 120},
	Message: "  prompty:\tsave \n greeting  ",
}

func commit(t *testing.T, s *refs.Store, name string, id object.ID, flush lockfile.Flush) {
	t.Helper()
	u, err := s.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(id, logEntry, flush); err != nil {
		t.Fatal(err)
	}
}

// logsOf returns all reflogs of a repository by their paths.
func logsOf(t *testing.T, r *gittest.Repo) map[string]string {
	t.Helper()
	logs := make(map[string]string)
	common := r.Git("rev-parse", "--path-format=absolute", "--git-common-dir")
	err := filepath.WalkDir(common, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, "/logs/") {
			text, readErr := os.ReadFile(path)
			rel, _ := filepath.Rel(common, path)
			logs[rel], err = string(text), readErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func wantNoLocks(t *testing.T, r *gittest.Repo) {
	t.Helper()
	common := r.Git("rev-parse", "--path-format=absolute", "--git-common-dir")
	filepath.WalkDir(common, func(path string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".lock") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
}

// Two repositories alike: git updates references in one, we in the other. The
// reflogs must be the same, whatever the configuration.
func TestReflogsLikeGit(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		for _, all := range []string{"", "true", "false", "always"} {
			t.Run(fmt.Sprintf("bare=%t logAll=%s", bare, all), func(t *testing.T) {
				t.Parallel()
				var both [2]*gittest.Repo
				var commits []string
				for i := range both {
					r := gittest.Bare(t)
					if !bare {
						r = gittest.WorkTree(t)
					}
					both[i] = r
					r.Try("config", "--unset-all", "core.logAllRefUpdates")
					commits = []string{r.Commit("one", "a", "1"), r.Commit("two", "a", "2")}
					r.Git("branch", "logged")
					r.Git("tag", "plain")
					r.Git("-c", "core.logAllRefUpdates=always", "update-ref", "--create-reflog", "refs/tags/logged", commits[0])
					r.Git("branch", "old/dir")
					r.Git("branch", "-d", "old/dir") // leaves empty folders, at times
					os.MkdirAll(filepath.Join(r.GitDir(), "logs/refs/heads/was/folder"), 0o777)
					os.MkdirAll(filepath.Join(r.GitDir(), "refs/heads/was/folder"), 0o777)
					if all != "" {
						r.Git("config", "core.logAllRefUpdates", all)
					}
				}
				names := []string{"refs/heads/main", "refs/heads/logged", "refs/heads/new", "refs/heads/deep/er/new", "refs/heads/was",
					"refs/tags/plain", "refs/tags/logged", "refs/notes/commits", "refs/remotes/origin/x", "refs/custom/x", "HEAD"}
				s := open(t, both[1], refs.Options{LogAll: all})
				for i, name := range names {
					id := commits[i%2]
					cmd := both[0].Command("update-ref", "-m", logEntry.Message, name, id)
					cmd.Env = append(cmd.Env, fmt.Sprintf("GIT_COMMITTER_DATE=%d +0200", gittest.Epoch))
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Fatalf("git update-ref: %v: %s", err, out)
					}
					commit(t, s, name, parse(t, id), lockfile.Flush(i%3))
				}
				if diff := cmp.Diff(logsOf(t, both[0]), logsOf(t, both[1])); diff != "" {
					t.Errorf("reflogs (-git +ours):\n%s", diff)
				}
				if diff := cmp.Diff(listOf(t, both[0], "refs/"), listOf(t, both[1], "refs/")); diff != "" {
					t.Errorf("references (-git +ours):\n%s", diff)
				}
				both[1].Fsck()
				wantNoLocks(t, both[1])
			})
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r, refs.Options{LockTimeout: 20 * time.Millisecond})
	one := parse(t, r.Commit("one", "a", "1"))
	two := parse(t, r.Commit("two", "a", "2"))

	u, err := s.Lock(t.Context(), "refs/heads/main")
	if err != nil {
		t.Fatal(err)
	}
	if u.Name() != "refs/heads/main" || u.Old() != two {
		t.Errorf("Name = %s, Old = %s; want refs/heads/main, %s", u.Name(), u.Old(), two)
	}
	// Git respects our locks, and we our own.
	for _, args := range [][]string{{"update-ref", "refs/heads/main", one.String()}, {"checkout", "-q", "--detach"}} {
		if _, err := r.Try(args...); err == nil {
			t.Errorf("git %v went past the lock", args)
		}
	}
	var held *lockfile.HeldError
	if _, err := s.Lock(t.Context(), "refs/heads/main"); !errors.As(err, &held) || held.By == "" {
		t.Errorf("second Lock = %v, want a HeldError", err)
	}
	u.Abort()
	u.Abort()
	if err := u.Commit(one, logEntry, lockfile.NoFlush); err == nil {
		t.Error("Commit after Abort worked")
	}
	wantRead(t, s, "refs/heads/main", two.String())
	wantNoLocks(t, r)

	// We respect git's locks.
	write(t, r, "refs/heads/main.lock", "")
	if _, err := s.Lock(t.Context(), "refs/heads/main"); !errors.As(err, &held) || !strings.HasSuffix(held.Path, "refs/heads/main.lock") || held.By != "" {
		t.Errorf("Lock past git's lock = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Lock(ctx, "refs/heads/main"); !errors.Is(err, context.Canceled) {
		t.Errorf("Lock with an ended context = %v", err)
	}
	os.Remove(filepath.Join(r.GitDir(), "refs/heads/main.lock"))
	write(t, r, "HEAD.lock", "")
	if _, err := s.Lock(t.Context(), "refs/heads/main"); !errors.As(err, &held) || !strings.HasSuffix(held.Path, "HEAD.lock") {
		t.Errorf("Lock past git's lock of HEAD = %v", err)
	}
	os.Remove(filepath.Join(r.GitDir(), "HEAD.lock"))
	wantNoLocks(t, r)

	// Through symbolic references.
	r.Git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
	if u, err = s.Lock(t.Context(), "refs/heads/alias"); err != nil || u.Name() != "refs/heads/main" {
		t.Fatalf("Lock of an alias = %v, %v", u, err)
	}
	if err := u.Commit(object.ID{}, logEntry, lockfile.NoFlush); err == nil {
		t.Error("Commit of the zero id worked")
	}
	commit(t, s, "HEAD", one, lockfile.NoFlush)
	wantRead(t, s, "refs/heads/alias", one.String())
	if got := r.Git("symbolic-ref", "HEAD"); got != "refs/heads/main" {
		t.Errorf("HEAD is %s", got)
	}

	// A branch that is packed, and is so again.
	r.Git("pack-refs", "--all", "--prune")
	commit(t, s, "refs/heads/main", two, lockfile.FlushOnce)
	if got := r.Git("rev-parse", "main"); got != two.String() {
		t.Errorf("git reads %s, want %s", got, two)
	}
	r.Fsck()
	// What changes nothing leaves it packed, as git does.
	r.Git("pack-refs", "--all", "--prune")
	commit(t, s, "refs/heads/main", two, lockfile.FlushOnce)
	if _, err := os.Lstat(filepath.Join(r.GitDir(), "refs/heads/main")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the loose reference: %v, want none", err)
	}

	if _, err := refs.Open(r.GitDir(), r.GitDir(), nil, refs.Options{}).Lock(t.Context(), "refs/heads/main"); err == nil {
		t.Error("Lock without an owner worked")
	}
	for _, name := range []string{"refs/heads/a..b", "config", "refs/heads/x.lock"} {
		if _, err := s.Lock(t.Context(), name); err == nil {
			t.Errorf("Lock(%q) worked", name)
		}
	}
}

// The first commit of a repository makes the branch that HEAD names.
func TestUnborn(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r, refs.Options{})
	id := r.Git("commit-tree", "-m", "first", r.Pipe("", "mktree"))
	u, err := s.Lock(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if u.Name() != "refs/heads/main" || !u.Old().IsZero() {
		t.Errorf("Name = %s, Old = %s; want refs/heads/main and zero", u.Name(), u.Old())
	}
	if err := u.Commit(parse(t, id), logEntry, lockfile.FlushEach); err != nil {
		t.Fatal(err)
	}
	if got := r.Git("reflog", "--format=%H %gs", "HEAD"); got != id+" prompty: save greeting" {
		t.Errorf("reflog of HEAD: %q", got)
	}
	if got := r.Git("symbolic-ref", "HEAD"); got != "refs/heads/main" {
		t.Errorf("HEAD is %s", got)
	}
	r.Fsck()
}

// A commit that fails leaves neither the reference nor its reflogs changed.
func TestUpdateFails(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r, refs.Options{})
	one := parse(t, r.Commit("one", "a", "1"))
	two := r.Commit("two", "a", "2")
	before := logsOf(t, r)

	u, err := s.Lock(t.Context(), "refs/heads/main")
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(r.GitDir(), "refs/heads/main.lock"))
	if err := u.Commit(one, logEntry, lockfile.NoFlush); err == nil || errors.Is(err, lockfile.ErrInPlace) {
		t.Errorf("Commit without its lock = %v", err)
	}
	wantRead(t, s, "refs/heads/main", two)
	if diff := cmp.Diff(before, logsOf(t, r)); diff != "" {
		t.Errorf("reflogs (-before +after):\n%s", diff)
	}

	// A reflog that cannot be written.
	log := filepath.Join(r.GitDir(), "logs/HEAD")
	os.Remove(log)
	if err := os.MkdirAll(filepath.Join(log, "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(log, "x", "y"), nil, 0o666)
	if u, err = s.Lock(t.Context(), "refs/heads/main"); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(one, logEntry, lockfile.NoFlush); err == nil {
		t.Error("Commit worked without a reflog of HEAD")
	}
	wantRead(t, s, "refs/heads/main", two)
	if got := logsOf(t, r)["logs/refs/heads/main"]; got != before["logs/refs/heads/main"] {
		t.Errorf("the reflog of main is %q", got)
	}
	wantNoLocks(t, r)
}

func TestNameConflicts(t *testing.T) {
	t.Parallel()
	for _, pack := range []bool{false, true} {
		r := gittest.Bare(t)
		one := parse(t, r.Commit("one", "a", "1"))
		r.Git("branch", "a/b")
		if pack {
			r.Git("pack-refs", "--all", "--prune")
		}
		s := open(t, r, refs.Options{})
		for _, name := range []string{"refs/heads/a", "refs/heads/a/b/c", "refs/heads/a/b/c/d/e"} {
			if _, err := s.Lock(t.Context(), name); err == nil || !strings.Contains(err.Error(), "refs/heads/a/b exists") {
				t.Errorf("packed=%t: Lock(%q) = %v, want an error that names refs/heads/a/b", pack, name, err)
			}
		}
		wantNoLocks(t, r)
		commit(t, s, "refs/heads/a/c/d", one, lockfile.FlushOnce)
		r.Git("update-ref", "-d", "refs/heads/a/b")
		r.Git("update-ref", "-d", "refs/heads/a/c/d")
		commit(t, s, "refs/heads/a", one, lockfile.NoFlush) // over what is left of the folders
		r.Fsck()

		// What was begun and not finished leaves no folders.
		u, err := s.Lock(t.Context(), "refs/heads/x/y/z")
		if err != nil {
			t.Fatal(err)
		}
		u.Abort()
		if _, err := os.Stat(r.Path("refs/heads/x")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("packed=%t: Abort left folders: %v", pack, err)
		}
		os.MkdirAll(r.Path("refs/heads/f/g"), 0o777)
		os.WriteFile(r.Path("refs/heads/f/g/.keep"), nil, 0o666)
		if _, err := s.Lock(t.Context(), "refs/heads/f"); err == nil || !strings.Contains(err.Error(), r.Path("refs/heads/f")) {
			t.Errorf("Lock over a folder that is not empty = %v", err)
		}
	}
}

// The reflog of the HEAD of a linked work tree follows its branch.
func TestLinkedWorkTreeLogs(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	one := r.Commit("one", "a", "1")
	two := parse(t, r.Commit("two", "a", "2"))
	linked := r.Linked("side")
	linked.Git("reset", "-q", "--hard", one)
	commit(t, open(t, r, refs.Options{}), "refs/heads/side", two, lockfile.NoFlush)
	if got := linked.Git("reflog", "-1", "--format=%H %gs", "HEAD"); got != two.String()+" prompty: save greeting" {
		t.Errorf("reflog of the linked HEAD: %q", got)
	}
	if got := r.Git("reflog", "-1", "--format=%gs", "HEAD"); strings.Contains(got, "greeting") {
		t.Errorf("reflog of the main HEAD: %q", got)
	}
	if got := r.Git("reflog", "-1", "--format=%gs %gn %ge", "side"); got != "prompty: save greeting "+gittest.Name+" "+gittest.Email {
		t.Errorf("reflog of the branch: %q", got)
	}
	wantNoLocks(t, r)
}

func TestSharedRepository(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	one := parse(t, r.Commit("one", "a", "1"))
	s := open(t, r, refs.Options{Perm: 0o660})
	commit(t, s, "refs/heads/new/branch", one, lockfile.NoFlush)
	for path, want := range map[string]fs.FileMode{
		"refs/heads/new": fs.ModeDir | fs.ModeSetgid | 0o770, "refs/heads/new/branch": 0o660, "logs/refs/heads/new/branch": 0o660,
	} {
		if fi, err := os.Stat(filepath.Join(r.GitDir(), path)); err != nil || fi.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, fi.Mode(), err, want)
		}
	}
}
