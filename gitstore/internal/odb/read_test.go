package odb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	var err error
	if seed.dir, err = os.MkdirTemp("", "odb"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(seed.dir)
	os.Exit(code)
}

// seed is a repository that is made once and copied.
var seed struct {
	sync.Once
	dir string
}

func open(t testing.TB, r *gittest.Repo) *DB {
	t.Helper()
	db, err := Open(filepath.Join(r.GitDir(), "objects"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// gitObject is an object as git cat-file tells it.
type gitObject struct {
	id   object.ID
	kind object.Kind
	data string
}

// allObjects reads every object with git.
func allObjects(t testing.TB, r *gittest.Repo) []gitObject {
	t.Helper()
	cmd := r.Command("cat-file", "--batch", "--batch-all-objects", "--buffer", "--unordered")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []gitObject
	for rest := string(out); rest != ""; {
		head, body, _ := strings.Cut(rest, "\n")
		fields := strings.Fields(head)
		size := 0
		for _, c := range fields[2] {
			size = size*10 + int(c-'0')
		}
		id, err := object.ParseID(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		kind, err := object.ParseKind(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, gitObject{id, kind, body[:size]})
		rest = body[size+1:]
	}
	return all
}

// checkAll compares every object with what git reads.
func checkAll(t testing.TB, db *DB, all []gitObject) {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("there is nothing to compare with")
	}
	for _, want := range all {
		kind, data, err := db.Read(want.id)
		if err != nil || kind != want.kind || string(data) != want.data {
			t.Fatalf("Read(%s) = %v, %d bytes, %v, want %v, %d bytes", want.id, kind, len(data), err, want.kind, len(want.data))
		}
		kind, size, err := db.Stat(want.id)
		if err != nil || kind != want.kind || size != int64(len(want.data)) {
			t.Fatalf("Stat(%s) = %v, %d, %v, want %v, %d", want.id, kind, size, err, want.kind, len(want.data))
		}
		size = int64(len(want.data))
		if _, data, err := db.ReadUpTo(want.id, size); err != nil || string(data) != want.data {
			t.Fatalf("ReadUpTo(%s) = %d bytes, %v, want %d", want.id, len(data), err, size)
		}
		var large *TooLargeError
		if _, _, err := db.ReadUpTo(want.id, size-1); !errors.As(err, &large) || large.Size != size || large.Limit != size-1 {
			t.Fatalf("ReadUpTo(%s) of a byte less = %v, want a TooLargeError", want.id, err)
		}
		if has, err := db.Has(want.id); !has || err != nil {
			t.Fatalf("Has(%s) = %v, %v", want.id, has, err)
		}
	}
}

// seeded is a repository with history, a large file that grows, an empty one
// and a tag. All objects are loose, and refs lead to them.
func seeded(t testing.TB) *gittest.Repo {
	t.Helper()
	seed.Do(func() {
		r := gittest.WorkTree(t)
		r.Random(11, 40)
		var text strings.Builder
		for i := range 10 {
			for j := range 1500 {
				text.WriteString(strings.Repeat("x", (i*j)%17))
				text.WriteString("line of a large file\n")
			}
			r.Commit("large", "large.txt", text.String(), "empty.txt", "")
		}
		r.Git("tag", "-a", "-m", "tagged", "v1")
		r.Git("reflog", "expire", "--expire=now", "--all")
		r.Git("prune", "--expire=now")
		if err := os.CopyFS(filepath.Join(seed.dir, "repo"), os.DirFS(r.Dir)); err != nil {
			t.Error(err)
		}
	})
	r := gittest.WorkTree(t)
	if err := os.RemoveAll(r.Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(r.Dir, os.DirFS(filepath.Join(seed.dir, "repo"))); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReadWhateverGitMade(t *testing.T) {
	t.Parallel()
	for name, pack := range map[string]func(r *gittest.Repo){
		"loose":         func(*gittest.Repo) {},
		"repack":        func(r *gittest.Repo) { r.Git("repack", "-adq") },
		"gc aggressive": func(r *gittest.Repo) { r.Git("gc", "--aggressive", "--quiet") },
		"index v1":      func(r *gittest.Repo) { r.Git("-c", "pack.indexVersion=1", "repack", "-adfq") },
		"ref deltas":    func(r *gittest.Repo) { r.Git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq") },
		"deep":          func(r *gittest.Repo) { r.Git("repack", "-adfq", "--depth=1000", "--window=100") },
		"stored":        func(r *gittest.Repo) { r.Git("-c", "core.compression=0", "repack", "-adFq") },
		"large offsets": func(r *gittest.Repo) { largeOffsets(r) },
		"bitmap":        func(r *gittest.Repo) { r.Git("repack", "-adqb"); r.Git("commit-graph", "write") },
		"multi-pack": func(r *gittest.Repo) {
			r.Git("repack", "-q")
			r.Commit("more", "more.txt", "more")
			r.Git("repack", "-q")
			r.Git("multi-pack-index", "write")
		},
		"pack and loose": func(r *gittest.Repo) { r.Git("repack", "-adq"); r.Commit("after", "later.txt", "after") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := seeded(t)
			pack(r)
			all := allObjects(t, r)
			db := open(t, r)
			checkAll(t, db, all)
			checkAll(t, db, all) // from what is cached
		})
	}
}

// largeOffsets makes an index whose offsets beyond 1,000 stand in the table for
// those above 2 GiB.
func largeOffsets(r *gittest.Repo) {
	r.Git("repack", "-adq")
	packs, _ := filepath.Glob(filepath.Join(r.GitDir(), "objects/pack/*.pack"))
	_ = os.Remove(strings.TrimSuffix(packs[0], ".pack") + ".idx")
	r.Git("index-pack", "--index-version=2,1000", packs[0])
}

func TestReadFastImport(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Pipe(importScript(300), "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
	checkAll(t, open(t, r), allObjects(t, r))
}

// importScript has commits that each change one of 40 files in a few folders.
func importScript(commits int) string {
	var b strings.Builder
	for i := range commits {
		folder, file, text := importStep(i)
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter a <a@b> 1700000000 +0000\ndata 2\nc\n\nM 100644 inline %s/%s\ndata %d\n%s\n", folder, file, len(text), text)
	}
	return b.String()
}

func importStep(i int) (folder, file, text string) {
	text = strings.Repeat("some prompt text\n", i%30) + fmt.Sprintf("version %d of a prompt\n", i)
	return fmt.Sprintf("d%d", i%5), fmt.Sprintf("f%d.prompty", i%8), text
}

func TestMissing(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	db := open(t, r)
	id := object.ID{1, 2, 3}
	var missing *NotFoundError
	if _, _, err := db.Read(id); !errors.As(err, &missing) || missing.ID != id {
		t.Errorf("Read = %v, want a NotFoundError", err)
	}
	if _, _, err := db.Stat(id); !errors.As(err, &missing) {
		t.Errorf("Stat = %v, want a NotFoundError", err)
	}
	if has, err := db.Has(id); has || err != nil {
		t.Errorf("Has = %v, %v", has, err)
	}
}

func TestOpenWithoutAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "objects"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open of nothing = %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{}); err == nil {
		t.Error("Open of a file gives no error")
	}
}
