package gitstore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestOptions has each option, well and badly said.
func TestOptions(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1", "p/a.md", "md", "p/b.prompty", "b")
	r.Git("branch", "other")
	for _, query := range []string{
		"", "?", "?branch=other", "?ref=other", "?dir=p", "?dir=p/", "?dir=p&ext=.md", "?init=1", "?init=0", "?worktree=1", "?worktree=0", "?author=A+<a@b>", "?committer=A+<a@b>", "?message={action}",
		"?sign=none", "?sync=batch", "?sync=full", "?sync=none", "?timeout=2s", "?owner=any", "?allowed_signers=/dev/null", "?branch=refs/heads/other", "?dir=nowhere",
	} {
		s, err := prompty.OpenStorage("git", r.Dir+query)
		if err != nil {
			t.Errorf("open %q: %v", query, err)
			continue
		}
		must(t, s.Close())
	}
	for query, words := range map[string]string{
		"brunch=main":            "did you mean branch",
		"bare=1":                 "unknown option",
		"work_tree=1":            "did you mean worktree",
		"extension=.md":          "did you mean ext",
		"snyc=none":              "did you mean sync",
		"create=1":               "init",
		"branch=main&branch=x":   "2 times",
		"branch=main&ref=other":  "branch",
		"branch=mian":            "did you mean main? Or make it",
		"branch=xyz":             "use one of main, other, or make it with git branch",
		"branch=":                "branch",
		"branch=a..b":            "branch",
		"ref=":                   "ref",
		"ref=v1":                 "v1",
		"dir=../x":               "dir",
		"dir=.git":               "dir",
		"ext=md":                 ".md",
		"ext=":                   "ext",
		"ext=.a/b":               "ext",
		"init=yes":               "1 or 0",
		"worktree=maybe":         "1 or 0",
		"sync=sometimes":         "batch",
		"sync=":                  "batch",
		"timeout=5":              "5s",
		"timeout=-1s":            "timeout",
		"owner=me":               "any",
		"sign=gpg":               "openpgp",
		"sign=ssh":               "signkey",
		"author=Ann+<a@b":        "author",
		"committer=a%0Ab+<a@b>":  "committer",
		"message={nam}":          "{name}",
		"message=Prompty-Save:x": "Prompty-",
		"message=":               "message",
		"dir=%zz":                "%3F",
	} {
		s, err := prompty.OpenStorage("git", r.Dir+"?"+query)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("open ?%s: %v, want an error that says %q", query, err, words)
		}
		if s != nil {
			t.Errorf("open ?%s returns %v beside the error", query, s)
			s.Close()
		}
	}
	// The table in the documentation is what there is.
	doc, err := os.ReadFile("doc.go")
	must(t, err)
	_, err = prompty.OpenStorage("git", r.Dir+"?nonsense=1")
	for _, m := range regexp.MustCompile(`(?m)^//	([a-z_]+)=\S`).FindAllStringSubmatch(string(doc), -1) {
		if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(err.Error()) {
			t.Errorf("the documentation's option %s is not in the list: %v", m[1], err)
		}
	}
}

