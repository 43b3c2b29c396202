package worktree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

func TestUnborn(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	b := openBench(t, r)
	must(t, b.save(map[string]edit{"d/f": text("one")}))
	checkInStep(t, r)
	checkFile(t, r, "d/f", "one")
}

func TestLinked(t *testing.T) {
	t.Parallel()
	r := scene(t)
	linked := r.Linked("side")
	b := openBench(t, linked)
	must(t, b.save(scenarios["many"]))
	for _, r := range []*gittest.Repo{r, linked} {
		checkInStep(t, r)
		checkTidy(t, r)
	}
	checkFile(t, r, "f", "one")
	checkFile(t, linked, "n", "new")
}

// apart makes a repository whose git directory is below gitDir.
func apart(t *testing.T, workTree, gitDir string) *gittest.Repo {
	made := filepath.Join(gitDir, "made")
	must(t, os.Mkdir(made, 0o777))
	r := gittest.InitAt(t, made, false)
	must(t, os.WriteFile(filepath.Join(workTree, ".git"), []byte("gitdir: "+filepath.Join(made, ".git")), 0o666))
	return r.At(workTree)
}

// elsewhere is scene with the git directory on another file system.
func elsewhere(t *testing.T) *gittest.Repo {
	shm, err := os.MkdirTemp("/dev/shm", "worktree")
	if err != nil {
		t.Skip("no other file system:", err)
	}
	t.Cleanup(func() { os.RemoveAll(shm) })
	dir := t.TempDir()
	a, err1 := os.Stat(dir)
	b, err2 := os.Stat(shm)
	must(t, errors.Join(err1, err2))
	if statOf(a).Dev == statOf(b).Dev {
		t.Skip("the same file system")
	}
	r := apart(t, dir, shm)
	r.Commit("first", "f", "one", "d/g", "g", "e/h", "h", "e/i", "i")
	return r
}

func TestOtherFileSystem(t *testing.T) {
	t.Parallel()
	t.Run("save", func(t *testing.T) {
		t.Parallel()
		r := elsewhere(t)
		b := openBench(t, r)
		must(t, b.save(scenarios["many"]))
		checkInStep(t, r)
		checkTidy(t, r)
		b.fault = func(step string) error {
			if step == "exchange" {
				r.Write("f", "mine")
			}
			return nil
		}
		must(t, b.save(scenarios["change"]))
		checkFile(t, r, "f", "mine")
		checkIndex(t, r)

		// Two saves that slip in: the first is set aside beside the second.
		r.Git("checkout", "-q", "f")
		b.fault = func(step string) error {
			if step == "exchange" || step == "look at old" {
				r.Write("other", step)
				must(t, os.Rename(r.Path("other"), r.Path("f")))
			}
			return nil
		}
		must(t, b.save(map[string]edit{"f": text("three")}))
		checkFile(t, r, "f", "look at old")
		aside, err := filepath.Glob(r.Path("lost-*"))
		if err != nil || len(aside) != 1 {
			t.Fatalf("set aside %q, %v", aside, err)
		}
		checkFile(t, r, filepath.Base(aside[0]), "exchange")
	})
	for _, scenario := range []string{"change", "remove", "create"} {
		t.Run("kill/"+scenario, func(t *testing.T) {
			t.Parallel()
			for _, step := range []string{"exchange", "place new", "take out", "look at old", "remove old", "write index"} {
				r := elsewhere(t)
				if killed(t, r, scenario, step) {
					b := openBench(t, r)
					b.begin(t)
					checkInStep(t, r)
					checkTidy(t, r)
				}
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	r := scene(t)
	r.Git("config", "core.sharedRepository", "0660")
	must(t, os.Chmod(r.Path("f"), 0o640))
	b := openBench(t, r)
	must(t, b.save(map[string]edit{"f": text("two"), "x": {text: text("x").text, mode: object.ModeExec}}))
	linked := r.Linked("side")
	must(t, os.Chmod(linked.GitDir(), 0o770))
	must(t, openBench(t, linked).save(scenarios["change"]))
	if fi, err := os.Stat(linked.GitDir() + "/prompty"); err != nil || fi.Mode().Perm() != 0o770 {
		t.Errorf("the folder of ours: %v, %v", fi.Mode(), err)
	}
	for path, want := range map[string]os.FileMode{"f": 0o640, ".git/index": 0o660} {
		if fi, err := os.Stat(r.Path(path)); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, fi.Mode().Perm(), err, want)
		}
	}
	must(t, b.save(map[string]edit{"f": {text: text("three").text, mode: object.ModeExec}}))
	if fi, err := os.Stat(r.Path("f")); err != nil || fi.Mode().Perm() != 0o750 {
		t.Errorf("f: mode %v, %v; want 0750", fi.Mode().Perm(), err)
	}
	checkInStep(t, r)
}

// TestLineEnds saves under each kind of attribute; git finds the files as it
// would have written them, even after it has read them again.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	for _, auto := range []string{"false", "true", "input"} {
		t.Run(auto, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			r.Git("config", "core.autocrlf", auto)
			r.Commit("rules", ".gitattributes", "*.txt text\n*.crlf eol=crlf\n*.auto text=auto eol=crlf\n*.bin binary\n", "d/.gitattributes", "*.txt eol=crlf\n")
			must(t, os.MkdirAll(r.Path(".git/info"), 0o777))
			must(t, os.WriteFile(r.Path(".git/info/attributes"), []byte("info.* -text\n"), 0o666))
			b := openBench(t, r)
			for _, body := range []string{"a\nb\n", "a\r\nb\r\n", "a\r\nb\n", "bin\x00\r\n\n", ""} {
				for _, name := range []string{"f", "f.txt", "f.crlf", "f.auto", "f.bin", "d/f.txt", "info.txt"} {
					err := b.save(map[string]edit{name: text(body)})
					var no *UnsupportedError
					if errors.As(err, &no) {
						if !strings.Contains(body, "\r\n") || !strings.HasSuffix(name, "txt") && !strings.HasSuffix(name, "crlf") || name == "info.txt" {
							t.Errorf("%s, %q: %v", name, body, err)
						}
						continue
					}
					must(t, err)
					saved, err := os.ReadFile(r.Path(name))
					must(t, err)
					now := time.Now().Add(time.Minute)
					must(t, os.Chtimes(r.Path(name), now, now)) // so that git reads it
					checkInStep(t, r)
					must(t, os.Remove(r.Path(name)))
					r.Git("checkout", "-q", "--", name)
					checkFile(t, r, name, string(saved))
				}
			}
		})
	}
}

