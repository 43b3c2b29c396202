package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// damaged reads everything from a repository in which something is broken.
// Each object is either as it was or an error that names a file.
func damaged(t *testing.T, dir string, all []gitObject) (whole, broken int) {
	t.Helper()
	db, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, want := range all {
		kind, data, err := db.Read(want.id)
		var corrupt *CorruptError
		var missing *NotFoundError
		switch {
		case err == nil && kind == want.kind && string(data) == want.data:
			whole++
		case err == nil:
			t.Fatalf("Read(%s) gave something else without an error: %v of %d bytes", want.id, kind, len(data))
		case errors.As(err, &corrupt):
			if !strings.HasPrefix(corrupt.File, dir) || !strings.Contains(err.Error(), "git fsck") {
				t.Fatalf("Read(%s) = %v, want it to name a file and what to do", want.id, err)
			}
			broken++
		case errors.As(err, &missing):
			broken++
		default:
			t.Fatalf("Read(%s) = %v, want a CorruptError", want.id, err)
		}
		_, _, _ = db.Stat(want.id)
	}
	return whole, broken
}

// copyOf makes a repository's objects anew in a folder of its own.
func copyOf(t *testing.T, r *gittest.Repo) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "objects")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(r.GitDir(), "objects"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func change(t *testing.T, path string, edit func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil { // it is read-only
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(data), 0o444); err != nil {
		t.Fatal(err)
	}
}

func only(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v, want one file", pattern, found, err)
	}
	return found[0]
}

// TestDamagedPacks breaks a byte, or cuts the file, in many places.
func TestDamagedPacks(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Random(3, 25)
	r.Git("gc", "--quiet")
	all := allObjects(t, r)
	for _, file := range []string{"pack/*.pack", "pack/*.idx"} {
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 9))
			dir := copyOf(t, r)
			change(t, only(t, dir, file), func(data []byte) []byte {
				at := rng.IntN(len(data))
				switch seed % 4 {
				case 0:
					return data[:at]
				case 1:
					return append(data[:at], bytes.Repeat([]byte{0xff}, len(data)-at)...)
				default:
					data[at] ^= 1 << rng.IntN(8)
					return data
				}
			})
			whole, broken := damaged(t, dir, all)
			if seed%4 == 0 && broken == 0 {
				t.Errorf("seed %d: %s was cut off and nobody noticed, %d objects read", seed, file, whole)
			}
		}
	}
}

func TestDamagedLooseObjects(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("one", "a.txt", strings.Repeat("some text ", 500))
	all := allObjects(t, r)
	blob := all[0]
	for _, o := range all {
		if o.kind == object.KindBlob {
			blob = o
		}
	}
	pack := func(text string) []byte { return deflate(t, []byte(text), 1) }
	for name, content := range map[string][]byte{
		"empty":           {},
		"zeros":           make([]byte, 100),
		"no header":       pack("text without a header and without a NUL, as long as it is"),
		"unknown kind":    pack("flob 4\x00text"),
		"no size":         pack("blob \x00text"),
		"signed size":     pack("blob +4\x00text"),
		"huge size":       pack("blob 99999999999999999999\x00text"),
		"too long":        pack("blob 3\x00text"),
		"too short":       pack("blob 5\x00text"),
		"bomb":            pack("blob 500000000\x00text"),
		"another object":  pack("blob 4\x00text"),
		"cut off":         pack("blob 5000\x00" + blob.data)[:60],
		"only a few byte": {0x78, 0x01, 0x03},
	} {
		dir := copyOf(t, r)
		path := loosePath(dir, blob.id)
		change(t, path, func([]byte) []byte { return content })
		db, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		if _, _, err := db.Read(blob.id); !errors.As(err, &corrupt) || corrupt.File != path || corrupt.ID != blob.id {
			t.Errorf("%s: Read = %v, want a CorruptError for %s", name, err, path)
		}
		db.Close()
	}
	for name, content := range map[string][]byte{
		"too large":         pack(fmt.Sprintf("blob %d\x00text", maxObject+1)),
		"too large to stat": pack(fmt.Sprintf("blob %d\x00text", int64(1)<<40)),
	} {
		dir := copyOf(t, r)
		change(t, loosePath(dir, blob.id), func([]byte) []byte { return content })
		db, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var large *TooLargeError
		if _, _, err := db.Read(blob.id); !errors.As(err, &large) || !strings.Contains(err.Error(), blob.id.String()) {
			t.Errorf("%s: Read = %v, want a TooLargeError", name, err)
		}
		if _, size, err := db.Stat(blob.id); err != nil || size <= maxObject {
			t.Errorf("%s: Stat = %d, %v", name, size, err)
		}
		db.Close()
	}
}