// TestKinds opens repositories as others left them.
func TestKinds(t *testing.T) {
	t.Parallel()
	origin := gittest.WorkTree(t)
	for i := range 5 {
		origin.Commit("More", "data/patterns/a/system.md", strings.Repeat("x", i), "data/patterns/b.md", "b", "README.md", strings.Repeat("r", i))
	}
	check := func(t *testing.T, dir string, versions ...int) *gitstore.Store {
		t.Helper()
		s := open(t, dir, "ext=.md", "dir=data/patterns")
		wantVersions(t, s, "a/system", versions...)
		want(t, s, "b", 1, "b")
		save(t, s, "a/system", "ours")
		want(t, s, "a/system", versions[0]+1, "ours")
		return s
	}
	five := []int{5, 4, 3, 2, 1}
	for name, options := range map[string][]string{
		"clone": {}, "bare": {"--bare"}, "mirror": {"--mirror"}, "single branch": {"--single-branch"}, "no tags": {"--no-tags"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := origin.Clone(options...)
			s := check(t, r.Dir, five...)
			agree(t, s, r, "HEAD", "data/patterns", ".md")
			settled(t, r)
		})
	}
	t.Run("alternates", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "shared")
		origin.Git("clone", "-q", "--shared", "--template=", origin.Dir, dir)
		r := origin.At(dir)
		check(t, dir, five...)
		settled(t, r)
	})
	t.Run("shallow", func(t *testing.T) {
		t.Parallel()
		r := origin.Clone("--depth", "2")
		s := check(t, r.Dir, 2, 1)
		agree(t, s, r, "HEAD", "data/patterns", ".md")
		settled(t, r)
	})
	t.Run("separate git dir", func(t *testing.T) {
		t.Parallel()
		r := origin.Clone("--separate-git-dir", filepath.Join(t.TempDir(), "elsewhere"))
		check(t, r.Dir, five...)
		settled(t, r)
	})
	t.Run("linked", func(t *testing.T) {
		t.Parallel()
		r := origin.Clone("--bare").Linked("new")
		check(t, r.Dir, five...)
		settled(t, r)
	})
	t.Run("folder of the work tree", func(t *testing.T) {
		t.Parallel()
		r := origin.Clone()
		s := open(t, r.Path("data"), "ext=.md", "dir=patterns")
		wantVersions(t, s, "a/system", five...)
		save(t, s, "b", "2")
		if got := r.Read("data/patterns/b.md"); got != "2" {
			t.Errorf("the file holds %q", got)
		}
		top := open(t, r.Path("data/patterns"), "ext=.md")
		want(t, top, "b", 2, "2")
		settled(t, r)
	})
	t.Run(".git itself", func(t *testing.T) {
		t.Parallel()
		r := origin.Clone()
		check(t, r.Path(".git"), five...)
		settled(t, r)
	})
	t.Run("packed", func(t *testing.T) {
		t.Parallel()
		r := origin.Clone("--bare")
		r.Git("config", "pack.writeReverseIndex", "true")
		r.Git("gc", "--aggressive", "-q")
		r.Git("commit-graph", "write", "--reachable", "--changed-paths")
		r.Git("repack", "-adq", "--write-bitmap-index")
		r.Git("multi-pack-index", "write")
		s := check(t, r.Dir, five...)
		agree(t, s, r, "HEAD", "data/patterns", ".md")
		settled(t, r)
	})
	t.Run("a path with a question mark", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "a?b 100%")
		must(t, os.Mkdir(dir, 0o777))
		r := gittest.InitAt(t, dir, false)
		r.Commit("First", "a.prompty", "1")
		want(t, open(t, strings.NewReplacer("%", "%25", "?", "%3F").Replace(dir)), "a", 1, "1")
	})
}

// TestInit makes a repository only when told to.
func TestInit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "new")
	_, err := tryOpen(dir)
	wantError(t, "opening what is not there", err, nil, dir, "init")
	if _, err := os.Stat(filepath.Dir(dir)); err == nil {
		t.Error("a failed open left a folder")
	}
	s := open(t, dir, "init=1")
	save(t, s, "a", "1")
	r := gittest.Bare(t).At(dir)
	if got := r.Git("rev-parse", "--is-bare-repository"); got != "false" {
		t.Errorf("is-bare-repository = %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.prompty")); err != nil {
		t.Errorf("what was saved does not stand in the work tree: %v", err)
	}
	settled(t, r)
	served := filepath.Join(t.TempDir(), "served.git")
	save(t, open(t, served, "init=1"), "a", "1")
	if got := r.At(served).Git("rev-parse", "--is-bare-repository"); got != "true" {
		t.Errorf("is-bare-repository of served.git = %s", got)
	}
	want(t, open(t, dir, "init=1"), "a", 1, "1")
	want(t, open(t, dir), "a", 1, "1")
	other := filepath.Join(t.TempDir(), "other")
	save(t, open(t, other, "init=1", "branch=prompts"), "a", "1")
	if got := r.At(other).Git("symbolic-ref", "HEAD"); got != "refs/heads/prompts" {
		t.Errorf("HEAD of a repository made for the branch prompts is %s", got)
	}
	// Not over what is there.
	full := t.TempDir()
	must(t, os.WriteFile(filepath.Join(full, "precious.txt"), []byte("x"), 0o666))
	if s, err := tryOpen(full, "init=1"); err == nil {
		s.Close()
		if left, _ := os.ReadDir(full); len(left) != 2 {
			t.Errorf("init=1 in a folder with a file left %d entries, want that and .git", len(left))
		}
	}
	file := filepath.Join(full, "precious.txt")
	_, err = tryOpen(file, "init=1")
	wantError(t, "init=1 on a file", err, nil, "precious.txt")
}

