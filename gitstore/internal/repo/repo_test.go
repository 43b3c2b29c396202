package repo_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

func find(t *testing.T, path string) *repo.Repo {
	t.Helper()
	r, err := repo.Find(path, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// like says what git thinks of a place, in our words.
func like(t *testing.T, r *gittest.Repo) repo.Repo {
	t.Helper()
	var want repo.Repo
	want.GitDir = r.Git("rev-parse", "--absolute-git-dir")
	want.CommonDir = r.Git("rev-parse", "--path-format=absolute", "--git-common-dir")
	want.ObjectsDir = r.Git("rev-parse", "--path-format=absolute", "--git-path", "objects")
	if r.Git("rev-parse", "--is-inside-work-tree") == "true" {
		want.WorkTree = r.Git("rev-parse", "--show-toplevel")
		want.Prefix = strings.TrimSuffix(r.Git("rev-parse", "--show-prefix"), "/")
	}
	want.Bare = r.Git("rev-parse", "--is-bare-repository") == "true"
	return want
}

var onlyFields = cmp.FilterPath(func(p cmp.Path) bool {
	switch p.String() {
	case "GitDir", "CommonDir", "WorkTree", "Prefix", "Bare", "ObjectsDir", "":
		return false
	}
	return true
}, cmp.Ignore())

func TestFindLikeGit(t *testing.T) {
	t.Parallel()
	bare := gittest.Bare(t)
	bare.Commit("one", "a", "1")
	main := gittest.WorkTree(t)
	main.Commit("one", "dir/sub/a", "1")
	linked := main.Linked("side")
	clone := main.Clone("--bare")
	fromBare := clone.Linked("other")

	// A git directory elsewhere, a submodule, a work tree elsewhere, a linked folder.
	apart := t.TempDir()
	main.Git("clone", "-q", "--separate-git-dir="+filepath.Join(apart, "git"), main.Dir, filepath.Join(apart, "work"))
	super := gittest.WorkTree(t)
	super.Git("submodule", "--quiet", "add", main.Dir, "below/sub")
	elsewhere := gittest.WorkTree(t)
	away := t.TempDir()
	elsewhere.Git("config", "core.worktree", away)
	if err := os.Symlink(main.Path("dir"), filepath.Join(apart, "link")); err != nil {
		t.Fatal(err)
	}
	perWorktree := main.Clone()
	perWorktree.Git("config", "extensions.worktreeConfig", "true")
	perWorktree.Git("config", "--worktree", "some.key", "mine")
	slashes := gittest.WorkTree(t)
	slashes.Git("config", "core.repositoryformatversion", "1")
	slashes.Git("config", "extensions.noop", "x")

	for _, r := range []*gittest.Repo{
		bare, bare.At(bare.Path("refs/heads")), main, main.At(main.Path("dir")), main.At(main.Path("dir/sub")),
		linked, linked.At(linked.Path("dir/sub")), clone, fromBare, fromBare.At(fromBare.Path("dir")),
		main.At(filepath.Join(apart, "work", "dir")), super.At(super.Path("below/sub")), super.At(super.Path("below")),
		main.At(filepath.Join(apart, "link")), perWorktree, slashes,
	} {
		got := find(t, r.Dir)
		if diff := cmp.Diff(like(t, r), *got, onlyFields); diff != "" {
			t.Errorf("Find(%s) (-git +ours):\n%s", r.Dir, diff)
		}
	}
	if got := find(t, perWorktree.Dir); func() string { v, _ := got.Config.String("some.key"); return v }() != "mine" {
		t.Error("the work tree's own configuration was not read")
	}

	// A git directory stands for its work tree.
	for path, want := range map[string]string{
		main.Path(".git"): main.Dir, main.Path(".git/refs"): main.Dir, linked.GitDir(): linked.Dir,
		filepath.Join(apart, "git"): "", elsewhere.Path(".git"): away,
	} {
		if got := find(t, path); got.WorkTree != want || got.Bare != (want == "") || got.Prefix != "" {
			t.Errorf("Find(%s): work tree %q, bare %t, prefix %q; want %q", path, got.WorkTree, got.Bare, got.Prefix, want)
		}
	}
}

func TestFindRelative(t *testing.T) {
	main := gittest.WorkTree(t)
	main.Commit("one", "dir/a", "1")
	t.Chdir(main.Path("dir"))
	for path, prefix := range map[string]string{".": "dir", "..": "", "../.git": "", "": "dir"} {
		if got := find(t, path); got.WorkTree != main.Dir || got.Prefix != prefix {
			t.Errorf("Find(%q): work tree %q, prefix %q; want %q, %q", path, got.WorkTree, got.Prefix, main.Dir, prefix)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "file"), nil, 0o666)
	os.MkdirAll(filepath.Join(dir, "half", ".git", "objects"), 0o777)
	for _, path := range []string{dir, filepath.Join(dir, "none"), filepath.Join(dir, "file"), filepath.Join(dir, "half")} {
		_, err := repo.Find(path, repo.Options{})
		if !errors.Is(err, repo.ErrNoRepository) || !strings.Contains(err.Error(), path) {
			t.Errorf("Find(%s) = %v, want %v with the path", path, err, repo.ErrNoRepository)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(r *gittest.Repo)
		want  []string // in the error
	}{
		"sha256":       {func(r *gittest.Repo) { config(r, "core.repositoryformatversion=1", "extensions.objectformat=sha256") }, []string{"sha256", "sha1"}},
		"reftable":     {func(r *gittest.Repo) { config(r, "core.repositoryformatversion=1", "extensions.refstorage=reftable") }, []string{"reftable", "git refs migrate"}},
		"partial":      {func(r *gittest.Repo) { config(r, "core.repositoryformatversion=1", "extensions.partialclone=origin") }, []string{"partial clone of origin", "--filter"}},
		"promisor":     {func(r *gittest.Repo) { config(r, "remote.up.promisor=true") }, []string{"partial clone of up"}},
		"badpromisor":  {func(r *gittest.Repo) { config(r, "remote.up.promisor=maybe") }, []string{"config:", "maybe"}},
		"extension":    {func(r *gittest.Repo) { config(r, "core.repositoryformatversion=1", "extensions.quantum=1") }, []string{"extension quantum"}},
		"version":      {func(r *gittest.Repo) { config(r, "core.repositoryformatversion=2") }, []string{"version 2"}},
		"versionword":  {func(r *gittest.Repo) { config(r, "core.repositoryformatversion=new") }, []string{"config:", "not a number"}},
		"bareword":     {func(r *gittest.Repo) { config(r, "core.bare=perhaps") }, []string{"config:", "perhaps"}},
		"worktreeword": {func(r *gittest.Repo) { config(r, "extensions.worktreeconfig=perhaps") }, []string{"config:", "perhaps"}},
		"syntax":       {func(r *gittest.Repo) { appendTo(r, ".git/config", "[core\n") }, []string{".git/config:", "]"}},
		"wtsyntax": {func(r *gittest.Repo) {
			config(r, "extensions.worktreeconfig=true")
			appendTo(r, ".git/config.worktree", "=")
		}, []string{"config.worktree:1"}},
		"worktree":     {func(r *gittest.Repo) { config(r, "core.worktree=/nowhere/at/all") }, []string{"core.worktree"}},
		"head":         {func(r *gittest.Repo) { r.Write(".git/HEAD", "nonsense\n") }, []string{"HEAD", "symbolic-ref"}},
		"gitfile":      {func(r *gittest.Repo) { os.RemoveAll(r.Path(".git")); r.Write(".git", "hello") }, []string{".git", "gitdir:"}},
		"gitfilegone":  {func(r *gittest.Repo) { os.RemoveAll(r.Path(".git")); r.Write(".git", "gitdir: ../gone") }, []string{"gone", "worktree repair"}},
		"gitfilewrong": {func(r *gittest.Repo) { os.RemoveAll(r.Path(".git")); r.Write(".git", "gitdir: .") }, []string{"not a git directory"}},
		"commondir":    {func(r *gittest.Repo) { r.Write(".git/commondir", "../gone\n") }, []string{"common git directory", "gone"}},
		"gitfilehuge":  {func(r *gittest.Repo) { os.RemoveAll(r.Path(".git")); r.Write(".git", strings.Repeat("x", 1<<17)) }, []string{"larger than"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			c.spoil(r)
			got, err := repo.Find(r.Dir, repo.Options{})
			if err == nil || got != nil || errors.Is(err, repo.ErrNoRepository) {
				t.Fatalf("Find = %v, %v; want it refused", got, err)
			}
			for _, want := range append(c.want, r.Dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func config(r *gittest.Repo, pairs ...string) {
	text := ""
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		i, j := strings.Index(key, "."), strings.LastIndex(key, ".")
		if i == j {
			text += fmt.Sprintf("[%s]\n\t%s = %s\n", key[:i], key[j+1:], value)
		} else {
			text += fmt.Sprintf("[%s %q]\n\t%s = %s\n", key[:i], key[i+1:j], key[j+1:], value)
		}
	}
	appendTo(r, ".git/config", text)
}

func appendTo(r *gittest.Repo, name, text string) {
	old, _ := os.ReadFile(r.Path(name))
	r.Write(name, string(old)+text)
}

func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a repository to another user")
	}
	r := gittest.WorkTree(t)
	r.Commit("one", "a", "1")
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SUDO_UID", "")
	bare := gittest.Bare(t)
	linked := r.Linked("side")
	give := func(path string, uid int) {
		t.Helper()
		if err := os.Chown(path, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	// Git and we must agree each time.
	check := func(r *gittest.Repo, want bool) {
		t.Helper()
		_, gitErr := r.Try("rev-parse", "--git-dir")
		_, err := repo.Find(r.Dir, repo.Options{})
		if (gitErr == nil) != want || (err == nil) != want {
			t.Errorf("git says %v, Find says %v; want accepted: %t", gitErr, err, want)
		}
		var refused *repo.RefusedError
		if !want && (!errors.As(err, &refused) || !strings.Contains(err.Error(), "safe.directory "+r.Dir)) {
			t.Errorf("Find = %v, want a remedy", err)
		}
		if _, err := repo.Find(r.Dir, repo.Options{AnyOwner: true}); err != nil {
			t.Errorf("Find with AnyOwner = %v", err)
		}
	}
	check(r, true)
	for _, path := range []string{r.Dir, r.Path(".git")} {
		give(path, 12345)
		check(r, false)
		t.Setenv("SUDO_UID", "12345")
		check(r, true)
		t.Setenv("SUDO_UID", "54321")
		check(r, false)
		t.Setenv("SUDO_UID", "")
		give(path, 0)
	}
	give(linked.Path(".git"), 12345)
	check(linked, false)
	check(r, true)
	give(linked.Path(".git"), 0)
	give(bare.Dir, 12345)
	check(bare, false)

	// safe.directory counts in the user's configuration, not in the repository's.
	bare.Pipe("", "config", "--file", bare.Path("config"), "--add", "safe.directory", "*")
	check(bare, false)
	global := filepath.Join(home, "gitconfig")
	t.Setenv("GIT_CONFIG_GLOBAL", global)
	for text, want := range map[string]bool{
		"[safe]\n\tdirectory = *\n":                                                true,
		"[safe]\n\tdirectory = " + bare.Dir + "\n":                                 true,
		"[safe]\n\tdirectory = " + filepath.Dir(bare.Dir) + "\n":                   false,
		"[safe]\n\tdirectory = " + bare.Dir + "x\n":                                false,
		"[safe]\n\tdirectory = *\n\tdirectory =\n":                                 false,
		"[safe]\n\tdirectory = *\n\tdirectory =\n\tdirectory = " + bare.Dir + "\n": true,
	} {
		if err := os.WriteFile(global, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := bare.Command("rev-parse", "--git-dir")
		cmd.Env = append(cmd.Env, "GIT_CONFIG_GLOBAL="+global)
		gitErr := cmd.Run()
		_, err := repo.Find(bare.Dir, repo.Options{})
		if (gitErr == nil) != want || (err == nil) != want {
			t.Errorf("with %q git says %v, Find says %v; want accepted: %t", text, gitErr, err, want)
		}
	}
	// Later versions of git know a folder with all that is below it.
	os.WriteFile(global, []byte("[safe]\n\tdirectory = "+filepath.Dir(bare.Dir)+"/*\n"), 0o666)
	if _, err := repo.Find(bare.Dir, repo.Options{}); err != nil {
		t.Errorf("Find below a safe folder = %v", err)
	}
	os.Remove(global)
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "safe.directory")
	t.Setenv("GIT_CONFIG_VALUE_0", bare.Dir)
	check(bare, true)
}

func TestInit(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "a", "b")
		r, err := repo.Init(dir, bare, "trunk")
		if err != nil {
			t.Fatal(err)
		}
		if r.Bare != bare {
			t.Errorf("Bare = %t, want %t", r.Bare, bare)
		}
		again, err := repo.Init(dir, !bare, "")
		if err != nil || again.GitDir != r.GitDir || again.Bare != bare {
			t.Errorf("Init of what is there = %+v, %v", again, err)
		}
		real := gittest.InitAt(t, dir, bare) // git finds it whole
		if got := real.Git("symbolic-ref", "HEAD"); got != "refs/heads/trunk" {
			t.Errorf("HEAD is %s", got)
		}
		if diff := cmp.Diff(like(t, real), *r, onlyFields); diff != "" {
			t.Errorf("Init (-git +ours):\n%s", diff)
		}
		real.Commit("one", "a", "1")
		real.Fsck()
		if !bare && real.Status() != "" {
			t.Errorf("git status: %s", real.Status())
		}
	}
	if r, err := repo.Init(t.TempDir(), true, ""); err != nil {
		t.Error(err)
	} else if head, err := os.ReadFile(filepath.Join(r.GitDir, "HEAD")); string(head) != "ref: refs/heads/main\n" {
		t.Errorf("HEAD is %q, %v", head, err)
	}

	full := t.TempDir()
	os.WriteFile(filepath.Join(full, "x"), nil, 0o666)
	if _, err := repo.Init(full, true, ""); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("bare Init in a folder with files = %v", err)
	}
	if r, err := repo.Init(full, false, ""); err != nil || r.WorkTree != full {
		t.Errorf("Init in a folder with files = %v, %v", r, err)
	}
	if _, err := repo.Init(t.TempDir(), true, "a..b"); err == nil {
		t.Error("Init with a branch that cannot be one worked")
	}
	half := t.TempDir()
	os.Mkdir(filepath.Join(half, "objects"), 0o777)
	if _, err := repo.Init(half, true, ""); err != nil {
		t.Errorf("Init over one that was interrupted = %v", err)
	}
	broken := gittest.WorkTree(t)
	broken.Write(".git/HEAD", "nonsense")
	if _, err := repo.Init(broken.Dir, true, ""); err == nil {
		t.Error("Init over a broken repository worked")
	}
	if _, err := repo.Init(filepath.Join(full, "x"), true, ""); err == nil {
		t.Error("Init over a file worked")
	}
}

func TestInitDefaultBranch(t *testing.T) {
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "init.defaultBranch")
	t.Setenv("GIT_CONFIG_VALUE_0", "develop")
	r, err := repo.Init(t.TempDir(), true, "")
	if err != nil {
		t.Fatal(err)
	}
	if head, err := os.ReadFile(filepath.Join(r.GitDir, "HEAD")); string(head) != "ref: refs/heads/develop\n" {
		t.Errorf("HEAD is %q, %v", head, err)
	}
}

// Ten processes that start at once all get the same repository.
func TestInitTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var busy sync.WaitGroup
	for range 10 {
		busy.Go(func() {
			if r, err := repo.Init(dir, true, ""); err != nil || !r.Bare {
				t.Errorf("Init = %v, %v", r, err)
			}
		})
	}
	busy.Wait()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 5 {
		t.Errorf("left behind: %v, %v; want HEAD, config, info, objects, refs", entries, err)
	}
}

func TestLogAll(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"": "", "always": "always", "yes": "true", "1": "true", "0": "false", "off": "false", "perhaps": ""} {
		r := gittest.Bare(t)
		if value != "" {
			r.Git("config", "core.logAllRefUpdates", value)
		}
		if o := find(t, r.Dir).RefOptions(); o.LogAll != want || !o.Bare {
			t.Errorf("RefOptions for core.logAllRefUpdates=%q = %+v", value, o)
		}
	}
}

func TestFilePerm(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]fs.FileMode{
		"": 0, "false": 0, "umask": 0, "0": 0, "group": 0o664, "true": 0o664, "1": 0o664, "all": 0o664, "world": 0o664, "everybody": 0o664, "2": 0o664,
		"0640": 0o640, "0660": 0o660, "0666": 0o666, "0400": 0, "nonsense": 0, "0777": 0o666,
	} {
		r := gittest.WorkTree(t)
		if value != "" {
			config(r, "core.sharedRepository="+value)
		}
		config(r, "core.logAllRefUpdates=always")
		found := find(t, r.Dir)
		if got := found.FilePerm(); got != want {
			t.Errorf("FilePerm for %q = %o, want %o (with the umask 022)", value, got, want)
		}
		if o := found.RefOptions(); o.Perm != want || o.LogAll != "always" || o.Bare {
			t.Errorf("RefOptions for %q = %+v", value, o)
		}
	}
}
