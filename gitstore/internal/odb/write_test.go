package odb

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// writer makes commits with a batch, as a store does.
type writer struct {
	t     testing.TB
	batch *Batch
	tree  []byte
	id    object.ID // of the tree
	tip   object.ID
	all   []gitObject
}

func (w *writer) put(kind object.Kind, data []byte, base object.ID) object.ID {
	w.t.Helper()
	id, err := w.batch.PutBased(kind, data, base)
	if err != nil {
		w.t.Fatal(err)
	}
	w.all = append(w.all, gitObject{id, kind, string(data)})
	return id
}

// save commits one file.
func (w *writer) save(name, text string, base object.ID) object.ID {
	w.t.Helper()
	blob := w.put(object.KindBlob, []byte(text), base)
	tree, err := object.Set(w.tree, object.Entry{Mode: object.ModeFile, Name: []byte(name), ID: blob})
	if err != nil {
		w.t.Fatal(err)
	}
	w.tree, w.id = tree, w.put(object.KindTree, tree, w.id)
	who := object.Ident{Name: "Ann", Email: "ann@example.org", Unix: 1_700_000_000, Zone: 60}
	c := &object.Commit{Tree: w.id, Author: who, Committer: who, Message: "save " + name + "\n"}
	if !w.tip.IsZero() {
		c.Parents = []object.ID{w.tip}
	}
	w.tip = w.put(object.KindCommit, c.Encode(), object.ID{})
	return blob
}

func (w *writer) flush(r *gittest.Repo, how Sync) {
	w.t.Helper()
	if err := w.batch.Flush(how); err != nil {
		w.t.Fatal(err)
	}
	r.Git("update-ref", "refs/heads/main", w.tip.String())
	r.Fsck()
	r.Git("fsck", "--strict", "--full", "--no-dangling")
}

