package refs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

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
	return at + 1, u.Commit(id, logEntry, lockfile.NoFlush)
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
		if err := r.GrowPacked(); err != nil {
			return err
		}
		if packs++; packs%10 == 0 {
			r.Try("gc", "-q", "--prune=now")
			return nil
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
		if err := u.Commit(parse(t, id), logEntry, lockfile.NoFlush); err != nil {
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
					err = u.Commit(one, logEntry, lockfile.NoFlush)
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
