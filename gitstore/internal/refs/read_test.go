package refs_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	if dir := os.Getenv("REFS_TEST_DIR"); dir != "" {
		pump(dir)
	}
	os.Exit(m.Run())
}

// open opens the references of a repository for reading and writing.
func open(t *testing.T, r *gittest.Repo, o refs.Options) *refs.Store {
	t.Helper()
	gitDir := r.GitDir()
	common := r.Git("rev-parse", "--path-format=absolute", "--git-common-dir")
	owner, err := lockfile.Open(common)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { owner.Close() })
	o.Bare = r.Bare
	return refs.Open(gitDir, common, owner, o)
}

func parse(t *testing.T, hex string) object.ID {
	t.Helper()
	id, err := object.ParseID(hex)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantRead(t *testing.T, s *refs.Store, name, want string) {
	t.Helper()
	id, err := s.Read(name)
	if err != nil || id.String() != want {
		t.Errorf("Read(%q) = %v, %v; want %s", name, id, err, want)
	}
}

func wantMissing(t *testing.T, s *refs.Store, name string) {
	t.Helper()
	if id, err := s.Read(name); !errors.Is(err, refs.ErrNotFound) {
		t.Errorf("Read(%q) = %v, %v; want %v", name, id, err, refs.ErrNotFound)
	}
}

// write puts a file into the git directory.
func write(t *testing.T, r *gittest.Repo, name, text string) {
	t.Helper()
	path := filepath.Join(r.GitDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// listOf is the references as git lists them.
func listOf(t *testing.T, r *gittest.Repo, prefix string) []refs.Ref {
	t.Helper()
	var list []refs.Ref
	for line := range strings.Lines(r.Git("for-each-ref", "--format=%(refname) %(objectname) %(symref)", prefix)) {
		fields := strings.Fields(line)
		list = append(list, refs.Ref{Name: fields[0], ID: parse(t, fields[1]), Target: strings.Join(fields[2:], "")})
	}
	return list
}

func TestReadAndListLikeGit(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r, refs.Options{})
	if list, err := s.List(""); err != nil || list != nil {
		t.Errorf("List of nothing = %v, %v", list, err)
	}
	r.Commit("one", "a", "1")
	r.Git("branch", "feature/one")
	r.Git("branch", "größe")
	r.Git("tag", "-a", "-m", "t", "v1")
	r.Git("tag", "light")
	r.Git("pack-refs", "--all")
	r.Commit("two", "a", "2")
	r.Git("branch", "-f", "feature/one")
	r.Git("branch", "feature/two")
	r.Git("symbolic-ref", "refs/heads/alias", "refs/heads/feature/two")
	r.Git("update-ref", "refs/bisect/bad", "HEAD")
	r.Git("update-ref", "refs/heads/a-b", "HEAD~1")
	linked := r.Linked("other")
	linked.Git("update-ref", "refs/worktree/mine", "HEAD")

	for _, r := range []*gittest.Repo{r, linked} {
		for range 2 { // the second time from packed-refs alone, as far as git packs
			s := open(t, r, refs.Options{})
			for _, prefix := range []string{"refs/", "refs/heads/", "refs/heads/feature/", "refs/tags/", "refs/worktree/", "refs/none/"} {
				want := listOf(t, r, prefix)
				for _, ref := range want {
					wantRead(t, s, ref.Name, ref.ID.String())
				}
				got, err := s.List(prefix)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("List(%q) (-git +ours):\n%s", prefix, diff)
				}
			}
			wantRead(t, s, "HEAD", r.Git("rev-parse", "HEAD"))
			wantMissing(t, s, "refs/heads/none")
			wantMissing(t, s, "refs/heads/feature")
			wantMissing(t, s, "refs/heads/main/below")
			wantMissing(t, s, "MERGE_HEAD")
			r.Git("pack-refs", "--all", "--prune")
		}
	}
	if got, err := s.List("refs/heads/fea"); err != nil || len(got) != 2 {
		t.Errorf("List by the beginning of a name = %v, %v", got, err)
	}
	for prefix, want := range map[string]int{"": 10, "re": 10, "xyz": 0, "refs/heads/main/": 0} {
		if got, err := s.List(prefix); err != nil || len(got) != want {
			t.Errorf("List(%q) has %d references, %v; want %d", prefix, len(got), err, want)
		}
	}
}

// Many packed references: the search must find each, and nothing between them.
func TestPackedSearch(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	commit := r.Commit("one", "a", "1")
	tag := strings.Repeat("0123456789", 4)
	for _, sorted := range []bool{true, false} {
		for _, n := range []int{0, 1, 2, 3, 100} {
			var lines, names []string
			for i := range n {
				name := fmt.Sprintf("refs/tags/%d/x", i*7919%1000)
				names = append(names, name)
				line := commit + " " + name + "\n"
				if i%3 == 0 {
					line += "^" + tag + "\n"
				}
				lines = append(lines, line)
			}
			header := "# pack-refs with: peeled fully-peeled \n"
			if sorted {
				slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[41:], b[41:]) })
				header = "# pack-refs with: peeled fully-peeled sorted \n"
			}
			write(t, r, "packed-refs", header+strings.Join(lines, ""))
			s := open(t, r, refs.Options{})
			for _, name := range names {
				wantRead(t, s, name, commit)
				wantMissing(t, s, name+"y")
				wantMissing(t, s, strings.TrimSuffix(name, "/x"))
			}
			if list, err := s.List("refs/tags/"); err != nil || len(list) != n {
				t.Errorf("List has %d references, %v; want %d", len(list), err, n)
			}
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	commit := r.Commit("one", "a", "1")
	git := r.GitDir()
	s := open(t, r, refs.Options{})

	for name, text := range map[string]string{
		"empty": "", "short": commit[:39], "long": commit + "0\n", "other": "hello\n", "zeros": "\x00\x00\x00\x00",
		"outside": "ref: ../../secret\n", "absolute": "ref: /etc/passwd\n", "config": "ref: config\n", "huge": strings.Repeat("x", 5000),
		"hugeref": "ref: refs/heads/" + strings.Repeat("x", 5000),
	} {
		write(t, r, "refs/heads/"+name, text)
		if id, err := s.Read("refs/heads/" + name); err == nil || errors.Is(err, refs.ErrNotFound) || !strings.Contains(err.Error(), filepath.Join(git, "refs/heads", name)) {
			t.Errorf("Read of %s = %v, %v; want an error that names the file", name, id, err)
		}
		if _, err := s.Lock(t.Context(), "refs/heads/"+name); err == nil {
			t.Errorf("Lock of %s worked", name)
		}
	}
	for name, text := range map[string]string{"upper": strings.ToUpper(commit), "noeol": commit, "spaces": commit + " \r\n", "far": "ref:   refs/heads/main  \n"} {
		write(t, r, "refs/heads/"+name, text)
		wantRead(t, s, "refs/heads/"+name, commit)
		if got := r.Git("rev-parse", "refs/heads/"+name); got != commit {
			t.Errorf("git reads %s as %s", name, got)
		}
	}
	if list, err := s.List("refs/"); err != nil || len(list) != 5 {
		t.Errorf("List beside broken references = %v, %v; want the 5 whole ones", list, err)
	}

	write(t, r, "refs/heads/c1", "ref: refs/heads/c2\n")
	write(t, r, "refs/heads/c2", "ref: refs/heads/c1\n")
	if _, err := s.Read("refs/heads/c1"); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("Read of a circle = %v", err)
	}
	write(t, r, "refs/heads/lost", "ref: refs/heads/nowhere\n")
	if _, err := s.Read("refs/heads/lost"); !errors.Is(err, refs.ErrNotFound) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("Read of a reference that leads nowhere = %v", err)
	}
	for _, name := range []string{"", "refs/heads/../../config", "refs/heads/.x", "config", "refs/heads/x.lock", "../HEAD"} {
		if _, err := s.Read(name); err == nil || errors.Is(err, refs.ErrNotFound) {
			t.Errorf("Read(%q) = %v, want an error about the name", name, err)
		}
	}

	// A link instead of a symbolic reference, as git made them once; a link elsewhere; a pipe.
	if err := os.Symlink("refs/heads/main", filepath.Join(git, "refs/heads/link")); err != nil {
		t.Fatal(err)
	}
	wantRead(t, s, "refs/heads/link", commit)
	if err := os.Symlink(filepath.Join(git, "refs/heads/main"), filepath.Join(git, "refs/heads/away")); err != nil {
		t.Fatal(err)
	}
	wantRead(t, s, "refs/heads/away", commit)
	if err := exec.Command("mkfifo", filepath.Join(git, "refs/heads/pipe")).Run(); err == nil {
		if _, err := s.Read("refs/heads/pipe"); err == nil {
			t.Error("read a reference from a named pipe")
		}
	}

	for _, text := range []string{"junk\n", commit + " refs/heads/p", commit + "\n", "^" + commit + "\n", commit[:20] + " refs/heads/p\n"} {
		for _, header := range []string{"", "# pack-refs with: peeled fully-peeled sorted \n"} {
			write(t, r, "packed-refs", header+text)
			if _, err := s.Read("refs/heads/p"); err == nil || !strings.Contains(err.Error(), "packed-refs") {
				t.Errorf("Read from packed-refs %q = %v", text, err)
			}
			if _, err := s.List("refs/heads/"); err == nil {
				t.Errorf("List from packed-refs %q worked", text)
			}
		}
	}
	wantRead(t, s, "refs/heads/main", commit) // loose: packed-refs doesn't matter
}