func TestUnsupportedAttributes(t *testing.T) {
	t.Parallel()
	for _, attr := range []string{"filter=lfs", "ident", "working-tree-encoding=UTF-16"} {
		r := scene(t)
		r.Commit("rules", ".gitattributes", "f "+attr+"\n")
		b := openBench(t, r)
		var no *UnsupportedError
		if err := b.save(map[string]edit{"f": text("two")}); !errors.As(err, &no) || !strings.Contains(no.Reason, strings.Split(attr, "=")[0]) {
			t.Errorf("%s: %v", attr, err)
		}
		must(t, b.save(map[string]edit{"n": text("two")}))
		// The file may be only in the index.
		must(t, os.Remove(r.Path(".gitattributes")))
		if err := b.save(map[string]edit{"f": text("two")}); !errors.As(err, &no) {
			t.Errorf("%s, only in the index: %v", attr, err)
		}
	}
}

// TestRacilyClean has another file changed in the same second in which git
// wrote the index, so that only the index's time tells. Our write moves that
// time, and must not hide the change.
func TestRacilyClean(t *testing.T) {
	t.Parallel()
	r := scene(t)
	r.Git("config", "core.trustctime", "false") // which no one can set back
	moment := time.Now().Add(-time.Hour).Truncate(time.Second).Add(5 * time.Millisecond)
	at := func(p string, when time.Time) { t.Helper(); must(t, os.Chtimes(r.Path(p), when, when)) }
	r.Write("d/g", "1")
	at("d/g", moment)
	r.Git("add", "d/g")
	r.Git("commit", "-q", "-m", "g")
	r.Write("d/g", "2") // as long
	at("d/g", moment)
	at(".git/index", moment)
	if s := r.Git("--no-optional-locks", "status", "--porcelain"); s != " M d/g" {
		t.Fatalf("the scene is wrong: %q", s)
	}
	b := openBench(t, r)
	if err := b.save(map[string]edit{"d/g": text("3")}); dirtyReason(err) != Edited {
		t.Errorf("save over the change: %v", err)
	}
	if f, err := b.Dirty("d/g", headBlobs(t, r, "", "")["d/g"]); err != nil || f.State != Changed {
		t.Errorf("Dirty = %+v, %v", f, err)
	}
	must(t, b.save(map[string]edit{"f": text("two")}))
	if s := r.Git("status", "--porcelain"); s != " M d/g" {
		t.Errorf("git status: %q, want d/g modified", s)
	}
}

