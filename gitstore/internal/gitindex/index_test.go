package gitindex

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

func mustParse(t testing.TB, raw []byte) *Index {
	t.Helper()
	x, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func readIndex(t testing.TB, r *gittest.Repo) *Index {
	t.Helper()
	raw, err := os.ReadFile(r.Path(".git/index"))
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(t, raw)
}

func writeIndex(t testing.TB, r *gittest.Repo, x *Index) {
	t.Helper()
	if err := os.WriteFile(r.Path(".git/index"), x.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// show prints entries as git ls-files --stage --debug does.
func show(x *Index) string {
	var b strings.Builder
	for i := range x.Len() {
		e := x.Entry(i)
		flags := uint32(0)
		if e.AssumeValid {
			flags |= 0x8000
		}
		if e.SkipWorktree || e.IntentToAdd {
			flags |= flagExtended
		}
		if e.SkipWorktree {
			flags |= extSkipWorktree << 16
		}
		if e.IntentToAdd {
			flags |= extIntentToAdd << 16
		}
		s := e.Stat
		fmt.Fprintf(&b, "%06o %s %d\t%s\n", e.Mode, e.ID, e.Stage, e.Path)
		fmt.Fprintf(&b, "  ctime: %d:%d\n  mtime: %d:%d\n  dev: %d\tino: %d\n  uid: %d\tgid: %d\n  size: %d\tflags: %x\n",
			s.CtimeSec, s.CtimeNsec, s.MtimeSec, s.MtimeNsec, s.Dev, s.Ino, s.UID, s.GID, s.Size, flags|uint32(e.Stage)<<12)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func gitShow(r *gittest.Repo) string {
	return r.Git("-c", "core.quotePath=false", "ls-files", "--stage", "--debug")
}

// content of an index: path to blob.
type content map[string]object.ID

// fill makes the repository's index, in a version, with a valid cache tree.
func (c content) fill(r *gittest.Repo, version int) {
	os.Remove(r.Path(".git/index"))
	var in strings.Builder
	for p, id := range c {
		fmt.Fprintf(&in, "100644 %s\t%s\n", id, p)
	}
	r.Pipe(in.String(), "update-index", "--index-info")
	r.Git("update-index", "--index-version", fmt.Sprint(version))
	r.Git("write-tree")
}

// trees gives the tree of each folder.
func (c content) trees(r *gittest.Repo) map[string]object.ID {
	m := map[string]object.ID{}
	var in strings.Builder
	for p, id := range c {
		fmt.Fprintf(&in, "100644 %s\t%s\n", id, p)
	}
	index := "GIT_INDEX_FILE=" + r.Path(".git/scratch")
	os.Remove(r.Path(".git/scratch"))
	cmd := r.Command("update-index", "--index-info")
	cmd.Env = append(cmd.Env, index)
	cmd.Stdin = strings.NewReader(in.String())
	if err := cmd.Run(); err != nil {
		panic(err)
	}
	cmd = r.Command("write-tree")
	cmd.Env = append(cmd.Env, index)
	out, err := cmd.Output()
	if err != nil {
		panic(err)
	}
	root := strings.TrimSpace(string(out))
	m[""], _ = object.ParseID(root)
	for _, line := range strings.Split(r.Git("ls-tree", "-r", "-t", "-d", "-z", root), "\x00") {
		info, name, ok := strings.Cut(line, "\t")
		if ok {
			m[name], _ = object.ParseID(strings.Fields(info)[2])
		}
	}
	return m
}

func blobs(t testing.TB, r *gittest.Repo, n int) []object.ID {
	var ids []object.ID
	for i := range n {
		id, err := object.ParseID(r.Pipe(fmt.Sprint("text ", i), "hash-object", "-w", "--stdin"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

var samplePaths = []string{
	"a", "a.b", "a-b/x", "a0", "b/a", "b/b/c", "b/b/d", "b/c", "b0", "c/d/e/f/g", "ä/ö ü", "z/" + strings.Repeat("long", 1100), "z/y",
}

// TestPatch makes random edits and compares with an index that git made from
// nothing, entry for entry, and with the tree that git writes from it: a cache
// tree that is wrong would show there.
func TestPatch(t *testing.T) {
	t.Parallel()
	for _, version := range []int{2, 3, 4} {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			ids := blobs(t, r, 4)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 0))
			have := content{}
			for _, p := range samplePaths[:8] {
				have[p] = ids[0]
			}
			for round := range 15 {
				if round%5 == 0 {
					have.fill(r, version)
				}
				x := readIndex(t, r)
				if version != 3 && x.Version() != version {
					t.Fatalf("version %d, want %d", x.Version(), version)
				}
				want := maps.Clone(have)
				var edits []Edit
				for _, i := range rnd.Perm(len(samplePaths))[:1+rnd.IntN(4)] {
					p := samplePaths[i]
					e := Edit{Path: p, Entry: &Entry{Path: p, Mode: 0o100644, ID: ids[rnd.IntN(len(ids))], Stat: Stat{1, 2, 3, 4, 5, 6, 7, 8, 9}}}
					if rnd.IntN(3) == 0 {
						e.Entry = nil
						delete(want, p)
					} else {
						want[p] = e.Entry.ID
					}
					edits = append(edits, e)
				}
				before, after := have.trees(r), want.trees(r)
				y := x.Patch(edits, func(dir string) (a, b object.ID) { return before[dir], after[dir] })
				again := mustParse(t, y.Bytes())
				if diff := cmp.Diff(y, again, cmp.AllowUnexported(Index{}, ref{}, extension{}, node{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(extension{}, "data")); diff != "" {
					t.Fatalf("what is kept and what is written differ:\n%s", diff)
				}
				if x.tree != nil && len(want) > 0 && (y.tree == nil || y.tree.id != after[""] || y.tree.count != len(want)) {
					t.Errorf("round %d: cache tree %+v, want %s of %d", round, y.tree, after[""], len(want))
				}
				writeIndex(t, r, y)
				if diff := cmp.Diff(gitShow(r), show(y)); diff != "" {
					t.Fatalf("git reads another index:\n%s", diff)
				}
				var listed []string
				for i := range y.Len() {
					listed = append(listed, string(y.Path(i)))
				}
				if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), listed, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("paths:\n%s", diff)
				}
				if got := r.Git("write-tree"); got != after[""].String() {
					t.Fatalf("round %d: git writes tree %s, want %s", round, got, after[""])
				}
				for p := range want {
					if dir := path.Dir(p); dir != "." && !y.Below(dir) || y.Below(p) {
						t.Errorf("Below is wrong near %s", p)
					}
				}
				have = want
			}
		})
	}
}

// TestPatchKeepsOtherStaging has a change staged beside the patched path: the
// cache tree must not say that the commit's tree is what the index holds.
func TestPatchKeepsOtherStaging(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	ids := blobs(t, r, 3)
	head := content{"d/a": ids[0], "d/b": ids[0], "e/c": ids[0]}
	before := head.trees(r)
	head["d/a"] = ids[1]
	after := head.trees(r)

	staged := content{"d/a": ids[0], "d/b": ids[2], "e/c": ids[0]} // written, so the cache tree is valid but not HEAD's
	staged.fill(r, 2)
	y := readIndex(t, r).Patch([]Edit{{"d/a", &Entry{Path: "d/a", Mode: 0o100644, ID: ids[1]}}}, func(dir string) (a, b object.ID) { return before[dir], after[dir] })
	writeIndex(t, r, y)
	staged["d/a"] = ids[1]
	if got, want := r.Git("write-tree"), staged.trees(r)[""].String(); got != want {
		t.Errorf("git writes tree %s, want %s", got, want)
	}
	if y.tree.valid() {
		t.Error("the root of the cache tree is valid")
	}
	if i, ok := y.tree.find("e"); !ok || !y.tree.subs[i].valid() {
		t.Error("a folder that was not touched is not valid")
	}
}

// TestExtensions has git write what it can, and reads it.
func TestExtensions(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("first", "a", "1", "d/b", "2", "d/c", "3")
	r.Git("config", "index.threads", "2")
	r.Git("config", "core.untrackedCache", "true")
	r.Git("update-index", "--untracked-cache")
	r.Write("new", "untracked")
	r.Git("status")
	r.Git("update-index", "--assume-unchanged", "d/b")
	r.Git("update-index", "--skip-worktree", "d/c")
	r.Git("add", "-N", "new")
	r.Git("update-index", "--force-write-index")
	x := readIndex(t, r)
	if x.Version() != 3 {
		t.Errorf("version %d, want 3", x.Version())
	}
	if diff := cmp.Diff(gitShow(r), show(x)); diff != "" {
		t.Errorf("git reads another index:\n%s", diff)
	}
	id := x.Entry(0).ID
	e := x.Entry(1)
	if !e.AssumeValid || !x.Entry(2).SkipWorktree || !x.Entry(3).IntentToAdd {
		t.Errorf("flags are not read: %s", show(x))
	}
	e.ID = id
	y := x.Patch([]Edit{{e.Path, &e}}, nil)
	writeIndex(t, r, y)
	if diff := cmp.Diff(gitShow(r), show(y)); diff != "" {
		t.Errorf("git reads another index:\n%s", diff)
	}
	names := map[string]bool{}
	for _, ext := range mustParse(t, y.Bytes()).exts {
		names[ext.name] = true
	}
	if !names["TREE"] || !names["UNTR"] {
		t.Errorf("extensions %v, want TREE and UNTR", names)
	}
	if got := r.Git("status", "--porcelain"); !strings.Contains(got, "M  d/b") {
		t.Errorf("status %q", got)
	}
}

// TestConflict has one path three times; a patch leaves it once.
func TestConflict(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("base", "f", "base", "g", "g")
	r.Git("checkout", "-q", "-b", "side")
	r.Commit("side", "f", "side")
	r.Git("checkout", "-q", "main")
	r.Commit("main", "f", "main")
	if _, err := r.Try("merge", "side"); err == nil {
		t.Fatal("no conflict")
	}
	x := readIndex(t, r)
	if diff := cmp.Diff(gitShow(r), show(x)); diff != "" {
		t.Fatalf("git reads another index:\n%s", diff)
	}
	i, ok := x.Find("f")
	if !ok || x.Entry(i).Stage != 1 || x.Entry(i+2).Stage != 3 {
		t.Fatalf("Find(f) = %d, %v in\n%s", i, ok, show(x))
	}
	e := x.Entry(i)
	e.Stage = 0
	y := x.Patch([]Edit{{"f", &e}}, nil)
	writeIndex(t, r, y)
	if got := r.Git("ls-files", "--unmerged"); got != "" || y.Len() != 2 {
		t.Errorf("still unmerged: %s", got)
	}
}

func TestSplitAndSparse(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("first", "a/x", "1", "b/y", "2")
	raw := func() []byte {
		data, err := os.ReadFile(r.Path(".git/index"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	r.Git("update-index", "--split-index")
	if _, err := Parse(raw()); !errors.Is(err, ErrSplit) {
		t.Errorf("split: %v", err)
	}
	r.Git("update-index", "--no-split-index")
	r.Git("sparse-checkout", "set", "--cone", "--sparse-index", "a")
	if _, err := Parse(raw()); !errors.Is(err, ErrSparse) {
		t.Errorf("sparse: %v", err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	id := blobs(t, r, 1)[0]
	for _, version := range []int{2, 4} {
		x := New(version).Patch([]Edit{{"d/f", &Entry{Path: "d/f", Mode: 0o100755, ID: id}}}, nil)
		writeIndex(t, r, x)
		if got, want := r.Git("ls-files", "--stage"), "100755 "+id.String()+" 0\td/f"; got != want || x.Version() != version {
			t.Errorf("version %d: git reads %q, want %q", version, got, want)
		}
	}
}

// TestSkipHash: who turned the hash off gets none.
func TestSkipHash(t *testing.T) {
	t.Parallel()
	raw := slices.Clone(New(2).Bytes())
	clear(raw[len(raw)-hashSize:])
	x := mustParse(t, raw).Patch([]Edit{{"f", &Entry{Path: "f", Mode: 0o100644}}}, nil)
	if sum := x.Bytes()[len(x.Bytes())-hashSize:]; !bytes.Equal(sum, make([]byte, hashSize)) {
		t.Errorf("hash %x, want none", sum)
	}
}

// TestDamage changes and cuts a real index everywhere: an error or an index,
// never a panic; and nothing that the checksum covers goes through.
func TestDamage(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("first", "a/x", "1", "b/y", "2", "b/z/w", "3")
	for _, version := range []int{2, 4} {
		r.Git("update-index", "--index-version", fmt.Sprint(version))
		raw := readIndex(t, r).Bytes()
		for i := range raw {
			if _, err := Parse(raw[:i]); err == nil {
				t.Fatalf("cut to %d bytes: no error", i)
			}
			for _, flip := range []byte{1, 0x80, 0xff} {
				bad := slices.Clone(raw)
				bad[i] ^= flip
				if _, err := Parse(bad); err == nil {
					t.Fatalf("byte %d changed: no error", i)
				}
				exercise(reseal(bad))
			}
		}
	}
}

// reseal makes the checksum right.
func reseal(raw []byte) []byte {
	if len(raw) < hashSize {
		return raw
	}
	clear(raw[len(raw)-hashSize:])
	return raw
}

// exercise does all that can be done with an index.
func exercise(raw []byte) {
	x, err := Parse(raw)
	if err != nil {
		return
	}
	for i := range x.Len() {
		x.Entry(i)
		x.Mtime(i)
		x.Below(string(x.Path(i)))
	}
	edits := []Edit{{"b/q", &Entry{Path: "b/q", Mode: 0o100644}}}
	if x.Len() > 0 {
		edits = append(edits, Edit{Path: string(x.Path(x.Len() / 2))})
	}
	y := x.Patch(edits, func(string) (a, b object.ID) { return object.ID{1}, object.ID{2} })
	if _, err := Parse(y.Bytes()); err != nil {
		panic(fmt.Sprintf("what Patch made is damaged: %v", err))
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range []int{2, 4} {
		x := New(v).Patch([]Edit{{"a/b", &Entry{Path: "a/b", Mode: 0o100644}}, {"c", &Entry{Path: "c", SkipWorktree: true}}}, nil)
		f.Add(reseal(slices.Clone(x.Bytes())))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { exercise(reseal(slices.Clone(raw))) })
}

func FuzzCacheTree(f *testing.F) {
	f.Add([]byte("\x002 1\n12345678901234567890d\x001 0\n12345678901234567890"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := parseTree(raw)
		if err != nil || n == nil {
			return
		}
		again, err := parseTree(n.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(n.append(nil), again.append(nil)) {
			t.Fatal("not the same after writing and reading")
		}
	})
}
