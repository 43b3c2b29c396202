package lease

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newFile makes a file and opens it for reading.
func newFile(t *testing.T) *os.File {
	t.Helper()
	p := filepath.Join(t.TempDir(), "a")
	must(t, os.WriteFile(p, []byte("text"), 0o666))
	f, err := os.Open(p)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// expect asks, twice, so that release is seen to work.
func expect(t *testing.T, f *os.File, quiet, known bool) {
	t.Helper()
	for range 2 {
		q, k, release := Hold(f)
		release()
		if q != quiet || k != known {
			t.Errorf("quiet %v, known %v, want %v, %v", q, k, quiet, known)
		}
	}
}

// TestHold keeps a writer out, and nobody else.
func TestHold(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	expect(t, f, true, true)
	quiet, known, release := Hold(f)
	if !quiet || !known {
		t.Fatalf("quiet %v, known %v, want both", quiet, known)
	}
	other, err := os.Open(f.Name()) // for reading
	must(t, err)
	expect(t, other, true, true)
	must(t, other.Close())
	write := func() error { // without waiting
		fd, err := unix.Open(f.Name(), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Close(fd)
		}
		return err
	}
	if err := write(); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("a writer got %v, want that it has to wait", err)
	}
	release()
	must(t, write())
	expect(t, f, true, true)
}

// TestWriters has the file open for writing in every way.
func TestWriters(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T, path string) (end func()){
		"in this process": func(t *testing.T, path string) func() {
			w, err := os.OpenFile(path, os.O_WRONLY, 0)
			must(t, err)
			return func() { must(t, w.Close()) }
		},
		"for reading, too": func(t *testing.T, path string) func() {
			w, err := os.OpenFile(path, os.O_RDWR, 0)
			must(t, err)
			return func() { must(t, w.Close()) }
		},
		"by another name": func(t *testing.T, path string) func() {
			must(t, os.Link(path, path+"2"))
			w, err := os.OpenFile(path+"2", os.O_WRONLY, 0)
			must(t, err)
			must(t, os.Remove(path+"2"))
			return func() { must(t, w.Close()) }
		},
		"mapped": func(t *testing.T, path string) func() {
			w, err := os.OpenFile(path, os.O_RDWR, 0)
			must(t, err)
			page, err := unix.Mmap(int(w.Fd()), 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			must(t, err)
			must(t, w.Close()) // the mapping is enough to write
			page[0] = 'n'
			return func() { must(t, unix.Munmap(page)) }
		},
		"in another process": func(t *testing.T, path string) func() {
			cmd := exec.Command("sh", "-c", `exec 3>>"$1"; echo; read _`, "sh", path)
			in, err := cmd.StdinPipe()
			must(t, err)
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			_, err = out.Read(make([]byte, 1))
			must(t, err)
			return func() {
				must(t, in.Close())
				_ = cmd.Wait() // read reports the end of its input
			}
		},
	} {
		// One after the other: a process that is about to run a program holds
		// all files of the one that starts it, for a moment.
		t.Run(name, func(t *testing.T) {
			f := newFile(t)
			end := open(t, f.Name())
			expect(t, f, false, true)
			end()
			expect(t, f, true, true)
		})
	}
}

// TestUnknown asks about a file of another user, and about none.
func TestUnknown(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	if os.Getuid() == 0 {
		must(t, unix.Fchown(int(f.Fd()), 1, 1))
	} else {
		var err error
		f, err = os.Open("/etc/passwd")
		must(t, err)
		defer f.Close()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread, which is another user's from here on, ends
		if os.Getuid() == 0 {
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), 65534, ^uintptr(0)); errno != 0 {
				t.Errorf("setresuid: %v", errno)
				return
			}
		}
		expect(t, f, false, false)
	}()
	<-done
	must(t, f.Close())
	expect(t, f, false, false)
}
