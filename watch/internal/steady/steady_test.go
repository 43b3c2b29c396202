package steady

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const patience = 20 * time.Second // for what has to come

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	must(t, os.WriteFile(path, data, 0o666))
}

func sum(data []byte) [16]byte {
	full := sha256.Sum256(data)
	return [16]byte(full[:16])
}

// settled reads until the file is settled.
func settled(t *testing.T, path string, limit int64, buf []byte) File {
	t.Helper()
	for start := time.Now(); ; {
		f, err := Read(path, limit, buf)
		must(t, err)
		if f.Verdict == Settled {
			return f
		}
		if time.Since(start) > patience {
			t.Fatalf("verdict %v after %v", f.Verdict, patience)
		}
	}
}

// TestReadSizes reads contents around the sizes of the buffer and the limit.
func TestReadSizes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	text := bytes.Repeat([]byte("0123456789abcdef"), 20)
	for _, size := range []int{0, 1, 15, 16, 17, 32, 33, 320} {
		for _, buffer := range []int{1, 16, 17, 1000} {
			data := text[:size]
			writeFile(t, path, data)
			f := settled(t, path, 320, make([]byte, buffer))
			if f.Hash != sum(data) || f.Size != int64(size) {
				t.Errorf("%d bytes with a buffer of %d: %+v, want hash %x", size, buffer, f, sum(data))
			}
		}
	}
}

// TestReadBig tells files beyond the limit apart without reading them.
func TestReadBig(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	writeFile(t, path, []byte("12345"))
	buf := make([]byte, 64)
	read := settled(t, path, 5, buf)
	big := settled(t, path, 4, buf)
	if read.Hash != sum([]byte("12345")) || big.Hash == read.Hash || big.Identity != read.Identity {
		t.Errorf("within the limit %+v, past it %+v", read, big)
	}
	if again := settled(t, path, 4, buf); again.Hash != big.Hash {
		t.Errorf("hash %x, want %x as before", again.Hash, big.Hash)
	}
	for start := time.Now(); time.Since(start) < patience; { // until the clock has gone on
		must(t, os.Chtimes(path, time.Time{}, time.Now()))
		if f := settled(t, path, 4, buf); f.Hash != big.Hash {
			return
		}
	}
	t.Error("a later time gives the same hash")
}

// TestIdentity compares with what package os says.
func TestIdentity(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	writeFile(t, path, []byte("text"))
	at := time.Date(2001, 2, 3, 4, 5, 6, 789000000, time.UTC)
	must(t, os.Chtimes(path, at, at))
	f := settled(t, path, 100, make([]byte, 64))
	if f.Size != 4 || f.Mtime != at.UnixNano() || time.Since(time.Unix(0, f.Ctime)).Abs() > time.Hour {
		t.Errorf("identity %+v, want 4 bytes of %v, changed now", f.Identity, at)
	}
	id, mode, err := Stat(path)
	if err != nil || id != f.Identity || !mode.IsRegular() {
		t.Errorf("Stat = %+v, %v, %v, want %+v", id, mode, err, f.Identity)
	}
	writeFile(t, path+"2", []byte("text"))
	must(t, os.Chtimes(path+"2", at, at))
	must(t, os.Rename(path+"2", path))
	if id, _, err := Stat(path); err != nil || id == f.Identity {
		t.Errorf("another file in its place is %+v, %v, as before", id, err)
	}
}

// TestSure waits for a file to be old enough to trust its identity.
func TestSure(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	buf := make([]byte, 64)
	for start := time.Now(); time.Since(start) < patience; {
		before := time.Now()
		writeFile(t, path, []byte("text"))
		f := settled(t, path, 100, buf)
		if time.Since(before) >= tick/2 { // too slow a machine to say
			continue
		}
		if f.Sure {
			t.Fatalf("a file of %v ago is sure", time.Since(before))
		}
		for !f.Sure && time.Since(start) < patience {
			f = settled(t, path, 100, buf)
		}
		if age := time.Since(before); !f.Sure || age < tick/2 { // files are stamped with the time of the last step
			t.Errorf("sure %v after %v, want so after some %v", f.Sure, age, tick)
		}
		return
	}
	t.Skip("this machine takes longer for two steps than the time in question")
}

// TestAge has a clock that was set back.
func TestAge(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, d := range []time.Duration{0, time.Second, -time.Hour} {
		if got := (Identity{Ctime: now.Add(-d).UnixNano()}).age(now); got != d.Abs() {
			t.Errorf("a file changed %v ago is %v old", d, got)
		}
	}
}

// TestErrors says what is wrong with which path.
func TestErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Mkdir(at("dir"), 0o777))
	must(t, os.Symlink("dir", at("link")))
	must(t, os.Symlink("missing", at("dangling")))
	must(t, os.Symlink("loop", at("loop")))
	writeFile(t, at("file"), nil)
	for _, tc := range []struct {
		path string
		want error // nil: any
	}{
		{at("missing"), fs.ErrNotExist},
		{at("dangling"), fs.ErrNotExist},
		{at("dir"), ErrIrregular},
		{at("link"), ErrIrregular},
		{os.DevNull, ErrIrregular},
		{at("loop"), nil},
		{at("file/x"), nil},
		{at(strings.Repeat("n", 5000)), nil},
		{at("a\x00b"), nil},
	} {
		f, err := Read(tc.path, 100, make([]byte, 64))
		pe, ok := errors.AsType[*fs.PathError](err)
		if !ok || pe.Path != tc.path || tc.want != nil && !errors.Is(err, tc.want) || f != (File{}) {
			t.Errorf("Read(%.100q) = %+v, %v, want %v", tc.path, f, err, tc.want)
		}
	}
	if _, mode, err := Lstat(at("loop")); err != nil || mode.Type() != fs.ModeSymlink {
		t.Errorf("Lstat of a link = %v, %v", mode, err)
	}
	if _, _, err := Stat(at("loop")); err == nil {
		t.Error("Stat of a link to itself gives no error")
	}
	if _, mode, err := Stat(at("link")); err != nil || !mode.IsDir() {
		t.Errorf("Stat of a link to a folder = %v, %v", mode, err)
	}
}