func files(t testing.TB, r *gittest.Repo, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(r.GitDir(), "objects", pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFewObjectsAreLoose(t *testing.T) {
	t.Parallel()
	for _, how := range []Sync{SyncNone, SyncBatch, SyncFull} {
		r := gittest.Bare(t)
		db := open(t, r)
		w := &writer{t: t, batch: db.Begin()}
		w.save("a.prompty", "text", object.ID{})
		w.save("b.prompty", strings.Repeat("long text ", 10_000), object.ID{})
		w.flush(r, how)
		checkAll(t, db, w.all)
		checkAll(t, open(t, r), w.all)
		if got := len(files(t, r, "??/*")); got != len(w.all) {
			t.Errorf("sync %d: %d loose files, want %d", how, got, len(w.all))
		}
		if got := allObjects(t, r); len(got) != len(w.all) {
			t.Errorf("sync %d: git finds %d objects, want %d", how, len(got), len(w.all))
		}
		for _, f := range files(t, r, "??/*") {
			if fi, err := os.Stat(f); err != nil || fi.Mode().Perm()&0o222 != 0 || strings.Contains(f, "tmp_obj") {
				t.Errorf("%s: %v, want it read-only and with its own name", f, err)
			}
		}
		// A batch can be used again.
		w.save("c.prompty", "more", object.ID{})
		w.flush(r, how)
		checkAll(t, db, w.all)
	}
}

func TestManyObjectsAreOnePack(t *testing.T) {
	t.Parallel()
	for _, how := range []Sync{SyncNone, SyncBatch, SyncFull} {
		r := gittest.Bare(t)
		db := open(t, r)
		w := &writer{t: t, batch: db.Begin()}
		last := map[string]object.ID{}
		for i := range 220 {
			name := fmt.Sprintf("template-%03d.prompty", i*7%150)
			last[name] = w.save(name, fmt.Sprintf("version %d of a text\n%s", i, strings.Repeat("line\n", i)), last[name])
			if i%70 == 69 {
				for _, want := range w.all {
					kind, data, err := w.batch.Read(want.id)
					if err != nil || kind != want.kind || string(data) != want.data {
						t.Fatalf("Batch.Read(%s) = %v, %v", want.id, kind, err)
					}
				}
			}
		}
		w.flush(r, how)
		checkAll(t, db, w.all)
		checkAll(t, open(t, r), w.all)
		if loose, packs, indexes := len(files(t, r, "??/*")), len(files(t, r, "pack/pack-*.pack")), len(files(t, r, "pack/*.idx")); loose != 0 || packs != 1 || indexes != 1 {
			t.Errorf("%d loose files, %d packs, %d indexes, want 0, 1, 1", loose, packs, indexes)
		}
		if left := files(t, r, "pack/tmp*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		r.Git("verify-pack", files(t, r, "pack/*.idx")[0])
		chains := r.Git("verify-pack", "-s", files(t, r, "pack/*.idx")[0])
		if !strings.Contains(chains, "chain length = 50:") || strings.Contains(chains, "chain length = 51:") {
			t.Errorf("chains of deltas are not 50 long:\n%s", chains)
		}
		r.Git("gc", "--quiet", "--prune=now")
		checkAll(t, db, w.all)
		r.Fsck()
	}
}

// TestPackSpills makes a pack that is larger than what is kept in memory, and
// reads from it before it is done.
func TestPackSpills(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	db := open(t, r)
	db.keep, db.spill = 20_000, 100_000
	w := &writer{t: t, batch: db.Begin()}
	for i := range 60 {
		w.put(object.KindBlob, noise(uint64(i), 9_000), object.ID{})
		last := w.all[len(w.all)-1]
		for n := range 3 { // a chain of deltas
			w.put(object.KindBlob, fmt.Appendf([]byte(last.data), "version %d", n), w.all[len(w.all)-1].id)
		}
		if i == 30 && len(files(t, r, "pack/tmp_pack_*")) != 1 {
			t.Error("nothing was spilled")
		}
	}
	for _, want := range w.all {
		if kind, data, err := w.batch.Read(want.id); err != nil || kind != want.kind || string(data) != want.data {
			t.Fatalf("Batch.Read(%s) = %v of %d bytes, %v", want.id, kind, len(data), err)
		}
	}
	// Bases that are not in memory any more.
	w.put(object.KindBlob, []byte(w.all[3].data+"again"), w.all[3].id)
	w.put(object.KindBlob, []byte(w.all[0].data+"again and again"), w.all[0].id)
	if err := w.batch.Flush(SyncNone); err != nil {
		t.Fatal(err)
	}
	r.Git("verify-pack", files(t, r, "pack/*.idx")[0])
	checkAll(t, db, w.all)
	if fi, err := os.Stat(files(t, r, "pack/*.pack")[0]); err != nil || fi.Size() > 700_000 {
		t.Errorf("the pack has %d bytes, %v, want deltas in it", fi.Size(), err)
	}
}

func noise(seed uint64, size int) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	db := open(t, r)
	db.spill = 50_000
	b := db.Begin()
	for i := range 40 {
		if _, err := b.Put(object.KindBlob, noise(uint64(i), 5_000)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(files(t, r, "pack/tmp_pack_*")); got != 1 {
		t.Fatalf("%d packs under way, want 1", got)
	}
	b.Discard()
	if left := files(t, r, "pack/*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := b.Flush(SyncFull); err != nil {
		t.Error(err)
	}
	if got := files(t, r, "??/*"); len(got) > 0 {
		t.Errorf("an empty batch wrote %v", got)
	}
}

// TestFoldersInTheWay: what cannot be written is an error that names the file,
// and leaves nothing.
func TestFoldersInTheWay(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	db := open(t, r)
	id := object.Hash(object.KindBlob, []byte("text"))
	write(t, filepath.Dir(loosePath(db.dir, id)), nil) // a file
	b := db.Begin()
	if _, err := b.Put(object.KindBlob, []byte("other text")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(object.KindBlob, []byte("text")); err != nil {
		t.Fatal(err)
	}
	var where *fs.PathError
	if err := b.Flush(SyncNone); !errors.As(err, &where) || !strings.HasPrefix(where.Path, db.dir) {
		t.Errorf("Flush = %v, want a path", err)
	}
	if err := os.RemoveAll(filepath.Join(db.dir, "pack")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(db.dir, "pack"), nil)
	for i := range 30 {
		if _, err := b.Put(object.KindBlob, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(SyncNone); !errors.As(err, &where) || !strings.HasPrefix(where.Path, db.dir) {
		t.Errorf("Flush of a pack = %v, want a path", err)
	}
	if left := files(t, r, "??/*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	db.spill = 10
	if _, err := b.Put(object.KindBlob, []byte("one more")); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if _, err := b.Put(object.KindBlob, fmt.Append(nil, i)); err != nil && !errors.As(err, &where) {
			t.Errorf("Put = %v, want a path", err)
		}
	}
	if err := b.Flush(SyncNone); !errors.As(err, &where) {
		t.Errorf("Flush after a Put that did not work = %v, want its error", err)
	}
}

func TestExistingObjectsAreFreshened(t *testing.T) {
	t.Parallel()
	for _, packed := range []bool{false, true} {
		r := gittest.WorkTree(t)
		r.Commit("one", "a", "text")
		if packed {
			r.Git("repack", "-adq")
		}
		pattern := "??/*"
		if packed {
			pattern = "pack/*.pack"
		}
		long := time.Now().Add(-1000 * time.Hour)
		for _, f := range files(t, r, pattern) {
			if err := os.Chtimes(f, long, long); err != nil {
				t.Fatal(err)
			}
		}
		db := open(t, r)
		b := db.Begin()
		id, err := b.Put(object.KindBlob, []byte("text"))
		if err != nil || id.String() != r.Git("rev-parse", "HEAD:a") {
			t.Fatalf("Put = %v, %v", id, err)
		}
		if err := b.Flush(SyncNone); err != nil {
			t.Fatal(err)
		}
		young := 0
		for _, f := range files(t, r, pattern) {
			if fi, err := os.Stat(f); err == nil && time.Since(fi.ModTime()) < time.Hour {
				young++
			}
		}
		if young != 1 {
			t.Errorf("packed %v: %d files are young, want 1", packed, young)
		}
		if packed && len(files(t, r, "??/*")) != 0 {
			t.Error("what is packed was written again")
		}
	}
}

// TestPutWhatIsGone: the pack that is known to have an object was removed.
func TestPutWhatIsGone(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("one", "a", "text")
	r.Git("repack", "-adq")
	db := open(t, r)
	id, err := object.ParseID(r.Git("rev-parse", "HEAD:a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Read(id); err != nil {
		t.Fatal(err)
	}
	for _, f := range files(t, r, "pack/*") {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	b := db.Begin()
	if _, err := b.Put(object.KindBlob, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(SyncNone); err != nil {
		t.Fatal(err)
	}
	if got := r.Git("cat-file", "blob", id.String()); got != "text" {
		t.Errorf("git reads %q", got)
	}
}

// TestPutHealsEmptyFiles: power failures leave such files.
func TestPutHealsEmptyFiles(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	db := open(t, r)
	id := object.Hash(object.KindBlob, []byte("text"))
	write(t, loosePath(db.dir, id), nil)
	b := db.Begin()
	if _, err := b.Put(object.KindBlob, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(SyncNone); err != nil {
		t.Fatal(err)
	}
	if got := r.Git("cat-file", "blob", id.String()); got != "text" {
		t.Errorf("git reads %q", got)
	}
}

func TestSharedRepository(t *testing.T) {
	t.Parallel()
	for setting, want := range map[int][2]fs.FileMode{
		0o660:  {0o440, 0o770},
		0o664:  {0o444, 0o775},
		-0o640: {0o440, 0o750},
	} {
		r := gittest.Bare(t)
		db, err := Open(filepath.Join(r.Dir, "objects"), Options{Shared: setting})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		w := &writer{t: t, batch: db.Begin()}
		w.save("a", "x", object.ID{})
		w.flush(r, SyncNone)
		for i := range 20 {
			w.save("a", fmt.Sprint(i), object.ID{})
		}
		w.flush(r, SyncNone)
		for _, f := range append(files(t, r, "??/*"), files(t, r, "pack/*")...) {
			fi, err := os.Stat(f)
			if err != nil || fi.Mode().Perm()&want[0] != want[0] || fi.Mode().Perm()&0o222 != 0 || setting < 0 && fi.Mode().Perm() != want[0] {
				t.Errorf("%o: %s has mode %v, want %v", setting, f, fi.Mode(), want[0])
			}
		}
		for _, dir := range files(t, r, "??") {
			fi, err := os.Stat(dir)
			if err != nil || fi.Mode()&want[1] != want[1] || fi.Mode()&fs.ModeSetgid == 0 {
				t.Errorf("%o: %s has mode %v, want %v with setgid", setting, dir, fi.Mode(), want[1])
			}
		}
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	db := open(t, r)
	if _, err := db.Begin().Put(6, []byte("x")); err == nil {
		t.Error("a kind that does not exist was taken")
	}
	b := db.Begin()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(object.KindBlob, []byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Put after Close = %v", err)
	}
	if err := b.Flush(SyncNone); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Flush after Close = %v", err)
	}
}

// TestDelta: what delta makes, patch undoes, and small changes are small.
func TestDelta(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := object.KindBlob
		var base, data []byte
		if rapid.Bool().Draw(t, "tree") {
			kind = object.KindTree
			n := rapid.IntRange(0, 3000).Draw(t, "entries")
			for i := range n {
				base = object.AppendEntry(base, object.Entry{Mode: object.ModeFile, Name: fmt.Appendf(nil, "name-%05d", i), ID: object.Hash(object.KindBlob, fmt.Append(nil, i))})
			}
			data = base
			for range rapid.IntRange(0, 20).Draw(t, "changes") {
				name := fmt.Sprintf("name-%05d", rapid.IntRange(0, n+1).Draw(t, "which"))
				var err error
				switch rapid.IntRange(0, 2).Draw(t, "change") {
				case 0:
					data, err = object.Set(data, object.Entry{Mode: object.ModeFile, Name: []byte(name), ID: object.ID{1}})
				case 1:
					data, _, err = object.Drop(data, name)
				default:
					data, err = object.Set(data, object.Entry{Mode: object.ModeExec, Name: []byte(name + "x"), ID: object.ID{2}})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		} else {
			some := rapid.SliceOfN(rapid.Byte(), 0, 100)
			base = bytes.Repeat(some.Draw(t, "base"), rapid.IntRange(1, 3000).Draw(t, "times"))
			at := rapid.IntRange(0, len(base)).Draw(t, "at")
			to := rapid.IntRange(at, len(base)).Draw(t, "to")
			data = append(append(append(data, base[:at]...), some.Draw(t, "new")...), base[to:]...)
		}
		delta := new(deltaWriter).delta(kind, base, data)
		if delta == nil {
			return
		}
		back, err := patch(base, delta)
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("patch(%d bytes, %x) gives %d bytes, %v, want %d", len(base), delta, len(back), err, len(data))
		}
		if kind == object.KindTree && len(delta) > 1000+len(data)/100 {
			t.Fatalf("the delta has %d bytes of %d", len(delta), len(data))
		}
	})
}

// TestDeltaOfMegabytes: long copies, and a delta that is counted before memory
// is taken for it.
func TestDeltaOfMegabytes(t *testing.T) {
	t.Parallel()
	base := noise(1, 3<<20)
	for _, data := range [][]byte{
		append(bytes.Clone(base[:1<<20]), append(noise(2, 300), base[1<<20:]...)...),
		bytes.Repeat(base[:2<<20], 1),
	} {
		delta := new(deltaWriter).delta(object.KindBlob, base, data)
		got, err := patch(base, delta)
		if err != nil || !bytes.Equal(got, data) || len(delta) > 2000 {
			t.Errorf("patch with %d bytes gives %d, %v, want %d", len(delta), len(got), err, len(data))
		}
		for _, cut := range []int{1, 2, 5, len(delta) / 2} {
			if _, err := patch(base, delta[:len(delta)-cut]); err == nil {
				t.Errorf("a delta that lacks %d bytes was applied", cut)
			}
		}
	}
}

// TestTreeDeflate: trees are made short, and read back by another inflater.
func TestTreeDeflate(t *testing.T) {
	t.Parallel()
	var even, odd []byte
	for i := range 10_000 {
		id := object.Hash(object.KindBlob, fmt.Append(nil, i))
		even = object.AppendEntry(even, object.Entry{Mode: object.ModeFile, Name: fmt.Appendf(nil, "template-%05d.prompty", i), ID: id})
	}
	for i := range 700 {
		name := strings.Repeat(string(rune('a'+i%26)), i*i%600+1) + fmt.Sprint(i)
		odd = object.AppendEntry(odd, object.Entry{Mode: []uint32{object.ModeFile, object.ModeTree}[i%2], Name: []byte(name), ID: object.ID{byte(i)}})
	}
	huge := object.AppendEntry(nil, object.Entry{Mode: object.ModeFile, Name: bytes.Repeat([]byte("n"), 40_000), ID: object.ID{1}})
	for name, tree := range map[string][]byte{
		"empty": nil, "even": even, "odd": odd, "one": even[:49], "huge names": append(bytes.Clone(huge), huge...), "damaged": append(bytes.Clone(even[:4900]), "100644 x"...),
	} {
		head := object.AppendHeader(nil, object.KindTree, int64(len(tree)))
		c := compressors(0)
		packed := bytes.Clone(c.compress(object.KindTree, head, tree))
		c.free()
		short := appendTree([]byte("front"), head, tree)[5:]
		for _, packed := range [][]byte{packed, short} {
			z, err := zlib.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(z)
			if want := append(bytes.Clone(head), tree...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes come back, %v, want %d", name, len(got), err, len(want))
			}
		}
		if len(tree) >= storedTree { // written as it is
			packed = short
		}
		if best := deflate(t, tree, 1); len(packed) > len(best)*11/10+120 {
			t.Errorf("%s: %d bytes are made of %d, zlib makes %d", name, len(packed), len(tree), len(best))
		}
	}
}
