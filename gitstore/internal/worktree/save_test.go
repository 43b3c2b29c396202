package worktree

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/google/go-cmp/cmp"
)

// TestSaves makes random saves, with git's own commits, checkouts and refreshes
// in between. After each, git finds HEAD, index and files the same, and the
// files are what git checks out elsewhere.
func TestSaves(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2", "4"} {
		t.Run("v"+version, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			r.Git("config", "index.version", version)
			b := openBench(t, r)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 0))
			paths := []string{"a.prompty", "b c.prompty", "größe/ü.prompty", "d/a.prompty", "d/e/f/g.prompty", "d/e/h.prompty", "x.sh"}
			for i := range 40 {
				edits := map[string]edit{}
				for _, k := range rnd.Perm(len(paths))[:1+rnd.IntN(2)] {
					e := text(fmt.Sprint("text ", rnd.IntN(5)))
					if rnd.IntN(4) == 0 {
						e.mode = object.ModeExec
					}
					if _, err := os.Lstat(r.Path(paths[k])); err == nil && rnd.IntN(3) == 0 {
						e = gone
					}
					edits[paths[k]] = e
				}
				if err := b.save(edits); err != nil {
					t.Fatalf("save %d: %v", i, err)
				}
				if len(b.kept) > 0 {
					t.Fatalf("save %d: kept %q", i, b.kept)
				}
				checkInStep(t, r)
				checkTidy(t, r)
				switch rnd.IntN(6) {
				case 0:
					r.Commit("by git", "d/a.prompty", fmt.Sprint("git ", i))
				case 1:
					r.Git("checkout", "-q", "-B", "other", "HEAD")
				case 2:
					r.Git("read-tree", "HEAD")
					r.Git("update-index", "-q", "--refresh")
				case 3:
					must(t, os.Remove(r.Path(".git/index")))
					r.Git("reset", "-q", "--hard")
				}
				if t.Failed() {
					t.FailNow()
				}
			}
			clone := r.Clone()
			if diff := cmp.Diff(files(t, clone.Dir), files(t, r.Dir)); diff != "" {
				t.Errorf("files differ from what git checks out:\n%s", diff)
			}
			r.Git("fsck", "--strict")
		})
	}
}

// files lists a work tree: text and executable bit by path.
func files(t testing.TB, dir string) map[string]string {
	m := map[string]string{}
	must(t, filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" && d.IsDir() {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(dir, p)
		switch {
		case err != nil || d.Name() == ".git":
			return err
		case d.IsDir():
			m[rel] = "folder"
			return nil
		case d.Type() == os.ModeSymlink:
			m[rel], err = os.Readlink(p)
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		fi, err := d.Info()
		m[rel] = fmt.Sprintf("%v %q", fi.Mode().Perm()&0o111 != 0, data)
		return err
	}))
	return m
}

// TestStatIsFresh: git need not read a saved file to know that it is clean.
func TestStatIsFresh(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("first", "f", "one", "g", "g")
	b := openBench(t, r)
	b.fault = func(step string) error {
		if step == "exchange" || step == "place new" {
			awaitTick(t)
		}
		return nil
	}
	must(t, b.save(map[string]edit{"f": text("two"), "d/new": text("three")}))
	x, err := b.load()
	must(t, err)
	for i := range x.Len() {
		e := x.Entry(i)
		fi, err := os.Lstat(r.Path(e.Path))
		must(t, err)
		if diff := cmp.Diff(statOf(fi), e.Stat); diff != "" {
			t.Errorf("%s: the file and what the index says:\n%s", e.Path, diff)
		}
	}
}

// awaitTick returns when the file system's clock has moved on.
func awaitTick(t testing.TB) {
	file := filepath.Join(t.TempDir(), "clock")
	var first time.Time
	for {
		must(t, os.WriteFile(file, []byte("tick"), 0o666))
		fi, err := os.Stat(file)
		must(t, err)
		if first.IsZero() {
			first = fi.ModTime()
		}
		if fi.ModTime().After(first) {
			return
		}
	}
}

