package refs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
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

func commit(t *testing.T, s *refs.Store, name string, id object.ID, sync bool) {
	t.Helper()
	u, err := s.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(id, logEntry, sync); err != nil {
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
					commit(t, s, name, parse(t, id), i%3 == 0)
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
	if err := u.Commit(one, logEntry, false); err == nil {
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
	if err := u.Commit(object.ID{}, logEntry, false); err == nil {
		t.Error("Commit of the zero id worked")
	}
	commit(t, s, "HEAD", one, false)
	wantRead(t, s, "refs/heads/alias", one.String())
	if got := r.Git("symbolic-ref", "HEAD"); got != "refs/heads/main" {
		t.Errorf("HEAD is %s", got)
	}

	// A branch that is packed, and is so again.
	r.Git("pack-refs", "--all", "--prune")
	commit(t, s, "refs/heads/main", two, true)
	if got := r.Git("rev-parse", "main"); got != two.String() {
		t.Errorf("git reads %s, want %s", got, two)
	}
	r.Fsck()
	// What changes nothing leaves it packed, as git does.
	r.Git("pack-refs", "--all", "--prune")
	commit(t, s, "refs/heads/main", two, true)
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
	if err := u.Commit(parse(t, id), logEntry, true); err != nil {
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
	if err := u.Commit(one, logEntry, false); err == nil || errors.Is(err, lockfile.ErrInPlace) {
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
	if err := u.Commit(one, logEntry, false); err == nil {
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
		commit(t, s, "refs/heads/a/c/d", one, true)
		r.Git("update-ref", "-d", "refs/heads/a/b")
		r.Git("update-ref", "-d", "refs/heads/a/c/d")
		commit(t, s, "refs/heads/a", one, false) // over what is left of the folders
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
	commit(t, open(t, r, refs.Options{}), "refs/heads/side", two, false)
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
	commit(t, s, "refs/heads/new/branch", one, false)
	for path, want := range map[string]fs.FileMode{
		"refs/heads/new": fs.ModeDir | fs.ModeSetgid | 0o770, "refs/heads/new/branch": 0o660, "logs/refs/heads/new/branch": 0o660,
	} {
		if fi, err := os.Stat(filepath.Join(r.GitDir(), path)); err != nil || fi.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, fi.Mode(), err, want)
		}
	}
}

// chain makes n commits, each the parent of the next, and main at the first.
func chain(t *testing.T, r *gittest.Repo, n int) []string {
	t.Helper()
	var in strings.Builder
	for i := range n {
		fmt.Fprintf(&in, "commit refs/keep/chain\nmark :%d\ncommitter %s <%s> %d +0000\ndata 1\nx\n\n", i+1, gittest.Name, gittest.Email, gittest.Epoch+i)
	}
	r.Pipe(in.String(), "fast-import", "--quiet")
	ids := strings.Split(r.Git("rev-list", "--reverse", "refs/keep/chain"), "\n")
	r.Git("update-ref", "refs/heads/main", ids[0])
	return ids
}

// step moves main to the next commit of the chain and returns its place.
func step(ctx context.Context, s *refs.Store, ids []string, place map[string]int) (int, error) {
	u, err := s.Lock(ctx, "refs/heads/main")
	if err != nil {
		return 0, err
	}
	at, ok := place[u.Old().String()]
	if !ok || at+1 == len(ids) {
		u.Abort()
		return at, fmt.Errorf("main is at %s", u.Old())
	}
	id, err := object.ParseID(ids[at+1])
	if err != nil {
		u.Abort()
		return at, err
	}
	return at + 1, u.Commit(id, logEntry, false)
}

func places(ids []string) map[string]int {
	place := make(map[string]int)
	for i, id := range ids {
		place[id] = i
	}
	return place
}

// Our updates, git's and its packing of references, all at once: main goes
// forward by exactly one for each that was acknowledged, and no reader sees it
// missing, torn or going back.
func TestBesideGit(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	const ours, gits = 40, 6
	r.Git("config", "gc.reflogExpire", "never")
	r.Git("config", "gc.reflogExpireUnreachable", "never")
	ids := chain(t, r, 3*ours+gits+2)
	place := places(ids)
	var busy, readers sync.WaitGroup
	var acknowledged atomic.Int64
	done := make(chan struct{})

	for range 3 {
		s := open(t, r, refs.Options{LockTimeout: time.Minute})
		busy.Go(func() {
			for range ours {
				if _, err := step(t.Context(), s, ids, place); err != nil {
					t.Error(err)
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	s := open(t, r, refs.Options{})
	busy.Go(func() {
		for won := 0; won < gits && !t.Failed(); {
			id, err := s.Read("refs/heads/main")
			if err != nil {
				t.Error(err)
				return
			}
			old := id.String()
			if _, err := r.Try("update-ref", "-m", "git", "refs/heads/main", ids[place[old]+1], old); err == nil {
				won++
				acknowledged.Add(1)
			} else if !strings.Contains(err.Error(), "cannot lock ref") {
				t.Error(err)
				return
			} else if acknowledged.Load() >= 3*ours {
				won++ // alone now: it must work, or the test would not end
			}
		}
	})
	background := func(work func() error) {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := work(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	packs := 0
	background(func() error {
		if packs++; packs%10 == 0 {
			r.Try("gc", "-q", "--prune=now")
		}
		r.Try("pack-refs", "--all", "--prune") // fails where a lock is held: that is its right
		return nil
	})
	last := 0
	background(func() error {
		head, err := s.Head()
		at, ok := place[head.ID.String()]
		if err != nil || !ok || at < last {
			return fmt.Errorf("Head = %+v, %v, after place %d", head, err, last)
		}
		last = at
		return nil
	})
	background(func() error {
		list, err := s.List("refs/heads/")
		if err != nil || len(list) != 1 {
			return fmt.Errorf("List = %v, %v", list, err)
		}
		return nil
	})
	busy.Wait()
	close(done)
	readers.Wait()

	if got := place[r.Git("rev-parse", "main")]; int64(got) != acknowledged.Load() {
		t.Errorf("main moved %d times, %d were acknowledged", got, acknowledged.Load())
	}
	if got := len(strings.Split(r.Git("reflog", "--format=%H", "main"), "\n")); int64(got) < acknowledged.Load() {
		t.Errorf("%d entries in the reflog, want %d", got, acknowledged.Load())
	}
	r.Fsck()
	wantNoLocks(t, r)
}

// Commits, checkouts and branches by git in a work tree, while we move the
// branch that is checked out: each of ours that was acknowledged is in the
// reflog, in order, and each line of it begins where the one before ended.
func TestBesideWorkTree(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	first := r.Commit("one", "a", "1")
	tree := r.Git("rev-parse", "HEAD^{tree}")
	s := open(t, r, refs.Options{LockTimeout: time.Minute})
	done := make(chan struct{})
	var git sync.WaitGroup
	git.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			// They fail when we win the race for the branch: that is their right.
			r.Try("commit", "-q", "--allow-empty", "-m", "git")
			r.Try("checkout", "-q", "-B", "side", "main")
			r.Try("checkout", "-q", "main")
			r.Try("branch", "-D", "-q", "side")
			r.Try("worktree", "prune")
		}
	})
	var ours []string
	for range 40 {
		u, err := s.Lock(t.Context(), "refs/heads/main")
		if err != nil {
			t.Fatal(err)
		}
		id, err := r.Try("commit-tree", "-p", u.Old().String(), "-m", "ours", tree)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Commit(parse(t, id), logEntry, false); err != nil {
			t.Fatal(err)
		}
		ours = append(ours, id)
	}
	close(done)
	git.Wait()

	log := logsOf(t, r)["logs/refs/heads/main"]
	at, seen := strings.Repeat("0", 40), 0
	for line := range strings.Lines(log) {
		if line[:40] != at {
			t.Errorf("the reflog goes from %s to %q", at, line)
		}
		at = line[41:81]
		if seen < len(ours) && ours[seen] == at {
			seen++
		}
	}
	if seen != len(ours) || at != r.Git("rev-parse", "main") {
		t.Errorf("%d of %d updates of ours are in the reflog, which ends at %s", seen, len(ours), at)
	}
	if got := r.Git("rev-list", "--first-parent", "--count", ours[0]+"^..main"); got == "0" || r.Git("merge-base", first, "main") != first {
		t.Errorf("main has %s commits since our first", got)
	}
	for _, id := range ours {
		if _, err := r.Try("merge-base", "--is-ancestor", id, "main"); err != nil {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	r.Fsck()
	wantNoLocks(t, r)
}

// Folders that come and go under the references that are made in them.
func TestFoldersComeAndGo(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	one := parse(t, r.Commit("one", "a", "1"))
	var busy sync.WaitGroup
	for w := range 2 {
		s := open(t, r, refs.Options{LockTimeout: time.Minute})
		busy.Go(func() {
			for range 15 {
				name := fmt.Sprintf("refs/heads/deep/er/%d", w)
				u, err := s.Lock(t.Context(), name)
				if err == nil {
					err = u.Commit(one, logEntry, false)
				}
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := r.Try("update-ref", "-d", name); err != nil { // removes the folders too
					t.Error(err)
				}
			}
		})
	}
	busy.Wait()
	r.Fsck()
	wantNoLocks(t, r)
}

// pump is the process that is killed: it moves main on and on, and says where it is.
func pump(dir string) {
	ids := strings.Split(os.Getenv("REFS_TEST_IDS"), ",")
	owner, err := lockfile.Open(dir)
	if err == nil {
		s := refs.Open(dir, dir, owner, refs.Options{LockTimeout: time.Minute})
		place := places(ids)
		for {
			at, err := step(context.Background(), s, ids, place)
			if err != nil {
				break
			}
			fmt.Println(at)
		}
	}
	fmt.Println("error", err)
	os.Exit(1)
}

// Processes are killed amid their updates: what they acknowledged stays, and
// their locks stop neither the next one nor git.
func TestKill(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	git := r.GitDir()
	ids := chain(t, r, 2000)
	place := places(ids)
	s := open(t, r, refs.Options{LockTimeout: 2 * time.Second})
	for round := range 10 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "REFS_TEST_DIR="+git, "REFS_TEST_IDS="+strings.Join(ids, ","))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		last := 0
		for n := 0; n < 3+round && lines.Scan(); n++ {
			fmt.Sscan(lines.Text(), &last)
		}
		cmd.Process.Kill()
		for lines.Scan() { // said before it died
			fmt.Sscan(lines.Text(), &last)
		}
		cmd.Wait()
		if last == 0 {
			t.Fatal("the child did nothing")
		}
		id, err := s.Read("refs/heads/main")
		if err != nil || place[id.String()] < last {
			t.Fatalf("round %d: main is at place %d, %v; %d was acknowledged", round, place[id.String()], err, last)
		}
		if round%2 == 0 { // the lock is taken over when it is met
			if _, err := step(t.Context(), s, ids, place); err != nil {
				t.Fatal(err)
			}
		} else { // or swept when the repository is opened
			open(t, r, refs.Options{})
			r.Git("update-ref", "-m", "git", "refs/heads/main", ids[place[id.String()]+1], id.String())
		}
	}
	open(t, r, refs.Options{})
	wantNoLocks(t, r)
	r.Fsck()
}

func BenchmarkRead(b *testing.B) {
	r := gittest.Bare(b)
	r.Commit("one", "a", "1")
	r.Git("tag", "packed")
	r.Git("pack-refs")
	r.Git("update-ref", "refs/heads/main", "packed")
	s := refs.Open(r.Dir, r.Dir, nil, refs.Options{})
	for _, name := range []string{"refs/heads/main", "refs/tags/packed", "HEAD"} {
		b.Run(filepath.Base(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Read(name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("Head", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Head(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	r := gittest.Bare(b)
	one := r.Commit("one", "a", "1")
	two := r.Commit("two", "a", "2")
	owner, err := lockfile.Open(r.Dir)
	if err != nil {
		b.Fatal(err)
	}
	defer owner.Close()
	s := refs.Open(r.Dir, r.Dir, owner, refs.Options{Bare: true})
	ids := [2]object.ID{}
	for i, hex := range []string{one, two} {
		if ids[i], err = object.ParseID(hex); err != nil {
			b.Fatal(err)
		}
	}
	for _, sync := range []bool{false, true} {
		b.Run(fmt.Sprintf("sync=%t", sync), func(b *testing.B) {
			n := 0
			for b.Loop() {
				u, err := s.Lock(b.Context(), "refs/heads/main")
				if err != nil {
					b.Fatal(err)
				}
				if err := u.Commit(ids[n%2], logEntry, sync); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
	b.Run("four fsyncs", func(b *testing.B) {
		for b.Loop() {
			for i := range 4 {
				f, err := os.Create(r.Path(fmt.Sprintf("file%d", i)))
				if err != nil {
					b.Fatal(err)
				}
				f.WriteString(one)
				f.Sync()
				f.Close()
			}
		}
	})
}
