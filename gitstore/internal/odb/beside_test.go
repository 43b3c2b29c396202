package odb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// TestRepackBesideUs: a pack that was read is removed, and what it held is in
// another one.
func TestRepackBesideUs(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	r.Git("repack", "-adq")
	all := allObjects(t, r)
	db := open(t, r)
	if _, _, err := db.Read(all[0].id); err != nil {
		t.Fatal(err)
	}
	r.Git("repack", "-adFq", "--depth=2")
	// Those that are still open serve, and those that are not are found again.
	checkAll(t, db, all)
	another := open(t, r)
	for range 3 {
		if _, _, err := another.Read(all[1].id); err != nil {
			t.Fatal(err)
		}
		r.Git("repack", "-adFq")
	}
	checkAll(t, another, all)
	commit := r.Commit("new", "new.txt", "new")
	id, err := object.ParseID(commit)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Read(id); err != nil {
		t.Errorf("Read of a new commit: %v", err)
	}
	r.Git("gc", "--quiet", "--prune=now")
	checkAll(t, db, allObjects(t, r))
}

// TestReadersBesideGit reads all the time while git repacks, prunes and
// unpacks.
func TestReadersBesideGit(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	r.Git("gc", "--quiet", "--prune=now")
	r.Git("repack", "-Adq", "--unpack-unreachable=now")
	all := allObjects(t, r)
	db := open(t, r)
	done := make(chan struct{})
	var readers sync.WaitGroup
	var failed sync.Map
	rounds := make([]int, 3)
	for n := range rounds {
		readers.Go(func() {
			for i := n * 31; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				want := all[i*7%len(all)]
				kind, data, err := db.Read(want.id)
				if err != nil || kind != want.kind || string(data) != want.data {
					failed.Store(want.id, fmt.Sprint(kind, len(data), err))
				}
				if _, size, err := db.Stat(want.id); err != nil || size != int64(len(want.data)) {
					failed.Store(want.id, fmt.Sprint("Stat: ", size, err))
				}
				rounds[n]++
			}
		})
	}
	for i := range 5 {
		r.Git("repack", "-adFq", fmt.Sprintf("--depth=%d", i+1))
		r.Git("gc", "--quiet", "--prune=now")
		r.Git("repack", "-Adq", "--unpack-unreachable=now")
	}
	close(done)
	readers.Wait()
	failed.Range(func(id, what any) bool {
		t.Errorf("object %v: %v", id, what)
		return true
	})
	for n, count := range rounds {
		if count == 0 {
			t.Errorf("reader %d read nothing", n)
		}
	}
}

