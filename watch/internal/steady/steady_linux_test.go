package steady

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWriter has the file open for writing elsewhere.
func TestWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	writeFile(t, path, []byte("text"))
	buf := make([]byte, 64)
	busy := func(what string) {
		t.Helper()
		f, err := Read(path, 100, buf)
		if err != nil || f.Verdict != Busy || f.Hash != sum([]byte("text")) {
			t.Errorf("%s: %+v, %v, want busy, and the content", what, f, err)
		}
		if f, err := Read(path, 1, buf); err != nil || f.Verdict != Busy {
			t.Errorf("%s, past the limit: %+v, %v, want busy", what, f, err)
		}
	}
	must(t, os.Link(path, path+"2"))
	w, err := os.OpenFile(path+"2", os.O_RDWR, 0)
	must(t, err)
	must(t, os.Remove(path+"2"))
	busy("open by another name")
	page, err := unix.Mmap(int(w.Fd()), 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	must(t, w.Close())
	busy("mapped")
	page[0] = 'n'
	must(t, unix.Munmap(page))
	if f, err := Read(path, 100, buf); err != nil || f.Verdict != Settled || f.Hash != sum([]byte("next")) {
		t.Errorf("%+v, %v, want at once what was written through the mapping", f, err)
	}
}

// TestMoved has a writer who never stops.
func TestMoved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	writeFile(t, path, bytes.Repeat([]byte("text"), 1<<18))
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer w.Close()
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-quit:
				return
			default:
				_, err := w.WriteAt([]byte("x"), 0)
				must(t, err)
			}
		}
	})
	defer wg.Wait()
	defer close(quit)
	buf := make([]byte, 4096)
	for start := time.Now(); ; {
		f, err := Read(path, 1<<30, buf)
		must(t, err)
		switch f.Verdict {
		case Moved:
			return
		case Busy: // the writer had a rest
		default:
			t.Fatalf("verdict %v while someone writes", f.Verdict)
		}
		if time.Since(start) > patience {
			t.Fatal("never seen to have changed")
		}
	}
}

// TestNothingTorn reads while a writer replaces the content in steps, and a
// second one by renaming: what is settled is whole.
func TestNothingTorn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	whole := make(map[[16]byte]bool)
	texts := make([][]byte, 20)
	for i := range texts {
		texts[i] = bytes.Repeat(fmt.Appendf(nil, "text %02d\n", i), 1+i*100)
		whole[sum(texts[i])] = true
	}
	writeFile(t, path, texts[0])
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 2000 {
			text := texts[i%len(texts)]
			w, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
			must(t, err)
			for part := range bytes.SplitAfterSeq(text, []byte("00\n")) {
				_, err := w.Write(part)
				must(t, err)
				runtime.Gosched()
			}
			must(t, w.Close())
		}
	})
	wg.Go(func() {
		for i := range 500 {
			writeFile(t, path+"2", texts[i%len(texts)])
			must(t, os.Rename(path+"2", path))
		}
	})
	go func() {
		wg.Wait()
		close(done)
	}()
	buf := make([]byte, 512)
	seen := map[Verdict]int{}
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		f, err := Read(path, 1<<20, buf)
		must(t, err)
		seen[f.Verdict]++
		if f.Verdict == Settled && !whole[f.Hash] {
			t.Fatalf("what was read after %v is no text that was written: %+v", seen, f)
		}
	}
	if f := settled(t, path, 1<<20, buf); !whole[f.Hash] {
		t.Errorf("at the end: %+v", f)
	}
	t.Logf("verdicts: %v", seen)
}

// TestHeld has another program's write lease, which no one may wait for.
func TestHeld(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	writeFile(t, path, []byte("text"))
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer w.Close()
	lease := func(arg int) error {
		_, err := unix.FcntlInt(w.Fd(), unix.F_SETSIG, int(unix.SIGURG))
		must(t, err)
		_, err = unix.FcntlInt(w.Fd(), unix.F_SETLEASE, arg)
		return err
	}
	must(t, lease(unix.F_WRLCK))
	id, _, err := Stat(path)
	must(t, err)
	if f, err := Read(path, 100, make([]byte, 64)); err != nil || f != (File{Identity: id, Verdict: Moved}) {
		t.Errorf("Read = %+v, %v, want moved", f, err)
	}
	must(t, lease(unix.F_UNLCK))
	must(t, w.Close())
	settled(t, path, 100, make([]byte, 64))
}