func TestHeld(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	b.opts.LockTimeout = -1
	must(t, os.WriteFile(r.Path(".git/index.lock"), nil, 0o666))
	var held *lockfile.HeldError
	if _, err := b.Begin(t.Context()); !errors.As(err, &held) || !strings.Contains(err.Error(), "index.lock") {
		t.Errorf("Begin: %v", err)
	}
	b.opts.LockTimeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Begin(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Begin: %v", err)
	}
}

func TestEnded(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	x, err := b.Begin(t.Context())
	must(t, err)
	if err := x.Stage("f", object.Entry{Mode: object.ModeLink}, nil); err == nil {
		t.Error("a link was staged")
	}
	if err := x.Stage("../f", object.Entry{Mode: object.ModeFile}, nil); err == nil {
		t.Error("a path outside was staged")
	}
	if err := x.Remove("not there"); err != nil || len(x.plan) > 0 {
		t.Errorf("Remove of nothing: %v, %v", err, x.plan)
	}
	must(t, x.Prepare(object.ID{}, object.ID{}, false))
	if kept, err := x.Apply(); err != nil || kept != nil {
		t.Errorf("Apply of nothing: %v, %v", kept, err)
	}
	must(t, x.Done())
	_, aerr := x.Apply()
	for _, err := range []error{x.Check("f", object.Entry{}), x.Stage("f", object.Entry{}, nil), x.Remove("f"), x.Prepare(object.ID{}, object.ID{}, false), aerr} {
		if !errors.Is(err, errEnded) {
			t.Errorf("after the end: %v", err)
		}
	}
	must(t, x.Abort())
	checkTidy(t, r)
}

func TestRefusedIndexes(t *testing.T) {
	t.Parallel()
	for want, setup := range map[string]func(r *gittest.Repo){
		"--no-split-index":  func(r *gittest.Repo) { r.Git("update-index", "--split-index") },
		"--no-sparse-index": func(r *gittest.Repo) { r.Git("sparse-checkout", "set", "--cone", "--sparse-index", "d") },
		"git reset": func(r *gittest.Repo) {
			must(t, os.WriteFile(r.Path(".git/index"), []byte("DIRC"+strings.Repeat("x", 100)), 0o666))
		},
	} {
		r := scene(t)
		setup(r)
		b := openBench(t, r)
		if _, err := b.Begin(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Begin: %v, want a word on %s", err, want)
		}
		checkTidy(t, r)
	}
}

func TestIgnoreCase(t *testing.T) {
	t.Parallel()
	r := scene(t)
	r.Git("config", "core.ignoreCase", "true")
	b := openBench(t, r)
	if err := b.save(map[string]edit{"D/G": text("x")}); dirtyReason(err) != Untracked {
		t.Errorf("save: %v", err)
	}
}

// TestLinkBecomesFile saves over a symbolic link that HEAD has.
func TestLinkBecomesFile(t *testing.T) {
	t.Parallel()
	for _, symlinks := range []string{"true", "false"} {
		r := scene(t)
		must(t, os.Symlink("f", r.Path("l")))
		r.Git("add", "l")
		r.Git("commit", "-q", "-m", "link")
		r.Git("config", "core.symlinks", symlinks)
		must(t, os.Remove(r.Path("l")))
		r.Git("checkout", "-q", "l")
		b := openBench(t, r)
		must(t, b.save(map[string]edit{"l": text("a file")}))
		checkInStep(t, r)
		checkFile(t, r, "l", "a file")
		checkFile(t, r, "f", "one")
	}
}

// TestUntrackedCache: git's own cache of folders stays right.
func TestUntrackedCache(t *testing.T) {
	t.Parallel()
	r := scene(t)
	r.Git("config", "core.untrackedCache", "true")
	r.Write("d/untracked", "u")
	r.Git("update-index", "--force-untracked-cache")
	b := openBench(t, r)
	for i, edits := range []map[string]edit{scenarios["create"], scenarios["many"], {"new/folder/n": gone}} {
		r.Git("status")
		must(t, b.save(edits))
		if s := r.Git("status", "--porcelain", "-uall"); s != "?? d/untracked" {
			t.Errorf("save %d: git status %q", i, s)
		}
	}
}

