package notify

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkDelay measures from the moment before another process writes a file
// to the moment when a goroutine here has heard of it: from a read in a blocked
// thread, without anything between, and from the source, in turns.
func BenchmarkDelay(b *testing.B) {
	exe, err := os.Executable()
	must(b, err)
	cmd := exec.Command(exe, "-test.run=^TestDelayWriter$")
	cmd.Env = append(os.Environ(), "PROMPTY_TEST_WRITER=1")
	ask, err := cmd.StdinPipe()
	must(b, err)
	told, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	defer cmd.Wait()
	defer ask.Close()

	byHand, bySource := make(chan int64, 1), make(chan int64, 1)
	dirs := []string{b.TempDir(), b.TempDir()}
	for i := range dirs {
		dirs[i] = filepath.Join(dirs[i], "a")
		writeFile(b, dirs[i], "text")
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	must(b, err)
	defer unix.Close(fd)
	wd, err := unix.InotifyAddWatch(fd, filepath.Dir(dirs[0]), inotifyMask)
	must(b, err)
	go func() {
		buf := make([]byte, inotifyBuffer)
		for {
			n, err := unix.Read(fd, buf)
			now := monotonic()
			if err != nil || parseInotify(buf[:n])[0].Op.Has(Gone) {
				return
			}
			byHand <- now
		}
	}()
	defer unix.InotifyRmWatch(fd, uint32(wd))
	e := byInotify.listen(b)
	e.add(filepath.Dir(dirs[1]))
	go func() {
		for range e.src.Events() {
			bySource <- monotonic()
		}
	}()

	measure := func(path string, heard <-chan int64) int64 {
		_, err := fmt.Fprintln(ask, path)
		must(b, err)
		now := <-heard
		var began [8]byte
		_, err = io.ReadFull(told, began[:])
		must(b, err)
		return now - int64(binary.NativeEndian.Uint64(began[:]))
	}
	measure(dirs[0], byHand)
	measure(dirs[1], bySource)
	var hand, source []int64
	for b.Loop() {
		hand = append(hand, measure(dirs[0], byHand))
		source = append(source, measure(dirs[1], bySource))
	}
	for _, p := range []int{50, 99} {
		slices.Sort(hand)
		slices.Sort(source)
		h, s := hand[len(hand)*p/100], source[len(source)*p/100]
		b.ReportMetric(float64(s), fmt.Sprintf("p%d-ns", p))
		b.ReportMetric(float64(s)/float64(h), fmt.Sprintf("p%d-ratio", p))
	}
}

// TestDelayWriter is the other process: for each line it reads it writes the
// file of that name, and prints when.
func TestDelayWriter(t *testing.T) {
	if os.Getenv("PROMPTY_TEST_WRITER") == "" {
		t.Skip("part of BenchmarkDelay")
	}
	files := make(map[string]*os.File) // left open, so that a write is one event
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		f := files[lines.Text()]
		if f == nil {
			var err error
			f, err = os.OpenFile(lines.Text(), os.O_WRONLY, 0)
			must(t, err)
			defer f.Close()
			files[lines.Text()] = f
		}
		began := monotonic()
		_, err := f.WriteAt([]byte("text"), 0)
		must(t, err)
		_, err = os.Stdout.Write(binary.NativeEndian.AppendUint64(nil, uint64(began)))
		must(t, err)
	}
	must(t, lines.Err())
}

func monotonic() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano()
}
