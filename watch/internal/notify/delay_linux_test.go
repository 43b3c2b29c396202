package notify

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if os.Getenv("NOTIFY_WRITER") != "" {
		writer()
		return
	}
	os.Exit(m.Run())
}

func mono() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

func writer() {
	in := bufio.NewScanner(os.Stdin)
	files := map[string]*os.File{}
	for in.Scan() {
		f := files[in.Text()]
		if f == nil {
			f, _ = os.Create(in.Text())
			files[in.Text()] = f
		}
		t := mono()
		f.WriteAt([]byte("x"), 0)
		binary.Write(os.Stdout, binary.NativeEndian, t)
	}
}

// BenchmarkDelay measures from the write of a file to the moment when its
// reader hears of it: by hand, in a blocked thread, and through the source, in
// turns.
func BenchmarkDelay(b *testing.B) {
	dir, dir2, dir3 := b.TempDir(), b.TempDir(), b.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "NOTIFY_WRITER=1")
	w, _ := cmd.StdinPipe()
	r, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer cmd.Wait()
	defer w.Close()

	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := unix.InotifyAddWatch(fd, dir, inotifyMask); err != nil {
		b.Fatal(err)
	}
	raw := make(chan int64)
	go func() {
		if os.Getenv("LOCK") != "" {
			runtime.LockOSThread()
		}
		buf := make([]byte, inotifyBuffer)
		for {
			n, err := unix.Read(fd, buf)
			now := mono()
			if err != nil || n <= 0 {
				close(raw)
				return
			}
			raw <- now
		}
	}()
	src, err := Inotify()
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Add(dir2); err != nil {
		b.Fatal(err)
	}
	got := make(chan int64)
	go func() {
		for range src.Events() {
			got <- mono()
		}
		close(got)
	}()
	src2, err := Inotify()
	if err != nil {
		b.Fatal(err)
	}
	src2.Add(dir3)
	s2 := src2.(*inotify)
	rawc := make(chan int64)
	_ = s2
	fd3, _ := unix.InotifyInit1(unix.IN_CLOEXEC)
	unix.InotifyAddWatch(fd3, dir3, inotifyMask)
	c3 := make(chan []Event, 1)
	go func() {
		runtime.LockOSThread()
		buf := make([]byte, inotifyBuffer)
		for {
			n, _ := unix.Read(fd3, buf)
			c3 <- parseInotify(buf[:n])
		}
	}()
	go func() {
		for range c3 {
			rawc <- mono()
		}
	}()
	var byHand, bySource, third []int64
	one := func(dir string, ch chan int64) int64 {
		fmt.Fprintln(w, filepath.Join(dir, "a"))
		t1 := <-ch
		var buf [8]byte
		io.ReadFull(r, buf[:])
		// drain
		time.Sleep(50 * time.Microsecond)
		return t1 - int64(binary.NativeEndian.Uint64(buf[:]))
	}
	drain := func(ch chan int64) {
		time.Sleep(time.Millisecond)
		for {
			select {
			case <-ch:
				time.Sleep(time.Millisecond)
				continue
			default:
			}
			return
		}
	}
	one(dir, raw)
	one(dir2, got)
	one(dir3, rawc)
	drain(raw)
	drain(got)
	drain(rawc)
	for b.Loop() {
		byHand = append(byHand, one(dir, raw))
		bySource = append(bySource, one(dir2, got))
		third = append(third, one(dir3, rawc))
	}
	slices.Sort(byHand)
	slices.Sort(bySource)
	slices.Sort(third)
	for _, p := range []int{10, 50, 90, 99} {
		h, s := byHand[len(byHand)*p/100], bySource[len(bySource)*p/100]
		t := third[len(third)*p/100]
		b.Logf("p%d: by hand %v, source %v: %.2f times; third %v %.2f", p, h, s, float64(s)/float64(h), t, float64(t)/float64(h))
	}
}
