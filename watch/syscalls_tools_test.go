//go:build linux

package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What editors that cannot be run here do, call by call.

// saveCode is Visual Studio Code: truncate and write in place.
func saveCode(p place, _, text string) {
	p.t.Helper()
	f, err := os.OpenFile(p.file(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	must(p.t, err)
	for rest := []byte(text); len(rest) > 0; {
		n := min(len(rest), 64<<10)
		_, err := f.Write(rest[:n])
		must(p.t, err)
		rest = rest[n:]
	}
	must(p.t, f.Sync())
	must(p.t, f.Close())
}

// saveJetBrains is an IDE of JetBrains with "safe write".
func saveJetBrains(p place, _, text string) {
	p.t.Helper()
	x := p.file()
	put(p.t, x+"___jb_tmp___", text)
	must(p.t, os.Rename(x, x+"___jb_old___"))
	must(p.t, os.Rename(x+"___jb_tmp___", x))
	must(p.t, os.Remove(x+"___jb_old___"))
}

// saveGnome is GLib's g_file_replace.
func saveGnome(p place, _, text string) {
	p.t.Helper()
	tmp := filepath.Join(p.root, ".goutputstream-A1B2C3")
	put(p.t, tmp, text)
	must(p.t, os.Rename(tmp, p.file()))
}

// saveAtomic is what careful programs do.
func saveAtomic(p place, _, text string) {
	p.t.Helper()
	tmp := p.file() + ".tmp"
	f, err := os.Create(tmp)
	must(p.t, err)
	_, err = f.WriteString(text)
	must(p.t, err)
	must(p.t, f.Sync())
	must(p.t, f.Close())
	must(p.t, os.Rename(tmp, p.file()))
	dir, err := os.Open(p.root)
	must(p.t, err)
	must(p.t, dir.Sync())
	must(p.t, dir.Close())
}

// saveInPieces truncates, and writes a little at a time.
func saveInPieces(p place, _, text string) {
	p.t.Helper()
	f, err := os.Create(p.file())
	must(p.t, err)
	for rest := text; rest != ""; {
		n := min(len(rest), 1<<10)
		_, err := f.WriteString(rest[:n])
		must(p.t, err)
		rest = rest[n:]
		runtime.Gosched()
	}
	must(p.t, f.Close())
}

func saveMapped(p place, _, text string) { mapped(p, text, true) }

// mapped writes through a shared mapping: the kernel says nothing of it until
// the mapping ends.
func mapped(p place, text string, sync bool) {
	p.t.Helper()
	must(p.t, writeMapped(p.file(), text, sync))
}

func writeMapped(path, text string, sync bool) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(int64(len(text))); err != nil {
		return err
	}
	m, err := unix.Mmap(int(f.Fd()), 0, len(text), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	copy(m[:len(m)/2], text)
	runtime.Gosched()
	copy(m[len(m)/2:], text[len(m)/2:])
	if sync {
		if err := unix.Msync(m, unix.MS_SYNC); err != nil {
			return err
		}
	}
	return unix.Munmap(m)
}

// saveExchanged swaps the file with one that was written beside it.
func saveExchanged(p place, _, text string) {
	p.t.Helper()
	put(p.t, p.file()+".next", text)
	must(p.t, exchange(p.file()+".next", p.file()))
	must(p.t, os.Remove(p.file()+".next"))
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// inodesWatched gives the inodes of all folders that the inotify queue that
// watches root watches. The kernel's word, not ours.
func inodesWatched(t testing.TB, root string) map[uint64]bool {
	t.Helper()
	self := inode(t, root)
	queues, err := filepath.Glob("/proc/self/fdinfo/*")
	must(t, err)
	for _, q := range queues {
		if all := inodesOfQueue(q); all[self] {
			return all
		}
	}
	return nil
}

func inodesOfQueue(fdinfo string) map[uint64]bool {
	data, _ := os.ReadFile(fdinfo)
	all := map[uint64]bool{}
	for _, line := range strings.Split(string(data), "\n") {
		var wd int
		var ino uint64
		if n, _ := fmt.Sscanf(line, "inotify wd:%x ino:%x", &wd, &ino); n == 2 {
			all[ino] = true
		}
	}
	return all
}

func inode(t testing.TB, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Stat(path, &st))
	return st.Ino
}