// TestRefused cannot be opened, and says why and what to do.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, r *gittest.Repo)
		words []string
	}{
		{"sha256", func(t *testing.T, r *gittest.Repo) {
			must(t, os.RemoveAll(r.Dir))
			if out, err := exec.Command("git", "init", "-q", "--bare", "--object-format=sha256", r.Dir).CombinedOutput(); err != nil {
				t.Skipf("this git has no sha256: %s", out)
			}
		}, []string{"sha256", "sha1"}},
		{"reftable", func(t *testing.T, r *gittest.Repo) {
			r.Git("config", "core.repositoryFormatVersion", "1")
			r.Git("config", "extensions.refStorage", "reftable")
		}, []string{"reftable", "files"}},
		{"partial clone", func(t *testing.T, r *gittest.Repo) {
			r.Git("config", "core.repositoryFormatVersion", "1")
			r.Git("config", "extensions.partialClone", "origin")
			r.Git("config", "remote.origin.url", "/nowhere")
			r.Git("config", "remote.origin.promisor", "true")
		}, []string{"partial", "clone"}},
		{"unknown extension", func(t *testing.T, r *gittest.Repo) {
			r.Git("config", "core.repositoryFormatVersion", "1")
			r.Git("config", "extensions.futureThing", "true")
		}, []string{"futurething"}},
		{"format version", func(t *testing.T, r *gittest.Repo) {
			r.Git("config", "core.repositoryFormatVersion", "7")
		}, []string{"7"}},
		{"broken config", func(t *testing.T, r *gittest.Repo) {
			must(t, os.WriteFile(r.Path("config"), []byte("[core]\n\tbare = true\n[oops\n"), 0o666))
		}, []string{"config", "3"}},
		{"no HEAD", func(t *testing.T, r *gittest.Repo) { must(t, os.Remove(r.Path("HEAD"))) }, []string{"git init", "init=1"}},
		{"broken HEAD", func(t *testing.T, r *gittest.Repo) {
			must(t, os.WriteFile(r.Path("HEAD"), []byte("garbage\n"), 0o666))
		}, []string{"HEAD"}},
		{"no objects", func(t *testing.T, r *gittest.Repo) { must(t, os.RemoveAll(r.Path("objects"))) }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.Bare(t)
			r.Commit("First", "a.prompty", "1")
			tc.spoil(t, r)
			s, err := tryOpen(r.Dir)
			if err == nil {
				_, err = s.Get(t.Context(), "a")
				s.Close()
				if tc.name != "broken HEAD" {
					t.Fatalf("Open gives no error, Get %v", err)
				}
			}
			wantError(t, tc.name, err, nil, append(tc.words, r.Dir)...)
		})
	}
	empty := t.TempDir()
	_, err := tryOpen(empty)
	wantError(t, "an empty folder", err, nil, empty, "git init", "init=1")
	_, err = tryOpen("")
	wantError(t, "no path", err, nil, "repository")
}

// TestHistoryAuthor names the committer of what nobody put a name to.
func TestHistoryAuthor(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "p.git"), "init=1", "committer=Bot+<bot@example.org>")
	save(t, s, "a", "1")
	list, err := prompty.History(t.Context(), s, "a")
	if err != nil || len(list) != 1 || list[0].Author != "Bot <bot@example.org>" {
		t.Errorf("History = %+v, %v; want the author Bot <bot@example.org>", list, err)
	}
}

// TestProblems has Describe tell what users should know of a repository.
func TestProblems(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("one", "a.prompty", "1")
	r.Commit("two", "a.prompty", "2")
	for _, tc := range []struct {
		name   string
		dir    string
		config []string
		words  []string
	}{
		{"shallow", r.Clone("--depth", "1").Dir, nil, []string{"shallow clone", "git fetch --unshallow"}},
		{"no list of signers", r.Clone().Dir, []string{"config", "gpg.ssh.allowedSignersFile", "/nowhere/signers"}, []string{"allowedSignersFile", "/nowhere/signers"}},
	} {
		if tc.config != nil {
			r.At(tc.dir).Git(tc.config...)
		}
		s := open(t, tc.dir)
		if _, err := prompty.History(t.Context(), s, "a"); err != nil {
			t.Errorf("%s: History: %v", tc.name, err)
		}
		describer, _ := prompty.As[prompty.Describer](s)
		d, err := describer.Describe(t.Context())
		if err != nil || len(d.Problems) != 1 {
			t.Errorf("%s: Describe = %+v, %v; want one problem", tc.name, d, err)
			continue
		}
		for _, word := range tc.words {
			if !strings.Contains(d.Problems[0], word) {
				t.Errorf("%s: the problem %q says nothing of %q", tc.name, d.Problems[0], word)
			}
		}
	}
}