// TestRefusals lists the states in which a path is left alone.
func TestRefusals(t *testing.T) {
	t.Parallel()
	conflict := func(t *testing.T, r *gittest.Repo) {
		r.Git("checkout", "-q", "-b", "side")
		r.Commit("side", "f", "side")
		r.Git("checkout", "-q", "main")
		r.Commit("main", "f", "main")
		if _, err := r.Try("merge", "side"); err == nil {
			t.Fatal("no conflict")
		}
	}
	run := func(args ...string) func(*testing.T, *gittest.Repo) {
		return func(_ *testing.T, r *gittest.Repo) { r.Git(args...) }
	}
	write := func(path, text string) func(*testing.T, *gittest.Repo) {
		return func(_ *testing.T, r *gittest.Repo) { r.Write(path, text) }
	}
	for _, tc := range []struct {
		name, path string
		setup      func(*testing.T, *gittest.Repo)
		want       Reason // "": it may be saved
	}{
		{"clean", "f", nil, ""},
		{"new", "n", nil, ""},
		{"new folder", "x/y/n", nil, ""},
		{"touched", "f", func(t *testing.T, r *gittest.Repo) { r.Write("f", "one") }, ""},
		{"edited", "f", write("f", "two!"), Edited},
		{"edited, same size", "f", write("f", "two"), Edited},
		{"edited and added", "f", func(t *testing.T, r *gittest.Repo) { r.Write("f", "two"); r.Git("add", "f") }, Staged},
		{"staged and put back", "f", func(t *testing.T, r *gittest.Repo) { r.Write("f", "two"); r.Git("add", "f"); r.Write("f", "one") }, Staged},
		{"another file edited", "f", write("d/g", "two"), ""},
		{"removed", "f", func(t *testing.T, r *gittest.Repo) { must(t, os.Remove(r.Path("f"))) }, Removed},
		{"git rm", "f", run("rm", "-q", "f"), Staged},
		{"git rm --cached", "f", run("rm", "-q", "--cached", "f"), Staged},
		{"executable", "f", func(t *testing.T, r *gittest.Repo) { must(t, os.Chmod(r.Path("f"), 0o755)) }, Edited},
		{"executable, not counted", "f", func(t *testing.T, r *gittest.Repo) {
			r.Git("config", "core.fileMode", "false")
			must(t, os.Chmod(r.Path("f"), 0o755))
		}, ""},
		{"chmod staged", "f", run("update-index", "--chmod=+x", "f"), Staged},
		{"became a link", "f", func(t *testing.T, r *gittest.Repo) {
			must(t, os.Remove(r.Path("f")))
			must(t, os.Symlink("one", r.Path("f")))
		}, Edited},
		{"became a folder", "f", func(t *testing.T, r *gittest.Repo) {
			must(t, os.Remove(r.Path("f")))
			r.Write("f/x", "x")
		}, Edited},
		{"untracked", "n", write("n", "n"), Untracked},
		{"untracked folder", "n", write("n/m", "n"), Untracked},
		{"empty folder", "n", func(t *testing.T, r *gittest.Repo) { must(t, os.Mkdir(r.Path("n"), 0o777)) }, ""},
		{"untracked file above", "n/m", write("n", "n"), Untracked},
		{"staged file above", "n/m", func(t *testing.T, r *gittest.Repo) { r.Write("n", "n"); r.Git("add", "n") }, Staged},
		{"staged files below", "n", func(t *testing.T, r *gittest.Repo) { r.Write("n/m", "n"); r.Git("add", "n/m") }, Staged},
		{"link above", "n/m", func(t *testing.T, r *gittest.Repo) { must(t, os.Symlink("d", r.Path("n"))) }, Untracked},
		{"folder became a link", "d/g", func(t *testing.T, r *gittest.Repo) {
			must(t, os.Rename(r.Path("d"), r.Path("e")))
			must(t, os.Symlink("e", r.Path("d")))
		}, Removed},
		{"intent to add", "n", func(t *testing.T, r *gittest.Repo) { r.Write("n", "n"); r.Git("add", "-N", "n") }, Staged},
		{"assumed unchanged, and is", "f", run("update-index", "--assume-unchanged", "f"), ""},
		{"assumed unchanged, but edited", "f", func(t *testing.T, r *gittest.Repo) {
			r.Git("update-index", "--assume-unchanged", "f")
			r.Write("f", "two")
		}, Edited},
		{"conflict", "f", conflict, Unmerged},
		{"beside a conflict", "d/g", conflict, ""},
		{"autocrlf, stored as LF, in the tree as CRLF", "c", func(t *testing.T, r *gittest.Repo) {
			r.Commit("c", "c", "a\nb\n")
			r.Git("config", "core.autocrlf", "true")
			must(t, os.Remove(r.Path("c")))
			r.Git("checkout", "c")
			checkFile(t, r, "c", "a\r\nb\r\n")
			r.Git("update-index", "--cacheinfo", "100644,"+r.Git("rev-parse", "HEAD:c")+",c") // no stat: compare
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			r.Commit("first", "f", "one", "d/g", "g")
			if tc.setup != nil {
				tc.setup(t, r)
			}
			b := openBench(t, r)
			before := r.Git("status", "--porcelain=v2") + files2(t, r)
			head := r.Git("rev-parse", "HEAD")
			err := b.save(map[string]edit{tc.path: text("saved")})
			if tc.want == "" {
				if err != nil || len(b.kept) > 0 {
					t.Fatalf("save: %v, kept %q", err, b.kept)
				}
				if got, err := os.ReadFile(r.Path(tc.path)); string(got) != "saved" {
					t.Errorf("the file holds %q, %v", got, err)
				}
				if s := r.Git("status", "--porcelain=v2", tc.path); s != "" {
					t.Errorf("status: %s", s)
				}
				return
			}
			if got := dirtyReason(err); got != tc.want {
				t.Fatalf("save: %v, want %s", err, tc.want)
			}
			if after := r.Git("status", "--porcelain=v2") + files2(t, r); after != before || r.Git("rev-parse", "HEAD") != head {
				t.Errorf("something was changed: before\n%s\nafter\n%s", before, after)
			}
			checkTidy(t, r)
		})
	}
}

func files2(t testing.TB, r *gittest.Repo) string {
	m := files(t, r.Dir)
	var b strings.Builder
	for _, p := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintln(&b, p, m[p])
	}
	return b.String()
}