// TestBesideGit saves while git commits, adds and refreshes.
func TestBesideGit(t *testing.T) {
	t.Parallel()
	r := scene(t)
	r.Git("config", "core.filesRefLockTimeout", "5000")
	var wg sync.WaitGroup
	for k := range 2 {
		wg.Go(func() {
			b, err := open(r.Dir)
			if err != nil {
				t.Error(err)
				return
			}
			defer b.close()
			for i := range 12 {
				err := b.save(map[string]edit{fmt.Sprint("s/", k): text(fmt.Sprint("save ", i)), fmt.Sprint("s", k, "/", i): text("x")})
				if err != nil || len(b.kept) > 0 {
					t.Errorf("save %d: %v, kept %q", i, err, b.kept)
					return
				}
			}
		})
	}
	for i := range 12 {
		r.Write("byhand", fmt.Sprint(i))
		for tries := 0; ; tries++ {
			_, err := r.Try("add", "byhand")
			if err == nil {
				_, err = r.Try("commit", "-q", "-m", "by hand", "byhand")
			}
			if err == nil {
				break
			}
			if tries > 500 {
				t.Fatal(err)
			}
		}
	}
	wg.Wait()
	checkInStep(t, r)
	if got := r.Git("rev-list", "--count", "HEAD"); got != "37" {
		t.Errorf("%s commits, want 37", got)
	}
	for k := range 2 {
		checkFile(t, r, fmt.Sprint("s/", k), "save 11")
	}
	r.Fsck()
}

func TestDurable(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	b.durable = true
	must(t, b.save(scenarios["many"]))
	checkInStep(t, r)
	checkHead(t, r, "many", "")
	checkTidy(t, r)
}

// TestUsersFiles: the user's own attributes and patterns count.
func TestUsersFiles(t *testing.T) {
	t.Parallel()
	r := scene(t)
	mine := t.TempDir()
	must(t, os.WriteFile(mine+"/attributes", []byte("f filter=x\n"), 0o666))
	must(t, os.WriteFile(mine+"/ignore", []byte("*.secret\n"), 0o666))
	r.Git("config", "core.attributesFile", mine+"/attributes")
	r.Git("config", "core.excludesFile", mine+"/ignore")
	r.Write("a.secret", "x")
	r.Write("a.open", "x")
	b := openBench(t, r)
	var no *UnsupportedError
	if err := b.save(scenarios["change"]); !errors.As(err, &no) || !strings.Contains(err.Error(), "filter") {
		t.Errorf("save: %v", err)
	}
	for path, want := range map[string]State{"a.secret": Same, "a.open": Added} {
		if f, err := b.Dirty(path, object.ID{}); err != nil || f.State != want {
			t.Errorf("Dirty(%s) = %+v, %v", path, f, err)
		}
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"core.fileMode", "core.ignoreCase", "core.autocrlf"} {
		r := scene(t)
		section, name, _ := strings.Cut(key, ".")
		f, err := os.OpenFile(r.Path(".git/config"), os.O_APPEND|os.O_WRONLY, 0)
		must(t, err)
		_, err = fmt.Fprintf(f, "[%s]\n\t%s = perhaps\n", section, name)
		must(t, errors.Join(err, f.Close()))
		b, err := open(r.Dir)
		if err == nil {
			b.close()
			t.Errorf("%s = perhaps: no error", key)
		} else if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(name)) {
			t.Errorf("%s = perhaps: %v", key, err)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"a/b: uncommitted change (staged)": &DirtyError{"a/b", Staged},
		"x: no; do that":                   &UnsupportedError{"x", "no", "do that"},
		"a is not a folder":                &blockedError{"a"},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

// TestNoFollow: links that somebody planted in our folder lead nowhere.
func TestNoFollow(t *testing.T) {
	t.Parallel()
	r := scene(t)
	victim := filepath.Join(t.TempDir(), "victim")
	must(t, os.WriteFile(victim, []byte("mine"), 0o666))
	must(t, os.Mkdir(r.Path(".git/prompty"), 0o777))
	for _, name := range []string{"index", tempName(0)} {
		must(t, os.Symlink(victim, r.Path(".git/prompty/"+name)))
	}
	b := openBench(t, r)
	must(t, b.save(scenarios["change"]))
	checkInStep(t, r)
	if data, err := os.ReadFile(victim); err != nil || string(data) != "mine" {
		t.Errorf("the file outside holds %q, %v", data, err)
	}
}
