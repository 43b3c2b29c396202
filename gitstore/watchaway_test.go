package gitstore_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// untilStatus waits for news of the watch itself, degraded or not, and gives
// what else was told on the way.
func (e *ear) untilStatus(what string, degraded bool, words ...string) (lines []string) {
	e.t.Helper()
	for {
		b := e.heard("")
		status := b.Watch
		if len(b.Changes) > 0 || b.All {
			lines = append(lines, told(b))
		}
		if status == nil || degraded != (status.Degraded != "") {
			continue
		}
		for _, w := range words {
			if !strings.Contains(status.Degraded, w) {
				e.t.Errorf("%s: degraded says %q, want %q in it", what, status.Degraded, w)
			}
		}
		return lines
	}
}

// TestWatchAway takes the repository away, and brings it back, or another one.
func TestWatchAway(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(testing.TB) *gittest.Repo{"bare": gittest.Bare, "work tree": gittest.WorkTree} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := make(t)
			first := r.Commit("First", "a.prompty", "1", "b.prompty", "1")
			s := open(t, r.Dir)
			e := listen(t, s)
			if status := s.WatchStatus(); status.Mode == "" || status.Degraded != "" {
				t.Errorf("WatchStatus() = %+v", status)
			}
			n, ok := s.ChangeCount()
			away := r.At(r.Dir + ".away")
			must(t, os.Rename(r.Dir, away.Dir))
			if lines := e.untilStatus("away", true, "stays"); lines != nil {
				t.Errorf("taken away, the repository is told to have changed: %q", lines)
			}
			if now, still := s.ChangeCount(); now != n || !ok || !still {
				t.Errorf("ChangeCount() = %d, %v, was %d, %v", now, still, n, ok)
			}
			if err := s.Sync(t.Context()); err == nil {
				t.Errorf("Sync says that all is well")
			}
			if status := s.WatchStatus(); status.Degraded == "" || status.LastError == "" || status.LastSync.IsZero() {
				t.Errorf("WatchStatus() = %+v", status)
			}
			// Who comes now hears of it, too.
			listen(t, s).untilStatus("a newcomer", true)
			away.Commit("Meanwhile", "a.prompty", "2")
			must(t, os.Rename(away.Dir, r.Dir))
			if lines := e.untilStatus("back", false); len(lines) == 0 {
				e.wants("what was done meanwhile", "*a")
			} else if fmt.Sprint(lines) != "[*a]" {
				t.Errorf("back again: %q", lines)
			}
			save(t, s, "own", "text")
			e.wants("a save", "+own")
			r.Commit("Later", "b.prompty", "2")
			e.wants("a commit", "*b")

			// Another repository in its place is a branch that was rewritten.
			other := r.Clone("--mirror")
			other.Git("update-ref", "refs/heads/main", first)
			now := grow(other, "Other", []string{first}, "c.prompty", "1", "b.prompty", "-")
			other.Git("update-ref", "refs/heads/main", now)
			other.Git("repack", "-adq")
			must(t, os.Rename(r.GitDir(), r.Dir+".old"))
			if r.Bare {
				must(t, os.Rename(other.Dir, r.Dir))
			} else {
				must(t, os.Rename(other.Dir, r.Path(".git")))
			}
			copy := copied{"a": "", "b": "", "own": ""}
			for copy["c"] == "" {
				copy.take(t, s, e.heard(""))
			}
			copy.agrees(t, "another repository", s)
			if _, there := copy["b"]; there || len(copy) != 2 {
				t.Errorf("another repository has %v", copy)
			}
		})
	}
}