// A file that another program writes in place is empty for a moment.
func TestTornWrite(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	commit := r.Commit("one", "a", "1")
	s := open(t, r, refs.Options{})
	path := filepath.Join(r.Dir, "refs/heads/main")
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			os.WriteFile(path, []byte(commit+"\n"), 0o666)
			time.Sleep(100 * time.Microsecond) // others do something else, too
		}
	}()
	for range 2000 {
		wantRead(t, s, "refs/heads/main", commit)
	}
	stop.Store(true)
	<-done
}

func TestHead(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r, refs.Options{})
	check := func(want refs.Head) {
		t.Helper()
		for range 2 {
			got, err := s.Head()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Head (-want +got):\n%s", diff)
			}
		}
	}
	check(refs.Head{Branch: "refs/heads/main", Unborn: true})
	one := parse(t, r.Commit("one", "a", "1"))
	check(refs.Head{Branch: "refs/heads/main", ID: one})
	two := parse(t, r.Commit("two", "a", "2"))
	check(refs.Head{Branch: "refs/heads/main", ID: two})
	r.Git("checkout", "-q", "-b", "side", "HEAD~1")
	check(refs.Head{Branch: "refs/heads/side", ID: one})
	r.Git("checkout", "-q", "--detach", "main")
	check(refs.Head{ID: two, Detached: true})
	r.Git("symbolic-ref", "HEAD", "refs/heads/main")
	r.Git("pack-refs", "--all")
	check(refs.Head{Branch: "refs/heads/main", ID: two})
	r.Git("symbolic-ref", "refs/heads/alias", "refs/heads/side")
	r.Git("symbolic-ref", "HEAD", "refs/heads/alias")
	check(refs.Head{Branch: "refs/heads/side", ID: one})

	linked := r.Linked("other")
	if h, err := open(t, linked, refs.Options{}).Head(); err != nil || h.Branch != "refs/heads/other" {
		t.Errorf("Head of a linked work tree = %+v, %v", h, err)
	}

	head := filepath.Join(r.GitDir(), "HEAD")
	write(t, r, "HEAD", "nonsense\n")
	if _, err := s.Head(); err == nil || !strings.Contains(err.Error(), head) {
		t.Errorf("Head = %v, want an error that names the file", err)
	}
	os.Remove(head)
	if err := os.Symlink("refs/heads/main", head); err != nil {
		t.Fatal(err)
	}
	check(refs.Head{Branch: "refs/heads/main", ID: two})
	os.Remove(head)
	os.Symlink("refs/heads/side", head)
	check(refs.Head{Branch: "refs/heads/side", ID: one})
	os.Remove(head)
	if _, err := s.Head(); err == nil || !strings.Contains(err.Error(), "removed") {
		t.Errorf("Head without HEAD = %v", err)
	}
}