func TestAlternates(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	r.Git("repack", "-adq")
	first, last := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "last")
	r.Git("clone", "-q", "--shared", "--bare", r.Dir, first)
	r.Git("clone", "-q", "--shared", "--bare", first, last)
	second := r.At(last)
	all := allObjects(t, r)
	checkAll(t, open(t, second), all)

	// What is in an alternate is not written again.
	db := open(t, second)
	b := db.Begin()
	for _, o := range all {
		if _, err := b.Put(o.kind, []byte(o.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(SyncNone); err != nil {
		t.Fatal(err)
	}
	if loose, packs := files(t, second, "??/*"), files(t, second, "pack/*"); len(loose)+len(packs) > 0 {
		t.Errorf("written again: %v %v", loose, packs)
	}

	// A relative path, a comment, an empty line, one that is gone, a circle,
	// and quotes.
	odd := filepath.Join(t.TempDir(), "odd\tname")
	if err := os.Rename(r.Path(".git/objects"), odd); err != nil {
		t.Fatal(err)
	}
	objects := filepath.Join(second.Dir, "objects")
	rel, err := filepath.Rel(objects, odd)
	if err != nil {
		t.Fatal(err)
	}
	quoted := `"` + strings.ReplaceAll(rel, "\t", `\t`) + `"`
	list := "# comment\n\n/nowhere/objects\n" + objects + "\n" + quoted + "\n"
	if err := os.WriteFile(filepath.Join(objects, "info", "alternates"), []byte(list), 0o666); err != nil {
		t.Fatal(err)
	}
	lonely := open(t, second)
	checkAll(t, lonely, all)
	var missing *NotFoundError
	if _, _, err := lonely.Read(object.ID{1}); !errors.As(err, &missing) || !strings.Contains(err.Error(), "/nowhere/objects") {
		t.Errorf("Read of nothing = %v, want the name of the alternate that is gone", err)
	}
}

// TestPackIsGoneAndLoose: the objects of a pack that is known, but not open,
// were unpacked.
func TestPackIsGoneAndLoose(t *testing.T) {
	t.Parallel()
	for _, opened := range []bool{false, true} {
		r := seeded(t)
		r.Git("repack", "-adq")
		all := allObjects(t, r)
		db := open(t, r)
		if _, err := db.Expand("1234"); err != nil { // reads the index
			t.Fatal(err)
		}
		if opened {
			if _, _, err := db.Read(all[0].id); err != nil {
				t.Fatal(err)
			}
		}
		pack := files(t, r, "pack/*.pack")[0]
		data, err := os.ReadFile(pack)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files(t, r, "pack/*") {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
		if opened { // unlinked, and nowhere else
			checkAll(t, db, all)
		}
		r.Pipe(string(data), "unpack-objects", "-q")
		checkAll(t, db, all)
	}
}

func TestUnquote(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"plain": "plain", `"q"`: "q", `"a\"b\\c"`: `a"b\c`, `"\303\244\t"`: "ä\t", `"`: `"`, `"open`: `"open`, `"end\\"`: `end\`, `"\30"`: "30", `"x\"`: `x\`,
	} {
		if got := unquote(line); got != want {
			t.Errorf("unquote(%s) = %q, want %q", line, got, want)
		}
	}
}

// TestAlternatesAreBounded: a chain that is too long, as in git.
func TestAlternatesAreBounded(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for i := range 10 {
		dir := filepath.Join(root, fmt.Sprint(i), "info")
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "alternates"), fmt.Appendf(nil, "../%d\n", i+1), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	dirs, lost := alternates(filepath.Join(root, "0"))
	if len(dirs) != maxAlternates+1 || len(lost) != 0 {
		t.Errorf("alternates = %v, %v, want %d folders", dirs, lost, maxAlternates+1)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	r.Git("repack", "-adq")
	r.Commit("loose", "loose.txt", "loose")
	db := open(t, r)
	all := map[string][]object.ID{}
	for _, o := range allObjects(t, r) {
		all[o.id.String()[:4]] = append(all[o.id.String()[:4]], o.id)
	}
	for prefix, want := range all {
		got, err := db.Expand(prefix)
		if err != nil || len(got) != len(want) {
			t.Errorf("Expand(%s) = %v, %v, want %v", prefix, got, err, want)
		}
		full := want[0].String()
		for _, exact := range []string{full, strings.ToUpper(full[:12]), full[:5]} {
			if got, err := db.Expand(exact); err != nil || len(got) != 1 && len(exact) > 5 || got[0] != want[0] && len(exact) > 5 {
				t.Errorf("Expand(%s) = %v, %v, want %v", exact, got, err, want[0])
			}
		}
	}
	if got, err := db.Expand("0000000"); err != nil || len(got) != 0 {
		t.Errorf("Expand of nothing = %v, %v", got, err)
	}
	for _, bad := range []string{"", "123", "xyzz", strings.Repeat("1", 41), "12 4"} {
		if got, err := db.Expand(bad); err == nil {
			t.Errorf("Expand(%q) = %v, want an error", bad, got)
		}
	}
}

func TestClose(t *testing.T) {
	r := seeded(t)
	r.Git("repack", "-adq")
	all := allObjects(t, r)
	before := openFiles(t)
	db, err := Open(filepath.Join(r.GitDir(), "objects"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkAll(t, db, all)
	r.Git("repack", "-adFq")
	r.Commit("more", "more.txt", "more")
	if has, err := db.Has(object.ID{1}); has || err != nil { // a miss looks again
		t.Fatal(has, err)
	}
	checkAll(t, db, all)
	if got := openFiles(t); got > before+1 {
		t.Errorf("%d files are open, want one more than %d", got, before)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := openFiles(t); got > before {
		t.Errorf("%d files are open after Close, want %d", got, before)
	}
	if _, _, err := db.Read(all[0].id); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read after Close = %v", err)
	}
	if _, _, err := db.Stat(all[0].id); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Stat after Close = %v", err)
	}
	if _, err := db.Has(all[0].id); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Has after Close = %v", err)
	}
	if _, err := db.Expand("1234"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Expand after Close = %v", err)
	}
}

// openFiles counts this process's files.
func openFiles(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("files are counted in /proc")
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.Contains(to, "objects") {
			count++
		}
	}
	return count
}

// TestSmallCache reads through a cache that holds next to nothing.
func TestSmallCache(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	r.Git("gc", "--aggressive", "--quiet")
	all := allObjects(t, r)
	db, err := Open(filepath.Join(r.GitDir(), "objects"), Options{CacheBytes: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w := &writer{t: t, batch: db.Begin()}
	for i := range 200 { // more than the windows hold
		w.put(object.KindBlob, noise(uint64(i), 5_000), object.ID{})
	}
	if err := w.batch.Flush(SyncNone); err != nil {
		t.Fatal(err)
	}
	all = append(all, w.all...)
	checkAll(t, db, all)
	if len(db.windows.ring) > db.windows.max {
		t.Errorf("%d windows are in memory, want %d", len(db.windows.ring), db.windows.max)
	}
	if got := db.bases.bytes.Load(); got > 5000 {
		t.Errorf("the cache holds %d bytes, want at most 5000", got)
	}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range all {
				want := all[(i*13+n*101)%len(all)]
				if _, data, err := db.Read(want.id); err != nil || string(data) != want.data {
					t.Errorf("Read(%s) = %d bytes, %v", want.id, len(data), err)
					return
				}
			}
		})
	}
	wg.Wait()
}
