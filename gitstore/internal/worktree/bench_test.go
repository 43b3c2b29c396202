package worktree

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// large makes a work tree of n files whose index is older than a second.
func large(b testing.TB, n int) *gittest.Repo {
	r := gittest.WorkTree(b)
	var in strings.Builder
	in.WriteString("commit refs/heads/main\ncommitter a <a@example.org> 1700000000 +0000\ndata 0\n")
	for i := range n {
		fmt.Fprintf(&in, "M 100644 inline prompts/group%03d/some-name-%05d.prompty\ndata %d\ntext %05d\n\n", i%100, i, 11, i)
	}
	r.Pipe(in.String(), "fast-import", "--quiet")
	r.Git("reset", "-q", "--hard")
	r.Git("write-tree")
	past := time.Now().Add(-time.Hour)
	for i := range n {
		must(b, os.Chtimes(r.Path(fmt.Sprintf("prompts/group%03d/some-name-%05d.prompty", i%100, i)), past, past))
	}
	r.Git("update-index", "-q", "--refresh")
	return r
}

const largePath = "prompts/group042/some-name-05042.prompty"

// BenchmarkSave is a whole save into a work tree of 10,000 files, without
// flushes.
func BenchmarkSave(b *testing.B) {
	r := large(b, 10_000)
	w := openBench(b, r)
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		must(b, w.save(map[string]edit{largePath: text(fmt.Sprint("new text ", i))}))
	}
	b.StopTimer()
	checkInStep(b, r)
}

// BenchmarkGitSave is the same by git.
func BenchmarkGitSave(b *testing.B) {
	r := large(b, 10_000)
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		r.Write(largePath, fmt.Sprint("new text ", i))
		r.Git("add", largePath)
		r.Git("commit", "-q", "-m", "save")
	}
}

// BenchmarkIndex patches, hashes and writes an index of 10,000 entries.
func BenchmarkIndex(b *testing.B) {
	r := large(b, 10_000)
	w := openBench(b, r)
	x, err := w.Begin(b.Context())
	must(b, err)
	defer x.Abort()
	e := *x.entry(largePath)
	head, err := w.opts.Head()
	must(b, err)
	snap := newSnapshot(w.db, head)
	b.SetBytes(int64(len(x.index.Bytes())))
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		e.ID = object.ID{byte(i), byte(i >> 8)}
		must(b, x.store(x.index.Patch([]gitindex.Edit{{Path: largePath, Entry: &e}}, trees(snap, snap))))
	}
}

// BenchmarkGitIndex is the same by git update-index.
func BenchmarkGitIndex(b *testing.B) {
	r := large(b, 10_000)
	ids := []string{r.Pipe("one", "hash-object", "-w", "--stdin"), r.Pipe("two", "hash-object", "-w", "--stdin")}
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		r.Git("update-index", "--cacheinfo", "100644,"+ids[i%2]+","+largePath)
	}
}

// BenchmarkDirty looks at one unchanged file.
func BenchmarkDirty(b *testing.B) {
	r := large(b, 100)
	w := openBench(b, r)
	path := "prompts/group042/some-name-00042.prompty"
	head := headBlobs(b, r, "", "")[path]
	b.ResetTimer()
	for b.Loop() {
		if f, err := w.Dirty(path, head); err != nil || f.State != Same {
			b.Fatal(f, err)
		}
	}
}

// BenchmarkScan looks at 10,000 unchanged files.
func BenchmarkScan(b *testing.B) {
	r := large(b, 10_000)
	w := openBench(b, r)
	head := headBlobs(b, r, "", "")
	b.ResetTimer()
	for b.Loop() {
		if list, err := w.Scan(b.Context(), "prompts", ".prompty", sorted(head)); err != nil || len(list) > 0 {
			b.Fatal(list, err)
		}
	}
}

// BenchmarkGitStatus is what git does for it.
func BenchmarkGitStatus(b *testing.B) {
	r := large(b, 10_000)
	b.ResetTimer()
	for b.Loop() {
		r.Git("status", "--porcelain")
	}
}