// TestWatchBranchGone deletes the branch and makes it again.
func TestWatchBranchGone(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	first := r.Commit("First", "a.prompty", "1", "b.prompty", "1")
	r.Git("branch", "other")
	s := open(t, r.Dir, "branch=other")
	e := listen(t, s)
	r.Git("branch", "-D", "other")
	e.untilStatus("deleted", true, "no branch other")
	d, err := open(t, r.Dir).Describe(t.Context())
	if err != nil || len(d.Problems) > 0 {
		t.Errorf("HEAD's branch is well, but there are %q, %v", d.Problems, err)
	}
	r.Git("branch", "other", "main")
	e.untilStatus("made again as it was", false)
	e.silent("the same branch again")
	r.Git("branch", "-D", "other")
	e.untilStatus("deleted", true)
	r.Git("update-ref", "refs/heads/other", grow(r, "Other", []string{first}, "a.prompty", "2"))
	if lines := e.untilStatus("made again", false); fmt.Sprint(lines) != "[*a all]" {
		t.Errorf("another branch of that name: %q", lines)
	}

	// The only branch, deleted, leaves an empty repository; with HEAD too.
	r.Git("update-ref", "-d", "refs/heads/other")
	e.untilStatus("deleted", true)
	head := open(t, r.Dir)
	h := listen(t, head)
	r.Git("update-ref", "-d", "refs/heads/main")
	h.wants("the last branch deleted", "-a -b all")
	r.Git("update-ref", "refs/heads/main", first)
	h.wants("and made again", "+a +b")
}

// TestWatchTreeAway takes away the work tree whose edits are watched: that is no
// reason to think that everything was deleted.
func TestWatchTreeAway(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("First", "a.prompty", "1", "b.prompty", "1")
	r = r.Linked("side")
	s := open(t, r.Dir, "worktree=1")
	e := listen(t, s)
	must(t, os.Rename(r.Dir, r.Dir+".away"))
	if lines := e.untilStatus("away", true); lines != nil {
		t.Errorf("taken away, the work tree is told to have changed: %q", lines)
	}
	d, err := s.Describe(t.Context())
	if err != nil || !strings.Contains(fmt.Sprint(d.Problems), "changes may show late") {
		t.Errorf("Describe: %v, %v", d.Problems, err)
	}
	must(t, os.WriteFile(r.Dir+".away/a.prompty", []byte("2"), 0o666))
	must(t, os.Rename(r.Dir+".away", r.Dir))
	// Describe has seen neither, so b is told of, too.
	line := strings.Join(e.untilStatus("back", false), " ")
	for !strings.Contains(line, "*a") || !strings.Contains(line, "*b") {
		line += " " + told(e.next())
	}
	if len(line) > len(" *a *b") {
		t.Errorf("back again: %q", line)
	}
	if d, err := s.Describe(t.Context()); err != nil || len(d.Problems) > 0 {
		t.Errorf("Describe: %v, %v", d.Problems, err)
	}

	index := r.GitDir() + "/index"
	whole, err := os.ReadFile(index)
	must(t, err)
	must(t, os.WriteFile(index, []byte("damaged"), 0o666))
	e.untilStatus("a damaged index", true, "index")
	must(t, os.WriteFile(index, whole, 0o666))
	e.untilStatus("a whole index", false)
	e.silent("an index mended")
}

