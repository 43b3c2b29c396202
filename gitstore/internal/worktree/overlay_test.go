package worktree

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/google/go-cmp/cmp"
)

// headBlobs lists HEAD's files below dir with an extension.
func headBlobs(t testing.TB, r *gittest.Repo, dir, ext string) map[string]object.ID {
	m := map[string]object.ID{}
	for _, line := range strings.Split(r.Git("ls-tree", "-r", "-z", "HEAD"), "\x00") {
		info, path, ok := strings.Cut(line, "\t")
		if !ok || !strings.HasPrefix(path, dir) || !strings.HasSuffix(path, ext) || !strings.HasPrefix(info, "100") {
			continue
		}
		id, err := object.ParseID(strings.Fields(info)[2])
		must(t, err)
		m[path] = id
	}
	return m
}

func sorted(m map[string]object.ID) iter.Seq2[string, object.ID] {
	return func(yield func(string, object.ID) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// gitSays is what git diff and ls-files find: path, state and blob.
func gitSays(t testing.TB, r *gittest.Repo, dir, ext string) map[string]string {
	m, seen := map[string]string{}, map[string]bool{}
	wanted := func(p string) bool {
		return strings.HasPrefix(p, dir) && strings.HasSuffix(p, ext)
	}
	f := strings.Split(r.Git("diff-index", "-z", "--no-renames", "HEAD"), "\x00")
	for i := 0; i+1 < len(f); i += 2 {
		info := strings.Fields(f[i])
		path := f[i+1]
		if !wanted(path) {
			continue
		}
		fi, err := os.Lstat(r.Path(path))
		seen[path] = true
		switch { // D may be from the index only
		case err != nil || !fi.Mode().IsRegular():
			if info[4] != "A" {
				m[path] = "gone"
			}
		case info[4] == "A":
			m[path] = "added " + r.Git("hash-object", path)
		default:
			if id := r.Git("hash-object", path); id != info[2] { // else only the mode
				m[path] = "changed " + id
			}
		}
	}
	for _, path := range strings.Split(r.Git("ls-files", "-z", "--others", "--exclude-standard"), "\x00") {
		if wanted(path) && !seen[path] {
			if fi, err := os.Lstat(r.Path(path)); err == nil && fi.Mode().IsRegular() {
				m[path] = "added " + r.Git("hash-object", path)
			}
		}
	}
	return m
}

func say(f File) string {
	switch f.State {
	case Gone:
		return "gone"
	case Added:
		return "added " + f.ID.String()
	case Changed:
		return "changed " + f.ID.String()
	}
	return "same"
}

// TestScanAsGit makes random edits, and compares Scan and Dirty with git.
func TestScanAsGit(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	paths := []string{"a.md", "d/a.md", "d/b.md", "d/e/c.md", "d.md", "d-x/a.md", "x.txt", "tmp/a.md", "ignored/a.md", "tracked-ignored/a.md", "ü/ö.md", ".md", "d/.md"}
	r.Commit("first", "a.md", "1", "d/a.md", "2", "d/b.md", "3", "d/e/c.md", "4", "x.txt", "5", "tracked-ignored/a.md", "6", "d/crlf.md", "a\n")
	r.Write(".gitignore", "tmp/\n*ignored/*\n!d/keep.md\n")
	r.Write(".gitattributes", "crlf.md eol=crlf\n")
	r.Write("d/.gitignore", "local.md\n")
	r.Write("other/.git/HEAD", "ref: refs/heads/x\n")
	r.Write("other/a.md", "another repository's")
	must(t, os.MkdirAll(r.Path("other/.git/objects"), 0o777))
	must(t, os.MkdirAll(r.Path("other/.git/refs"), 0o777))
	b := openBench(t, r)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for round := range 40 {
		p := paths[rnd.IntN(len(paths))]
		switch rnd.IntN(9) {
		case 0, 1, 2:
			if fi, err := os.Lstat(r.Path(p)); err == nil && fi.Mode()&os.ModeSymlink != 0 {
				must(t, os.Remove(r.Path(p)))
			}
			r.Write(p, fmt.Sprint("text ", rnd.IntN(3)))
		case 3:
			os.Remove(r.Path(p))
		case 4:
			r.Write("d/crlf.md", []string{"a\r\n", "a\n", "b\r\n"}[rnd.IntN(3)])
		case 5:
			r.Git("add", "d")
		case 6:
			r.Write("d/local.md", "x")
			r.Write("d/new.md", "x")
		case 7:
			os.Remove(r.Path(p))
			_ = os.Symlink("target", r.Path(p))
		case 8:
			_, _ = r.Try("rm", "-q", "--cached", p)
		}
		for _, dir := range []string{"", "d"} {
			prefix := dir
			if dir != "" {
				prefix += "/"
			}
			want := gitSays(t, r, prefix, ".md")
			maps.DeleteFunc(want, func(p, _ string) bool { return strings.HasSuffix("/"+p, "/.md") })
			head := headBlobs(t, r, prefix, ".md")
			got := map[string]string{}
			list, err := b.Scan(t.Context(), dir, ".md", sorted(head))
			must(t, err)
			for _, f := range list {
				got[f.Path] = say(f)
				if f.State != Gone && object.Hash(object.KindBlob, f.Data) != f.ID {
					t.Errorf("%s: data is not what its ID says", f.Path)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("round %d, below %q:\n%s", round, dir, diff)
			}
			for p, id := range head {
				f, err := b.Dirty(p, id)
				must(t, err)
				if want := want[p]; say(f) != want && (say(f) != "same" || want != "") {
					t.Errorf("Dirty(%s) = %s, want %s", p, say(f), want)
				}
			}
		}
	}
}

// TestDirtySeesEachEdit edits again and again within the clock's tick.
func TestDirtySeesEachEdit(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	head := headBlobs(t, r, "", "")["f"]
	for i := range 300 {
		want := fmt.Sprintf("%03d", i)
		r.Write("f", want)
		f, err := b.Dirty("f", head)
		if err != nil || f.State != Changed || string(f.Data) != want {
			t.Fatalf("edit %d: %+v, %v", i, f, err)
		}
	}
	r.Write("f", "one")
	if f, err := b.Dirty("f", head); err != nil || f.State != Same {
		t.Errorf("put back: %+v, %v", f, err)
	}
}

// TestDirtyIsOneStat: with the index out of reach, what was seen is known.
func TestDirtyIsOneStat(t *testing.T) {
	t.Parallel()
	r := scene(t)
	past := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(r.Path("f"), past, past))
	b := openBench(t, r)
	head := headBlobs(t, r, "", "")["f"]
	for deadline := time.Now().Add(10 * time.Second); ; { // until the file's ctime is a tick ago
		if _, err := b.Dirty("f", head); err != nil {
			t.Fatal(err)
		}
		if _, ok := b.glimpsed("f"); ok {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the file is never remembered")
		}
	}
	must(t, os.WriteFile(r.Path(".git/index"), []byte("damaged"), 0o666))
	if f, err := b.Dirty("f", head); err != nil || f.State != Same || f.Info == nil {
		t.Errorf("Dirty = %+v, %v", f, err)
	}
	r.Write("f", "two")
	if _, err := b.Dirty("f", head); err == nil || !strings.Contains(err.Error(), "index") {
		t.Errorf("a changed file with a damaged index: %v", err)
	}
}

func TestDirtyOutside(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	for _, p := range []string{"../x", "/etc/passwd", "a/../../x", "."} {
		if f, err := b.Dirty(p, object.ID{}); err == nil && f.State != Same {
			t.Errorf("Dirty(%s) = %+v", p, f)
		}
	}
	must(t, os.Symlink(t.TempDir(), r.Path("out")))
	r.Write("out/x", "secret")
	if f, err := b.Dirty("out/x", object.ID{}); err != nil || f.State != Same || f.Data != nil {
		t.Errorf("behind a link: %+v, %v", f, err)
	}
}

func TestScanSparse(t *testing.T) {
	t.Parallel()
	r := scene(t)
	r.Git("sparse-checkout", "set", "--no-cone", "/f", "/e/i")
	b := openBench(t, r)
	checkGone(t, r, "d/g")
	list, err := b.Scan(t.Context(), "", "", sorted(headBlobs(t, r, "", "")))
	if err != nil || len(list) != 0 {
		t.Errorf("Scan = %+v, %v; what is left out is not gone", list, err)
	}
	// A save of what is left out changes the index only.
	must(t, b.save(map[string]edit{"d/g": text("new"), "e/h": text("new"), "n": text("n")}))
	if len(b.kept) > 0 {
		t.Errorf("kept %q", b.kept)
	}
	checkInStep(t, r)
	must(t, b.save(map[string]edit{"d/g": gone}))
	checkGone(t, r, "d/g")
	checkGone(t, r, "e/h")
	checkFile(t, r, "n", "n")
	checkInStep(t, r)
}

func TestScanCancelled(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Scan(ctx, "", "", sorted(nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("Scan: %v", err)
	}
}