// HEAD switches many times within a tick of the kernel's clock, between files
// of one size.
func TestHeadSwitchesFast(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("one", "a", "1")
	s := open(t, r, refs.Options{})
	head := filepath.Join(r.Dir, "HEAD")
	for i := range 200 {
		want := fmt.Sprintf("refs/heads/%04d", i)
		if i%2 == 0 {
			os.WriteFile(head, []byte("ref: "+want+"\n"), 0o666)
		} else {
			os.WriteFile(head+".new", []byte("ref: "+want+"\n"), 0o666)
			os.Rename(head+".new", head)
		}
		if h, err := s.Head(); err != nil || h.Branch != want {
			t.Fatalf("Head = %+v, %v; want %s", h, err, want)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	for _, name := range []string{
		"refs/heads/main", "refs/heads/a/b", "refs/heads/größe", "refs/heads/a.b", "refs/heads/-x", "refs/heads/a@b", "refs/heads/{x}", "refs/x", "refs/heads/@",
		"refs/heads/", "refs//heads", "/refs/heads/x", "refs/heads/.x", "refs/heads/x.lock", "refs/heads/x.lock/y", "refs/heads/x.", "refs/heads/a..b", "refs/heads/a b",
		"refs/heads/a\x01", "refs/heads/a\x7f", "refs/heads/a~", "refs/heads/a^", "refs/heads/a:b", "refs/heads/a?", "refs/heads/a*", "refs/heads/a[", "refs/heads/a\\b",
		"refs/heads/a@{b", "refs", "refs/heads/a./b", "refs/heads/\xff",
	} {
		_, gitErr := r.Try("check-ref-format", name)
		if err := refs.CheckName(name); (err == nil) != (gitErr == nil) {
			t.Errorf("CheckName(%q) = %v; git says %v", name, err, gitErr)
		}
	}
	for _, name := range []string{"", "@", "HEAD", "heads/main", "config"} {
		if refs.CheckName(name) == nil {
			t.Errorf("CheckName(%q) = nil, but that is no full name", name)
		}
	}
}

func FuzzLoose(f *testing.F) {
	f.Add("0123456789012345678901234567890123456789\n", "# pack-refs with: sorted\n0123456789012345678901234567890123456789 refs/heads/y\n")
	f.Add("ref: refs/heads/y", "0123456789012345678901234567890123456789 refs/heads/z\n^0123456789012345678901234567890123456789\n0123456789012345678901234567890123456789 refs/heads/y\n")
	dir := f.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "refs", "heads"), 0o777); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, loose, packed string) {
		os.WriteFile(filepath.Join(dir, "refs/heads/x"), []byte(loose), 0o666)
		os.WriteFile(filepath.Join(dir, "packed-refs"), []byte(packed), 0o666)
		s := refs.Open(dir, dir, nil, refs.Options{})
		id, err := s.Read("refs/heads/x")
		if err == nil && id.IsZero() && !strings.Contains(loose+packed, strings.Repeat("0", 40)) {
			t.Errorf("Read = zero from %q and %q", loose, packed)
		}
		list, err := s.List("refs/heads/")
		if err != nil {
			return
		}
		for _, ref := range list {
			if id, err := s.Read(ref.Name); err == nil && id != ref.ID {
				t.Errorf("Read(%q) = %v, List has %v", ref.Name, id, ref.ID)
			}
		}
	})
}