// TestWatchProcesses follows while several processes save, and are killed.
func TestWatchProcesses(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		make  func(testing.TB) *gittest.Repo
		query string
	}{
		"bare":    {gittest.Bare, "branch=main"},
		"overlay": {gittest.WorkTree, "worktree=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := x.make(t)
			s := open(t, r.Dir, x.query, "timeout=30s")
			e := listen(t, s)
			copy := copied{}
			ids := map[prompty.TemplateID]bool{}
			var mu sync.Mutex
			var workers sync.WaitGroup
			for i := range 3 {
				rnd := rand.New(rand.NewPCG(uint64(i), 7))
				workers.Go(func() {
					for round := range 3 { // the last one is not killed in the middle, but at the end
						cmd := exec.Command(os.Args[0])
						cmd.Env = append(os.Environ(), fmt.Sprintf("%s=stress %d timeout=30s %s", workerEnv, i*10+round, r.Dir))
						out, err := cmd.StdoutPipe()
						if err == nil {
							err = cmd.Start()
						}
						if err != nil {
							t.Error(err)
							return
						}
						lines, last := 0, 5+rnd.IntN(20)
						for sc := bufio.NewScanner(out); sc.Scan(); lines++ {
							f := strings.Fields(sc.Text())
							if len(f) == 5 && f[0] == "saved" {
								mu.Lock()
								if ids[prompty.TemplateID(f[3])] {
									t.Errorf("%s was given twice", f[3])
								}
								ids[prompty.TemplateID(f[3])] = true
								mu.Unlock()
							} else if len(f) > 0 && f[0] == "error" {
								t.Errorf("a worker: %s", sc.Text())
							}
							if lines == last {
								cmd.Process.Kill()
							}
						}
						cmd.Wait()
					}
				})
			}
			done := make(chan struct{})
			go func() { workers.Wait(); close(done) }()
			batches := 0
			for working := true; working; {
				select {
				case b, ok := <-e.ch:
					if !ok {
						t.Fatal("the channel was closed")
					}
					batches++
					seen := map[string]bool{}
					for _, c := range b.Changes {
						if seen[c.Name] {
							t.Errorf("a batch names %s twice", c.Name)
						}
						seen[c.Name] = true
					}
					copy.take(t, s, b)
				case <-done:
					working = false
				}
			}
			e.catchUp("the end", copy)
			for id := range ids {
				if _, err := s.GetByID(t.Context(), id); err != nil && !strings.Contains(err.Error(), "not found") {
					t.Errorf("GetByID(%s): %v", id, err)
				}
			}
			if batches == 0 || len(ids) == 0 {
				t.Errorf("%d batches for %d versions", batches, len(ids))
			}
			t.Logf("%d versions, %d batches", len(ids), batches)
			agree(t, s, r, "main", "", ".prompty")
		})
	}
}

// TestWatchEnds closes stores that are watched, in all states.
func TestWatchEnds(t *testing.T) {
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1")
	before := watching()
	for i := range 10 {
		s, err := tryOpen(r.Dir, []string{"worktree=1", "branch=main", "watch=fsnotify", "ref=main", "watch=poll"}[i%5])
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ch, err := s.Watch(ctx)
		must(t, err)
		abandoned, err := s.WatchFrom(t.Context(), "nothing")
		must(t, err)
		if _, ok := s.ChangeCount(); !ok {
			t.Errorf("no count while somebody watches")
		}
		if i%2 == 0 {
			cancel()
			for range ch {
			}
			r.Commit("More", "a.prompty", fmt.Sprint("more ", i))
		}
		var calls sync.WaitGroup
		if i%3 == 0 {
			calls.Go(func() { s.Sync(t.Context()) })
			calls.Go(func() {
				if ch, err := s.Watch(t.Context()); err == nil {
					for range ch {
					}
				}
			})
		}
		must(t, s.Close())
		must(t, s.Close())
		calls.Wait()
		cancel()
		for range ch {
		}
		for range abandoned {
		}
		if _, err := s.Watch(t.Context()); err == nil {
			t.Error("a closed store can be watched")
		}
		if err := s.Sync(t.Context()); err == nil {
			t.Error("a closed store can be synced")
		}
		if _, ok := s.ChangeCount(); ok {
			t.Error("a closed store counts")
		}
	}
	s := open(t, r.Dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Watch(ctx); err != context.Canceled {
		t.Errorf("Watch with a context that has ended: %v", err)
	}
	if err := s.Sync(ctx); err != context.Canceled {
		t.Errorf("Sync with a context that has ended: %v", err)
	}
	must(t, s.Close())
	for deadline := time.Now().Add(watchPatience); watching() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("what watches is left, %d and before %d:\n%s", watching(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// watching counts the goroutines and files of all who watch.
func watching() (n int) {
	buf := make([]byte, 4<<20)
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "gitstore.(*follower)") || strings.Contains(stack, "prompty/watch") || strings.Contains(stack, "internal/feed") || strings.Contains(stack, "fsnotify") {
			n++
		}
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return n
	}
	for _, e := range entries {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.Contains(to, "inotify") {
			n++
		}
	}
	return n
}
