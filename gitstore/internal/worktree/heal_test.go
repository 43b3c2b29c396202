package worktree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestKillBesideCommits kills a save before each of its steps while a person
// commits all that git shows as changed, again and again. No such commit takes
// a part of the save along, or undoes it, but for what git does to itself as well:
// git commit reads the index before it locks it, so one that is slow in between
// commits an index of before, in which a path may be missing that is there again.
// That is rare: a step in which it is seen is tried again, and not for ever.
func TestKillBesideCommits(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"create", "many"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			slow := 0
			for step, more := 0, true; more; step++ {
				r := scene(t)
				ctx, stop := context.WithCancel(t.Context())
				var person sync.WaitGroup
				commits := 0
				person.Go(func() {
					for i := 0; ctx.Err() == nil || commits == 0; i++ {
						r.Write("e/i", fmt.Sprint("edit ", i))
						if _, err := r.Try("commit", "-q", "-a", "-m", "person"); err == nil {
							commits++
						}
					}
				})
				more = killed(t, r, scenario, step)
				b := openBench(t, r)
				for b.Pending() { // unless the person has the lock just now
					must(t, b.Heal(t.Context()))
				}
				must(t, b.Heal(t.Context()))
				stop()
				person.Wait()
				for _, err := os.Lstat(r.Path(".git/index.lock")); err == nil; _, err = os.Lstat(r.Path(".git/index.lock")) {
					must(t, b.Heal(t.Context())) // it seemed alive while a git that was starting had its file open until its exec
				}
				if readBeforeLock(r, scenario) && slow < 3 {
					slow++
					step-- // again
					continue
				}
				r.Git("add", "e/i")
				if s := r.Git("status", "--porcelain"); s != "" && s != "M  e/i" {
					t.Errorf("git status:\n%s", s)
				}
				checkHead(t, r, scenario, "")
				for path := range strings.FieldsSeq(r.Git("log", "--format=", "--name-only", "--grep=person")) {
					if path != "e/i" {
						t.Errorf("a person's commit changes %s", path)
					}
				}
				if t.Failed() {
					t.Fatalf("killed before step %d", step)
				}
			}
		})
	}
}

// readBeforeLock reports whether all that a person's commits changed, beside their
// own file, is that paths are gone which the save makes or removes.
func readBeforeLock(r *gittest.Repo, scenario string) bool {
	found, first := false, r.Git("rev-list", "--max-parents=0", "HEAD")
	for line := range strings.Lines(r.Git("log", "--format=", "--name-status", "--grep=person")) {
		status, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if path == "e/i" || path == "" {
			continue
		}
		e, ours := scenarios[scenario][path]
		removed, made := e.text == nil, r.Git("ls-tree", first, path) == ""
		if status != "D" || !ours || !removed && !made {
			return false
		}
		found = true
	}
	return found
}

// TestHeal: after Heal git is let in again, whatever was left, and what nobody
// has left is not touched.
func TestHeal(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"create journal", "write journal", "create file", "take room", "exchange", "write index", "move ref", "ref moved", "remove journal"} {
		r := scene(t)
		if !killed(t, r, "change", step) {
			t.Fatal("not killed")
		}
		b := openBench(t, r)
		if _, err := r.Try("add", "f"); err == nil {
			t.Errorf("%s: git can change the index", step)
		}
		must(t, b.Heal(t.Context()))
		checkInStep(t, r)
		checkHead(t, r, "change", "")
		checkTidy(t, r)
		r.Git("add", "f")
	}

	r := scene(t)
	b := openBench(t, r)
	must(t, b.Heal(t.Context()))
	checkGone(t, r, ".git/prompty")
	r.Write(".git/index.lock", "git")
	must(t, b.Heal(t.Context()))
	checkFile(t, r, ".git/index.lock", "git")
	must(t, os.Remove(r.Path(".git/index.lock")))
	must(t, os.Mkdir(r.Path(".git/prompty/pending"), 0o777))
	if err := b.Heal(t.Context()); err == nil || !strings.Contains(err.Error(), "pending") {
		t.Errorf("Heal with a folder for a journal: %v", err)
	}
}

