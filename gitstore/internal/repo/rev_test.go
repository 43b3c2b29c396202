package repo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
)

// objects reads by way of git cat-file.
type objects struct{ *gittest.Repo }

func (o objects) Read(id object.ID) (object.Kind, []byte, error) {
	word, err := o.Try("cat-file", "-t", id.String())
	if err != nil {
		return 0, nil, err
	}
	kind, err := object.ParseKind(word)
	if err != nil {
		return 0, nil, err
	}
	raw, err := o.Command("cat-file", word, id.String()).Output()
	return kind, raw, err
}

func (o objects) Expand(prefix string) ([]object.ID, error) {
	var ids []object.ID
	for line := range strings.Lines(o.Git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")) {
		if strings.HasPrefix(line, prefix) {
			id, err := object.ParseID(strings.TrimSpace(line))
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func storeOf(r *repo.Repo) *refs.Store {
	return refs.Open(r.GitDir, r.CommonDir, nil, r.RefOptions())
}

func TestResolveRevLikeGit(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	one := r.Commit("one", "a", "1")
	r.Git("checkout", "-q", "-b", "feature/x")
	r.Commit("x", "x", "1")
	r.Git("checkout", "-q", "main")
	two := r.Commit("two", "a", "2")
	r.Git("merge", "-q", "--no-ff", "-m", "merge", "feature/x")
	r.Git("tag", "-a", "-m", "v", "v1", "HEAD~1")
	r.Git("tag", "-a", "-m", "w", "v1-again", "v1")
	r.Git("tag", "light", one)
	r.Git("update-ref", "refs/remotes/origin/dev", "HEAD~1")
	r.Git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/dev")
	r.Git("update-ref", "refs/pull/7/head", "HEAD~1")
	r.Git("update-ref", "ORIG_HEAD", one)
	r.Git("branch", "beef")
	found := find(t, r.Dir)
	for rev, ref := range map[string]string{
		"HEAD": "HEAD", "@": "HEAD", "main": "refs/heads/main", "heads/main": "refs/heads/main", "refs/heads/main": "refs/heads/main", "feature/x": "refs/heads/feature/x",
		"v1": "", "v1-again": "", "light": "", "tags/v1": "", "refs/tags/light": "", "origin/dev": "refs/remotes/origin/dev", "origin": "refs/remotes/origin/HEAD",
		"pull/7/head": "refs/pull/7/head", "ORIG_HEAD": "", "beef": "refs/heads/beef",
		one: "", two[:7]: "", strings.ToUpper(two[:10]): "", two[:4]: "",
		"HEAD~": "", "HEAD^": "", "HEAD^2": "", "HEAD~1^1": "", "HEAD^^": "", "main~2": "", "@~0": "", "HEAD^0": "", "v1^{}": "", "v1-again^{commit}~1": "", "HEAD^2~1": "", "HEAD~~": "",
	} {
		want, err := r.Try("rev-parse", "-q", "--verify", rev+"^{commit}")
		if err != nil {
			t.Fatal(err)
		}
		got, err := found.ResolveRev(storeOf(found), objects{r}, rev)
		if err != nil || got.Commit.String() != want || got.Ref != ref {
			t.Errorf("ResolveRev(%q) = %v, %q, %v; want %s, %q", rev, got.Commit, got.Ref, err, want, ref)
		}
	}

	tree, blob := r.Git("rev-parse", "HEAD^{tree}"), r.Git("rev-parse", "HEAD:a")
	r.Git("tag", "file", blob)
	r.Git("branch", "v1")
	for rev, want := range map[string]string{
		"mian": "did you mean main?", "Main": "main", "dev": "origin/dev", "feture/x": "feature/x", "zzzzzzzz": "git branch -a", "HEAD~9": "0 parents", "HEAD^3": "2 parents",
		"": "neither", "main:a": "neither", "main..v1": "neither", "main@{1}": "neither", "HEAD~99999999999999999999": "too far", "HEAD~x": "suffix", "HEAD^{tree}": "suffix", "~1": "neither",
		tree: "a tree", blob[:8]: "a tree or a file", "file": "a blob", "v1": "refs/tags/v1 or refs/heads/v1", "config": "neither", "0000": "neither", "a b": "neither",
	} {
		if got, err := found.ResolveRev(storeOf(found), objects{r}, rev); !errors.Is(err, repo.ErrUnknownRevision) || !strings.Contains(err.Error(), want) {
			t.Errorf("ResolveRev(%q) = %v, %v; want an error that says %q", rev, got, err, want)
		}
	}
	missing := strings.Repeat("1", 40)
	if _, err := found.ResolveRev(storeOf(found), objects{r}, missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("ResolveRev of a missing commit = %v", err)
	}
	r.Write(".git/refs/heads/torn", "torn")
	if _, err := found.ResolveRev(storeOf(found), objects{r}, "torn"); err == nil || errors.Is(err, repo.ErrUnknownRevision) {
		t.Errorf("ResolveRev of a damaged branch = %v", err)
	}
	empty := find(t, gittest.Bare(t).Dir)
	if _, err := empty.ResolveRev(storeOf(empty), objects{r}, "HEAD"); !errors.Is(err, repo.ErrUnknownRevision) || !strings.Contains(err.Error(), "unborn") {
		t.Errorf("ResolveRev of an unborn HEAD = %v", err)
	}
}

// Two objects whose ids begin alike.
func TestAmbiguousDigits(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("one", "a", "1")
	found := find(t, r.Dir)
	one, two := "12345678"+strings.Repeat("0", 32), "12345678"+strings.Repeat("f", 32)
	db := twins{}
	for _, hex := range []string{one, two} {
		id, err := object.ParseID(hex)
		if err != nil {
			t.Fatal(err)
		}
		db = append(db, id)
	}
	_, err := found.ResolveRev(storeOf(found), db, "123456")
	if !errors.Is(err, repo.ErrUnknownRevision) || !strings.Contains(err.Error(), one+" or "+two) {
		t.Errorf("ResolveRev = %v, want both commits named", err)
	}
	// A tag that leads to itself.
	loop := tagLoop{db[0]}
	if _, err := found.ResolveRev(storeOf(found), loop, one); !errors.Is(err, repo.ErrUnknownRevision) || !strings.Contains(err.Error(), "tag of a tag") {
		t.Errorf("ResolveRev of a circle of tags = %v", err)
	}
}

type twins []object.ID

func (twins) Read(object.ID) (object.Kind, []byte, error) { return object.KindCommit, nil, nil }
func (ids twins) Expand(string) ([]object.ID, error)      { return ids, nil }

type tagLoop struct{ id object.ID }

func (l tagLoop) Read(object.ID) (object.Kind, []byte, error) {
	return object.KindTag, []byte("object " + l.id.String() + "\ntype tag\ntag x\ntagger x <x> 0 +0000\n\nx\n"), nil
}
func (tagLoop) Expand(string) ([]object.ID, error) { return nil, nil }

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"main", "maim", "origin/main", "release", "releases", "x", strings.Repeat("long", 100)}
	for name, want := range map[string][]string{
		"mian": {"main"}, "mai": {"maim", "main"}, "MAIN": {"main", "maim", "origin/main"}, "relase": {"release", "releases"}, "y": {"x"}, "nothing": nil, strings.Repeat("main", 100): nil,
	} {
		if diff := cmp.Diff(want, repo.Nearest(name, names)); diff != "" {
			t.Errorf("Nearest(%q) (-want +got):\n%s", name, diff)
		}
	}
}

func TestGrafts(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	one := r.Commit("one", "a", "1")
	two := r.Commit("two", "a", "2")
	three := r.Commit("three", "a", "3")
	id := func(hex string) object.ID {
		id, err := object.ParseID(hex)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	seen := make(map[string]bool)
	check := func(r *gittest.Repo, parents map[object.ID][]object.ID, replace map[object.ID]object.ID) {
		t.Helper()
		found := find(t, r.Dir)
		g, err := found.Grafts(storeOf(found))
		if err != nil {
			t.Fatal(err)
		}
		if parents == nil {
			parents = map[object.ID][]object.ID{}
		}
		if replace == nil {
			replace = map[object.ID]object.ID{}
		}
		if diff := cmp.Diff([]any{parents, replace}, []any{g.Parents, g.Replace}); diff != "" {
			t.Errorf("Grafts (-want +got):\n%s", diff)
		}
		if g.Fingerprint == "" != (len(parents)+len(replace) == 0) || seen[g.Fingerprint] {
			t.Errorf("Fingerprint = %q", g.Fingerprint)
		}
		seen[g.Fingerprint] = true
		if again, err := found.Grafts(storeOf(found)); err != nil || again.Fingerprint != g.Fingerprint {
			t.Errorf("Fingerprint = %q, %v; was %q", again.Fingerprint, err, g.Fingerprint)
		}
		// Git walks the same way.
		for _, rev := range []string{"HEAD~1", "HEAD~2"} {
			want, gitErr := r.Try("rev-parse", "-q", "--verify", rev)
			got, err := found.ResolveRev(storeOf(found), objects{r}, rev)
			if (err == nil) != (gitErr == nil) || err == nil && got.Commit.String() != want {
				t.Errorf("ResolveRev(%s) = %v, %v; git says %q, %v", rev, got.Commit, err, want, gitErr)
			}
		}
	}
	check(r, nil, nil)
	shallow := r.Clone("--depth=2")
	check(shallow, map[object.ID][]object.ID{id(two): {}}, nil)
	r.Git("replace", two, one)
	check(r, nil, map[object.ID]object.ID{id(two): id(one)})
	r.Git("config", "core.useReplaceRefs", "false")
	delete(seen, "")
	check(r, nil, nil)
	r.Write(".git/info/grafts", "# comment\n\n"+three+" "+one+"\n")
	check(r, map[object.ID][]object.ID{id(three): {id(one)}}, nil)
	r.Git("config", "core.useReplaceRefs", "true")
	check(r, map[object.ID][]object.ID{id(three): {id(one)}}, map[object.ID]object.ID{id(two): id(one)})

	for name, text := range map[string]string{".git/info/grafts": "nonsense\n", ".git/shallow": one + " " + two + "\n"} {
		r.Write(name, text)
		found := find(t, r.Dir)
		if _, err := found.Grafts(storeOf(found)); err == nil || !strings.Contains(err.Error(), name+":1") {
			t.Errorf("Grafts with a damaged %s = %v", name, err)
		}
		if _, err := found.ResolveRev(storeOf(found), objects{r}, "HEAD~1"); err == nil {
			t.Errorf("ResolveRev with a damaged %s worked", name)
		}
		os.Remove(r.Path(name))
	}
	config(r, "core.useReplaceRefs=perhaps")
	found := find(t, r.Dir)
	if _, err := found.Grafts(storeOf(found)); err == nil {
		t.Error("Grafts with a damaged configuration worked")
	}
}

func worktrees(t *testing.T, r *gittest.Repo) []repo.Worktree {
	t.Helper()
	list, err := find(t, r.Dir).Worktrees()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWorktrees(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	hex := r.Commit("one", "a", "1")
	one, err := object.ParseID(hex)
	if err != nil {
		t.Fatal(err)
	}
	linked := r.Linked("side")
	detached := filepath.Join(t.TempDir(), "detached")
	r.Git("worktree", "add", "-q", "--detach", detached)
	gone := r.Linked("gone")
	os.RemoveAll(gone.Dir)
	os.MkdirAll(r.Path(".git/worktrees/stray"), 0o777)

	byPath := func(list []repo.Worktree) map[string]repo.Worktree {
		m := make(map[string]repo.Worktree)
		for _, w := range list {
			w.GitDir = strings.TrimPrefix(w.GitDir, r.Dir)
			m[w.Path] = w
		}
		return m
	}
	want := map[string]repo.Worktree{
		r.Dir:      {Path: r.Dir, GitDir: "/.git", Branch: "refs/heads/main", Head: one, Main: true},
		linked.Dir: {Path: linked.Dir, GitDir: "/.git/worktrees/linked", Branch: "refs/heads/side", Head: one},
		detached:   {Path: detached, GitDir: "/.git/worktrees/detached", Head: one},
		gone.Dir:   {Path: gone.Dir, GitDir: "/.git/worktrees/linked1", Branch: "refs/heads/gone", Head: one, Gone: true},
	}
	for _, from := range []*gittest.Repo{r, linked} {
		list := worktrees(t, from)
		if diff := cmp.Diff(want, byPath(list)); diff != "" || !list[0].Main {
			t.Errorf("Worktrees from %s (-want +got):\n%s", from.Dir, diff)
		}
	}
	os.WriteFile(filepath.Join(linked.GitDir(), "HEAD"), []byte("ref: refs/heads/\n"), 0o666)
	w := want[linked.Dir]
	w.Branch, w.Head = "", object.ID{}
	want[linked.Dir] = w
	if diff := cmp.Diff(want, byPath(worktrees(t, r))); diff != "" {
		t.Errorf("Worktrees with one broken (-want +got):\n%s", diff)
	}

	bare := r.Clone("--bare")
	list := worktrees(t, bare)
	if len(list) != 1 || list[0].Path != "" || !list[0].Main || list[0].Branch != "refs/heads/main" {
		t.Errorf("Worktrees of a bare repository = %+v", list)
	}
	other := bare.Linked("other")
	if list = worktrees(t, other); len(list) != 2 || list[0].Path != "" || list[1].Path != other.Dir || list[1].Branch != "refs/heads/other" {
		t.Errorf("Worktrees of a bare repository, from a linked one = %+v", list)
	}
}

func TestInProgress(t *testing.T) {
	t.Parallel()
	// Two branches that cannot be merged without a conflict.
	prepare := func() *gittest.Repo {
		r := gittest.WorkTree(t)
		r.Commit("base", "a", "0")
		r.Git("checkout", "-q", "-b", "side")
		r.Commit("side one", "b", "side")
		r.Git("branch", "middle")
		r.Commit("side two", "a", "side")
		r.Git("checkout", "-q", "main")
		r.Commit("main", "a", "main")
		return r
	}
	for name, c := range map[string]struct {
		begin [][]string
		want  repo.Worktree
	}{
		"merge":       {[][]string{{"merge", "side"}}, repo.Worktree{InProgress: "merge", Branch: "refs/heads/main"}},
		"cherry-pick": {[][]string{{"cherry-pick", "side"}}, repo.Worktree{InProgress: "cherry-pick", Branch: "refs/heads/main"}},
		"revert":      {[][]string{{"revert", "side"}}, repo.Worktree{InProgress: "revert", Branch: "refs/heads/main"}},
		"rebase":      {[][]string{{"rebase", "main", "side"}}, repo.Worktree{InProgress: "rebase", RebaseOf: "refs/heads/side"}},
		"apply":       {[][]string{{"rebase", "--apply", "main", "side"}}, repo.Worktree{InProgress: "rebase", RebaseOf: "refs/heads/side"}},
		"update-refs": {[][]string{{"rebase", "--update-refs", "main", "side"}}, repo.Worktree{InProgress: "rebase", RebaseOf: "refs/heads/side", UpdateRefs: []string{"refs/heads/middle"}}},
		"detached":    {[][]string{{"checkout", "-q", "--detach", "side"}, {"rebase", "main"}}, repo.Worktree{InProgress: "rebase"}},
		"bisect":      {[][]string{{"bisect", "start", "side", "side~1"}}, repo.Worktree{InProgress: "bisect"}},
		"am":          {[][]string{{"format-patch", "-q", "-1", "-o", "..", "side"}, {"am", "../0001-side-two.patch"}}, repo.Worktree{InProgress: "am", Branch: "refs/heads/main"}},
		"none":        {nil, repo.Worktree{Branch: "refs/heads/main"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := prepare()
			for i, args := range c.begin {
				if _, err := r.Try(args...); (err == nil) == (i == len(c.begin)-1 && name != "bisect") {
					t.Fatalf("git %v: %v", args, err)
				}
			}
			got := worktrees(t, r)[0]
			if name == "bisect" && got.Branch != "" { // where it stands depends on the number of commits
				got.Branch = ""
			}
			got = repo.Worktree{InProgress: got.InProgress, RebaseOf: got.RebaseOf, UpdateRefs: got.UpdateRefs, Branch: got.Branch}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Worktrees (-want +got):\n%s\n%s", diff, r.Git("status"))
			}
		})
	}
}
