package worktree

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestLinkNew is the rename of systems that have none that spares what is there.
func TestLinkNew(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(t.TempDir())
	must(t, err)
	defer root.Close()
	p := &place{root: root}
	must(t, root.WriteFile("a", []byte("a"), 0o666))
	must(t, root.WriteFile("b", []byte("b"), 0o666))
	must(t, root.Mkdir("d", 0o777))
	if err := linkNew(p, "a", "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto a file: %v", err)
	}
	if err := linkNew(p, "none", "c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("from nothing: %v", err)
	}
	if err := linkNew(p, "d", "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a folder onto a file: %v", err)
	}
	must(t, linkNew(p, "a", "c"))
	must(t, linkNew(p, "d", "e"))
	for name, there := range map[string]bool{"a": false, "b": true, "c": true, "d": false, "e": true} {
		if _, err := root.Lstat(name); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadLimited(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe() // whose size no one knows
	must(t, err)
	defer r.Close()
	text := []byte(strings.Repeat("text ", 1000))
	go func() { w.Write(text); w.Close() }()
	got, err := readLimited(r, 1<<20)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(text))
	}
	file := t.TempDir() + "/f"
	must(t, os.WriteFile(file, text, 0o666))
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	if got, err := readLimited(f, 100); err != nil || !bytes.Equal(got, text[:100]) {
		t.Errorf("%d bytes, %v; want 100", len(got), err)
	}
}

// TestStatRules are git's: what it does not look at does not count.
func TestStatRules(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/f"
	must(t, os.WriteFile(file, []byte("text"), 0o666))
	fi, err := os.Stat(file)
	must(t, err)
	is := statOf(fi)
	whole := settings{trustCtime: true, checkStat: true}
	plain := plainStat(fi)
	if plain.Size != is.Size || plain.MtimeSec != is.MtimeSec || plain.MtimeNsec != is.MtimeNsec {
		t.Errorf("plain stat %+v, full stat %+v", plain, is)
	}
	if !(&settings{}).exact(plain, is) || whole.exact(plain, is) {
		t.Error("core.checkStat=minimal does not count size and time only")
	}
	other := is
	other.Dev++
	if !whole.exact(other, is) {
		t.Error("the device counts")
	}
	other = is
	other.CtimeSec++
	if whole.looksSame(other, is) || !(&settings{checkStat: true}).looksSame(other, is) {
		t.Error("core.trustctime is not heeded")
	}
	other = is
	other.Ino++
	if whole.looksSame(other, is) {
		t.Error("the inode does not count")
	}
}

// TestWriteZeros takes room on file systems that have no call for it.
func TestWriteZeros(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 1, 1 << 16, 1<<16 + 1, 200_000} {
		f, err := os.Create(t.TempDir() + "/f")
		must(t, err)
		must(t, writeZeros(f, size))
		if fi, err := f.Stat(); err != nil || fi.Size() != size {
			t.Errorf("%d bytes, %v; want %d", fi.Size(), err, size)
		}
		must(t, f.Close())
		if writeZeros(f, size) == nil && size > 0 {
			t.Error("a closed file was written")
		}
	}
}