// TestAnotherCopyIsRead: an object that is damaged in a pack is whole in a
// file, or in another pack.
func TestAnotherCopyIsRead(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("one", "a.txt", strings.Repeat("some text ", 500))
	all := allObjects(t, r)
	r.Git("repack", "-q") // the loose ones stay
	dir := copyOf(t, r)
	change(t, only(t, dir, "pack/*.pack"), func(data []byte) []byte {
		for i := 12; i < len(data)-20; i++ {
			data[i] = 0xff
		}
		return data
	})
	db, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, want := range all {
		if _, data, err := db.Read(want.id); err != nil || string(data) != want.data {
			t.Errorf("Read(%s) = %d bytes, %v", want.id, len(data), err)
		}
	}
}

// TestPackIsCutWhileOpen: this would kill a process that maps the file.
func TestPackIsCutWhileOpen(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("one", "a.txt", string(noise(1, 200_000)))
	r.Git("repack", "-adq")
	all := allObjects(t, r)
	db := open(t, r)
	for _, want := range all {
		if want.kind == object.KindCommit {
			if _, _, err := db.Read(want.id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Truncate(files(t, r, "pack/*.pack")[0], 1000); err != nil {
		t.Fatal(err)
	}
	for _, want := range all {
		if want.kind != object.KindBlob {
			continue
		}
		var corrupt *CorruptError
		if _, _, err := db.Read(want.id); !errors.As(err, &corrupt) {
			t.Errorf("Read = %v, want a CorruptError", err)
		}
	}
}

// TestDamageHeals: once the file is replaced, objects are read without opening
// anew.
func TestDamageHeals(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("one", "a.txt", "text")
	all := allObjects(t, r)
	r.Git("repack", "-adq")
	idx := files(t, r, "pack/*.idx")[0]
	good, err := os.ReadFile(idx)
	if err != nil {
		t.Fatal(err)
	}
	change(t, idx, func(data []byte) []byte { return data[:500] })
	db := open(t, r)
	var corrupt *CorruptError
	if _, _, err := db.Read(all[0].id); !errors.As(err, &corrupt) || corrupt.File != idx {
		t.Fatalf("Read = %v, want a CorruptError for the index", err)
	}
	if _, err := db.Expand("1234"); !errors.As(err, &corrupt) {
		t.Errorf("Expand = %v, want a CorruptError", err)
	}
	change(t, idx, func([]byte) []byte { return good })
	checkAll(t, db, all)
}

// TestHostilePack has deltas without an end, without a base, and bombs.
func TestHostilePack(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("base text ", 10))
	stream := func(data []byte) []byte { return deflate(t, data, 9) }
	base := append(appendEntryHead(nil, uint8(object.KindBlob), len(text)), stream(text)...)
	to := func(id object.ID, delta []byte) []byte {
		return append(append(appendEntryHead(nil, refDelta, len(delta)), id[:]...), stream(delta)...)
	}
	same := object.ID{7, 7, 7}
	var bomb, large deltaWriter
	bomb.begin(len(text), 1<<40)
	large.begin(len(text), 256<<20)
	for name, entry := range map[string][]byte{
		"based on itself":    to(same, []byte("\x64\x64\x90\x64")),
		"based on nothing":   to(object.ID{9}, []byte("\x64\x64\x90\x64")),
		"before the pack":    append(appendDistance(appendEntryHead(nil, offsetDelta, 4), 1<<40), stream([]byte("\x64\x64\x90\x64"))...),
		"distance of zero":   append(appendDistance(appendEntryHead(nil, offsetDelta, 4), 0), stream([]byte("\x64\x64\x90\x64"))...),
		"endless distance":   append(appendEntryHead(nil, offsetDelta, 4), bytes.Repeat([]byte{0xff}, 40)...),
		"endless size":       bytes.Repeat([]byte{0xff}, 60),
		"reserved kind":      append(appendEntryHead(nil, 5, 4), stream([]byte("text"))...),
		"kind of zero":       append(appendEntryHead(nil, 0, 4), stream([]byte("text"))...),
		"claims much":        append(appendEntryHead(nil, uint8(object.KindBlob), 400<<20), stream([]byte("text"))...),
		"delta of much":      to(object.Hash(object.KindBlob, text), bomb.out),
		"delta that is less": to(object.Hash(object.KindBlob, text), large.out),
		"delta cut off":      to(object.Hash(object.KindBlob, text), []byte("\x64")),
		"empty delta":        to(object.Hash(object.KindBlob, text), nil),
		"not zlib":           append(appendEntryHead(nil, uint8(object.KindBlob), 40), bytes.Repeat([]byte{0xaa}, 60)...),
	} {
		dir := t.TempDir()
		pack := append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x02"), base...)
		w := &packWriter{db: &DB{dir: dir}, entries: []packed{
			{id: object.Hash(object.KindBlob, text), offset: 12, crc: crc32.ChecksumIEEE(base)},
			{id: same, offset: int64(len(pack))},
		}}
		pack = append(pack, entry...)
		sum := object.ID{1, 2, 3} // it is not verified
		write(t, filepath.Join(dir, "pack", "pack-1.pack"), append(pack, sum[:]...))
		write(t, filepath.Join(dir, "pack", "pack-1.idx"), w.index(sum))
		db, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, data, err := db.Read(same)
		var corrupt *CorruptError
		var large *TooLargeError
		if !errors.As(err, &corrupt) && !errors.As(err, &large) {
			t.Errorf("%s: Read = %d bytes, %v, want a CorruptError", name, len(data), err)
		}
		if _, _, err := db.Stat(same); err == nil && (strings.Contains(name, "base") || strings.Contains(name, "kind") || strings.Contains(name, "endless")) {
			t.Errorf("%s: Stat gave no error", name)
		}
		if _, data, err := db.Read(w.entries[0].id); err != nil || !bytes.Equal(data, text) {
			t.Errorf("%s: the other object: %v", name, err)
		}
		db.Close()
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestOffsetsAbove4GiB reads such an index; a pack of that size is not made.
func TestOffsetsAbove4GiB(t *testing.T) {
	t.Parallel()
	w := &packWriter{}
	for i := range 300 {
		w.entries = append(w.entries, packed{id: object.Hash(object.KindBlob, fmt.Append(nil, i)), offset: int64(i) << 27})
	}
	data := w.index(object.ID{1})
	x, err := parseIndex(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range w.entries {
		if got, ok := x.find(&e.id); !ok || got != e.offset {
			t.Errorf("find(%s) = %d, %v, want %d", e.id, got, ok, e.offset)
		}
	}
	// An offset that points outside of the table of large ones.
	binary.BigEndian.PutUint32(x.offsets, 1<<31|1<<20)
	if got := x.offset(0); got >= 0 {
		t.Errorf("offset = %d, want none", got)
	}
}

// TestFineFanout asks a large index so often that it gets one.
func TestFineFanout(t *testing.T) {
	t.Parallel()
	w := &packWriter{}
	for i := range fineFrom + 1000 {
		w.entries = append(w.entries, packed{id: object.Hash(object.KindBlob, fmt.Append(nil, i)), offset: int64(i)})
	}
	x, err := parseIndex(w.index(object.ID{1}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for i := range w.entries {
			if got, ok := x.find(&w.entries[i].id); !ok || got != int64(i) {
				t.Fatalf("find(%s) = %d, %v, want %d", w.entries[i].id, got, ok, i)
			}
			missing := w.entries[i].id
			missing[19]++
			if _, ok := x.find(&missing); ok {
				t.Fatalf("find(%s) finds what is not there", missing)
			}
		}
	}
	if x.fine.Load() == nil {
		t.Error("no fine fanout was made")
	}
}

func FuzzIndex(f *testing.F) {
	w := &packWriter{}
	for i := range 5 {
		w.entries = append(w.entries, packed{id: object.Hash(object.KindBlob, fmt.Append(nil, i)), offset: int64(i) << 31})
	}
	f.Add(w.index(object.ID{1}), []byte("id"))
	v1 := make([]byte, 1024+24+40)
	for i := range 256 {
		v1[4*i+3] = 1
	}
	f.Add(v1, []byte("\x00"))
	f.Fuzz(func(t *testing.T, data, text []byte) {
		x, err := parseIndex(data)
		if err != nil {
			return
		}
		var id object.ID
		copy(id[:], text)
		_, _ = x.find(&id)
		if x.count > 0 {
			x.makeFine()
		}
		for i := range x.count {
			_ = x.offset(i)
		}
		high := id
		high[19] = 0xff
		x.expand(id, high, func(object.ID) {})
	})
}

func FuzzPatch(f *testing.F) {
	base := bytes.Repeat([]byte("base "), 40)
	f.Add(base, new(deltaWriter).delta(object.KindBlob, base, append(bytes.Clone(base[:100]), base[110:]...)))
	f.Add(base, []byte("\xc8\x01\x05\x05hello"))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		out, err := patch(base, delta)
		if err != nil {
			return
		}
		// A delta from there back to the base, for delta.
		if back := new(deltaWriter).delta(object.KindTree, out, base); back != nil {
			if again, err := patch(out, back); err != nil || !bytes.Equal(again, base) {
				t.Fatalf("patch(%x, %x) = %x, %v, want %x", out, back, again, err, base)
			}
		}
	})
}

// FuzzPackEntry reads a pack with these bytes in it.
func FuzzPackEntry(f *testing.F) {
	f.Add(append(appendEntryHead(nil, uint8(object.KindBlob), 4), deflate(f, []byte("text"), 1)...), int64(12))
	f.Add(append(appendDistance(appendEntryHead(nil, offsetDelta, 4), 5), deflate(f, []byte("\x04\x04\x90\x04"), 1)...), int64(12))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, body []byte, at int64) {
		path := filepath.Join(dir, fmt.Sprintf("%d.pack", rand.Uint64()))
		if err := os.WriteFile(path, append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01"), append(body, make([]byte, 20)...)...), 0o666); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		w := &packWriter{entries: []packed{{id: object.ID{1}, offset: at}}}
		x, err := parseIndex(w.index(object.ID{}))
		if err != nil {
			t.Fatal(err)
		}
		p := &pack{path: path, serial: serials.Add(1), windows: &windows{max: 4}}
		p.idx.Store(x)
		defer p.close()
		kind, data, err := p.read(at, newCache[place](1<<20), maxObject)
		if _, size, statErr := p.stat(at); err == nil && (statErr != nil || size != int64(len(data)) || kind == 0) {
			t.Fatalf("read gives %v of %d bytes, stat %d, %v", kind, len(data), size, statErr)
		}
	})
}