// TestRetry: what could not be carried out or taken back is tried again, and
// meanwhile git is kept out, in this process and after it.
func TestRetry(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"write index", "remove journal"} {
		for _, next := range []string{"same process", "another store", "not left", "next process", "edited", "by hand"} {
			r := scene(t)
			b := openBench(t, r)
			owners := r.Path(".git/prompty/owners")
			b.fault = func(step string) error {
				if step != failing {
					return nil
				}
				if next == "not left" {
					must(t, os.Rename(owners, owners+".away"))
					must(t, os.WriteFile(owners, nil, 0o666))
					next = "then left"
				}
				return errInjected
			}
			if err := b.save(scenarios["change"]); !errors.Is(err, errInjected) {
				t.Fatal(err)
			}
			if next == "then left" {
				must(t, os.Remove(owners))
				must(t, os.Rename(owners+".away", owners))
			}
			if _, err := b.Begin(t.Context()); !errors.Is(err, errInjected) {
				t.Errorf("Begin: %v", err)
			}
			if _, err := r.Try("add", "f"); err == nil || !b.Pending() {
				t.Errorf("git can change the index: %v; pending: %v", err, b.Pending())
			}
			b.fault = nil
			want := r.Git("cat-file", "blob", "HEAD:f")
			switch next {
			case "another store": // beside this one, in this process or another
				b = openBench(t, r)
			case "next process":
				b.close()
				b = openBench(t, r)
			case "edited":
				r.Write("f", "mine")
				want = "mine"
			case "by hand":
				must(t, os.Remove(r.Path(".git/index.lock")))
				r.Git("reset", "-q", "--hard")
			}
			b.begin(t)
			checkFile(t, r, "f", want)
			checkIndex(t, r)
			checkTidy(t, r)
			if t.Failed() {
				t.Fatalf("%s failed, then %s", failing, next)
			}
		}
	}
}

// TestHealFails: a file that cannot be taken back yet keeps the journal, until it
// can be.
func TestHealFails(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"create file", "exchange"} {
		r := scene(t)
		if !killed(t, r, "change", "write index") {
			t.Fatal("not killed")
		}
		b := openBench(t, r)
		b.fault = func(step string) error {
			if step == failing {
				return errInjected
			}
			return nil
		}
		for range 2 {
			if _, err := b.Begin(t.Context()); !errors.Is(err, errInjected) || !strings.Contains(err.Error(), "f: ") {
				t.Errorf("Begin: %v", err)
			}
			if _, err := r.Try("add", "f"); err == nil || !b.Pending() {
				t.Errorf("git can change the index: %v; pending: %v", err, b.Pending())
			}
		}
		b.fault = nil
		for b.Pending() { // unless a git that another test is starting has our lock's file open until its exec
			must(t, b.Heal(t.Context()))
		}
		checkFile(t, r, "f", "one")
		checkInStep(t, r)
		checkTidy(t, r)
	}
}

// TestNothingInVain: where the work tree cannot be changed that shows before the
// branch moves, and nothing is left.
func TestNothingInVain(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	for _, failing := range []string{"mkdir", "create file", "write file", "take room"} {
		b.fault = func(step string) error {
			if step == failing {
				return errInjected
			}
			return nil
		}
		if err := b.save(scenarios["create"]); !errors.Is(err, errInjected) {
			t.Errorf("%s: %v", failing, err)
		}
		b.fault = nil
		checkInStep(t, r)
		checkTidy(t, r)
		checkGone(t, r, "new")
		if s := r.Git("log", "-1", "--format=%s"); s != "first" {
			t.Errorf("%s: HEAD is %q", failing, s)
		}
	}
	must(t, b.save(scenarios["create"]))
	checkInStep(t, r)
}

// TestTempGone: a file that was written in time and then removed by somebody is
// written again.
func TestTempGone(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	b.fault = func(step string) error {
		if step == "take room" {
			must(t, os.Remove(r.Path(".git/prompty/"+tempName(0))))
		}
		return nil
	}
	must(t, b.save(scenarios["change"]))
	checkInStep(t, r)
	checkFile(t, r, "f", "two!")
}

// TestFolderGone: what was written for a folder that somebody has put something
// else in the place of is not left behind.
func TestFolderGone(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	b.fault = func(step string) error {
		if step == "take room" {
			must(t, os.RemoveAll(r.Path("e")))
			r.Write("e", "mine")
		}
		return nil
	}
	must(t, b.save(map[string]edit{"e/h": text("new")}))
	if len(b.kept) != 1 {
		t.Errorf("kept %q", b.kept)
	}
	checkFile(t, r, "e", "mine")
	checkIndex(t, r)
	checkTidy(t, r)
}