// TestOtherUser reads a file whose writers the system does not tell of: age
// has to do. Where there is one, it goes unseen.
func TestOtherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can be another user for a while")
	}
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		must(t, os.Chmod(d, 0o755))
	}
	path := filepath.Join(dir, "a")
	secret := filepath.Join(dir, "secret")
	must(t, os.WriteFile(secret, nil, 0o600))
	writing, next := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(next)
		runtime.LockOSThread() // and never unlocked: the thread, which is another user's from here on, ends
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), 65534, ^uintptr(0)); errno != 0 {
			t.Errorf("setresuid: %v", errno)
			for range writing {
				next <- struct{}{}
			}
			return
		}
		if _, err := Read(secret, 100, make([]byte, 64)); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Read of another's secret: %v, want ErrPermission", err)
		}
		for wrote := range writing {
			seen := map[Verdict]int{}
			for {
				f, err := Read(path, 100, make([]byte, 64))
				age := time.Since(wrote)
				if err != nil || f.Hash != sum([]byte("text")) || age > patience {
					t.Errorf("after %v: %+v, %v", age, f, err)
					break
				}
				if f.Verdict == Settled {
					if age < MinAge-tick { // files are stamped with the time of the last step
						t.Errorf("settled after %v", age)
					}
					break
				}
				seen[f.Verdict]++
			}
			if seen[Young] == 0 {
				t.Errorf("verdicts: %v, want young", seen)
			}
			next <- struct{}{}
		}
	}()
	wrote := time.Now()
	writeFile(t, path, []byte("text"))
	writing <- wrote
	<-next
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer w.Close()
	wrote = time.Now()
	_, err = w.WriteString("text")
	must(t, err)
	writing <- wrote
	<-next
	close(writing)
	<-next // closed
}

// TestModes compares with what package os says.
func TestModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Mkdir(at("dir"), 0o700))
	must(t, os.Symlink("dir", at("link")))
	must(t, unix.Mkfifo(at("fifo"), 0o600))
	l, err := net.Listen("unix", at("socket"))
	must(t, err)
	defer l.Close()
	writeFile(t, at("file"), nil)
	paths := []string{at("dir"), at("link"), at("fifo"), at("socket"), at("file"), os.DevNull}
	devices, err := filepath.Glob("/dev/[lsv][od][oa]*") // a disk, if there is one
	must(t, err)
	for _, path := range append(paths, devices...) {
		fi, err := os.Lstat(path)
		must(t, err)
		id, mode, err := Lstat(path)
		if want := fi.Mode() & (fs.ModeType | fs.ModePerm); err != nil || mode != want || id.Ino != fi.Sys().(*syscall.Stat_t).Ino {
			t.Errorf("Lstat(%s) = %+v, %v, %v, want %v", path, id, mode, err, want)
		}
		if !mode.IsRegular() {
			if _, err := Read(path, 100, make([]byte, 64)); !errors.Is(err, ErrIrregular) {
				t.Errorf("Read(%s): %v, want ErrIrregular", path, err)
			}
		}
	}
	// What takes the place of a file between the look at it and opening it.
	for _, path := range paths[:3] {
		h, err := open(path)
		must(t, err)
		if _, err := look(h, 100, make([]byte, 64)); !errors.Is(err, ErrIrregular) {
			t.Errorf("%s: %v, want ErrIrregular", path, err)
		}
		h.Close()
	}
}

// TestVirtual reads a file without a true size. Only its owner, root, can know
// that it is whole.
func TestVirtual(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("/proc/version")
	must(t, err)
	f, err := Read("/proc/version", 1<<20, make([]byte, 64))
	if err != nil || f.Hash != sum(want) || f.Verdict != Settled && os.Getuid() == 0 {
		t.Errorf("Read = %+v, %v, want hash %x", f, err, sum(want))
	}
}
